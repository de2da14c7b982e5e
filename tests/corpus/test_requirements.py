"""Every real requirements file of the corpus is read as pip reads it, or refused where pip refuses it."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.support.neighbours import InFolder
from tests.support.pip_texts import requirement_texts

from poetry_aiops.migrate.reading.parse import parse_file
from poetry_aiops.migrate.reading.read import read_tree
from poetry_aiops.migrate.reading.text import Decoded, decode, encode


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


@pytest.mark.parametrize("path", READABLE)
def test_a_file_is_read_as_pip_reads_it(path: str) -> None:
    project, _, file = path.partition("/")
    tree = read_tree([file], InFolder(FOLDER / "corpus" / project))
    ours, pips = Counter(requirement_texts(tree.readings[file], project)), Counter(ORACLE[path][0])
    if path in READ_TWICE_BY_PIP:
        assert set(ours) == set(pips)
        assert ours < pips
    else:
        assert ours == pips
    assert bool(tree.errors) == (path in REFUSED_BY_US_ONLY)


@pytest.mark.parametrize("path", [path for path in READABLE if path not in READ_TWICE_BY_PIP])
def test_requirements_come_in_the_order_of_pip(path: str) -> None:
    project, _, file = path.partition("/")
    tree = read_tree([file], InFolder(FOLDER / "corpus" / project))
    pips = ORACLE[path][0]
    in_order = [text for text in pips if not text.startswith("C ")] + [
        text for text in pips if text.startswith("C ")
    ]
    assert list(requirement_texts(tree.readings[file], project)) == in_order


@pytest.mark.parametrize("path", READABLE)
def test_the_indexes_in_force_are_those_of_pip(path: str) -> None:
    project, _, file = path.partition("/")
    tree = read_tree([file], InFolder(FOLDER / "corpus" / project))
    options = tree.readings[file].options
    given = [option.value for option in options if option.name == "index-url"]
    extra = [option.value for option in options if option.name == "extra-index-url"]
    default = ["https://index.example/simple"]
    assert [*(given or default), *extra] == ORACLE[path][2]["index"]
    assert [option.value for option in options if option.name == "find-links"] == ORACLE[path][2]["fl"]


@pytest.mark.parametrize("path", REFUSED)
def test_a_file_that_pip_refuses_is_refused_with_file_and_line(path: str) -> None:
    project, _, file = path.partition("/")
    tree = read_tree([file], InFolder(FOLDER / "corpus" / project))
    if path in REFUSED_BY_PIP_ONLY:
        assert tree.errors == ()
        assert any(problem.severity == "warning" for problem in tree.problems)
        return
    assert tree.errors
    assert all(error.place.line and error.place.file in tree.files for error in tree.errors)
    assert all(error.what and error.suggestion for error in tree.errors)


@pytest.mark.parametrize("path", corpus_files() if FOLDER.is_dir() else [])
def test_nothing_of_a_file_is_lost(path: str) -> None:
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


def test_nearly_every_file_is_read_as_pip_reads_it() -> None:
    assert len(READABLE) + len(REFUSED) == len(ORACLE) >= 438
    assert len(READ_TWICE_BY_PIP) + len(REFUSED_BY_US_ONLY) + len(REFUSED_BY_PIP_ONLY) == 6
