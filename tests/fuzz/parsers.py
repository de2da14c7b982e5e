"""Everything of ours that reads what others wrote, each as one function of bytes.

A function returns when the input was read, or refused in words; whatever else comes out of it is a finding.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from tests.support.migrations import DEFAULT_INDEX, migrated
from tests.support.neighbours import FILE, in_memory

from poetry_aiops.accelerators.captured import read_pasted
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.frameworks import load_frameworks
from poetry_aiops.accelerators.select import select
from poetry_aiops.accelerators.target import names_hardware, parse_target
from poetry_aiops.config import read_config
from poetry_aiops.data import hw_check
from poetry_aiops.errors import AiopsError
from poetry_aiops.export.header import with_header
from poetry_aiops.export.pylock import known_addresses
from poetry_aiops.export.settings import read_settings
from poetry_aiops.export.threeway import compare, surplus
from poetry_aiops.graph.advisories import read_findings
from poetry_aiops.graph.analysis import analyse
from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.diff import graph_at
from poetry_aiops.graph.model import Scope
from poetry_aiops.graph.overlay import Overlay
from poetry_aiops.graph.report.document import graph_document
from poetry_aiops.graph.report.markdown import graph_markdown
from poetry_aiops.graph.report.text import graph_text
from poetry_aiops.hardware.addition import AdditionRequest, plan_addition
from poetry_aiops.hardware.recipes import Recipes
from poetry_aiops.health.advisories.index import build_index, index_from
from poetry_aiops.health.advisories.osv_protocol import stubs_in
from poetry_aiops.health.advisories.snapshot import SnapshotAge, open_snapshot
from poetry_aiops.health.history import read_history, trend
from poetry_aiops.health.matching import match
from poetry_aiops.health.policy import read_policy
from poetry_aiops.health.severity import rate
from poetry_aiops.index.records import about_from
from poetry_aiops.index.release_records import About
from poetry_aiops.index.simple_page import (
    JSON_TYPE,
    UnreadablePageError,
    files_by_version,
    files_on,
    page_files,
    page_of,
)
from poetry_aiops.locking.declaration import check_declaration
from poetry_aiops.locking.lock_text import parse_lock
from poetry_aiops.locking.propose import propose
from poetry_aiops.locking.record import from_json
from poetry_aiops.migrate.legacy.find import read_old_file, references_in
from poetry_aiops.migrate.legacy.model import Knowledge
from poetry_aiops.migrate.legacy.rewrite import rewritten
from poetry_aiops.migrate.planning.entry import PlannedGroup
from poetry_aiops.migrate.planning.sources import PypiNames
from poetry_aiops.migrate.planning.uv_project import is_uv_project, uv_project
from poetry_aiops.migrate.writing.generate import generate, layout_of
from poetry_aiops.project.edit import apply_edit
from poetry_aiops.project.lines import lock_lines, requirement_lines
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.project.targets import targets
from poetry_aiops.system.http import TransferError
from poetry_aiops.system.transaction.backup import parse_manifest


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from poetry_aiops.project.model import Lock


NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
PYPROJECT: Final = """
[project]
name = "demo"
version = "1"
requires-python = ">=3.11,<3.15"
dependencies = ["web (>=1)"]

[tool.poetry.group.ml-cpu]
optional = true

[tool.poetry.group.ml-cpu.dependencies]
torch = { version = "^2.10", source = "pytorch-cpu" }

[[tool.poetry.source]]
name = "pytorch-cpu"
url = "https://download.pytorch.org/whl/cpu"
priority = "explicit"
"""
LOCK: Final = """
[[package]]
name = "web"
version = "1.5"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = []

[metadata]
lock-version = "2.1"
python-versions = ">=3.11,<3.15"
content-hash = "0"
"""
PYLOCK: Final = 'lock-version = "1.0"\ncreated-by = "poetry-aiops"\npackages = []\n'
VERSIONS: Final = ("1.5", "2.0.0rc1", "1!3.0+cpu", "no version")
ADDRESS: Final = "https://index.example/simple/web/"
CATALOGUE: Final = load_catalogue()
RECIPES: Final = Recipes(load_frameworks(), CATALOGUE)
LINUX: Final = targets(lambda version: version.startswith("3.12."))[0]
EVERYTHING: Final = Scope()
COMMAND_FILES: Final = (
    "Dockerfile",
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    "setup.sh",
    "Makefile",
    "tox.ini",
    "noxfile.py",
    "pyproject.toml",
)
KNOWN: Final = Knowledge(
    files={FILE: ("main",), "requirements-dev.txt": ("main", "dev")},
    groups=(
        PlannedGroup("main"),
        PlannedGroup("dev"),
        PlannedGroup("ml-cu128", optional=True, backend="cu128"),
    ),
    paths=frozenset({FILE, "requirements-dev.txt", "Dockerfile"}),
)


def requirements(data: bytes) -> None:
    """Read a requirements file beside others, and plan its migration."""
    plan = migrated(
        {
            FILE: data,
            "base.txt": b"idna==3.4\n-r requirements.txt\n",
            "constraints.txt": b"-e ./libs\nsix<2\n-r base.txt\n",
            "libs/setup.py": b"setup(name='lib')",
        }
    )
    if not plan.plan.errors:
        with refusals():
            assert plan.project.name in {"demo", "demo-app", "demo-project"}


def constraints(data: bytes) -> None:
    """Read a constraints file, and plan the migration of the requirements that it holds down."""
    migrated({FILE: b"-c constraints.txt\nsix\nidna>=3\nrequests[socks]\n", "constraints.txt": data})


def environment(data: bytes) -> None:
    """Read a conda environment file, and plan the migration of its pip section."""
    migrated({"environment.yml": data}, "environment.yml")


def commands(data: bytes) -> None:
    """Find and rewrite old commands in an image, a workflow, a script and other files of a repository."""
    text = data.decode("utf-8", "replace")
    for path in COMMAND_FILES:
        tuple(references_in(path, text, KNOWN))
        old = read_old_file(path, text, KNOWN)
        if old is not None:
            printable(repr([finding.shown() for finding in old.findings]))
            new, changed = rewritten(old)
            assert (new != old.file.text) == bool(changed)
            assert rewritten(read_old_file(path, new, KNOWN) or old)[0] is not None


def uv(data: bytes) -> None:
    """Read a uv project: its settings, and the same text as its lock."""
    with refusals():
        document = load_pyproject(file("pyproject.toml", data))
        project = project_from(document, Path("pyproject.toml"))
        files = in_memory({"pyproject.toml": data, "uv.lock": data, "libs/a/pyproject.toml": data})
        assert is_uv_project(document, files)
        found = uv_project(document, files, PypiNames(frozenset({DEFAULT_INDEX})), project.sources)
        printable(repr(found.problems))
        migration = migrated({"pyproject.toml": data, FILE: "six==1.16.0", "src/a/a.py": ""}, FILE)
        joined = found.joined(migration.plan)
        if not joined.errors:
            layout = layout_of(dict(document), knows_dependency_groups=True)
            text = generate(data.decode(), joined.edits, migration.identity, layout, Path("pyproject.toml"))
            project_from(tomllib.loads(text), Path("pyproject.toml"))


def exported(data: bytes) -> None:
    """Compare a file of ``sync-reqs`` that was changed by hand with the text that it should have."""
    text, digest = data.decode("utf-8", "replace"), "0" * 64
    wanted = with_header(FILE, digest, ["Python 3.12"], "six==1.16.0")
    for actual in (text, wanted + text, text + "\n" + wanted, with_header(FILE, digest, [], text)):
        found = compare(FILE, wanted, actual, digest)
        assert (found.state == "current") == (actual.replace("\r\n", "\n") == wanted)
        printable(found.diff)
        surplus(FILE, actual)


def pylock(data: bytes) -> None:
    """Take the addresses of files over from a pylock.toml, and compare it with the one that it should be."""
    text, digest = data.decode("utf-8", "replace"), "0" * 64
    for name, kept in known_addresses(text).items():
        printable(repr((name, kept)))
    wanted = with_header("pylock.toml", digest, ["Python 3.12"], PYLOCK)
    for actual in (text, wanted + text, with_header("pylock.toml", digest, [], text)):
        found = compare("pylock.toml", wanted, actual, digest)
        assert (found.state == "current") == (actual.replace("\r\n", "\n") == wanted)
        printable(found.diff)
        surplus("pylock.toml", actual)


def lock(data: bytes) -> None:
    """Read a poetry.lock in every way that there is, and draw its graph."""
    with refusals(UnicodeDecodeError):
        text = data.decode("utf-8")
        lock_lines(text)
        found = read_lock(file("poetry.lock", data))
        assert repr(parse_lock(text)) == repr(tomllib.loads(text.replace("\r\n", "\n")))
        project = project_from(load_pyproject(file("pyproject.toml", PYPROJECT.encode())), Path("p.toml"))
        for scope in (EVERYTHING, Scope(("main",), target=LINUX)):
            graph = build_graph(project, found, scope)
            printable(graph_text(analyse(graph)))
    with refusals():
        graph_at("HEAD", PYPROJECT.encode(), data, Scope())


def pyproject(data: bytes) -> None:
    """Read every part of a pyproject.toml that is ours to read."""
    with refusals():
        document = load_pyproject(file("pyproject.toml", data))
        requirement_lines(data.decode("utf-8"))
        table = aiops_table(document)
        hardware = None
        with refusals():
            hardware = read_config(table).hardware
        with refusals():
            read_policy(table)
        with refusals():
            read_settings(table.get("export", {}) if isinstance(table, dict) else {})
        project = project_from(document, Path("pyproject.toml"))
        propose(project)
        if hardware is not None:
            check_declaration(hardware, project)
        build_graph(project, small_lock(), Scope(tuple(project.groups), target=LINUX), document)
        add(data, "torch")


def probes(data: bytes) -> None:
    """Read pasted text or a recording as a machine, and choose a backend for it."""
    for name in ("pasted.txt", "recording.json"):
        with refusals():
            chosen = select(read_pasted({name: data}, CATALOGUE).host, CATALOGUE)
            assert chosen.best in {verdict.name for verdict in chosen.backends if verdict.accepted}


def osv(data: bytes) -> None:
    """Read advisories as a snapshot of one file or a zip, and as an answer of the service; judge versions by them."""
    index = build_index([("record.json", data)], "0" * 64, NOW)
    for name in index.places:
        for advisory in index.about(name, NOW):
            rate(advisory, name)
            for version in VERSIONS:
                match(advisory, name, version)
    assert index_from(index.to_bytes(), "0" * 64) == index
    with refusals():
        open_snapshot(
            file("advisories.zip" if data[:2] == b"PK" else "advisories.json", data), SnapshotAge(NOW)
        )
    with refusals(TransferError, ValueError, RecursionError):
        stubs_in(json.loads(data))


def target(data: bytes) -> None:
    """Read a ``--target``, and choose a backend for the machine."""
    spec = data.decode("utf-8", "replace")
    names_hardware(spec)
    with refusals():
        assert select(parse_target(spec, CATALOGUE), CATALOGUE).best


def record(data: bytes) -> None:
    """Read the record of an environment as ``hw-check`` and ``hw-info`` do, on several machines."""
    path = file("poetry-aiops.json", data)
    with refusals():
        from_json(data.decode("utf-8", "replace"))
    answer = ("550.54.14, 8.6, NVIDIA A10\n", "ok")
    with refusals(hw_check.RecordError), patch.object(hw_check, "run", lambda _: answer):
        read = hw_check.load_record(path)
        for machine in MACHINES:
            with refusals(hw_check.MisfitError):
                printable(hw_check.compare(read, Machine(*machine)))
    for options in ([], ["--json"]):
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            code = hw_check.main(["--record", str(path), "--root", str(path.parent / "nothing"), *options])
        assert code in {0, 1, 2}
        printable(out.getvalue() + err.getvalue())


def page(data: bytes) -> None:
    """Read a page of a package index, as JSON and as HTML, and what an index says about a project."""
    for kind in (JSON_TYPE, "text/html"):
        with refusals(UnreadablePageError):
            files, status = page_files(data, kind)
            page_of(files_by_version("web", files), status)
        with refusals(UnreadablePageError):
            files_on(data, kind, ADDRESS)
    about_from(data, About())


def report(data: bytes) -> None:
    """Read a health report and lay it over a graph."""
    with refusals():
        findings = read_findings(data.decode("utf-8", "replace"), "report.json")
        locked = small_lock()
        findings.is_about(locked)
        project = project_from(load_pyproject(file("pyproject.toml", PYPROJECT.encode())), Path("p.toml"))
        graph = build_graph(project, locked)
        overlay = Overlay(vulnerabilities=findings.on(graph))
        analysis = analyse(graph)
        printable(graph_text(analysis, overlay=overlay) + graph_markdown(analysis, overlay=overlay))
        printable(json.dumps(graph_document(analysis, overlay=overlay)))


def addition(data: bytes) -> None:
    """Read what ``poetry hw-add`` is asked for, one package a line, and make the change."""
    with refusals():
        add(PYPROJECT.encode(), *data.decode("utf-8", "replace").split("\n")[:3])


def notes(data: bytes) -> None:
    """Read the files that earlier runs left: a history of health, the manifest of a backup."""
    trend(read_history(data.decode("utf-8", "replace")))
    with refusals():
        parse_manifest(data, where="manifest.json")


PARSERS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "requirements": requirements,
    "constraints": constraints,
    "environment": environment,
    "commands": commands,
    "uv": uv,
    "exported": exported,
    "pylock": pylock,
    "lock": lock,
    "pyproject": pyproject,
    "probes": probes,
    "osv": osv,
    "target": target,
    "record": record,
    "page": page,
    "report": report,
    "addition": addition,
    "notes": notes,
}


# -- what they share ------------------------------------------------------------------------------------


@contextlib.contextmanager
def refusals(*others: type[Exception]) -> Iterator[None]:
    """Swallow the errors that say something to the user, and ``others``."""
    try:
        yield
    except AiopsError as error:
        if not error.what.strip():
            raise
    except others:
        return


def file(name: str, data: bytes) -> Path:
    """Return the path of a file with this content, in one folder for all."""
    path = folder() / name
    path.write_bytes(data)
    return path


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def folder() -> Path:
    """Return the folder of this process; it goes when the process ends."""
    if not _FOLDERS:
        _FOLDERS.append(tempfile.TemporaryDirectory())
    return Path(_FOLDERS[0].name)


def small_lock() -> Lock:
    return read_lock(file("small.lock", LOCK.encode()))


def printable(text: str) -> None:
    """Make sure that a text can be written to a terminal or a file in UTF-8."""
    text.encode("utf-8")


def add(data: bytes, *packages: str) -> None:
    """Plan what ``poetry hw-add`` does to a pyproject.toml, and make the change in its text."""
    path = file("pyproject.toml", data)
    document = load_pyproject(path)
    project = project_from(document, path)
    hardware = read_config(aiops_table(document)).hardware
    declared = hardware.variants if hardware else ()
    request = AdditionRequest(packages, ("cpu,cu126",), replace=True)
    planned = plan_addition(request, project, declared, (), RECIPES)
    printable(apply_edit(data.decode("utf-8"), planned.edit, path))


class Machine(hw_check.Machine):
    """A machine in memory for hw-check: its files, its variables, its system."""

    def __init__(self, os: str, arch: str, files: Mapping[str, str], env: Mapping[str, str]) -> None:
        self.root = str(folder())
        self.env = dict(env)
        self.os = os
        self.arch = arch
        self.mac_version = "14.5" if os == "macos" else ""
        self.wsl = False
        self.files = files

    def names(self, folder: str, start: str = "") -> list[str]:
        places = [PurePosixPath(name) for name in self.files]
        found = {
            f"{folder}/{place.relative_to(folder).parts[0]}"
            for place in places
            if place.is_relative_to(folder)
        }
        return sorted(path for path in found if path.startswith(f"{folder}/{start}"))

    def has(self, path: str) -> bool:
        return path in self.files

    def text(self, path: str) -> str:
        return self.files.get(path, "")


MACHINES: Final[tuple[tuple[str, str, Mapping[str, str], Mapping[str, str]], ...]] = (
    (
        "linux",
        "x86_64",
        {"sys/module/nvidia/version": "550.54.14", "dev/nvidia0": ""},
        {"CUDA_VISIBLE_DEVICES": "0"},
    ),
    (
        "linux",
        "x86_64",
        {
            "sys/class/kfd/kfd/topology/nodes/1/properties": "vendor_id 4098\ngfx_target_version 90010\n",
            "sys/bus/pci/devices/0000:03:00.0": "",
            "sys/bus/pci/devices/0000:03:00.0/vendor": "0x8086",
            "sys/bus/pci/devices/0000:03:00.0/class": "0x030000",
            "sys/bus/pci/devices/0000:03:00.0/device": "0x56a0",
            "dev/dri/renderD128": "",
        },
        {},
    ),
    ("linux", "aarch64", {"etc/nv_tegra_release": "# R36 (release)", "dev/nvmap": ""}, {}),
    ("macos", "aarch64", {}, {}),
    ("windows", "x86_64", {}, {}),
)
