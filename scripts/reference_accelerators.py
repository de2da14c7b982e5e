"""The facts about drivers, GPUs and builds, from data/accelerators.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from scripts.reference_text import MADE, code, listed, table


FACTS = Path(__file__).resolve().parent.parent / "src" / "poetry_aiops" / "data" / "accelerators.toml"
HEAD = """\
# Accelerators

The facts from which `poetry hw-info` and `poetry hw-install` choose, as of **{as_of}**. When they are older than 60 days, the commands
say so; a newer version of the plugin brings newer ones. How they are weighed: [which build for which
machine](../explanation/hardware-choice.md). Each row names its [source](#sources).

{made}
"""
DRIVERS = """\
## Oldest driver for each CUDA major version

A build for CUDA 12.x runs on every driver that is at least this old (minor-version compatibility).
"""
BUILDS = """\
## Builds of torch

The indexes of each release line, `https://download.pytorch.org/whl/<index>`, with its Python versions and the oldest glibc.
"""
CUDA = """\
## GPU generations in the CUDA builds

The compute capabilities that a build holds code for. A GPU runs code of its own major version from the same or an older minor version.
"""
ROCM = """\
## AMD architectures in the ROCm builds

Where a build is not listed with architectures, it is not verified yet which it runs on.
"""
OTHER = "## Macs, Intel, Jetson\n"


def page() -> str:
    """Return the page."""
    facts = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    made = MADE.format(source="`accelerators.toml`")
    return "\n".join(
        [
            HEAD.format(as_of=facts["as_of"], made=made),
            *(DRIVERS, _drivers(facts), BUILDS, _builds(facts), CUDA, _cuda(facts), ROCM, _rocm(facts)),
            *("## NVIDIA chips\n", _chips(facts["nvidia_chips"], "compute_capability", "Compute capability")),
            *("## AMD chips\n", _chips(facts["amd_chips"], "gfx", "Architecture")),
            *(OTHER, _macs(facts), _intel(facts), _jetson(facts), "## Sources\n", _sources(facts)),
        ]
    )


def _drivers(facts: dict[str, Any]) -> str:
    rows = [
        (f"CUDA {row['cuda_major']}", row["linux"], row["windows"], _source(row))
        for row in facts["driver_floors"]
    ]
    kits = [
        (f"{row['cuda']}, update {row.get('update', 0)}", row["linux"], row.get("windows", ""), _source(row))
        for row in reversed(facts["toolkits"])
    ]
    came = "The driver that each toolkit came with; `hw-info` names the newest CUDA of a driver by it.\n"
    head = ("CUDA", "Linux", "Windows", "Source")
    return "\n".join([table(head, rows), came, table(head, kits)])


def _builds(facts: dict[str, Any]) -> str:
    rows = [
        (
            f"torch {row['line']}",
            listed(row["cuda"])
            + (f"; Linux only: {listed(extra)}" if (extra := row.get("extra_cuda")) else ""),
            listed(row["rocm"]) if row.get("rocm_known", True) else "not known yet",
            " to ".join(row["python"]),
            row["glibc"],
            _source(row),
        )
        for row in reversed(facts["torch"])
    ]
    return table(("Line", "CUDA", "ROCm", "Python", "glibc", "Source"), rows)


def _cuda(facts: dict[str, Any]) -> str:
    rows = [
        (
            code(row["index"]),
            row["machine"],
            f"{row['since']} to {row['until']}",
            ", ".join(row["arches"]),
            _source(row),
        )
        for row in facts["cuda_arches"]
    ]
    return table(("Index", "Machine", "torch", "Compute capabilities", "Source"), rows)


def _rocm(facts: dict[str, Any]) -> str:
    rows = [
        (code(row["name"]), ", ".join(row["gfx"]) or "not known", _source(row))
        for row in facts["rocm_indexes"]
    ]
    notes = [
        (
            ", ".join(row["gfx"]),
            "yes" if row["automatic"] else "only when requested",
            row["note"],
            _source(row),
        )
        for row in facts["gfx_notes"]
    ]
    return "\n".join(
        [
            table(("Index", "Architectures", "Source"), rows),
            table(("Architecture", "Chosen", "What is known", "Source"), notes),
        ]
    )


def _chips(chips: list[dict[str, Any]], key: str, title: str) -> str:
    """Return the chips, those of one architecture together, in the catalogue's order."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for row in chips:
        grouped.setdefault((row[key], _source(row)), []).append(row["chip"])
    rows = [(value, ", ".join(dict.fromkeys(names)), source) for (value, source), names in grouped.items()]
    return table((title, "Chips", "Source"), rows)


def _macs(facts: dict[str, Any]) -> str:
    rows = [
        (row["arch"], f"torch {row['since']}", f"macOS {row['macos']}", row.get("newest", ""), _source(row))
        for row in facts["mac_rules"]
    ]
    return table(("Mac", "From", "Needs", "Newest torch", "Source"), rows)


def _intel(facts: dict[str, Any]) -> str:
    rows = [(row["chip"], ", ".join(row["names"]), _source(row)) for row in facts["intel_gpus"]]
    return table(("Intel, for the build xpu", "Known as", "Source"), rows)


def _jetson(facts: dict[str, Any]) -> str:
    rows = [
        (
            f"Jetson Linux {row['l4t_major']}",
            f"JetPack {row['jetpack']}",
            f"CUDA {row['cuda']}",
            "yes" if row["sbsa"] else "no",
            _source(row),
        )
        for row in facts["jetson_releases"]
    ]
    return table(("Jetson", "JetPack", "CUDA", "Ordinary aarch64 wheels", "Source"), rows)


def _sources(facts: dict[str, Any]) -> str:
    return table(
        ("Source", "What"), [(code(row["id"]), f"[{row['title']}]({row['url']})") for row in facts["sources"]]
    )


def _source(row: dict[str, Any]) -> str:
    return code(row["source"])
