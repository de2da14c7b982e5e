"""The machine before any device is looked at: system, WSL, container, masks."""

from __future__ import annotations

import re

from typing import TYPE_CHECKING

from poetry_aiops.hardware import masks as masking
from poetry_aiops.hardware.host import Host
from poetry_aiops.hardware.host import Mask
from poetry_aiops.hardware.text import clean


if TYPE_CHECKING:
    from poetry_aiops.hardware.host import OperatingSystem
    from poetry_aiops.hardware.reader import PlatformFacts
    from poetry_aiops.hardware.reader import Reader


_SYSTEMS: dict[str, OperatingSystem] = {"linux": "linux", "windows": "windows", "darwin": "macos"}
_CONTAINER_FILES = (("/.dockerenv", "docker"), ("/run/.containerenv", "podman"))
_CGROUP_SIGNS = (
    ("kubepods", "kubernetes"),
    ("docker", "docker"),
    ("libpod", "podman"),
    ("lxc", "lxc"),
    ("containerd", "container"),
)
BUILDKIT_NODE = "buildkitsandbox"


def look_around(reader: Reader) -> Host:
    """Return a host without devices."""
    facts = reader.platform()
    system = _SYSTEMS.get(facts.system.lower(), "other")
    wsl = system == "linux" and is_wsl(facts)
    masks = tuple(
        Mask(name, clean(value)[:500])
        for name in masking.READ
        if (value := reader.environment(name)) is not None
    )
    return Host(
        os=system,
        arch=architecture(facts.machine, system),
        python=facts.python,
        libc=facts.libc,
        wsl=wsl,
        container=container(reader, facts) if system == "linux" else None,
        masks=masks,
        os_version=facts.mac_version or None,
    )


def is_wsl(facts: PlatformFacts) -> bool:
    """Return whether a Linux kernel is the one of the Windows Subsystem for Linux."""
    return "microsoft" in facts.release.lower()


def architecture(machine: str, system: str) -> str:
    """Return the architecture in the spelling of wheels' platform tags."""
    lowered = machine.lower()
    if system == "windows":
        return {"x86_64": "amd64", "aarch64": "arm64"}.get(lowered, lowered)
    if system == "macos":
        return {"aarch64": "arm64"}.get(lowered, lowered)
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(lowered, lowered)


def container(reader: Reader, facts: PlatformFacts) -> str | None:
    """Return the kind of container that this process runs in, ``None`` outside of one."""
    if facts.node == BUILDKIT_NODE:
        return "buildkit"
    if reader.environment("KUBERNETES_SERVICE_HOST") is not None:
        return "kubernetes"
    for path, kind in _CONTAINER_FILES:
        if reader.exists(path):
            return kind
    named = reader.environment("container")
    if named:
        return re.sub(r"[^a-z0-9-]", "", named.lower())[:20] or "container"
    cgroup = (reader.read_text("/proc/1/cgroup").text or "")[:5000]
    return next((kind for sign, kind in _CGROUP_SIGNS if sign in cgroup), None)
