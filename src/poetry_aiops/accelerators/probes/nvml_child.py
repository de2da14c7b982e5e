"""Asks NVML and prints what it says, one ``key=value`` line each; runs as its own process.

It is started with the running interpreter and a time limit, because a broken driver can hang or end any
process that loads its library. It needs nothing beyond Python's standard library.
"""

from __future__ import annotations

import ctypes
import os
import sys


CANDIDATES = (
    "libnvidia-ml.so.1",
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",
    "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
    "/usr/lib64/libnvidia-ml.so.1",
)
WINDOWS_LIBRARY = r"System32\nvml.dll"
ERRORS = {
    2: "invalid argument",
    3: "not supported",
    4: "Insufficient Permissions",
    9: "Driver Not Loaded",
    12: "NVML Shared Library Not Found",
    15: "GPU is lost",
    17: "GPU access blocked by the operating system",
    18: "Driver/library version mismatch",
    999: "Unknown Error",
}
TEXT = 96


class PciInfo(ctypes.Structure):
    """``nvmlPciInfo_t``: the address and ids of one device."""

    _fields_ = [
        ("legacy_bus", ctypes.c_char * 16),
        ("domain", ctypes.c_uint),
        ("bus", ctypes.c_uint),
        ("device", ctypes.c_uint),
        ("pci_device_id", ctypes.c_uint),
        ("pci_subsystem_id", ctypes.c_uint),
        ("bus_id", ctypes.c_char * 32),
    ]


class Memory(ctypes.Structure):
    """``nvmlMemory_t``: sizes in bytes."""

    _fields_ = [
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    ]


def load() -> ctypes.CDLL | None:
    """Return the NVML library, ``None`` when it is nowhere."""
    names = CANDIDATES
    if sys.platform == "win32":
        names = ("nvml.dll", os.path.join(os.environ.get("SystemRoot", r"C:\Windows"), WINDOWS_LIBRARY))  # noqa: PTH118, SIM112 - keeps the child's imports few
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def text_of(nvml: ctypes.CDLL, function: str, *arguments: object) -> str:
    """Return the text that an NVML function writes into a buffer; empty when it fails."""
    buffer = ctypes.create_string_buffer(TEXT)
    code = getattr(nvml, function)(*arguments, buffer, ctypes.c_uint(TEXT))
    return buffer.value.decode("utf-8", "replace") if code == 0 else ""


def device(nvml: ctypes.CDLL, index: int) -> str:
    """Return one device, a line for each fact, its memory in MiB; or its failure."""
    handle = ctypes.c_void_p()
    code = nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle))
    if code:
        return f"error={ERRORS.get(code, code)} (GPU {index})"
    pci, memory = PciInfo(), Memory()
    major, minor = ctypes.c_int(), ctypes.c_int()
    nvml.nvmlDeviceGetPciInfo_v3(handle, ctypes.byref(pci))
    nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    reported = nvml.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor)) == 0
    facts = {
        "index": index,
        "uuid": text_of(nvml, "nvmlDeviceGetUUID", handle),
        "bus": pci.bus_id.decode("ascii", "replace"),
        "device": f"0x{pci.pci_device_id >> 16:04x}" if pci.pci_device_id else "",
        "name": text_of(nvml, "nvmlDeviceGetName", handle),
        "memory": memory.total // 2**20 or "",
        "compute_cap": f"{major.value}.{minor.value}" if reported else "",
    }
    return "\n".join(f"{key}={value}" for key, value in facts.items())


def main() -> int:
    """Print what NVML says; return 0 when it answered."""
    nvml = load()
    if nvml is None:
        print("error=NVML Shared Library Not Found")  # noqa: T201 - the parent reads this
        return 12
    code = int(nvml.nvmlInit_v2())
    if code:
        print(f"error={ERRORS.get(code, code)}")  # noqa: T201 - the parent reads this
        return 1
    cuda, count = ctypes.c_int(), ctypes.c_uint()
    print(f"driver={text_of(nvml, 'nvmlSystemGetDriverVersion')}")  # noqa: T201 - the parent reads this
    print(f"library={text_of(nvml, 'nvmlSystemGetNVMLVersion')}")  # noqa: T201 - the parent reads this
    if nvml.nvmlSystemGetCudaDriverVersion(ctypes.byref(cuda)) == 0:
        print(f"cuda={cuda.value // 1000}.{cuda.value % 1000 // 10}")  # noqa: T201 - the parent reads this
    nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
    if count.value == 0:
        print("error=No devices were found")  # noqa: T201 - the parent reads this
    for index in range(count.value):
        print(device(nvml, index), flush=True)  # noqa: T201 - the parent reads this
    return 0


if __name__ == "__main__":
    sys.exit(main())
