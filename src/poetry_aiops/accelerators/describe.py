"""A machine and what runs on it, as text for a person and as the document of ``hw-info --format json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poetry_aiops.accelerators.selection import NO_ACCELERATOR
from poetry_aiops.project.backends import family_of


if TYPE_CHECKING:
    from poetry_aiops.accelerators.host import Accelerator, Detection, Host
    from poetry_aiops.accelerators.selection import Selection


_ACCELERATOR_KEYS = (
    "kind",
    "name",
    "vendor_id",
    "device_id",
    "driver",
    "max_cuda",
    "compute_capability",
    "gfx",
    "memory_mib",
    "usable",
    "why_unusable",
    "needs",
    "partitions",
)


def device_in_words(host: Host) -> str:
    """Return how messages call the machine's accelerators: ``NVIDIA GeForce GTX 1080``."""
    counted = [device for device in host.accelerators if device.counts]
    if not counted:
        return "no usable accelerator" if host.accelerators else NO_ACCELERATOR
    return " and ".join(dict.fromkeys(device.label for device in counted))


def machine_document(
    detection: Detection, selection: Selection, features: list[dict[str, Any]], warnings: tuple[str, ...]
) -> dict[str, Any]:
    """Return the content of the document ``poetry-aiops/hw-info/1``."""
    return {
        "host": host_document(detection.host),
        "probes": [{**probe._asdict(), "facts": probe.facts.lines()} for probe in detection.probes],
        "backends": [verdict._asdict() for verdict in selection.backends],
        "best": selection.best,
        "torch_max": selection.torch_max,
        "unlock": selection.unlock._asdict() if selection.unlock else None,
        "variant_features": features,
        "warnings": list(warnings),
    }


def host_document(host: Host) -> dict[str, Any]:
    """Return the ``host`` object of the documents."""
    return {
        "os": host.os,
        "os_version": host.os_version,
        "arch": host.arch,
        "python": host.python,
        "libc": host.libc,
        "wsl": host.wsl,
        "container": host.container,
        "accelerators": [
            {key: getattr(device, key) for key in _ACCELERATOR_KEYS} for device in host.accelerators
        ],
        "masks": [mask._asdict() for mask in host.masks],
        "other_gpus": list(host.other_gpus),
        "cpu": host.cpu._asdict() if host.cpu else {"architecture": host.arch, "level": None, "model": None},
    }


def machine_text(
    detection: Detection,
    selection: Selection,
    warnings: tuple[str, ...],
    *,
    explain: bool,
    missing: str | None = None,
) -> str:
    """Return the text of ``poetry hw-info``; with ``explain`` every probe and every candidate, too.

    ``missing`` is what a description of a machine leaves open, so that no build is shown as the best.
    """
    lines = _host_lines(detection.host)
    lines += ["", *(["Best build:  not known"] if missing else _answer_lines(selection))]
    lines += [f"Warning: {text}" for text in warnings]
    if explain:
        lines += ["", "Probes", *_probe_lines(detection)]
        lines += ["", "Backends", *_backend_lines(selection)]
    else:
        lines += ["", "Details: poetry hw-info --explain"]
    return "\n".join(lines)


def _host_lines(host: Host) -> list[str]:
    system = " ".join(filter(None, [host.os, host.os_version, host.arch]))
    rows = [
        ("System", system + (" (WSL)" if host.wsl else "")),
        ("Python", host.python),
        ("C library", host.libc),
    ]
    rows.append(("Container", host.container))
    cpu = (
        " ".join(filter(None, [host.cpu.model, f"({host.cpu.level})" if host.cpu.level else None]))
        if host.cpu
        else ""
    )
    rows.append(("Processor", cpu))
    rows += [(_kind(device), _device(device)) for device in host.accelerators]
    rows += [("Other GPU", text) for text in host.other_gpus]
    rows += [("Masked by", f"{mask.variable}={mask.value}") for mask in host.masks]
    if not host.accelerators:
        rows.append(("Accelerator", "none found"))
    return [f"{title + ':':<13}{text}" for title, text in rows if text]


def _kind(device: Accelerator) -> str:
    return {"cuda": "NVIDIA", "rocm": "AMD", "mps": "Apple", "xpu": "Intel", "jetson": "Jetson"}[device.kind]


def _device(device: Accelerator) -> str:
    facts = [
        device.label,
        f"driver {device.driver}" if device.driver else None,
        f"compute capability {device.compute_capability}" if device.compute_capability else None,
        device.gfx,
        f"{device.memory_mib} MiB" if device.memory_mib else None,
    ]
    text = ", ".join(fact for fact in facts if fact)
    if device.usable:
        return text
    return f"{text} - not usable: {device.why_unusable or 'for an unknown reason'}"


def _answer_lines(selection: Selection) -> list[str]:
    best = next(verdict for verdict in selection.backends if verdict.name == selection.best)
    cap = f", torch up to {selection.torch_max}" if selection.torch_max else ""
    lines = [f"Best build:  {selection.best}{cap}"]
    if family_of(selection.best) != "cpu":
        lines += [f"             {reason}" for reason in best.reasons]
    if selection.unlock:
        lines.append(f"To get more: {selection.unlock.text}")
    return lines


def _probe_lines(detection: Detection) -> list[str]:
    lines = []
    for probe in detection.probes:
        lines.append(f"  {probe.name} [{probe.source}]: {probe.outcome}")
        lines += [f"      {fact}" for fact in probe.facts.lines()]
        if probe.won:
            lines.append(f"      decided: {', '.join(probe.won)}")
    return lines


def _backend_lines(selection: Selection) -> list[str]:
    lines = []
    for verdict in selection.backends:
        mark = f"{verdict.rank}." if verdict.rank else "-"
        lines.append(
            f"  {mark:<3} {verdict.name:<9} {'; '.join([*verdict.reasons, *filter(None, [verdict.note])])}"
        )
    return lines
