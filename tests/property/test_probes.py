"""No text in any probe makes a parser raise or run long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import every
from tests.support.examples import examples
from tests.support.timing import within

from poetry_aiops.accelerators.captured import read_captured
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.probes.registry import all_probes
from poetry_aiops.accelerators.select import select
from poetry_aiops.accelerators.target import parse_target
from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.system.text import decode


if TYPE_CHECKING:
    from poetry_aiops.accelerators.probes.probe import Probe


SIZE = 25_000
SECONDS = 0.6
"""Of processor time: the slowest parser needs about a tenth of it, a quadratic one several seconds."""

WORDS = (
    "NVIDIA-SMI ", "Driver Version: ", "KMD Version: ", "CUDA Version: ", "550.54.14", "999999999999999999999.1", "N/A",
    "ERR!", "|", "|   0  ", "\n", "\t", " ", ",", ", ", ":", "=", "==> ", " <==", "GPU 0: ", "(UUID: GPU-", ")", '<gpu id="',
    "<driver_version>", "</", ">", "<mig_device>", '"card0": {', '"', "{", "[", "Device ID", "0x744c", "gfx90a", "gfx000",
    "NVRM version: ", "Kernel Module  ", "simd_count 4", "vendor_id 4098", "gfx_target_version ", "unique_id ", "Agent 1",
    "  Name:   ", "Device Type:   GPU", "01:00.0 ", "VGA compatible controller: ", "NVIDIA Corporation ", "[10de:2204]",
    "Kernel driver in use: ", "Chipset Model: ", "Apple M2", "spdisplays_", "Device Name: ", "[level_zero:gpu]", "# R36 (release), REVISION: ",
    "NVIDIA Jetson ", "VEN_10DE&DEV_2204", "PCI_ID=10DE:2204", "PCI_CLASS=30000", "flags : sse", "Linux x 6.1 x86_64", "compute_cap",
    "name, ", "--query-gpu=", "mismatch", "GPU is lost", "\x1b[31m", "\x00", "\u202e", "\ud7ff", "9" * 5000, "a" * 3000,
)  # fmt: skip
SOUP = st.lists(st.sampled_from(WORDS) | st.text(max_size=20), max_size=120).map("".join)


@pytest.mark.parametrize("probe", all_probes(), ids=lambda probe: str(probe.name))
@given(text=SOUP | st.text())
@examples(25)
def test_any_text_gives_facts(probe: Probe, text: str) -> None:
    probe.recognise(text)
    assert all("\n" not in line and "\x1b" not in line for line in probe.parse(text).lines())


def long_texts() -> list[str]:
    pieces = [
        *WORDS,
        "A",
        '"',
        "[",
        "<",
        "ab:",
        "0x",
        "1.",
        "-",
        "a: ",
        "| ",
        "GPU[0] : ",
        "Agent 1\n Name: gfx1100\n",
    ]
    return [(piece * (SIZE // len(piece) + 1))[:SIZE] for piece in pieces]


def test_a_long_text_of_anything_is_read_quickly() -> None:
    """Each text is read to a quarter first: time that grows with the third power would show there already."""
    texts = long_texts()

    def read(probe: Probe, text: str) -> float:
        start = time.process_time()
        probe.recognise(text)
        probe.parse(text)
        return time.process_time() - start

    def read_quickly(probe: Probe) -> None:
        for text in texts:
            if read(probe, text[: SIZE // 4]) > SECONDS / 4**3:
                with within(SECONDS, text[:40]):
                    read(probe, text)

    every(all_probes(), read_quickly, lambda probe: probe.name)


@given(text=SOUP.filter(lambda text: bool(text.strip())))
@examples(80)
def test_any_pasted_text_ends_in_a_choice_or_is_not_understood(text: str) -> None:
    catalogue = load_catalogue()
    try:
        chosen = select(read_captured({"text": text}, catalogue).host, catalogue)
    except IncompleteError:
        return
    assert chosen.best in {verdict.name for verdict in chosen.backends if verdict.accepted}
    assert [v.rank for v in chosen.backends if v.accepted] == list(
        range(1, 1 + sum(v.accepted for v in chosen.backends))
    )


@given(data=st.binary(max_size=400))
def test_any_bytes_are_some_text(data: bytes) -> None:
    assert isinstance(decode(data), str)


@given(text=st.text(max_size=60))
def test_any_encoding_of_powershell_is_read_back(text: str) -> None:
    plain = text.encode("utf-8", "replace").decode()
    assert decode(plain.encode("utf-16")) == plain
    assert decode(b"\xef\xbb\xbf" + plain.encode()) == plain


@given(
    spec=st.text(max_size=60)
    | st.lists(st.sampled_from(["linux", "cc=8.6", "driver=550", "rocm", "gfx=gfx90a", "x", ""])).map(
        ",".join
    )
)
def test_any_target_is_a_machine_or_wrong_usage(spec: str) -> None:
    try:
        host = parse_target(spec, load_catalogue())
    except UsageError:
        return
    assert host.arch
