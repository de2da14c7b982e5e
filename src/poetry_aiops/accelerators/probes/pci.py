"""What the PCI bus shows: the kernel's files, ``lspci``, and Windows' display adapters."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import AMD, INTEL, NVIDIA, Gpu, TextFacts
from poetry_aiops.accelerators.probes.fields import bus_key, lines, name
from poetry_aiops.accelerators.probes.pairs import maker_of
from poetry_aiops.accelerators.probes.probe import Files, Probe, ProbeProgram


# ``/sys/bus/pci/devices/*/uevent``: class, ids and bound driver of every PCI function in one small file each.

_PAIR = r"^(DRIVER|PCI_CLASS|PCI_ID|PCI_SLOT_NAME)=(.{1,60})$"
_FLAT = r"^(\S{1,20}) class=0x([0-9a-fA-F]{6}) vendor=0x([0-9a-fA-F]{4}) device=0x([0-9a-fA-F]{4})"
_FUNCTION = r"PCI_ID=[0-9a-fA-F]{4}:|class=0x[0-9a-fA-F]{6} vendor=0x"
DISPLAY, ACCELERATOR = "03", "12"


def parse_sysfs(text: str) -> TextFacts:
    """Return the display controllers and processing accelerators of the three makers."""
    found: list[Gpu | None] = []
    block: dict[str, str] = {}
    for line in [*lines(text), "==> end"]:
        if line.startswith("==> "):
            found.append(_sysfs_gpu(block))
            block = {}
        elif pair := re.match(_PAIR, line):
            block[pair.group(1)] = pair.group(2).strip()
        elif flat := re.match(_FLAT, line):
            found.append(gpu_of(flat.group(2), flat.group(3), flat.group(4), flat.group(1), None))
    gpus = tuple(gpu for gpu in found if gpu)
    return TextFacts(gpus=gpus, none=not gpus and bool(re.search(_FUNCTION, text)))


def _sysfs_gpu(block: dict[str, str]) -> Gpu | None:
    ids = re.fullmatch(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})", block.get("PCI_ID", ""))
    if not ids:
        return None
    kind = block.get("PCI_CLASS", "").zfill(6)
    return gpu_of(kind, ids.group(1), ids.group(2), block.get("PCI_SLOT_NAME", ""), block.get("DRIVER", ""))


def gpu_of(kind: str, vendor: str, device: str, slot: str, driver: str | None) -> Gpu | None:
    """Return a PCI function as a GPU, ``None`` when it is none of the three makers'.

    ``driver`` is empty for a function without a bound driver and ``None`` where that is unknown.
    """
    if vendor.lower() not in {NVIDIA, AMD, INTEL} or kind[:2] not in {DISPLAY, ACCELERATOR}:
        return None
    if kind[:2] == ACCELERATOR and vendor.lower() != AMD:
        return None
    return Gpu(vendor.lower(), bus=bus_key(slot), device_id=device.lower(), kernel_driver=driver)


# ``lspci`` with and without ids, names or drivers (``-nn``, ``-n``, ``-k``, ``-v``, ``-mm`` and plain).

_SLOT = r"(?<![\w:])((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) +\"?(\S.{0,400})$"
_CLASS = r"(?:VGA compatible controller|3D controller|Display controller|Processing accelerators)|\[(?:03|12)[0-9a-f]{2}\]|^(?:03|12)[0-9a-f]{2}:"
_SOUND_OF_A_GPU = r"NVIDIA Corporation|\[10de:|\[AMD/ATI\][^\n]{0,80}HDMI"
"""What a list has that lacks the GPU itself, such as the end of one."""
_NETWORK = r"(?i)ethernet|network|xensource|hyper-v"
"""What the list of every virtual machine has, or, of Xen and Hyper-V, which show no network there, their own name."""
_VIRTUAL = r"(?i)virtio|vmware|virtualbox|xen|hyper-v|qemu|bochs|amazon|google|parallels"
_OTHER_CLASS = r"(?i)audio|bridge|usb|serial|network|ethernet|unclassified|signal processing"
_LSPCI_IDS = r"(?<![0-9a-f])\[?(10de|1002|8086):([0-9a-f]{4})\]?"
_MACHINE_IDS = r"\[(10de|1002|8086)\]\"? +\"?[^\"]{0,200}\[([0-9a-f]{4})\]"
_CHIP = r"^([A-Z]{2}\d{2}[0-9A-Z]|TU\d{3}|[A-Z][A-Za-z]{1,15}(?: [A-Z]?[A-Za-z0-9]{1,12}){0,2})"
NVIDIA_CHIP = r"(G[FKMPVAHB]\d{2}[0-9A-F]|TU\d{3}|AD\d{3}|GB10)"
_UNNAMED = r"Device ([0-9a-f]{4})(?![0-9a-f])"
_DRIVER = r"(?i)(?:Kernel driver in use|^Driver):\s{1,3}([a-z0-9_-]{1,30})"
_BLOCK = (
    r"(?m)^Slot:\s{1,9}(\S{7,12})\nClass:\s{1,9}(.{3,80})\nVendor:\s{1,9}(.{3,80})\nDevice:\s{1,9}(.{3,120})$"
)
MAKERS = {
    NVIDIA: ("NVIDIA Corporation", "nVidia Corporation", "NVIDIA"),
    AMD: ("Advanced Micro Devices, Inc. [AMD/ATI]", "Advanced Micro Devices", "[AMD/ATI]", "AMD/ATI"),
    INTEL: ("Intel Corporation", "Intel"),
}
"""How the makers are called; the first is what ``lspci`` prints today."""


def parse_lspci(text: str) -> TextFacts:
    """Return the display controllers of the three makers with what each line reports."""
    gpus: list[Gpu] = []
    inside = False
    text = _in_rows(text)
    told_drivers = re.search(f"(?m){_DRIVER}", text) is not None
    for line in lines(text):
        if slot := re.search(_SLOT, line):
            gpu = _lspci_gpu(slot.group(1), slot.group(2), unbound="" if told_drivers else None)
            inside = gpu is not None
            gpus += [gpu] if gpu else []
        elif inside and gpus and (driver := re.search(_DRIVER, line)):
            gpus[-1] = gpus[-1]._replace(kernel_driver=driver.group(1).lower())
    slots = [(slot.group(1), slot.group(2)) for line in lines(text) if (slot := re.search(_SLOT, line))]
    cut = bool(slots) and _is_part(text, slots, gpus)
    return TextFacts(gpus=_merged(gpus), none=bool(slots) and not gpus and not cut, cut=cut)


def _in_rows(text: str) -> str:
    """Return the list with one line for each device, as all forms but ``-vmm`` have it."""
    return re.sub(_BLOCK, r"\1 \2: \3 \4", text)


def _is_part(text: str, slots: list[tuple[str, str]], gpus: list[Gpu]) -> bool:
    """Return whether lines of a machine's list are missing: it ends in one, behind its bridges, or before its display."""
    tail = text.rstrip().rpartition(": ")[2]
    if any(names[0].startswith(tail) for names in MAKERS.values()) or (
        re.search(_SOUND_OF_A_GPU, text) and not gpus
    ):
        return True
    displays = [bool(re.search(_CLASS, rest[:120])) for _, rest in slots]
    bridged = any(re.search(r"PCI bridge|\[0604\]", rest[:60]) for _, rest in slots)
    if bridged and all(re.search(r"(?:^|:)00:", slot) for slot, _ in slots):
        return True
    if re.search(_VIRTUAL, text) and not re.search(_NETWORK, text):
        return not gpus
    return not gpus and (all(displays) or not (any(displays) or re.search(_VIRTUAL, text)))


def _merged(gpus: list[Gpu]) -> tuple[Gpu, ...]:
    """Join the lines of several calls of ``lspci`` that name one slot."""
    slots: dict[str | None, Gpu] = {}
    for gpu in gpus:
        old = slots.get(gpu.bus)
        slots[gpu.bus] = gpu if old is None or old.vendor != gpu.vendor else _joined(old, gpu)
    return tuple(slots.values())


def _joined(one: Gpu, other: Gpu) -> Gpu:
    return one._replace(
        name=one.name or other.name,
        chip=one.chip or other.chip,
        device_id=one.device_id or other.device_id,
        kernel_driver=one.kernel_driver or other.kernel_driver,
    )


def _lspci_gpu(slot: str, rest: str, *, unbound: str | None) -> Gpu | None:
    kind = rest.split(": ", 1)[0] if ": " in rest else rest[:60]
    if not re.search(_CLASS, rest[:120]) or (re.search(_OTHER_CLASS, kind) and not re.search(_CLASS, kind)):
        return None
    ids = re.search(_LSPCI_IDS, rest) or re.search(_MACHINE_IDS, rest)
    vendor = ids.group(1) if ids else _maker(rest)
    if vendor is None:
        return None
    label = _described(rest, vendor)
    unnamed = re.match(_UNNAMED, label)
    product = re.search(r"\[([^\[\]]{3,100})\]", label)
    return Gpu(
        vendor,
        name=name(_titled(product.group(1) if product else label, vendor)),
        bus=bus_key(slot),
        device_id=ids.group(2) if ids else unnamed.group(1) if unnamed else None,
        chip=_chip(label, vendor),
        kernel_driver=unbound,
    )


def described(slot: str, rest: str, driver: str | None) -> Gpu | None:
    """Return the GPU of a device that another program describes in ``lspci``'s words."""
    gpu = _lspci_gpu(slot, rest, unbound=driver)
    return gpu._replace(kernel_driver=driver) if gpu else None


def _maker(rest: str) -> str | None:
    return next((vendor for vendor, names in MAKERS.items() if any(label in rest for label in names)), None)


def _described(rest: str, vendor: str) -> str:
    """Return what follows the maker's name, without ids and revision."""
    start = next((rest.find(label) + len(label) for label in MAKERS[vendor] if label in rest), 0)
    plain = re.sub(
        r"\[(?:10de|1002|8086)?:?[0-9a-f]{4}\]|\((?:rev|prog-if)[^)]{0,60}\)",
        " ",
        rest[start:] if start else "",
    )
    return " ".join(plain.replace('"', " ").split())


def _titled(product: str, vendor: str) -> str:
    makers = {NVIDIA: "NVIDIA", AMD: "AMD", INTEL: "Intel"}
    return product if product.startswith(makers[vendor]) or not product else f"{makers[vendor]} {product}"


def _chip(label: str, vendor: str) -> str | None:
    if vendor == NVIDIA:
        found = re.match(NVIDIA_CHIP, label)
        return found.group(1) if found else None
    head = label.split("[", 1)[0].strip() or label.strip("[]")
    found = re.match(_CHIP, head)
    return found.group(1) if found else None


def is_lspci(text: str) -> bool:
    """Return whether the text holds a line of ``lspci`` for a display controller."""
    return any(
        re.search(_CLASS, found.group(2)[:120]) or re.search(_OTHER_CLASS, found.group(2)[:120])
        for line in lines(_in_rows(text))
        if (found := re.search(_SLOT, line))
    )


# Display adapters as Windows lists them: registry, WMI or PowerShell output.

CLASS_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
_WINDOWS_IDS = r"(?i)VEN_(10DE|1002|8086)&DEV_([0-9A-F]{4})"
_NUMBER = r"(?<![\d.])(\d{1,3}\.\d{1,3}\.\d{1,5}\.\d{3,5})(?![\d.])"
_NAME = r"(?:DriverDesc\s{1,20}REG_SZ|^\s{0,20}\"?(?:Name|(?:Device )?Description|Caption|Card name)\"?\s{0,20}[:=\t])\s{0,20}\"?(\S[^\"]{2,100})"
_WORD = r"[A-Za-z0-9()/+-]{1,24}"
_ADAPTER = (
    r"((?:NVIDIA(?! Corporation)|AMD Radeon|Radeon|Intel\(R\)|Intel Arc|Quadro|GeForce)"
    rf"(?:{_WORD}(?: {_WORD}){{0,7}}|(?: {_WORD}){{1,8}}))"
)
_LISTING = r"(?i)win32_videocontroller|AdapterCompatibility"
_DIGITS = 5


def parse_windows(text: str) -> TextFacts:
    """Return the adapters of a registry, or of WMI's rows, lists, CSV or JSON.

    NVIDIA's driver is the last five digits of Windows' version of it.
    """
    gpus: list[Gpu] = []
    drivers: dict[str, str] = {}
    block: dict[str, str] = {}
    listing = re.search(_LISTING, text)
    for line in [*lines(text), ""]:
        named, number, ids = re.search(_NAME, line), re.search(_NUMBER, line), re.search(_WINDOWS_IDS, line)
        row = re.search(_ADAPTER, line) if (listing or number) and not named else None
        label = named or row
        again = label is not None and block.get("name", label.group(1)) != label.group(1)
        if line.startswith("HKEY_") or not line.strip(" },") or again:
            _add_adapter(block, gpus, drivers)
            block = {}
        found = {"name": label and label.group(1), "driver": number and number.group(1)}
        found |= {"vendor": ids.group(1).lower(), "device": ids.group(2).lower()} if ids else {}
        block |= {key: value for key, value in found.items() if value and key not in block}
    _add_adapter(block, gpus, drivers)
    unique = {(gpu.vendor, gpu.device_id, gpu.device_id is None and gpu.name): gpu for gpu in reversed(gpus)}
    return TextFacts(
        gpus=tuple(unique.values())[::-1],
        driver=nvidia_version(drivers.get(NVIDIA, "")),
        os="windows" if gpus else None,
    )


def _add_adapter(block: dict[str, str], gpus: list[Gpu], drivers: dict[str, str]) -> None:
    """Add the adapter that the lines of one block describe, and its driver's version."""
    label = block.get("name", "")
    vendor = block.get("vendor") or maker_of(label)
    if vendor is None or not ("device" in block or re.search(_ADAPTER, label)):
        return
    gpus.append(Gpu(vendor, name=name(label), device_id=block.get("device")))
    if "driver" in block:
        drivers.setdefault(vendor, block["driver"])


def nvidia_version(windows: str) -> str | None:
    """Return NVIDIA's version (``536.40``) of Windows' spelling of it (``31.0.15.3640``)."""
    digits = "".join(windows.split(".")[-2:])[-_DIGITS:]
    if len(digits) != _DIGITS or not digits.isdigit() or windows.count(".") != 3:  # noqa: PLR2004 - four parts
        return None
    return f"{digits[:3]}.{digits[3:]}"


def is_windows(text: str) -> bool:
    """Return whether the text holds Windows' spelling of PCI ids or of an adapter's driver, or asks WMI for adapters."""
    driver = rf"{_ADAPTER}\"?[ \t,]{{1,60}}\"?{_NUMBER}|{_NUMBER}\"?[ \t,]{{1,60}}\"?{_ADAPTER}"
    return bool(
        re.search(_WINDOWS_IDS, text)
        or re.search(_LISTING, text)
        or re.search(driver, text)
        or (re.search(r'(?i)"?DriverVersion"?\s{0,20}[:=]', text) and re.search(f"(?m){_NAME}", text))
    )


PROBES = (
    Probe(
        "PCI devices",
        Files("/sys/bus/pci/devices/*/uevent", limit=2048),
        parse_sysfs,
        r"PCI_ID=|class=0x[0-9a-fA-F]{6} vendor=0x",
    ),
    Probe("lspci", ProbeProgram((("lspci", "-Dnnk"),), 3.0), parse_lspci, is_lspci),
    Probe(
        "Windows display adapters",
        ProbeProgram((("reg", "query", CLASS_KEY, "/s"),), 5.0),
        parse_windows,
        is_windows,
    ),
)
