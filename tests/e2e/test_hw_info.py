"""``poetry hw-info``: needs no project, no GPU and no network, and survives what lies around."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.poetry_program import PoetryProgram


SMI = """\
Mon Nov 23 10:00:00 2026
+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 580.65.06              Driver Version: 580.65.06      CUDA Version: 13.0     |
|-----------------------------------------+------------------------+----------------------+
| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |
| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |
|=========================================+========================+======================|
|   0  NVIDIA GeForce GTX 1080        Off |   00000000:01:00.0  On |                  N/A |
| 27%   41C    P8             11W /  180W |     312MiB /   8192MiB |      1%      Default |
+-----------------------------------------+------------------------+----------------------+
"""


def test_it_needs_no_project(poetry: PoetryProgram, tmp_path: Path) -> None:
    done = poetry.must(tmp_path, "hw-info")
    assert "Best build:" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["[project\n", "[project]\nname = 1\n", "[tool.poetry-aiops]\nbanana = 1\n"]
)
def test_it_works_beside_a_broken_project(poetry: PoetryProgram, tmp_path: Path, content: str) -> None:
    (tmp_path / "pyproject.toml").write_text(content, "utf-8")
    assert "Best build:" in poetry.must(tmp_path, "hw-info").stdout


def test_a_hanging_nvidia_smi_does_not_hang_it(poetry: PoetryProgram, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("nvidia-smi", "rocminfo", "rocm-smi", "amd-smi", "lspci", "xpu-smi", "sycl-ls"):
        program = programs / name
        program.write_text("#!/bin/sh\nexec sleep 600\n", "utf-8")
        program.chmod(0o755)
    begun = time.monotonic()
    done = poetry.must(tmp_path, "hw-info", PATH=f"{programs}:{poetry.executable.parent}:/usr/bin:/bin")
    assert "Best build:" in done.stdout
    assert time.monotonic() - begun < 120


@pytest.mark.parametrize("verbosity", [(), ("-vvv",)])
def test_with_json_standard_output_is_one_document(
    poetry: PoetryProgram, tmp_path: Path, verbosity: tuple[str, ...]
) -> None:
    document = conforming(poetry.must(tmp_path, "hw-info", "--format", "json", *verbosity).stdout)
    assert document["best"] in {backend["name"] for backend in document["backends"] if backend["accepted"]}


def test_a_gtx_1080_with_a_new_driver_gets_the_build_that_has_kernels_for_it(
    poetry: PoetryProgram, tmp_path: Path
) -> None:
    done = poetry.must(
        tmp_path, "hw-info", "--target", "linux-x86_64,driver=580.65.06,cc=6.1", "--format", "json"
    )
    document = conforming(done.stdout)
    assert (document["best"], document["torch_max"]) == ("cu126", "2.14")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_pasted_output_of_nvidia_smi_describes_a_machine(
    poetry: PoetryProgram, tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "smi.txt").write_text(SMI, encoding)
    done = poetry.must(tmp_path, "hw-info", "--target-file", "smi.txt", "--format", "json")
    document = conforming(done.stdout)
    (gpu,) = document["host"]["accelerators"]
    assert (gpu["kind"], gpu["driver"], gpu["compute_capability"]) == ("cuda", "580.65.06", "6.1")
    assert (document["best"], document["torch_max"]) == ("cu126", "2.14")


def test_explain_names_every_rejected_backend_with_its_reason(poetry: PoetryProgram, tmp_path: Path) -> None:
    done = poetry.must(tmp_path, "hw-info", "--explain", "--target", "rocm,gfx=gfx942")
    assert "no NVIDIA GPU was found" in done.stdout
    assert "rocm" in done.stdout.partition("Best build:")[2].splitlines()[0]


@pytest.mark.parametrize("arguments", [("--target-file", "-"), ("--target-file=-",)])
def test_a_lone_dash_is_standard_input(
    poetry: PoetryProgram, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    argv = [str(poetry.executable), "hw-info", *arguments, "--format", "json"]
    done = subprocess.run(
        argv, input=SMI, env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    (device,) = json.loads(done.stdout)["host"]["accelerators"]
    assert device["name"] == "NVIDIA GeForce GTX 1080"


def test_text_without_the_driver_shows_the_gpu_and_chooses_no_build(
    poetry: PoetryProgram, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text("GPU 0: NVIDIA RTX A4500 (UUID: GPU-1b2c)\n", "utf-8")
    options = ("--target-file", "list.txt", "--format", "json", "--output", "report.txt")
    done = poetry.run(tmp_path, "hw-info", *options)
    assert done.code == 3, str(done)
    assert json.loads(done.stdout)["host"]["accelerators"][0]["compute_capability"] == "8.6"
    assert "driver" in done.stderr
    assert "Best build:  not known" in (tmp_path / "report.txt").read_text("utf-8")


def test_text_that_is_not_understood_is_exit_code_3(poetry: PoetryProgram, tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("<html><title>Sign in</title></html>\n", "utf-8")
    done = poetry.run(tmp_path, "hw-info", "--target-file", "page.txt")
    assert done.code == 3, str(done)
    assert "nvidia-smi" in done.stderr
    assert "Best build" not in done.output


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--target", "banana"), "banana"),
        (("--target-file", "missing.txt"), "missing.txt"),
        (("--format", "xml"), "--format"),
        (("--banana",), "--banana"),
        (("--format", "json", "-q"), "--quiet"),
    ],
)
def test_wrong_usage_is_exit_code_2_in_words(
    poetry: PoetryProgram, tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    done = poetry.run(tmp_path, "hw-info", *arguments)
    assert done.code == 2, str(done)
    assert named in done.stderr
    assert "Traceback" not in done.output


def test_control_characters_of_a_pasted_text_never_reach_the_terminal(
    poetry: PoetryProgram, tmp_path: Path
) -> None:
    (tmp_path / "smi.txt").write_text(SMI.replace("GTX 1080", "\x1b[31mGTX\x07 <error>x"), "utf-8")
    done = poetry.must(tmp_path, "hw-info", "--explain", "--target-file", "smi.txt")
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_a_recording_is_played_back_to_the_same_machine(poetry: PoetryProgram, tmp_path: Path) -> None:
    here = conforming(poetry.must(tmp_path, "hw-info", "--record", "recorded", "--format", "json").stdout)
    played = conforming(
        poetry.must(tmp_path, "hw-info", "--target-file", "recorded", "--format", "json").stdout
    )
    assert played["host"]["os"] == here["host"]["os"]
    assert (played["best"], played["torch_max"]) == (here["best"], here["torch_max"])


def test_a_recording_never_overwrites_a_folder(poetry: PoetryProgram, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").write_text("mine", "utf-8")
    done = poetry.run(tmp_path, "hw-info", "--record", "kept")
    assert done.code == 2
    assert "--record kept" in done.stderr
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["mine.txt"]


def test_files_are_written_beside_the_chosen_output(poetry: PoetryProgram, tmp_path: Path) -> None:
    done = poetry.must(tmp_path, "hw-info", "--output", "host.json", "--output", "host.txt")
    assert "Best build:" in done.stdout
    conforming((tmp_path / "host.json").read_text("utf-8"))
    assert "Backends" in (tmp_path / "host.txt").read_text("utf-8")
    assert poetry.must(tmp_path, "hw-info", "-q", "--format", "json", "--output", "again.json").stdout == ""
    conforming((tmp_path / "again.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["host.pdf", "host", "missing/host.json"])
def test_a_file_that_cannot_be_written_is_exit_code_2(
    poetry: PoetryProgram, tmp_path: Path, name: str
) -> None:
    done = poetry.run(tmp_path, "hw-info", "--output", name)
    assert done.code == 2
    assert "--output" in done.stderr
    assert not list(tmp_path.iterdir())
