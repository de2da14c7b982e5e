"""Looking at the live machine: files before programs, and a program only when files cannot decide.

On a machine without any sign of a GPU no program is started. ``thorough`` asks every probe, for a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators.assemble import assemble
from poetry_aiops.accelerators.facts import AMD, NVIDIA, ProbeFailure, TextFacts
from poetry_aiops.accelerators.observed import Evidence, Observation, join
from poetry_aiops.accelerators.probes import registry
from poetry_aiops.accelerators.probes.probe import ProbeProgram
from poetry_aiops.accelerators.reader import SourceText
from poetry_aiops.accelerators.surroundings import look_around


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.facts import Gpu
    from poetry_aiops.accelerators.host import Detection, Host
    from poetry_aiops.accelerators.reader import Reader


LINUX_FILES = (
    "nvidia kernel module (sys)",
    "nvidia kernel module (proc)",
    "nvidia GPUs (proc)",
    "device nodes",
    "KFD topology",
    "amdgpu kernel module",
    "tegra release",
    "device tree model",
    "PCI devices",
    "processor",
)
PCI_LESS_HINTS = ("/dev/nvidia", "/dev/dxg")
WSL_HINTS = ("/usr/lib/wsl/lib/libnvidia-ml.so.1", "/usr/lib/wsl/lib/nvidia-smi")
WINDOWS_HINTS = (r"C:\Windows\System32\nvml.dll", r"C:\Windows\System32\nvidia-smi.exe")
NVIDIA_PROGRAMS = ("NVML", "nvidia-smi --query-gpu", "nvidia-smi")
AMD_PROGRAMS = ("rocminfo", "rocm_agent_enumerator", "rocm-smi")
_ORDER = {name: place for place, name in enumerate(registry.MODULES)}


class _ProbeRun:
    """One detection: asks probes, each at most once, and keeps what they answered."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.seen: dict[str, Observation] = {}

    def ask(self, name: str) -> TextFacts:
        """Return what one probe says; a failed program's words count as well."""
        if name not in self.seen:
            probe = registry.probe_named(name)
            answer = probe.reads.read(self._reader) if probe.reads else SourceText(None, "missing")
            facts = probe.parse(answer.text) if answer.text else TextFacts()
            self.seen[name] = Observation(name, str(probe.reads), answer.text, answer.outcome, facts)
        return self.seen[name].facts

    def skip(self, name: str, why: str) -> None:
        """Note that a probe was not asked, and why."""
        self.seen.setdefault(name, Observation(name, name, None, f"skipped: {why}", TextFacts()))

    def gpus(self, vendor: str) -> tuple[Gpu, ...]:
        """Return the devices of one maker that are known so far."""
        lists = [tuple(g for g in o.facts.gpus if g.vendor == vendor) for o in self.observations()]
        return join(devices for devices in lists if devices)

    def observations(self) -> list[Observation]:
        """Return everything seen so far, most trusted first."""
        return sorted(self.seen.values(), key=lambda seen: _ORDER[seen.name])


def detect(reader: Reader, catalogue: Catalogue, *, thorough: bool = False) -> Detection:
    """Return the machine behind a reader, with a report of every probe that was asked or skipped."""
    host = look_around(reader)
    look = _ProbeRun(reader)
    if host.os == "linux":
        _look_at_linux(look, reader, host, catalogue)
    elif host.os == "windows":
        _look_at_windows(look, reader, host)
    if thorough:
        _ask_everything(look, host)
    nodes = look.seen["device nodes"].facts.present if "device nodes" in look.seen else ()
    return assemble(Evidence(host, look.observations(), frozenset(nodes)), catalogue)


def _look_at_linux(look: _ProbeRun, reader: Reader, host: Host, catalogue: Catalogue) -> None:
    for name in LINUX_FILES:
        look.ask(name)
    if any(seen.facts.jetson for seen in look.observations()):
        return
    why = _nvidia_question(look, reader, host, catalogue)
    if why is None:
        _skip(look, NVIDIA_PROGRAMS, "the files say enough")
    else:
        _ask_nvidia(look, host)
    if host.wsl and reader.exists("/opt/rocm/bin/rocminfo"):
        look.ask("rocminfo")
    if any(
        gpu.gfx is None and catalogue.gfx(gpu.device_id, gpu.chip, gpu.name) is None for gpu in look.gpus(AMD)
    ):
        _ask_until(look, AMD_PROGRAMS)


def _nvidia_question(look: _ProbeRun, reader: Reader, host: Host, catalogue: Catalogue) -> str | None:
    """Return what only a program can decide about NVIDIA devices; ``None`` when nothing is open."""
    driver = next((seen.facts.driver for seen in look.observations() if seen.facts.driver), None)
    gpus = look.gpus(NVIDIA)
    nodes = look.seen["device nodes"].facts.present
    if host.wsl:
        return "the driver of Windows" if any(reader.exists(path) for path in WSL_HINTS) else None
    if driver is None:
        return "the driver" if any(node.startswith(PCI_LESS_HINTS[0]) for node in nodes) else None
    if not any(node.removeprefix("/dev/nvidia").isdigit() for node in nodes):
        return None if host.container else "why there are no device nodes"
    look.ask("nvidia libraries")
    library = look.seen["nvidia libraries"].facts.library
    if library != driver:
        return "whether the driver's library is there and fits"
    known = [g.compute_capability or catalogue.compute_capability(g.device_id, g.chip, g.name) for g in gpus]
    return None if known and all(known) else "the compute capability"


def _ask_nvidia(look: _ProbeRun, host: Host) -> None:
    nvml = look.ask("NVML")
    if nvml.gpus or ProbeFailure.MISMATCH in nvml.problems or ProbeFailure.NO_DEVICES in nvml.problems:
        _skip(look, NVIDIA_PROGRAMS[1:], "NVML answered")
        return
    query = look.ask("nvidia-smi --query-gpu")
    driver_known = any(seen.facts.driver for seen in look.observations())
    if query.problems or (query.gpus and driver_known):
        _skip(look, NVIDIA_PROGRAMS[2:], "the query answered")
        return
    if look.seen["nvidia-smi --query-gpu"].outcome in {"missing", "timeout"}:
        _skip(look, NVIDIA_PROGRAMS[2:], f"nvidia-smi: {look.seen['nvidia-smi --query-gpu'].outcome}")
        return
    look.ask("nvidia-smi")
    if host.wsl:
        look.ask("nvidia-smi -L")


def _ask_until(look: _ProbeRun, names: tuple[str, ...]) -> None:
    for place, name in enumerate(names):
        facts = look.ask(name)
        if facts.gpus:
            _skip(look, names[place + 1 :], f"{name} answered")
            return


def _skip(look: _ProbeRun, names: tuple[str, ...], why: str) -> None:
    for name in names:
        look.skip(name, why)


def _look_at_windows(look: _ProbeRun, reader: Reader, host: Host) -> None:
    if any(reader.exists(path) for path in WINDOWS_HINTS):
        _ask_nvidia(look, host)
    look.ask("Windows display adapters")


def _ask_everything(look: _ProbeRun, host: Host) -> None:
    for probe in registry.all_probes():
        if probe.reads is None:
            continue
        if probe.name in look.seen and look.seen[probe.name].raw is not None:
            continue
        if probe.name == "Windows display adapters" and host.os != "windows":
            continue
        if isinstance(probe.reads, ProbeProgram) or host.os == "linux":
            look.seen.pop(probe.name, None)
            look.ask(probe.name)
