"""A machine made of dictionaries, for tests of detection."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.reader import PlatformFacts, SourceText


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


LINUX = PlatformFacts("Linux", "x86_64", "3.12.4", "glibc 2.39", "6.8.0-generic")
WSL = PlatformFacts("Linux", "x86_64", "3.12.4", "glibc 2.39", "5.15.153.1-microsoft-standard-WSL2")
WINDOWS = PlatformFacts("Windows", "AMD64", "3.12.4")
MAC = PlatformFacts("Darwin", "arm64", "3.12.4", mac_version="15.1")
SYS_DRIVER = "/sys/module/nvidia/version"
LIBRARIES = "/usr/lib/x86_64-linux-gnu/"


@dataclass
class Machine:
    """Answers from what a test gives it, and keeps which programs were started."""

    facts: PlatformFacts = LINUX
    files: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[str, SourceText] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    def platform(self) -> PlatformFacts:
        return self.facts

    def environment(self, name: str) -> str | None:
        return self.env.get(name)

    def read_text(self, path: str) -> SourceText:
        return SourceText(self.files[path], "ok") if path in self.files else SourceText(None, "missing")

    def glob(self, pattern: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self.files if fnmatch.fnmatchcase(path, pattern)))

    def exists(self, path: str) -> bool:
        return path in self.files

    def run(self, argv: Sequence[str], timeout: float) -> SourceText:
        assert timeout > 0
        name = "nvml" if "{nvml_child}" in argv else " ".join(argv)
        self.started.append(name)
        return next(
            (answer for key, answer in self.programs.items() if name.startswith(key)),
            SourceText(None, "missing"),
        )


def pci(slot: str, ids: str, driver: str = "", kind: str = "30000") -> dict[str, str]:
    """Return the file of one PCI function."""
    bound = f"DRIVER={driver}\n" if driver else ""
    text = f"{bound}PCI_CLASS={kind}\nPCI_ID={ids}\nPCI_SUBSYS_ID=1043:8866\nPCI_SLOT_NAME={slot}\n"
    return {f"/sys/bus/pci/devices/{slot}/uevent": text}


def nvidia_files(driver: str, *device_ids: str) -> dict[str, str]:
    """Return the files of a Linux machine with a working NVIDIA driver and one GPU per PCI device id."""
    files = {
        SYS_DRIVER: f"{driver}\n",
        f"{LIBRARIES}libnvidia-ml.so.{driver}": "",
        f"{LIBRARIES}libcuda.so.1": "",
        "/dev/nvidiactl": "",
    }
    for place, device in enumerate(device_ids):
        slot = f"0000:{place + 1:02x}:00.0"
        files |= pci(slot, f"10DE:{device.upper()}", "nvidia")
        files[f"/dev/nvidia{place}"] = ""
        files[f"/proc/driver/nvidia/gpus/{slot}/information"] = (
            f"Model: \t\t NVIDIA Something\nIRQ:   \t\t 90\nBus Location: \t {slot}\nDevice Minor: \t {place}\n"
        )
    return files


def kfd_node(place: int, **properties: int) -> dict[str, str]:
    """Return the properties file of one KFD node."""
    reported = {"simd_count": 256, "vendor_id": 4098, **properties}
    text = "cpu_cores_count 0\n" + "".join(f"{key} {value}\n" for key, value in reported.items())
    return {f"/sys/class/kfd/kfd/topology/nodes/{place}/properties": text}
