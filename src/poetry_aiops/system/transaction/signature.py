"""The mark of this user's runs: a journal that someone else wrote is not followed without being asked to.

Everything in ``.migration_backup/`` may have come with a clone or an archive. So a run signs its manifest with a key
that is in the user's own folder of state, which no project can name, and recovery looks for that signature.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final

from platformdirs import user_state_path

from poetry_aiops.system.files import write_atomically
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.transaction.manifest import manifest_json


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.system.transaction.model import Manifest


_KEY_BYTES: Final = 32
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


def signature(manifest: Manifest) -> str:
    """Return the HMAC-SHA-256 of a manifest in hexadecimal, ``""`` where the user's folder holds and takes no key."""
    try:
        key = _key(_folder() / "key")
    except OSError:
        return ""
    return hmac.digest(key, manifest_json(manifest), "sha256").hex()


def _folder() -> Path:
    return user_state_path("poetry-aiops", appauthor=False)


def _key(path: Path) -> bytes:
    try:
        key = read_file(path)
        if len(key) == _KEY_BYTES:
            return key
    except FileNotFoundError:
        path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    write_atomically(path, secrets.token_bytes(_KEY_BYTES), _PRIVATE_FILE)
    return read_file(path)
