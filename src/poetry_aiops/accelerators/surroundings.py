"""The machine before any device is examined: system, WSL, container, masks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poetry_aiops.accelerators import masks as masking
from poetry_aiops.accelerators.host import Host, Mask
from poetry_aiops.system.text import clean


if TYPE_CHECKING:
    from poetry_aiops.accelerators.host import OperatingSystem
    from poetry_aiops.accelerators.reader import PlatformFacts, Reader


_SYSTEMS: dict[str, OperatingSystem] = {"linux": "linux", "windows": "windows", "darwin": "macos"}
_SPELLINGS = {"windows": {"x86_64": "amd64", "aarch64": "arm64"}, "macos": {"aarch64": "arm64"}}
_CONTAINER_ENV = "/run/.containerenv"
_CONTAINER_FILES = (("/.dockerenv", "docker"), (_CONTAINER_ENV, "podman"))
_CGROUP_SIGNS = (
    ("kubepods", "kubernetes"),
    ("docker", "docker"),
    ("libpod", "podman"),
    ("lxc", "lxc"),
    ("containerd", "container"),
)
BUILDKIT_NODE = "buildkitsandbox"
_MOUNTS = "/proc/self/mountinfo"
LOOKED_FOR = {_CONTAINER_ENV: "engine=", _MOUNTS: " /etc/resolv.conf "}
"""What marks the lines that are read of files whose other lines hold private names and paths."""
_BUILDER_VARIABLES = (
    ("CNB_BP_PLAN_PATH", "buildpacks"),  # the build phase of a buildpack; not set at launch
    ("APPTAINER_LABELS", "apptainer"),  # %post of a definition file; not set at run
    ("SINGULARITY_LABELS", "apptainer"),
)
IMAGE_BUILDERS = frozenset({"buildkit", "buildah", "kaniko", *(kind for _, kind in _BUILDER_VARIABLES)})
"""The kinds of container in which an image is being built."""


def look_around(reader: Reader) -> Host:
    """Return a host without devices."""
    facts = reader.platform()
    system, arch = system_of(facts)
    wsl = system == "linux" and is_wsl(facts)
    masks = tuple(
        Mask(name, clean(value)[:500])
        for name in masking.READ
        if (value := reader.environment(name)) is not None
    )
    return Host(
        os=system,
        arch=arch,
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


def system_of(facts: PlatformFacts) -> tuple[OperatingSystem, str]:
    """Return a machine's system, and its architecture in the spelling of wheels' platform tags."""
    system, machine = _SYSTEMS.get(facts.system.lower(), "other"), facts.machine.lower()
    return system, _SPELLINGS.get(system, {"amd64": "x86_64", "arm64": "aarch64"}).get(machine, machine)


def container(reader: Reader, facts: PlatformFacts) -> str | None:
    """Return the kind of container that this process runs in, ``None`` outside of one.

    Builders of images come first: their containers also look like those of Docker, Podman or Kubernetes.
    """
    if builder := _image_builder(reader, facts):
        return builder
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


def _image_builder(reader: Reader, facts: PlatformFacts) -> str | None:
    """Return the builder in whose sandbox this process runs, by what only a build has.

    BuildKit (also in Docker, buildx and img) names the host or, where ``BUILDKIT_SANDBOX_HOSTNAME`` renames it,
    mounts its executor's resolv.conf. Buildah, which ``podman build`` is as well, writes itself as the engine into
    /run/.containerenv; a running Podman container has an empty file there or podman as the engine. Kaniko keeps its
    own folder at /kaniko.
    """
    if facts.node == BUILDKIT_NODE:
        return "buildkit"
    if re.search(r'(?m)^\s*engine="?buildah', reader.read_text(_CONTAINER_ENV).text or ""):
        return "buildah"
    if reader.exists("/kaniko"):
        return "kaniko"
    for variable, kind in _BUILDER_VARIABLES:
        if reader.environment(variable):
            return kind
    mounted = r"/executor/resolv[\w-]*\.conf" + re.escape(LOOKED_FOR[_MOUNTS])
    return "buildkit" if re.search(mounted, reader.read_text(_MOUNTS).text or "") else None
