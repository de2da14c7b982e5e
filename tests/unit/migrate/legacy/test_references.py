"""Which requirements files the commands of a repository read, so that none at hand is overlooked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.migrate.old_commands import referenced_files
from poetry_aiops.system.repository_files import list_files


if TYPE_CHECKING:
    from pathlib import Path


FILES = {
    "Dockerfile": "FROM python:3.12\nWORKDIR /srv\nCOPY deploy/web.txt pins/ ./\nRUN pip install -r web.txt -c pins/old.txt\n",
    ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - working-directory: docs\n        run: pip install -r build.in\n",
    "run.sh": "WANTED=tools/lint.txt\npython -m pip install -qr $WANTED\npip install -r examples/chat/all.txt\n",
    "deploy/web.txt": "flask\n",
    "pins/old.txt": "idna<4\n",
    "docs/build.in": "sphinx\n",
    "tools/lint.txt": "ruff\n",
    "tools/unused.txt": "black\n",
    "examples/chat/all.txt": "rich\n",
    "examples/chat/setup.py": "",
}


def test_every_file_that_a_command_installs_from_or_constrains_with_is_found(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    found = referenced_files(tmp_path, list_files(tmp_path))
    assert {path: (str(place), constrains) for path, (place, constrains) in found.items()} == {
        "deploy/web.txt": ("Dockerfile:4", False),
        "pins/old.txt": ("Dockerfile:4", True),
        "docs/build.in": (".github/workflows/ci.yml:5", False),
        "tools/lint.txt": ("run.sh:2", False),
    }
