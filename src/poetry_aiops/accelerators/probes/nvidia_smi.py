"""``nvidia-smi`` in all its forms: a query as CSV, the long log as text and XML, the table, the list, and its failure messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poetry_aiops.accelerators.facts import NVIDIA, Gpu, ProbeFailure, TextFacts
from poetry_aiops.accelerators.probes.fields import bus_key, is_nothing, lines, name, number, pci_id, version
from poetry_aiops.accelerators.probes.probe import Probe, ProbeProgram
from poetry_aiops.system.text import clean


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What all forms of ``nvidia-smi`` share: its failure messages, and Jetson's names.

SPELLINGS = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi", r"C:\Windows\System32\nvidia-smi.exe")

_SIGNS = (
    ("driver/library version mismatch", ProbeFailure.MISMATCH),
    ("gpu is lost", ProbeFailure.LOST),
    ("gpu has fallen off the bus", ProbeFailure.LOST),
    ("reboot the system to recover", ProbeFailure.LOST),
    ("unable to determine the device handle", ProbeFailure.LOST),
    ("no devices were found", ProbeFailure.NO_DEVICES),
    ("couldn't communicate with the nvidia driver", ProbeFailure.NOT_RUNNING),
    ("could not communicate with the nvidia driver", ProbeFailure.NOT_RUNNING),
    ("driver not loaded", ProbeFailure.NOT_RUNNING),
    ("driver is not loaded", ProbeFailure.NOT_RUNNING),
    ("insufficient permissions", ProbeFailure.NO_PERMISSION),
    ("nvidia-smi: command not found", ProbeFailure.NO_PROGRAM),
    ("nvidia-smi' is not recognized", ProbeFailure.NO_PROGRAM),
    ("nvidia-smi: not found", ProbeFailure.NO_PROGRAM),
    ("libnvidia-ml.so shared library", ProbeFailure.NO_NVML),
    ("libnvidia-ml.so library in your system path", ProbeFailure.NO_NVML),
    ("nvml shared library not found", ProbeFailure.NO_NVML),
    ("failed to initialize nvml: unknown error", ProbeFailure.NO_PERMISSION),
    ("gpu access blocked by the operating system", ProbeFailure.NO_PERMISSION),
)


def problems(text: str) -> tuple[ProbeFailure, ...]:
    """Return the failures that a text of ``nvidia-smi`` or NVML reports, in a fixed order."""
    lowered = text.lower().replace("\u2019", "'")
    return tuple(dict.fromkeys(problem for sign, problem in _SIGNS if sign in lowered))


def is_jetson_name(name: str | None) -> bool:
    """Return whether ``nvidia-smi`` names the integrated GPU of a Jetson."""
    lowered = (name or "").lower()
    return "(nvgpu)" in lowered or lowered.removeprefix("nvidia ") in {"orin", "xavier", "thor", "jetson"}


# ``nvidia-smi --query-gpu=... --format=csv``, with its header or in our own order without one.

FIELDS = (
    "index",
    "uuid",
    "pci.bus_id",
    "pci.device_id",
    "name",
    "driver_version",
    "memory.total",
    "compute_cap",
)
_KNOWN = {
    *FIELDS,
    "gpu_name",
    "gpu_bus_id",
    "gpu_uuid",
    "driver_model.current",
    "count",
    "compute_mode",
    "cuda_version",
}
_QUERY = r"--query-gpu[= ]([a-z_.,]{3,300})"
_CAPABILITY = r"\d{1,2}\.\d"
_QUERY_DRIVER = r"\d{3}\.\d{1,3}(?:\.\d{1,3})?"
_QUERY_DEVICE = r"(?i)0x([0-9A-Fa-f]{4})10DE"
_UNIT = r"\s{0,4}\[[A-Za-z]{1,5}\]$"
_FEWEST = 2


def parse_query(text: str) -> TextFacts:
    """Return the GPUs of all rows; columns come from a header, from the command line, or are guessed."""
    plain = clean(text)
    columns = _command_columns(plain)
    gpus: list[Gpu] = []
    drivers: list[str] = []
    for line in lines(plain):
        if not line:
            continue
        cells = [cell.strip().strip("'\"") for cell in re.split(r"[,;\t]", line)]
        header = tuple(re.sub(_UNIT, "", cell).lower() for cell in cells)
        if _is_header(header):
            columns = header
        elif row := _row(cells, columns):
            gpus.append(_gpu(row, len(gpus)))
            drivers += (
                [row["driver_version"]] if re.fullmatch(_QUERY_DRIVER, row.get("driver_version", "")) else []
            )
    found = next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None)
    driver = drivers[0] if drivers else None
    return TextFacts(gpus=tuple(gpus), driver=driver, problems=problems(plain), jetson=found)


def _is_header(cells: tuple[str, ...]) -> bool:
    """Return whether a row names columns: fields of ``nvidia-smi``, of which one at least says something here."""
    known = len(_KNOWN & set(cells))
    fields = all(re.fullmatch(r"[a-z][a-z0-9_.]{2,60}", cell) for cell in cells)
    return known >= _FEWEST or (known > 0 and fields)


def _command_columns(text: str) -> tuple[str, ...]:
    asked = re.search(_QUERY, text)
    return tuple(asked.group(1).split(",")) if asked else ()


def _row(cells: list[str], columns: tuple[str, ...]) -> Mapping[str, str]:
    if columns and len(cells) == len(columns) and "--query" not in cells[0]:
        row = dict(zip(columns, cells, strict=True))
        return row if _is_data(row) else {}
    if columns or len(cells) < _FEWEST:
        return {}
    if len(cells) == len(FIELDS) and cells[1].startswith("GPU-"):
        return dict(zip(FIELDS, cells, strict=True))
    return _guessed(cells)


def _is_data(row: Mapping[str, str]) -> bool:
    checks = (
        re.fullmatch(_CAPABILITY, row.get("compute_cap", "")),
        re.fullmatch(_QUERY_DRIVER, row.get("driver_version", "")),
        row.get("uuid", row.get("gpu_uuid", "")).startswith(("GPU-", "MIG-")),
        number(row.get("memory.total", "")),
        bus_key(row.get("pci.bus_id", row.get("gpu_bus_id", ""))),
        re.match(r"(?i)nvidia|geforce|tesla|quadro|titan|grid", row.get("name", row.get("gpu_name", ""))),
    )
    return any(check is not None and check is not False for check in checks)


def _guessed(cells: list[str]) -> Mapping[str, str]:
    """Tell columns apart by their values; every cell must be of a known kind, and two must say something."""
    row: dict[str, str] = {}
    for cell in cells:
        key = next((key for key, pattern in _KINDS if re.fullmatch(pattern, cell)), None)
        if key is None:
            return {}
        row.setdefault(key, cell)
    row.pop("ignored", None)
    telling = "name" in row or {"compute_cap", "driver_version"} <= set(row)
    return row if telling else {}


_KINDS = (
    ("name", r"(?i)(?:nvidia|geforce|tesla|quadro|titan) ?[a-z0-9][^,]{0,70}"),
    ("uuid", r"GPU-[A-Za-z0-9-]{1,60}"),
    ("compute_cap", _CAPABILITY),
    ("driver_version", _QUERY_DRIVER),
    ("memory.total", r"\d{3,7} MiB"),
    (
        "ignored",
        (
            r"\[?N/A\]?|\[(?:Not Supported|Unknown Error)\]|(?:Not )?Active|Default|Enabled|Disabled|Prohibited|Exclusive_Process|"
            r"On|Off|WDDM|TCC|MCDM|P\d{1,2}|0x[0-9A-Fa-f]{1,16}|\d{1,9}(?:\.\d{1,6})?(?: ?(?:[KMG]i?B|%|W|C|MHz|us))?|"
            r"[0-9A-Fa-f]{4,8}:[0-9A-Fa-f:.]{7}|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?|(?:[0-9A-F]{2}\.){4}[0-9A-F]{2}"
        ),
    ),
)


def _gpu(row: Mapping[str, str], place: int) -> Gpu:
    capability = row.get("compute_cap", "")
    device = re.search(_QUERY_DEVICE, row.get("pci.device_id", ""))
    return Gpu(
        NVIDIA,
        name=name(row.get("name", row.get("gpu_name", ""))),
        ordinal=place if (reported := number(row.get("index", ""))) is None else reported,
        bus=bus_key(row.get("pci.bus_id", row.get("gpu_bus_id", ""))),
        uuid=row.get("uuid", row.get("gpu_uuid", ""))[:60] or None,
        device_id=device.group(1).lower() if device else None,
        compute_capability=capability if re.fullmatch(_CAPABILITY, capability) else None,
        memory_mib=number(row.get("memory.total", "")),
    )


def is_query(text: str) -> bool:
    """Return whether the text looks like comma-separated rows of ``nvidia-smi``."""
    if "--query-gpu" in text or "compute_cap" in text or "driver_version" in text:
        return True
    rows = ([cell.strip() for cell in line.split(",")] for line in lines(text)[:200] if "," in line)
    return any(_row(cells, ()) for cells in rows)


# ``nvidia-smi -q -x`` and ``nvidia-smi -q``: the same fields as tags and as indented ``Key : value`` lines, without a
# compute capability. The text may be cut anywhere, so tags are read one by one; no entity is expanded.

_TAG = r"<(/?)([a-z][a-z0-9_]{0,40})((?:\s[^<>]{0,120})?)>([^<]{0,200})"
_ID = r'id="([^"]{1,30})"'
_LOG_GPU = r"^\s{0,8}GPU ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7]|\d{1,3}|N/A)\s{0,80}$"
_LOG_LINE = r"^(\s{0,40})([A-Z][A-Za-z0-9 ()./-]{0,60}?)\s{0,60}(?:: (.{0,200}))?$"
_LOG_NAMES = {"gpu_uuid": "uuid", "device_id": "pci_device_id"}
_WINDOWS = frozenset({"WDDM", "TCC", "MCDM"})


def parse_xml(text: str) -> TextFacts:
    """Return driver, CUDA version and GPUs."""
    return _told(text, _xml_fields(clean(text)))


def parse_log(text: str) -> TextFacts:
    """Return driver, CUDA version and GPUs."""
    return _told(text, _log_fields(text))


def _xml_fields(text: str) -> Iterator[tuple[list[str], str]]:
    """Return the tags within each other and the text that follows; a GPU has its address for a text."""
    path: list[str] = []
    for closing, tag, attributes, raw in re.findall(_TAG, text):
        if closing:
            if tag in path:
                del path[len(path) - 1 - path[::-1].index(tag) :]
            continue
        path = [*path[-8:], tag]
        found = re.search(_ID, attributes) if tag == "gpu" else None
        if tag != "gpu" or found:
            yield path, found.group(1) if found else raw.strip()


def _log_fields(text: str) -> Iterator[tuple[list[str], str]]:
    """Return the same of indented lines."""
    path: list[tuple[int, str]] = []
    for line in lines(text):
        if head := re.match(_LOG_GPU, line):
            path = []
            yield ["gpu"], head.group(1)
        elif found := re.match(_LOG_LINE, line):
            indent, key = len(found.group(1)), found.group(2).strip().lower().replace(" ", "_")
            path = [*(outer for outer in path if outer[0] < indent), (indent, _LOG_NAMES.get(key, key))]
            yield [key for _, key in path], (found.group(3) or "").strip()


def _told(text: str, fields: Iterator[tuple[list[str], str]]) -> TextFacts:
    top: dict[str, str] = {}
    gpus: list[Gpu] = []
    windows = False
    for path, value in fields:
        if path[-1] == "gpu":
            gpus.append(Gpu(NVIDIA, bus=bus_key(value), ordinal=len(gpus)))
        elif gpus:
            gpus[-1] = _with(gpus[-1], path, value)
            windows = windows or (path[-1].startswith("current") and value in _WINDOWS)
        else:
            top.setdefault(path[-1], value)
    cuda = top.get("cuda_version") or top.get("cuda_umd_version") or ""
    return TextFacts(
        gpus=tuple(gpus),
        driver=version(top.get("driver_version") or top.get("kmd_version") or ""),
        max_cuda=version(cuda),
        problems=(*problems(text), *((ProbeFailure.NO_LIBCUDA,) if cuda in {"N/A", "Not Found"} else ())),
        os="windows" if windows else None,
        jetson=next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None),
    )


def _with(gpu: Gpu, path: list[str], value: str) -> Gpu:
    """Return a GPU with what one field adds; fields within a MIG instance describe that instance alone."""
    tag = path[-1]
    if tag == "mig_device":
        return gpu._replace(partitions=gpu.partitions + 1)
    if "mig_device" in path or is_nothing(value):
        return gpu
    identity = value.upper().removeprefix("0X")
    whole = path[-2:] == ["fb_memory_usage", "total"] and gpu.memory_mib is None
    new: dict[str, dict[str, Any]] = {
        "product_name": {"name": name(value)},
        "uuid": {"uuid": value[:60]},
        "bus_id": {"bus": gpu.bus or bus_key(value)},
        "minor_number": {"minor": number(value)},
        "pci_device_id": {"device_id": pci_id(identity[:4]) if identity.endswith("10DE") else gpu.device_id},
        "total": {"memory_mib": number(value) if whole else gpu.memory_mib},
    }
    return gpu._replace(**new.get(tag, {}))


# The table that plain ``nvidia-smi`` prints, old and new.
#
# Since driver 610 its head says ``KMD Version`` and ``CUDA UMD Version`` instead of ``Driver Version`` and
# ``CUDA Version``; before 418 there is no CUDA version. On WSL the first number is that of the Linux stub, the
# driver's is the Windows one. Windows has a column ``TCC/WDDM`` or ``Driver-Model``.

_V = r"(\d{1,5}(?:\.\d{1,5}){1,3})"
_SMI = rf"NVIDIA-SMI {{1,40}}{_V}"

_BANNER_DRIVER = rf"(?:Driver|DRIVER|KMD) [Vv]ersion *\**:[ *]{{1,40}}{_V}"
_CUDA = r"CUDA (?:UMD )?Version\**:[ *]{1,40}([A-Za-z0-9./!]{1,12})"
_ROW = r"^[ >|+]{0,20}\|\s{1,6}(\d{1,3})\s{1,4}(\S[^|]{0,80})\|([^|]{0,60})\|"
_STATE = r"\s{1,40}(?:On|Off|N/A|TCC|WDDM|MCDM|ERR!)\s{0,10}$"
_MEMORY = r"/\s{0,12}(\d{1,8})\s?Mi?B"
_PROCESS = (
    r"^[ |]{0,20}\|?\s{1,8}(\d{1,3})\s{1,6}(?:N/A|\d{1,3})\s{1,6}(?:N/A|\d{1,3})\s{1,8}\d{1,9}\s{1,6}[CGM]"
)


def parse_banner(text: str) -> TextFacts:
    """Return the driver, its CUDA version and the GPUs of the table."""
    plain = clean(text)
    smi, driver = re.search(_SMI, plain), re.search(_BANNER_DRIVER, plain)
    cuda = re.search(_CUDA, plain)
    cuda_text = cuda.group(1) if cuda else ""
    gpus = tuple(_gpus(plain))
    version = driver.group(1) if driver else None
    windows = any(column in plain for column in ("TCC/WDDM", "Driver-Model", " WDDM  |", "nvidia-smi.exe"))
    stub = bool(smi and version and _is_windows_driver(smi.group(1), version) and not windows)
    return TextFacts(
        gpus=gpus or tuple(_processes(plain)),
        driver=version,
        max_cuda=cuda_text if re.fullmatch(r"\d{1,3}\.\d{1,3}", cuda_text) else None,
        problems=(*problems(plain), *((ProbeFailure.NO_LIBCUDA,) if cuda_text.upper() == "N/A" else ())),
        os="windows" if windows else None,
        wsl=True if stub else None,
        jetson=next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None),
    )


def _is_windows_driver(smi: str, driver: str) -> bool:
    """Return whether a driver beside the stub of WSL is one of Windows: two numbers, or another branch.

    A guest with a virtual GPU may have an ``nvidia-smi`` of another patch version than its Linux driver.
    """
    ours, theirs = smi.split("."), driver.split(".")
    return ours[:2] != theirs[:2] and (ours[0] != theirs[0] or len(theirs) < len(ours))


def _gpus(text: str) -> Iterator[Gpu]:
    waiting: Gpu | None = None
    for line in lines(text):
        row = re.match(_ROW, line)
        if row and "MiB" not in row.group(3) and re.search(r"[A-Za-z]{2}", row.group(2)):
            if waiting:
                yield waiting
            label = re.sub(_STATE, "", row.group(2))
            waiting = Gpu(NVIDIA, name=name(label), ordinal=int(row.group(1)), bus=bus_key(row.group(3)))
        elif waiting and "GPU is lost" in line:
            yield waiting._replace(lost=True)
            waiting = None
        elif waiting and (memory := re.search(_MEMORY, line)):
            yield waiting._replace(memory_mib=int(memory.group(1)))
            waiting = None
    if waiting:
        yield waiting


def _processes(text: str) -> Iterator[Gpu]:
    """Return the GPUs that only the table of processes names."""
    seen = {int(found.group(1)) for line in lines(text) if (found := re.match(_PROCESS, line))}
    return (Gpu(NVIDIA, ordinal=index) for index in sorted(seen))


# ``nvidia-smi -L``: one line per GPU, with its MIG instances below.

_LIST_GPU = r"^\s{0,10}GPU (\d{1,3}): ([^()]{1,100}(?:\(nvgpu\))?)\s{0,3}\(UUID: ([A-Za-z0-9-]{1,60})"
_MIG = r"^\s{1,12}MIG \d{1,2}[a-z]?\."


def parse_list(text: str) -> TextFacts:
    """Return the listed GPUs; a GPU's MIG instances count as its partitions."""
    gpus: list[Gpu] = []
    for line in lines(text):
        if found := re.match(_LIST_GPU, line):
            label = name(found.group(2))
            gpus.append(Gpu(NVIDIA, name=label, ordinal=int(found.group(1)), uuid=found.group(3)))
        elif gpus and re.match(_MIG, line):
            gpus[-1] = gpus[-1]._replace(partitions=gpus[-1].partitions + 1)
    jetson = next((gpu.name for gpu in gpus if is_jetson_name(gpu.name)), None)
    return TextFacts(gpus=tuple(gpus), problems=problems(text), jetson=jetson)


# The failure messages of ``nvidia-smi``, wherever they are in a pasted text.

_LIBRARY = r"NVML library version:\s{0,20}(\d{1,5}(?:\.\d{1,5}){1,3})"
_LOST = r"device handle for GPU\s?\d{0,3}:?\s{0,3}([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7])"


def parse_messages(text: str) -> TextFacts:
    """Return the failures, lost GPUs, and the version of the NVML library where the text reports it."""
    plain = clean(text)
    library = re.search(_LIBRARY, plain)
    buses = dict.fromkeys(bus_key(address) for address in re.findall(_LOST, plain))
    return TextFacts(
        gpus=tuple(Gpu(NVIDIA, bus=bus, lost=True) for bus in buses),
        problems=problems(plain),
        library=library.group(1) if library else None,
    )


def _program(seconds: float, *arguments: str) -> ProbeProgram:
    return ProbeProgram(tuple((path, *arguments) for path in SPELLINGS), seconds)


PROBES = (
    Probe(
        "nvidia-smi --query-gpu",
        _program(8.0, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"),
        parse_query,
        is_query,
    ),
    Probe("nvidia-smi -q -x", _program(10.0, "-q", "-x"), parse_xml, "<nvidia_smi_log|<driver_version>"),
    Probe("nvidia-smi -q", _program(10.0, "-q"), parse_log, "NVSMI LOG|Attached GPUs|Product Brand  "),
    Probe("nvidia-smi", _program(8.0), parse_banner, r"NVIDIA-SMI|NVITOP|\| Processes:"),
    Probe(
        "nvidia-smi -L",
        _program(8.0, "-L"),
        parse_list,
        r"\(UUID: (?:GPU|MIG)-|GPU \d{1,3}: [^\n]{1,100}\(UUID:",
    ),
    Probe("nvidia-smi messages", None, parse_messages, lambda text: bool(problems(text))),
)
