"""Every real requirements file of the corpus is read as pip reads it, or refused where pip refuses it."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import every
from tests.support.neighbours import InFolder
from tests.support.pip_texts import requirement_texts

from poetry_aiops.migrate.reading.parse import parse_file
from poetry_aiops.migrate.reading.read import read_tree
from poetry_aiops.migrate.reading.text import Decoded, decode, encode


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import Tree


CORPUS = os.environ.get("POETRY_AIOPS_CORPUS")
FOLDER = Path(CORPUS or "/nowhere") / "requirements"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "pip_oracle.json").is_file(),
    reason="POETRY_AIOPS_CORPUS names no folder with requirements/pip_oracle.json",
)

_TESTDATA = "google__osv-scanner@scalibr/internal/lockfilescalibr/language/python/requirementstxt/testdata"

READ_TWICE_BY_PIP = {
    "celery__celery/requirements/test-ci-default.txt": "extras/auth.txt and others are included on two ways",
    f"{_TESTDATA}/duplicate-r-dev.txt": "duplicate-r-base.txt is included twice",
    "numpy__numpy/requirements/all_requirements.txt": "test_requirements.txt is included twice",
}
"""pip yields the lines of a file once for each way to it; we account for each line once."""

REFUSED_BY_US_ONLY = {
    f"{_TESTDATA}/file-format-example.txt": "a wheel that does not exist: pip notices when it installs",
    "pypi__warehouse@2013/requirements.txt": "a Mercurial repository, which Poetry cannot take",
}
"""pip can read these; what they ask for cannot be migrated. The requirements are read identically all the same."""

REFUSED_BY_PIP_ONLY = {
    f"{_TESTDATA}/with-per-requirement-options.txt": "--global-option was taken out of pip; its meaning is a build setting today, so the rest of the file is read and the option told",
}


def oracle() -> dict[str, Any]:
    if not FOLDER.is_dir():
        return {}
    found: dict[str, Any] = json.loads((FOLDER / "pip_oracle.json").read_text(encoding="utf-8"))
    return found


ORACLE = oracle()
READABLE = sorted(path for path, (_, errors, _) in ORACLE.items() if not errors)
REFUSED = sorted(path for path, (_, errors, _) in ORACLE.items() if errors)


def corpus_files() -> list[str]:
    root = FOLDER / "corpus"
    return sorted(
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.name != "SOURCE"
    )


def read(path: str) -> tuple[str, str, Tree]:
    """Return the project, the file in it, and what we read from there."""
    project, _, file = path.partition("/")
    return project, file, read_tree([file], InFolder(FOLDER / "corpus" / project))


def read_as_pip_reads_it(path: str) -> None:
    project, file, tree = read(path)
    requirements, _, options = ORACLE[path]
    ours = list(requirement_texts(tree.readings[file], project))
    if path in READ_TWICE_BY_PIP:
        assert set(ours) == set(requirements)
        assert Counter(ours) < Counter(requirements)
    else:
        assert ours == sorted(
            requirements, key=lambda text: text.startswith("C ")
        )  # else in the order of pip
    assert bool(tree.errors) == (path in REFUSED_BY_US_ONLY)
    found = {
        name: [option.value for option in tree.readings[file].options if option.name == name]
        for name in ("index-url", "extra-index-url", "find-links")
    }
    default = ["https://index.example/simple"]
    assert [*(found["index-url"] or default), *found["extra-index-url"]] == options["index"]
    assert found["find-links"] == options["fl"]


def refused_with_file_and_line(path: str) -> None:
    _, _, tree = read(path)
    if path in REFUSED_BY_PIP_ONLY:
        assert tree.errors == ()
        assert any(problem.severity == "warning" for problem in tree.problems)
        return
    assert tree.errors
    assert all(error.place.line and error.place.file in tree.files for error in tree.errors)
    assert all(error.what and error.suggestion for error in tree.errors)


def nothing_is_lost(path: str) -> None:
    data = (FOLDER / "corpus" / path).read_bytes()
    project, _, inside = path.partition("/")
    file, _ = parse_file(inside, data, InFolder(FOLDER / "corpus" / project))
    decoded = decode(data)
    if isinstance(decoded, Decoded):
        text = "".join(line.raw for line in file.lines)
        assert text == decoded.text
        assert encode(file, text) == data
    else:
        assert file.lines == ()
    assert [line.number for line in file.lines] == sorted(line.number for line in file.lines)


def test_every_file_is_read_as_pip_reads_it() -> None:
    every(READABLE, read_as_pip_reads_it)


def test_every_file_that_pip_refuses_is_refused_with_file_and_line() -> None:
    every(REFUSED, refused_with_file_and_line)


def test_nothing_of_any_file_is_lost() -> None:
    every(corpus_files(), nothing_is_lost)


def test_nearly_every_file_is_read_as_pip_reads_it() -> None:
    assert len(READABLE) + len(REFUSED) == len(ORACLE) >= 438
    assert len(READ_TWICE_BY_PIP) + len(REFUSED_BY_US_ONLY) + len(REFUSED_BY_PIP_ONLY) == 6
