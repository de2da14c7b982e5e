"""What the self-contained HTML pages share: their files, and a policy that admits nothing but what is in the page."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib import resources


def content_policy(**texts: str) -> str:
    """Return the content security policy that admits a ``script`` and a ``style`` by their SHA-256 and nothing else."""
    digests = {kind: hashlib.sha256(text.encode()).digest() for kind, text in texts.items()}
    own = "".join(f" {kind}-src 'sha256-{base64.b64encode(one).decode()}';" for kind, one in digests.items())
    return f"default-src 'none';{own} base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=64)
def asset(package: str, name: str) -> str:
    """Return the text of a file in the folder ``assets`` of a package."""
    return (resources.files(package) / "assets" / name).read_text(encoding="utf-8")
