"""The live reader on the machine that runs the tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.detect import detect
from poetry_aiops.accelerators.live_machine import LiveReader
from poetry_aiops.accelerators.probes.registry import probe_named


if TYPE_CHECKING:
    from pathlib import Path


def test_the_interpreters_facts() -> None:
    facts = LiveReader().platform()
    assert facts.python == ".".join(str(part) for part in sys.version_info[:3])
    assert facts.system in {"Linux", "Windows", "Darwin"}
    assert facts.machine


def test_files_of_any_encoding_and_none(tmp_path: Path) -> None:
    reader = LiveReader()
    (tmp_path / "a").write_bytes("text".encode("utf-16"))
    assert reader.read_text(str(tmp_path / "a")).text == "text"
    assert reader.read_text(str(tmp_path / "b")).outcome == "missing"
    assert reader.read_text(str(tmp_path)).outcome in {"error", "denied"}
    assert reader.read_text("a\0b").outcome == "error"


def test_globs_come_in_their_natural_order(tmp_path: Path) -> None:
    for name in ("n10", "n9", "n1"):
        (tmp_path / name[1:]).touch()
    found = LiveReader().glob(str(tmp_path / "*"))
    assert [path.rsplit("/", 1)[-1] for path in found] == ["1", "9", "10"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for nvidia-smi")
def test_a_hanging_program_on_the_path_ends_as_an_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert LiveReader().run(["nvidia-smi"], 0.5).outcome == "timeout"


def test_the_nvml_child_runs_without_anything_but_the_standard_library() -> None:
    program = probe_named("NVML").reads
    assert program is not None
    answer = program.read(LiveReader())
    assert answer.outcome == "ok" or "error=" in (answer.text or "")


def test_detection_works_here() -> None:
    host = detect(LiveReader(), load_catalogue()).host
    assert host.cpu is not None
    assert host.cpu.architecture == host.arch
