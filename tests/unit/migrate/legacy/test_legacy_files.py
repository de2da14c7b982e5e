"""Which files of a repository are looked at for old commands."""

from __future__ import annotations

import pytest

from poetry_aiops.migrate.legacy.scripts import files_to_read, kind_of
from poetry_aiops.system.repository_files import LARGEST, RepositoryFile, is_text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("Dockerfile", "dockerfile"),
        ("docker/Dockerfile.cuda12.8", "dockerfile"),
        ("Dockerfile-dev", "dockerfile"),
        ("gpu.Dockerfile", "dockerfile"),
        ("Containerfile", "dockerfile"),
        ("Dockerfile.md", None),
        ("compose.yaml", "yaml"),
        (".gitlab-ci.yml", "yaml"),
        (".readthedocs.yml", "yaml"),
        ("cog.yaml", "yaml"),
        ("Makefile", "make"),
        ("Makefile.ci", "make"),
        ("build/rules.mk", "make"),
        ("justfile", "make"),
        ("tox.ini", "ini"),
        ("setup.cfg", "ini"),
        ("noxfile.py", "python"),
        ("Jenkinsfile", None),
        ("Procfile", None),
        ("tasks.py", "python"),
        ("scripts/run.sh", "shell"),
        ("install.ps1", None),
        ("README.md", None),
        ("pyproject.toml", "toml"),
        ("Cargo.toml", None),
        ("src/app.py", None),
        ("requirements.txt", None),
    ],
)
def test_a_name_tells_how_a_file_is_read(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


def test_foreign_and_large_files_are_left_out() -> None:
    listing = [
        RepositoryFile("b.sh", 10),
        RepositoryFile("a.sh", LARGEST),
        RepositoryFile("large.sh", LARGEST + 1),
        RepositoryFile("node_modules/x/Makefile", 1),
        RepositoryFile("lib/vendor/y/run.sh", 1),
        RepositoryFile(".git/hooks/pre-commit.sh", 1),
        RepositoryFile("src/app.py", 1),
    ]
    assert files_to_read(listing) == ("a.sh", "b.sh")


def test_a_nul_makes_a_file_binary() -> None:
    assert is_text(b"pip install") is True
    assert is_text(b"\x7fELF\x00") is False
