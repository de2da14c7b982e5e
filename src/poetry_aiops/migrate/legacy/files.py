"""Which files of a repository may hold commands that a migration makes old, and how each is to be read."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.system.repository_files import LARGEST, SKIPPED_FOLDERS


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.system.repository_files import ListedFile


FileKind = Literal[
    "shell",
    "batch",
    "dockerfile",
    "yaml",
    "make",
    "just",
    "ini",
    "python",
    "toml",
    "groovy",
    "procfile",
    "document",
]


_HISTORY: Final = re.compile(
    r"^(change(s|log)|history|news|release[-_ ]?notes|releases?|whats[-_]?new)\b", re.IGNORECASE
)
_DOCKERFILE: Final = re.compile(
    r"^(docker|container)file([-_.].*)?$|\.(docker|container)file$", re.IGNORECASE
)
_NAMES: Final[dict[str, FileKind]] = {
    ".justfile": "just",
    "dodo.py": "python",
    "fabfile.py": "python",
    "gnumakefile": "make",
    "jenkinsfile": "groovy",
    "justfile": "just",
    "makefile": "make",
    "noxfile.py": "python",
    "procfile": "procfile",
    "pyproject.toml": "toml",
    "setup.cfg": "ini",
    "tasks.py": "python",
    "tox.ini": "ini",
}
_SUFFIXES: Final[dict[str, FileKind]] = {
    ".bash": "shell",
    ".bat": "batch",
    ".cmd": "batch",
    ".jenkinsfile": "groovy",
    ".just": "just",
    ".md": "document",
    ".mk": "make",
    ".ps1": "batch",
    ".rst": "document",
    ".sh": "shell",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".zsh": "shell",
}


def kind_of(path: str) -> FileKind | None:
    """Return how the commands of a file are to be read, None for a file that is not looked at."""
    pure = PurePosixPath(path)
    name = pure.name.lower()
    if _DOCKERFILE.search(name) and pure.suffix.lower() not in {".md", ".rst", ".txt"}:
        return "dockerfile"
    if name in _NAMES:
        return _NAMES[name]
    if name.startswith(("jenkinsfile.", "makefile.")):
        return "groovy" if name[0] == "j" else "make"
    kind = _SUFFIXES.get(pure.suffix.lower())
    if kind == "document" and _HISTORY.match(pure.stem):
        return None
    return kind


def files_to_read(listing: Iterable[ListedFile]) -> tuple[str, ...]:
    """Return the files of a listing that may hold commands, sorted; the rest is not worth opening.

    Left out are other people's code (vendored folders, environments, version control), files above 1 MiB, and
    changelogs, which tell what was and not what to type.
    """
    return tuple(
        sorted(
            file.path
            for file in listing
            if file.size <= LARGEST and kind_of(file.path) is not None and not _is_foreign(file.path)
        )
    )


def _is_foreign(path: str) -> bool:
    return any(part.lower() in SKIPPED_FOLDERS for part in PurePosixPath(path).parts[:-1])
