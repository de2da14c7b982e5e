"""What all forms of ``nvidia-smi`` share: its failures in words, and Jetson's names."""

from __future__ import annotations

from poetry_aiops.accelerators.facts import Problem


SPELLINGS = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi", r"C:\Windows\System32\nvidia-smi.exe")

_SIGNS = (
    ("driver/library version mismatch", Problem.MISMATCH),
    ("gpu is lost", Problem.LOST),
    ("gpu has fallen off the bus", Problem.LOST),
    ("reboot the system to recover", Problem.LOST),
    ("unable to determine the device handle", Problem.LOST),
    ("no devices were found", Problem.NO_DEVICES),
    ("couldn't communicate with the nvidia driver", Problem.NOT_RUNNING),
    ("could not communicate with the nvidia driver", Problem.NOT_RUNNING),
    ("driver not loaded", Problem.NOT_RUNNING),
    ("driver is not loaded", Problem.NOT_RUNNING),
    ("insufficient permissions", Problem.NO_PERMISSION),
    ("nvidia-smi: command not found", Problem.NO_PROGRAM),
    ("nvidia-smi' is not recognized", Problem.NO_PROGRAM),
    ("nvidia-smi: not found", Problem.NO_PROGRAM),
    ("libnvidia-ml.so shared library", Problem.NO_NVML),
    ("libnvidia-ml.so library in your system path", Problem.NO_NVML),
    ("nvml shared library not found", Problem.NO_NVML),
    ("failed to initialize nvml: unknown error", Problem.NO_PERMISSION),
    ("gpu access blocked by the operating system", Problem.NO_PERMISSION),
)


def problems(text: str) -> tuple[Problem, ...]:
    """Return the failures that a text of ``nvidia-smi`` or NVML tells, in a fixed order."""
    lowered = text.lower().replace("\u2019", "'")
    return tuple(dict.fromkeys(problem for sign, problem in _SIGNS if sign in lowered))


def is_jetson_name(name: str | None) -> bool:
    """Return whether ``nvidia-smi`` names the integrated GPU of a Jetson."""
    lowered = (name or "").lower()
    return "(nvgpu)" in lowered or lowered.removeprefix("nvidia ") in {"orin", "xavier", "thor", "jetson"}
