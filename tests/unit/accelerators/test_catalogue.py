"""The shipped facts, and the program that checks and rewrites them."""

from __future__ import annotations

import importlib.util
import tomllib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import for_each

from poetry_aiops.accelerators.catalogue import NameTable, load_catalogue


if TYPE_CHECKING:
    from types import ModuleType


ROOT = Path(__file__).parents[3]
FILE = ROOT / "src/poetry_aiops/data/accelerators.toml"


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "check_accelerators", ROOT / "scripts/check_accelerators.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changed(checker: ModuleType, change: dict[str, Any]) -> list[str]:
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    faults: list[str] = checker.check(checker.dump({**document, **change}))
    return faults


def test_the_shipped_file_is_good_and_canonical(checker: ModuleType) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert checker.check(text) == []
    assert checker.dump(tomllib.loads(text)) == text


def test_a_floor_that_falls_is_a_fault(checker: ModuleType) -> None:
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    floors = [*document["driver_floors"][:2], {**document["driver_floors"][2], "linux": "500"}]
    assert any("older than" in fault for fault in changed(checker, {"driver_floors": floors}))


def test_a_build_without_architectures_is_a_fault(checker: ModuleType) -> None:
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    rows = [row for row in document["cuda_arches"] if row["index"] != "cu126"]
    assert any(
        "no x86_64 architectures for cu126" in fault for fault in changed(checker, {"cuda_arches": rows})
    )


def test_an_id_of_two_chips_is_a_fault(checker: ModuleType) -> None:
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    rows = [*document["amd_chips"], {"chip": "Twin", "gfx": "gfx1100", "pci": ["744c"], "source": "pci-ids"}]
    assert any("lies within the ids" in fault for fault in changed(checker, {"amd_chips": rows}))


def test_an_unknown_key_and_an_unknown_source_are_faults(checker: ModuleType) -> None:
    assert changed(checker, {"torch_index": 3}) != []
    rows = [{"cuda_major": 12, "linux": "525.60.13", "windows": "528.33", "source": "hearsay"}]
    assert any("hearsay" in fault for fault in changed(checker, {"driver_floors": rows}))


def test_facts_older_than_60_days_are_warned_of() -> None:
    catalogue = load_catalogue()
    assert catalogue.age_warning(catalogue.as_of) is None
    assert catalogue.age_warning(date.fromordinal(catalogue.as_of.toordinal() + 60)) is None
    warning = catalogue.age_warning(date.fromordinal(catalogue.as_of.toordinal() + 61))
    assert warning is not None
    assert "61 days" in warning


@for_each(
    ("device", "capability"),
    [
        ("1b80", "6.1"),
        ("1db6", "7.0"),
        ("1eb8", "7.5"),
        ("20b0", "8.0"),
        ("2204", "8.6"),
        ("26b5", "8.9"),
        ("2330", "9.0"),
        ("2901", "10.0"),
        ("3182", "10.3"),
        ("2b85", "12.0"),
        ("2e12", "12.1"),
        ("102d", "3.7"),
        ("1024", "3.5"),
        ("0001", None),
    ],
)
def test_pci_ids_of_nvidia(device: str, capability: str | None) -> None:
    assert load_catalogue().compute_capability(device, None, None) == capability


@for_each(
    ("name", "capability"),
    [
        ("NVIDIA GeForce RTX 4090", "8.9"),
        ("NVIDIA GeForce RTX 4070 ...", "8.9"),
        ("Tesla V100-SXM2...", "7.0"),
        ("NVIDIA GeForce GTX 10...", "6.1"),
        ("NVIDIA GeForce ...", None),
        ("NVIDIA GeForce RTX...", None),
        ("NVIDIA A100-SXM4-80GB", "8.0"),
        ("NVIDIA A10G", "8.6"),
        ("NVIDIA A1...", None),
        ("NVIDIA RTX 6000 Ada Generation", "8.9"),
        ("Quadro RTX 6000", "7.5"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "12.0"),
        ("NVIDIA RTX A2000 12GB", "8.6"),
        ("NVIDIA RTXA5000-8Q", "8.6"),
        ("NVIDIA RTX6000-Ada-24Q", "8.9"),
        ("NVIDIA RTX 5000-Ada-16Q", "8.9"),
        ("GRID RTX6000-4Q", "7.5"),
        ("4080 SUPER", "8.9"),
        ("Quadro K3100M", "3.0"),
        ("GeForce GT 730", "3.5"),
        ("NVIDIA GeForce MX130", "5.0"),
        ("NVIDIA GeForce MX150", "6.1"),
        ("GeForce GTX TITAN X", "5.2"),
        ("TITAN X (Pascal)", "6.1"),
        ("NVIDIA GB10", "12.1"),
        ("NVIDIA B300 SXM6 AC", "10.3"),
        ("Graphics Device", None),
        ("", None),
    ],
)
def test_names_of_nvidia(name: str, capability: str | None) -> None:
    assert load_catalogue().compute_capability(None, None, name) == capability


@for_each(
    ("name", "gfx"),
    [
        ("AMD Radeon RX 7900 XTX", "gfx1100"),
        ("AMD Radeon RX 7700S", "gfx1102"),
        ("Radeon RX 6800M", "gfx1031"),
        ("Radeon RX 6800 XT", "gfx1030"),
        ("AMD Instinct MI300X", "gfx942"),
        ("AMD Radeon VII", "gfx906"),
        ("AMD Radeon 8060S Graphics", "gfx1151"),
        ("AMD Ryzen 9 7940HS w/ Radeon 780M Graphics", "gfx1103"),
        ("AMD ATI Radeon RX 6650 XT", "gfx1032"),
        ("AMD Radeon Pro Vega II Duo", "gfx906"),
        ("AMD Radeon Pro W5700X", "gfx1010"),
        ("Radeon Pro WX 7100", "gfx803"),
        ("AMD Radeon Graphics", None),
    ],
)
def test_names_of_amd(name: str, gfx: str | None) -> None:
    assert load_catalogue().gfx(None, None, name) == gfx


@for_each(
    ("device", "name", "supported"),
    [
        ("56a0", None, True),
        ("e20b", None, True),
        ("7d55", None, True),
        ("0166", "Intel HD Graphics 4000", False),
        ("5917", "Intel UHD Graphics 620", False),
        ("4680", "Intel Arc in name only", False),
        (None, "Intel(R) Arc(TM) A770 Graphics", True),
        (None, "Intel(R) Data Center GPU Max 1550", True),
        (None, "Intel(R) Iris(R) Xe Graphics", False),
    ],
)
def test_intel_gpus_that_torch_supports(device: str | None, name: str | None, supported: bool) -> None:
    assert load_catalogue().supports_intel(device, None, name) is supported


def test_the_newest_cuda_of_a_driver() -> None:
    catalogue = load_catalogue()
    assert catalogue.max_cuda("580.173.02", windows=False) == "13.0"
    assert catalogue.max_cuda("560.94", windows=True) == "12.6"
    assert catalogue.max_cuda("300.1", windows=False) is None


def test_patterns_prefer_the_longest_and_the_exact() -> None:
    table = NameTable([("a", ["rtx 2###"]), ("b", ["rtx 20#0"]), ("c", ["*special"])])
    assert table.find("RTX 2050") == "b"
    assert table.find("RTX 2211") == "a"
    assert table.find("RTX 2050 Special") == "c"
    assert table.find("RTX 2...") is None
