"""Where fuzzing begins: real inputs, and the words that its formats are made of."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


ROOT: Final = Path(__file__).parent.parent.parent
VARIABLE: Final = "POETRY_AIOPS_CORPUS"
LONGEST: Final = 4_000
"""Bytes of a seed: what is longer is cut, because the same line a hundred times only makes each try slower."""

SHORTEST_PROJECT: Final = 80
"""Characters of a text in the tests of uv projects that is a project or a lock and no single word."""

_TESTS: Final = {
    "requirements": (
        "property/test_requirements.py",
        "unit/migrate/reading/*.py",
        "unit/migrate/planning/*.py",
    ),
    "environment": ("unit/migrate/reading/test_conda.py",),
    "constraints": (
        "property/test_requirements.py",
        "unit/migrate/reading/*.py",
        "unit/migrate/planning/*.py",
    ),
    "pylock": ("unit/export/test_pylock*.py", "unit/export/test_bundle.py"),
    "commands": ("unit/migrate/legacy/*.py",),
    "uv": ("unit/migrate/planning/test_uv_project.py",),
    "exported": ("unit/export/*.py",),
    "lock": ("unit/project/test_lockfile.py", "unit/locking/test_lock_text.py", "support/*lock*.py"),
    "pyproject": (
        "unit/test_config.py",
        "unit/export/test_settings.py",
        "unit/health/test_policy.py",
        "unit/locking/*.py",
        "unit/project/*.py",
        "unit/hardware/test_addition.py",
    ),
    "probes": (
        "property/test_probes.py",
        "unit/accelerators/test_probes*.py",
        "unit/accelerators/test_captured.py",
    ),
    "osv": ("unit/health/advisories/test_osv.py", "unit/health/test_osv_records.py", "unit/health/osv.py"),
    "target": ("unit/accelerators/test_target.py",),
    "record": ("unit/locking/test_record.py",),
    "page": ("unit/index/test_simple_page.py", "unit/index/test_file_listing.py"),
    "report": ("unit/graph/test_advisories.py",),
    "addition": ("unit/hardware/test_addition.py",),
    "notes": ("unit/health/test_history.py", "unit/system/transaction/*.py"),
}
NAMES: Final = tuple(_TESTS)
_CORPUS: Final = {
    "requirements": ("requirements/corpus/**/*.txt", "requirements/corpus/**/*.in"),
    "lock": ("locks/*/poetry.lock", "locks_bad/*/poetry.lock"),
    "pyproject": ("locks/*/pyproject.toml",),
    "probes": ("hardware/captures/*.txt",),
}
_ADVISORY: Final = {
    "id": "GHSA-xxxx-yyyy-zzzz",
    "modified": "2025-03-01T10:00:00Z",
    "published": "2025-02-01T10:00:00Z",
    "aliases": ["CVE-2025-0001"],
    "summary": "Reads too far",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "web"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.6"}, {"limit": "2!0"}]},
                {"type": "GIT", "events": [{"introduced": "abc"}]},
            ],
            "versions": ["1.0", "1.5"],
            "database_specific": {"severity": "HIGH"},
        }
    ],
    "references": [{"type": "ADVISORY", "url": "https://advisory.example/1"}],
    "withdrawn": None,
}
_RECORD: Final = {
    "schema": "poetry-aiops/record/1",
    "variant": "ml-gpu",
    "backend": "cu126",
    "requested": "auto",
    "profile": None,
    "torch": "2.10.0",
    "python": "3.12.1",
    "os": "linux",
    "arch": "x86_64",
    "needs": {
        "kind": "cuda",
        "cuda": "12.6",
        "driver_linux": "525.60.13",
        "driver_windows": "528.33",
        "compute_capabilities": ["8.0", "8.6"],
        "gfx": ["gfx90a"],
        "pci": ["56a0-56a6", "0b69"],
        "macos": "12.3",
        "jetson_linux": 38,
    },
}
_PAGE: Final = {
    "meta": {"api-version": "1.3"},
    "name": "web",
    "project-status": {"status": "archived", "reason": "no time"},
    "files": [
        {
            "filename": "web-1.5-py3-none-any.whl",
            "url": "../../files/web-1.5-py3-none-any.whl",
            "hashes": {"sha256": "00"},
            "requires-python": ">=3.9",
            "size": 1000,
            "upload-time": "2025-01-01T10:00:00.123456Z",
            "yanked": "broken",
            "provenance": "https://index.example/p",
        },
        {"filename": "web-1.5.tar.gz", "url": "web-1.5.tar.gz", "yanked": False},
    ],
    "ownership": {"roles": [{"role": "Owner", "user": "a"}], "organization": "o"},
    "info": {"classifiers": ["Development Status :: 7 - Inactive"]},
}
_HTML: Final = (
    '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1">'
    '<meta name="pypi:project-status" content="active"></head><body>'
    '<a href="../web-1.5-py3-none-any.whl#sha256=00" data-requires-python="&gt;=3.9" data-yanked="x">w</a>'
    '<a href="web-1.5.tar.gz">s</a></body></html>'
)
_REPORT: Final = {
    "schema": "poetry-aiops/health/1",
    "lock": {"sha256": "00"},
    "packages": [
        {
            "name": "web",
            "version": "1.5",
            "audited": "audited",
            "advisories": [{"id": "CVE-2025-0001", "severity": "high", "summary": "x", "fixed_in": ["1.6"]}],
        }
    ],
}
_WRITTEN: Final[dict[str, list[Any]]] = {
    "osv": [_ADVISORY, [_ADVISORY], {"vulns": [_ADVISORY], "next_page_token": "x"}],
    "record": [_RECORD],
    "page": [_PAGE],
    "report": [_REPORT],
}


@lru_cache
def seeds(parser: str, *, corpus: bool = True) -> list[bytes]:
    """Return real inputs of a parser: from the tests, from the repository's own files, and from the corpus.

    ``corpus`` False leaves the corpus out, so that every machine gets the same.
    """
    found = [*_from_tests(parser), *_own(parser), *(_from_corpus(parser) if corpus else ())]
    return list(dict.fromkeys(seed[:LONGEST] for seed in found if seed.strip()))


@lru_cache
def tokens(parser: str, *, corpus: bool = True) -> list[bytes]:
    """Return signs that have broken parsers, then the words of a parser's seeds, the most frequent first."""
    counts: dict[str, int] = {}
    for seed in seeds(parser, corpus=corpus):
        for word in set(re.findall(r"[\w.-]{2,24}|\W", seed.decode("utf-8", "replace"))):
            counts[word] = counts.get(word, 0) + 1
    known = sorted(counts, key=lambda word: -counts[word])[:MOST_TOKENS]
    return [token.encode("utf-8", "replace") for token in (*EVIL, *known)]


MOST_TOKENS: Final = 300
EVIL: Final = (
    "\x00", "\ufeff", "\u2028", "\u202e", "\ud7ff", "\x1b[31m", "\\ud800", "\\u0000", "9" * 4400, "1e999", "-1", "NaN", "[" * 200, "{" * 40,
    "(" * 200, "((" * 400, "[[" * 400, '{"a":' * 400, "a=" * 200, "<" * 200, "../" * 40, "A" * 300, "\r", "\r\n", '"""', "'''", "||", "1!", "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-23:59", "http://[", "//[", "<![x[", "<!x", "&#", "true", "null", "0x", "1979-05-27", "::", "$(", "${", "file://", "~=", "^",
)  # fmt: skip


def _from_tests(parser: str) -> Iterator[bytes]:
    """Yield every text of the tests of a parser: they are about its odd inputs already."""
    for pattern in _TESTS[parser]:
        for path in sorted((ROOT / "tests").glob(pattern)):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and node.value:
                    value = node.value
                    if parser == "uv" and len(value) < SHORTEST_PROJECT:
                        continue
                    yield value.encode("utf-8", "replace") if isinstance(value, str) else value


def _own(parser: str) -> Iterator[bytes]:
    if parser == "lock":
        yield from _parts((ROOT / "poetry.lock").read_bytes())
    if parser == "pyproject":
        yield (ROOT / "pyproject.toml").read_bytes()
        yield from (path.read_bytes() for path in sorted((ROOT / "examples").glob("*/pyproject.toml")))
    if parser == "page":
        yield _HTML.encode()
    yield from (json.dumps(document).encode() for document in _WRITTEN.get(parser, ()))
    if parser == "osv":
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            archive.writestr("a.json", json.dumps(_ADVISORY))
        yield written.getvalue()


def _from_corpus(parser: str) -> Iterator[bytes]:
    place = os.environ.get(VARIABLE)
    if not place:
        return
    for pattern in _CORPUS.get(parser, ()):
        for path in sorted(Path(place).glob(pattern)):
            yield from _parts(path.read_bytes()) if parser == "lock" else [path.read_bytes()]
    if parser == "osv":
        yield from _records(sorted(Path(place).glob("advisories/*.zip")))


def _records(archives: Iterable[Path]) -> Iterator[bytes]:
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            yield from (archive.read(name) for name in names[:: max(1, len(names) // 100)])


def _parts(lock: bytes) -> Iterator[bytes]:
    """Yield locks of a few packages each, cut out of a large one."""
    head, *packages = re.split(rb"(?m)^(?=\[\[package\]\])", lock)
    last, _, end = packages[-1].partition(b"[metadata]") if packages else (b"", b"", b"")
    small = sorted((one for one in [*packages[:-1], last] if len(one) < LONGEST // 2), key=len)[-12:]
    for start in range(0, len(small), 3):
        yield head + b"".join(small[start : start + 3]) + b"[metadata]" + end[:2000]
