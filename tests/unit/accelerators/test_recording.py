"""What a recording holds, which people attach to reports in public, and where it is written."""

from __future__ import annotations

import json
import re

from tests.unit.accelerators.machine import LINUX, Machine, nvidia_files

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.detect import detect
from poetry_aiops.accelerators.recording import RECORDING, RecordingReader


def recorded(machine: Machine) -> dict[str, str]:
    reader = RecordingReader(machine)
    return reader.files(detect(reader, load_catalogue(), thorough=True))


def test_a_recording_holds_no_other_variable_and_no_host_name() -> None:
    machine = Machine(
        facts=LINUX._replace(node="payroll-3"),
        files=nvidia_files("580.65.06", "2684"),
        env={"AWS_SECRET_ACCESS_KEY": "hush", "PATH": "/home/anna/bin", "CUDA_VISIBLE_DEVICES": "0"},
    )
    files = recorded(machine)
    assert json.loads(files[RECORDING])["env"]["CUDA_VISIBLE_DEVICES"] == "0"
    assert [word for word in ("hush", "anna", "payroll") if word in "".join(files.values())] == []


def test_every_file_of_a_recording_lies_in_its_folder() -> None:
    names = recorded(Machine(files=nvidia_files("../../../580", "2684")))
    assert len(names) > 10
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9-]*\.(?:txt|json)", name)] == []
