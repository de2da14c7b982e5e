"""What the providers of the wheel-variant drafts (PEP 817, 825, 850) report of a machine: namespace, feature, values.

Names are those of the providers for NVIDIA, AMD and x86-64 of the WheelNext project; values come in order of preference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import Host


_CUDA: Final = tuple((major, minor) for major in range(15, 10, -1) for minor in range(20, -1, -1))
"""Every CUDA version that the NVIDIA provider names, the newest first."""


def variant_features(host: Host, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the features of a machine's usable devices and of its processor; what no probe reads is left out."""
    devices = [device for device in host.accelerators if device.usable]
    found = []
    versions = [
        device.max_cuda for device in devices if device.kind in {"cuda", "jetson"} and device.max_cuda
    ]
    if versions:
        own = version_key(versions[0])[:2]
        lower = [version for version in _CUDA if version <= own]
        upper = [version for version in reversed(_CUDA) if version > own]
        found.append(_feature("nvidia", "cuda_version_lower_bound", [f"{a}.{b}" for a, b in lower]))
        found.append(_feature("nvidia", "cuda_version_upper_bound", [f"{a}.{b}" for a, b in upper]))
    capabilities = [device.compute_capability for device in devices if device.compute_capability]
    if capabilities:
        found.append(_feature("nvidia", "sm_arch", _code_for(min(capabilities, key=version_key), catalogue)))
    architectures = [device.gfx for device in devices if device.gfx]
    if architectures:
        found.append(_feature("amd", "gfx_arch", list(dict.fromkeys(architectures))))
    level = host.cpu.level if host.cpu else None
    if level and level.startswith("x86_64_v"):
        newest = int(level[-1])
        found.append(_feature("x86_64", "level", [f"v{number}" for number in range(newest, 0, -1)]))
    return found


def _feature(namespace: str, feature: str, values: list[str]) -> dict[str, Any]:
    return {"namespace": namespace, "feature": feature, "values": values}


def _code_for(capability: str, catalogue: Catalogue) -> list[str]:
    """Return the code that runs on a compute capability: binaries of its major version, then what is compiled there."""
    known = {version_key(arch) for row in catalogue.cuda_arches for arch in row.arches} | {
        version_key(capability)
    }
    older = sorted((key for key in known if key <= version_key(capability)), reverse=True)
    real = [key for key in older if key[0] == version_key(capability)[0]]
    return [f"{a}{b}_real" for a, b in real] + [f"{a}{b}_virtual" for a, b in older]
