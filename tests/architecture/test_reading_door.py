"""Files are read through ``system/reading.py`` alone: a bare read waits for a pipe and follows any link."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from tests.support.sources import SOURCE, trees


if TYPE_CHECKING:
    from collections.abc import Iterator


READS = frozenset({"read_text", "read_bytes", "open", "fdopen", "open_text", "open_binary", "read_binary"})
COPIES = frozenset({"copy", "copy2", "copyfile", "copytree"})  # of shutil
PARSERS = frozenset({"tomllib.load", "json.load", "mmap.mmap", "fileinput.input", "io.FileIO"})
NAMES = READS | COPIES | {parser.rpartition(".")[2] for parser in PARSERS}
NOT_FILES = frozenset({"webbrowser.open", "archive.open"})  # a page in the browser, a member of a zip

PACKAGE_DATA = "a file of this package"
PROBES = "facts of the machine, by a reader that tests replace"
OWN_HANDLE = "writes to a file that it has made"

BARE_READS: dict[str, str] = {
    "system/reading.py": "the door itself",
    "system/streams.py": "the standard streams, and the null device in place of a closed one",
    "system/files.py": OWN_HANDLE,
    "system/run_lock.py": "the lock: opened without following a link, a regular file or refused",
    "export/wheelhouse_download.py": OWN_HANDLE,
    "system/reports_folder.py": "a folder is opened to lock it",
    "locking/whole_writes.py": "the project's files, which the command has looked at, into a temporary copy",
    "locking/environment_record.py": PACKAGE_DATA,
    "accelerators/live_machine.py": "/proc, /sys and the like, at most TEXT_LIMIT bytes of each",
    "accelerators/probes/probe.py": PROBES,
    "accelerators/recording.py": PROBES,
    "accelerators/surroundings.py": PROBES,
    "accelerators/catalogue.py": PACKAGE_DATA,
    "accelerators/newer_facts.py": PACKAGE_DATA,
    "project/toml.py": PACKAGE_DATA,
    "scaffold/sdists.py": "archives that are in memory",
    "cli/document.py": PACKAGE_DATA,
    "hardware/machine.py": "--target-file: the user names it, and a pipe such as <(nvidia-smi) is meant",
    "data/hw_check.py": "runs in environments without this package, on the machine's own files",
}


def bare_reads(module: ast.Module) -> Iterator[str]:
    """Find the calls in a module that open a path, be it by a name that was bound to the function."""
    nodes = list(ast.walk(module))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        last = node.attr if isinstance(node, ast.Attribute) else node.id
        if last not in NAMES or (text := ast.unparse(node)) in NOT_FILES:
            continue
        is_method = isinstance(node, ast.Attribute) and last in READS
        is_builtin = text == "open"
        is_copy = text.startswith("shutil.") and last in COPIES
        if is_method or is_builtin or is_copy or text in PARSERS:
            yield f"{text}{'(...)' if id(node) in called else ''} in line {node.lineno}"


@pytest.mark.parametrize(
    "source",
    [
        "path.read_text('utf-8')", "Path(x).read_bytes()", "open(x)", "x.open('rb')", "os.open(x, 0)", "io.open(x)",
        "tomllib.load(file)", "shutil.copyfile(a, b)", "list(map(Path.read_bytes, paths))", "f = open", "codecs.open(x)",
    ],
)  # fmt: skip
def test_a_bare_read_is_found_in_every_form(source: str) -> None:
    assert list(bare_reads(ast.parse(source)))


@pytest.mark.parametrize("source", ["webbrowser.open(x)", "read_file(x)", "open_file(x)", "opened.read(4)"])
def test_what_is_no_read_of_a_path_is_not_found(source: str) -> None:
    assert list(bare_reads(ast.parse(source))) == []


def test_nothing_reads_a_path_beside_the_door() -> None:
    found = {
        path.relative_to(SOURCE).as_posix(): reads
        for path, tree in trees().items()
        if (reads := list(bare_reads(tree)))
    }
    assert {name: reads for name, reads in found.items() if name not in BARE_READS} == {}
    assert set(BARE_READS) - set(found) == set(), "these need no exception any more"
