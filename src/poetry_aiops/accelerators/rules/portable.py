"""The families without a table of toolkits: Apple's MPS, Intel's XPU, Jetson, and the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators.rules.candidate import (
    Candidate,
    line_obstacle,
    newest_line,
    rejected,
)
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import Accelerator, Host
    from poetry_aiops.accelerators.rules.candidate import Verdicts
    from poetry_aiops.accelerators.selection import Constraint


FIRST_XPU_LINE = "2.5"
CPU_ARCHITECTURES = frozenset({"x86_64", "amd64", "aarch64", "arm64", "s390x", "ppc64le"})


def judge(host: Host, catalogue: Catalogue, constraint: Constraint) -> Verdicts:
    """Return the candidates jetson, mps, xpu and cpu."""
    candidates = (
        _jetson(host, catalogue),
        _mps(host, catalogue, constraint),
        _xpu(host, catalogue, constraint),
        _cpu(host, catalogue, constraint),
    )
    return candidates, tuple(_warnings(host, catalogue, constraint))


def _device(host: Host, kind: str) -> Accelerator | None:
    devices = [item for item in host.accelerators if item.kind == kind]
    return next((item for item in devices if item.counts), devices[0] if devices else None)


def _jetson(host: Host, catalogue: Catalogue) -> Candidate:
    board = _device(host, "jetson")
    if board is None:
        return rejected("jetson", "this is not a Jetson")
    if not board.counts:
        return rejected("jetson", f"{board.label}: {board.why_unusable}")
    reasons = [f"{board.label} is a Jetson: its GPU needs the builds that NVIDIA makes for JetPack"]
    release = catalogue.jetson_release(host.l4t) if host.l4t else None
    if release:
        reasons.append(f"Jetson Linux {host.l4t} is JetPack {release.jetpack} with CUDA {release.cuda}")
    return Candidate("jetson", accepted=True, reasons=tuple(reasons), order=(-1.0,))


def mac_cap(host: Host, catalogue: Catalogue) -> str | None:
    """Return the newest torch line whose wheels install on a Mac, ``None`` when nothing caps it."""
    if host.os != "macos":
        return None
    rules = [rule for rule in catalogue.mac_rules if rule.arch == host.arch]
    fixed = next((rule.newest for rule in rules if rule.newest), None)
    if fixed or host.os_version is None:
        return fixed
    beyond = [r.since for r in rules if version_key(host.os_version) < version_key(r.macos)]
    if not beyond:
        return None
    first = min(beyond, key=version_key)
    older = [line.line for line in catalogue.torch if version_key(line.line) < version_key(first)]
    return max(older, key=version_key, default=None)


def _capped(
    cap: str | None, host: Host, catalogue: Catalogue, constraint: Constraint, backend: str
) -> list[str]:
    """Return why no torch line at all fits; empty when one does."""
    lines = [line for line in catalogue.torch if cap is None or version_key(line.line) <= version_key(cap)]
    obstacles = [line_obstacle(line, host, constraint, backend) for line in lines]
    if lines and not all(obstacles):
        return []
    beyond = f"torch {cap} is the newest that installs here, and " if cap else ""
    return [f"{beyond}{reason}" for reason in dict.fromkeys(reason for reason in obstacles if reason)][:3]


def _mps(host: Host, catalogue: Catalogue, constraint: Constraint) -> Candidate:
    if host.os != "macos":
        return rejected("mps", f"MPS is for macOS, not {host.os}")
    if host.arch != "arm64":
        return rejected("mps", f"MPS builds are for Apple silicon; this Mac is {host.arch}")
    device = _device(host, "mps")
    if device is None or not device.counts:
        return rejected("mps", (device and device.why_unusable) or "no Apple GPU was found")
    cap = mac_cap(host, catalogue)
    obstacles = _capped(cap, host, catalogue, constraint, "mps")
    if obstacles:
        return rejected("mps", *obstacles)
    version = f" {host.os_version}" if host.os_version else ""
    reason = (
        f"{device.label} with macOS{version} on arm64: torch's ordinary macOS build uses its GPU through MPS"
    )
    return Candidate("mps", accepted=True, reasons=(reason,), order=(3.0,), torch_max=cap)


def _xpu(host: Host, catalogue: Catalogue, constraint: Constraint) -> Candidate:
    device = _device(host, "xpu")
    if device is None:
        return rejected(
            "xpu", host.other_gpus[0] if _intel(host) else "no Intel GPU that torch supports was found"
        )
    if not device.counts:
        return rejected("xpu", f"{device.label}: {device.why_unusable}")
    if host.os not in {"linux", "windows"} or host.arch not in {"x86_64", "amd64"}:
        return rejected("xpu", f"the XPU wheels are for x86_64, not {host.os} on {host.arch}")
    lines = [line for line in catalogue.torch if version_key(line.line) >= version_key(FIRST_XPU_LINE)]
    obstacles = [line_obstacle(line, host, constraint, "xpu") for line in lines]
    if all(obstacles):
        return rejected("xpu", *[f"no torch with XPU fits: {reason}" for reason in dict.fromkeys(obstacles)])
    reason = f"{device.label} is on the list of Intel GPUs that torch's XPU builds support"
    return Candidate("xpu", accepted=True, reasons=(reason,), order=(2.0,))


def _intel(host: Host) -> bool:
    return any("Intel" in text for text in host.other_gpus[:1])


def _cpu(host: Host, catalogue: Catalogue, constraint: Constraint) -> Candidate:
    cap = mac_cap(host, catalogue)
    reasons = ["runs everywhere"]
    if cap:
        reasons.append(f"torch {cap} is the newest line with wheels for this Mac")
    obstacles = _capped(cap, host, catalogue, constraint, "cpu")
    return Candidate("cpu", accepted=True, reasons=(*reasons, *obstacles), order=(9.0,), torch_max=cap)


def _warnings(host: Host, catalogue: Catalogue, constraint: Constraint) -> list[str]:
    warnings = []
    if host.os == "linux" and (host.libc or "").startswith("musl"):
        warnings.append(
            "This system uses musl (Alpine); torch has no wheels for it. A Debian or Ubuntu image has glibc."
        )
    if host.arch not in CPU_ARCHITECTURES:
        warnings.append(f"torch publishes no wheels for {host.arch}.")
    cap = mac_cap(host, catalogue)
    if cap and cap != newest_line(catalogue):
        warnings.append(f"torch {cap} is the newest line that installs on this Mac ({host.arch}).")
    obstacles = _capped(cap, host, catalogue, constraint, "cpu")
    return [*warnings, *(f"No torch build fits: {reason}." for reason in obstacles)]
