"""Whatever reads the work of others either reads it or refuses it in words: damaged inputs, and those found by fuzzing.

``benchmarks/fuzz.py`` tries the same parsers for minutes, led by the code that an input reaches.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.mutate import mutated
from tests.fuzz.parsers import LOCK, PARSERS, PYPROJECT
from tests.fuzz.seeds import NAMES, seeds, tokens
from tests.support.every import for_each
from tests.support.examples import examples
from tests.support.timing import within


SECONDS: Final = 8.0
"""Of processor time, generous for a busy machine; each needs about one, and needed half a minute or an hour."""
LONG: Final = "9" * 5000
"""More digits than Python converts to a number."""


def lock(old: str, new: str) -> bytes:
    return _changed(LOCK, old, new)


def pyproject(old: str, new: str) -> bytes:
    return _changed(PYPROJECT, old, new)


def page(**fields: Any) -> bytes:
    return json.dumps({"files": [{"filename": "web-1.5.tar.gz", "url": "web-1.5.tar.gz"} | fields]}).encode()


def _changed(text: str, old: str, new: str) -> bytes:
    assert old in text
    return text.replace(old, new).encode()


def nested(levels: int) -> bytes:
    return b"x = " + b"[" * levels + b"]" * levels


FOUND: Final = {
    "lists deeper than tomllib follows in a lock": ("lock", nested(600)),
    "a number of too many digits in a lock": ("lock", f"x = {LONG}".encode()),
    "a lock format of too many digits": ("lock", lock('lock-version = "2.1"', f'lock-version = "{LONG}"')),
    "a marker of too many digits in a lock": (
        "lock",
        lock("files = []", f"files = []\n[package.dependencies]\nweb = {{version = \"*\", markers = \"python_version < '{LONG}'\"}}"),
    ),
    "lists deeper than tomllib follows": ("pyproject", nested(600)),
    "a number of too many digits": ("pyproject", f"x = {LONG}".encode()),
    "a marker of too many digits": ("pyproject", pyproject("web (>=1)", f"web ; python_version < '{LONG}'")),
    "a constraint of too many digits": ("pyproject", pyproject("^2.10", f"^{LONG}")),
    "a bound that gets one digit more": ("pyproject", pyproject("^2.10", "^" + "9" * 4300)),
    "a Python of too many digits": ("pyproject", pyproject(">=3.11,<3.15", f"^{LONG}")),
    "any Python of a pre-release": ("pyproject", pyproject('"^2.10"', '"^2.10", python = "3rc.*"')),
    "an arbitrary version of too many digits": ("requirements", f"six==={LONG}".encode()),
    "a post release of too many digits": ("requirements", f"six==1.0-{LONG}".encode()),
    "bounds of too many digits": ("requirements", f"six>={LONG}\nsix<=2".encode()),
    "a marker of a requirement of too many digits": ("requirements", f"six ; python_version < '{LONG}'".encode()),
    "a wheel's name of too many digits": ("requirements", f"a @ https://h.example/a-{LONG}-py3-none-any.whl".encode()),
    "an archive's name of too many digits": ("requirements", f"./a-{LONG}.tar.gz".encode()),
    "a version to add of too many digits": ("addition", f"torch=={LONG}".encode()),
    "a bound to add that gets one digit more": ("addition", ("torch~=" + "9" * 4300).encode()),
    "tables of other build tools of another type": (
        "uv",
        b'[project]\nname = "a"\nversion = "1"\n[tool]\nhatch = 3\npdm.build = ["x"]\nflit = "a"\nsetuptools = { package-dir = 1, packages = { find = "x" }, py-modules = "a", dynamic = 3 }\n',
    ),
    "an upload before the first day": ("page", page(**{"upload-time": "0001-01-01T00:00:00+01:00"})),
    "an upload after the last day": ("page", page(**{"upload-time": "9999-12-31T23:59:59-01:00"})),
    "a link to no address": ("page", b'<a href="http://[web-1.5.tar.gz">x</a>'),
    "a link to no address on an index page": (
        "page",
        b'<meta name="pypi:repository-version" content="1.0"><a href="http://[/web-1.5.tar.gz">x</a>',
    ),
    "a declaration that html.parser does not know": ("page", b"<![x["),
    "a reported version of too many digits": (
        "report",
        json.dumps({"schema": "poetry-aiops/health/1", "packages": [{"name": "web", "version": LONG}]}).encode(),
    ),
}  # fmt: skip


@for_each(("name", "data"), FOUND.values())
def test_an_input_that_was_not_survived_once_is_read_or_refused(name: str, data: bytes) -> None:
    PARSERS[name](data)


def many(count: int, text: str) -> str:
    return "".join(text.format(number, number + 1) for number in range(count))


def advisory(count: int) -> bytes:
    ranges = [
        {"type": "ECOSYSTEM", "events": [{"introduced": f"{number}"}, {"fixed": f"{number}.5"}]}
        for number in range(count)
    ]
    versions = [f"{number}.7" for number in range(count)]
    affected = {"package": {"ecosystem": "PyPI", "name": "web"}, "ranges": ranges, "versions": versions}
    return json.dumps({"id": "X-1", "affected": [affected]}).encode()


MANY: Final = {
    "versions of one package": ("requirements", many(600, "six=={}\n").encode()),
    "indexes of one host": (
        "requirements",
        many(1500, "--extra-index-url https://h.example:{}/simple\n").encode(),
    ),
    "equal lines": ("requirements", b"six\n" * 8000),
    "requirements for one package in both tables": (
        "pyproject",
        b"[project]\ndependencies = ["
        + b'"web",' * 1500
        + b"]\n[tool.poetry.dependencies]\nweb = ["
        + b'"*",' * 1500
        + b"]\n",
    ),
    "ranges and versions of one advisory": ("osv", advisory(3000)),
}


@for_each(("name", "data"), MANY.values())
def test_thousands_of_one_kind_are_read_quickly(name: str, data: bytes) -> None:
    with within(SECONDS, name):
        PARSERS[name](data)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@examples(25)
def test_a_damaged_input_is_read_or_refused_in_words(name: str, data: st.DataObject) -> None:
    known, words = seeds(name, corpus=False), tokens(name, corpus=False)
    random = data.draw(st.randoms(use_true_random=True))
    PARSERS[name](mutated(data.draw(st.sampled_from(known)), words, random))
