"""Reports and listings that people paste: environment reports of frameworks, node labels, OpenCL and display listings."""

from __future__ import annotations

import re

from poetry_aiops.accelerators.facts import AMD, INTEL, NVIDIA, Gpu, TextFacts
from poetry_aiops.accelerators.observed import join
from poetry_aiops.accelerators.probes.fields import lines, name, version
from poetry_aiops.accelerators.probes.pairs import Dialect, maker_of, pairs_of, read_pairs
from poetry_aiops.accelerators.probes.pci import MAKERS, NVIDIA_CHIP, described
from poetry_aiops.accelerators.probes.probe import Probe
from poetry_aiops.system.text import clean


_NO_GPU = (
    r"(?:GPU models and configuration|Nvidia driver version)\s{0,20}: {0,3}(?:No CUDA|Could not collect|N/A)"
)
_HIP = r"(?:ROCM used to build PyTorch|HIP runtime version|ROCm version): {0,3}\d"
_FOUND = (
    r"Found GPU(\d{1,3}) ([^\n]{2,100}?) which is of (?:cuda|compute) capability (?:\(CC\) )?(\d{1,2}\.\d)"
)
_SM = r"(?m)^([^\n]{2,100}?) with CUDA capability sm_(\d{2,3})[a-z]? is not compatible"

ENVIRONMENT = Dialect(
    heads=(
        r"\s{0,8}(?:GPU models and configuration ?: {0,3})?GPU (?P<index>\d{1,3}(?:,\d{1,3})*) Compute Capability: (?P<compute_capability>\d{1,2}\.\d)",
        r"\s{0,8}(?:GPU models and configuration ?: {0,3})?GPU (?P<index>\d{1,3}(?:,\d{1,3})*): (?P<name>[^\n]{2,100}?)(?: ?\(UUID: (?P<uuid>[^)]{1,60})\))?\s{0,9}$",
        r".{0,20}_XpuDeviceProperties\(name='(?P<name>[^']{2,80})'(?:.{0,200}?device_id=(?P<device_id>0x[0-9A-Fa-f]{4}))?",
        r"\* (?P<name>Intel\(R\) (?:Arc|Data Center GPU|Graphics)[^\n]{0,60})$",
    ),
    keys={
        "nvidia driver version": "driver",
        "cuda driver version": "driver",  # sglang; others have a version of CUDA here
        "rocm driver version": "amdgpu",
        "gpu models and configuration": "name",
        "os": "os",
        "python platform": "platform",
        "libc version": "libc",
    },
)
LABELS = Dialect(
    heads=(
        r"\s{0,24}(?P<maker>gpu\.intel)\.com/device-id\.03\d\d-(?P<device_id>[0-9a-f]{4})\.present(?==true)",
    ),
    keys={
        "nvidia.com/gpu.product": "name",
        "nvidia.com/gpu.memory": "memory",
        "nvidia.com/cuda.driver-version.full": "driver",
        "nvidia.com/cuda.runtime-version.full": "max_cuda",
        "amd.com/gpu.product-name": "name",
        "amd.com/gpu.device-id": "device_id",
        "amd.com/gpu.vram": "memory",
        "amd.com/gpu.driver-version": "amdgpu",
        "beta.amd.com/gpu.product-name": "name",
        "beta.amd.com/gpu.device-id": "device_id",
        "gpu.intel.com/product": "name",
        "cloud.google.com/gke-accelerator": "name",
        "k8s.amazonaws.com/accelerator": "name",
        "kubernetes.io/os": "os",
        "kubernetes.io/arch": "platform",
    },
    first=frozenset(),
)
OPENCL = Dialect(
    keys={
        "device type": "type",
        "vendor id": "maker",
        "device vendor": "maker",
        "device vendor id": "maker",
        "vendor": "maker",
        "board name": "title",
        "device board name (amd)": "title",
        "name": "name",
        "device name": "name",
        "compute capability (nv)": "compute_capability",
        "device topology": "bus",
        "device topology (amd)": "bus",
        "device topology (nv)": "bus",
        "device pci bus info (khr)": "bus",
    },
    first=frozenset({"type", "name"}),
)


def environment(text: str) -> TextFacts:
    """Return what ``torch.utils.collect_env``, vLLM's and sglang's reports and torch's warnings about a GPU say."""
    plain = clean(text)
    reported = [
        Gpu(maker_of(label) or NVIDIA, name=name(label), ordinal=int(index), compute_capability=capability)
        for index, label, capability in re.findall(_FOUND, plain)
    ] or [
        Gpu(NVIDIA, name=name(label), compute_capability=f"{int(sm) // 10}.{int(sm) % 10}")
        for label, sm in dict.fromkeys(re.findall(_SM, plain))
    ]
    detected = "_XpuDeviceProperties" in plain  # the list of those onboard repeats them
    dialect = ENVIRONMENT._replace(otherwise=AMD if re.search(_HIP, plain) else NVIDIA)
    facts = read_pairs(re.sub(r"(?m)^\* Intel.*$", "", plain) if detected else plain, dialect)
    facts = facts if re.match(r"\d{3}\.", facts.driver or "") else facts._replace(driver=None)
    gpus = tuple(reported) or facts.gpus
    apple = facts.os == "macos" and facts.arch == "arm64"
    nothing = not gpus and bool(re.search(_NO_GPU, plain))
    unlisted = re.search(
        r"(?i)pytorch version *: *\S{3,30}\+(?:xpu|rocm)", plain
    )  # older reports list NVIDIA's alone
    none = not unlisted and ((nothing and not facts.driver) or (facts.none and not apple))
    return facts._replace(gpus=gpus, none=none)


_REPORT = (
    r"Found GPU|with CUDA capability sm_|(?:Nvidia|CUDA|ROCM) [Dd]river [Vv]ersion *:|"
    r"GPU models and configuration|GPU \d[\d,]{0,60} Compute Capability:|_XpuDeviceProperties"
)


def labels(text: str) -> TextFacts:
    """Return what the labels of a Kubernetes node say (gpu-feature-discovery, AMD's labeller, Intel's plugin)."""
    text = re.sub(r"(?m)^(Labels|Annotations):", "", text)
    reported = {key: value for line in filter(None, lines(text)) for key, value in pairs_of(line)}
    parts = [reported.get(f"nvidia.com/cuda.driver.{part}", "") for part in ("major", "minor", "rev")]
    driver = version(".".join(part for part in parts if part))
    compute = [reported.get(f"nvidia.com/gpu.compute.{part}", "") for part in ("major", "minor")]
    facts = read_pairs(text, LABELS)
    count = next((int(v) for k, v in reported.items() if k.endswith("com/gpu.count") and v.isdigit()), 1)
    gpus = tuple(
        gpu._replace(
            name=_spaced(gpu.name),
            ordinal=place,
            compute_capability=".".join(compute) if all(part.isdigit() for part in compute) else None,
        )
        for gpu in facts.gpus[:1]
        for place in range(max(1, min(count, 64)))
    )
    absent = reported.get("nvidia.com/gpu.present") == "false"
    return facts._replace(
        gpus=gpus, driver=facts.driver or driver, os=facts.os or "linux", none=absent and not gpus
    )


def _spaced(label: str | None) -> str | None:
    """Return a product as programs spell it; labels have no spaces, and an ending for shared or divided GPUs."""
    plain = re.sub(r"-(?:SHARED|MIG-\S{1,20})$", "", label or "")
    return name(plain.replace("-", " ").replace("_", " "))


_LABEL = r"(?:nvidia\.com|amd\.com|gpu\.intel\.com|gke|k8s\.amazonaws\.com)[/-](?:gpu|cuda|product|device-id|accelerator)"


_GFX = re.compile(r"gfx[0-9a-f]{3,4}$")
_PROCESSOR = r"\bCPU\b|Core\(TM\)|Xeon|Ryzen|EPYC|pthread|^cpu"


def opencl(text: str) -> TextFacts:
    """Return the GPUs that ``clinfo`` lists, once each, and NVIDIA's driver."""
    facts = read_pairs(text, OPENCL)
    listed = [  # ``clinfo -l``: one tree of devices for each platform
        tuple(
            Gpu(
                maker,
                name=None if _GFX.match(label) else name(label),
                gfx=label if _GFX.match(label) else None,
            )
            for label in re.findall(r"[`+|]-- Device #\d{1,2}: ([^\n]{2,80}?)(?: \(|\n|$)", platform)
            if (maker := maker_of(label)) and not re.search(_PROCESSOR, label)
        )
        for platform in re.split(r"Platform #\d{1,2}: ", clean(text))[1:]
    ]
    gpus = tuple(dict.fromkeys(facts.gpus)) or join(found for found in listed if found)
    number = re.search(r"Number of platforms:?\s{1,60}(\d{1,2})\b", text)
    platforms = int(number.group(1)) if number else None
    cut = len(re.findall(r"(?m)^\s{0,8}Number of devices", text)) < (platforms or 0)
    driver = re.search(r"Driver [Vv]ersion:?\s{1,60}(\d{3}\.\d{1,3}(?:\.\d{1,3})?)\s", clean(text) + "\n")
    has_nvidia = any(gpu.vendor == NVIDIA for gpu in gpus)
    placed = tuple(gpu._replace(ordinal=i) if gpu.vendor == NVIDIA else gpu for i, gpu in enumerate(gpus))
    supported = tuple(gpu for gpu in placed if gpu.vendor != INTEL or gpu.name)
    return TextFacts(
        gpus=supported,
        driver=driver.group(1) if driver and has_nvidia else None,
        none=(facts.none and not cut) or platforms == 0,
        cut=cut,
    )


_CLINFO = r"Number of platforms|Platform #\d|CL_DEVICE_TYPE|Platform Profile|Device Board Name"


def display(text: str) -> TextFacts:
    """Return the display devices of ``lshw -C display`` and ``inxi -G``."""
    gpus: list[Gpu] = []
    driver = None
    cards = (*_lshw(text), *_inxi(text))
    for bus, label, bound, number in cards:
        gpu = described(bus, f"VGA compatible controller: {label}", bound)
        gpus += [gpu] if gpu else []
        if gpu and gpu.vendor == NVIDIA and bound == "nvidia":
            driver = driver or version(number)
    cut = not cards or any(label.startswith(" ") for _, label, _, _ in cards)  # a card without its maker
    return TextFacts(
        gpus=tuple(dict.fromkeys(gpus)), driver=driver, os="linux", none=not cut and not gpus, cut=cut
    )


_OWN_MAKER = r"^(?:NVIDIA|AMD|Intel|Advanced Micro Devices)(?: Corporation|,? Inc\.?)?(?: \[AMD/ATI\])? "
_CLASSES = r"VGA compatible controller|3D controller|Display controller"
_LSHW_BLOCK = r'\*-|\{\s{1,20}"id" : "'
_LSHW_ROW = r"(?m:^)/\d\S{0,30}[ \t]{1,40}(?:\S{1,20}[ \t]{1,40})?display[ \t]{1,20}(\S[^\n]{3,120})(?m:$)"
_DISPLAY = rf'\*-display|"id" : "display|{_LSHW_ROW}|(?m:^\s{{0,8}}(?:Device|Card)-\d: )|(?m:^Graphics: )'


def _lshw(text: str) -> list[tuple[str, str, str | None, str]]:
    """Return the displays of ``lshw``: its blocks in any language, as JSON, and the rows of ``-short``."""
    plain = clean(text)
    found: list[tuple[str, str, str | None, str]] = []
    for block in re.split(_LSHW_BLOCK, plain)[1:]:
        if not block.startswith("display"):
            continue
        pairs = [pair for line in block.split("\n") for pair in pairs_of(line)]
        start = next(
            (place + 1 for place, (_, value) in enumerate(pairs) if re.search(_CLASSES, value)), None
        )
        after = [value for _, value in pairs[start:]] if start is not None else []
        named = dict(zip(("product", "vendor"), after, strict=False)) if after else dict(pairs)
        product, vendor = named.get("product", ""), named.get("vendor", "")
        bus = re.search(r"pci@(\S{10,15})", block)
        bound = re.search(r'driver(?:=|" {0,3}: {0,3}")([\w-]{2,20})', block)
        unclaimed = "UNCLAIMED" in block.split("\n", 1)[0] or bool(
            re.search(r'"claimed" {0,3}: {0,3}false', block)
        )
        label = f"{_maker_as_in_lspci(vendor) or _maker_as_in_lspci(product) or vendor} {product}"
        driver = bound.group(1) if bound else "" if unclaimed else None
        found.append((bus.group(1) if bus else "", label, driver, ""))
    for product in re.findall(_LSHW_ROW, plain):
        bare = re.sub(_OWN_MAKER, "", product)
        maker = _maker_as_in_lspci(product) or ("NVIDIA Corporation" if re.match(NVIDIA_CHIP, bare) else "")
        found.append(("", f"{maker} {bare}".strip(), None, ""))
    return found


def _inxi(text: str) -> list[tuple[str, str, str | None, str]]:
    found = []
    section = re.search(r"(?s)(?m:^)\s{0,8}Graphics:(.{1,20000})", clean(text))
    joined = re.sub(r"\s+", " ", section.group(1)) if section else ""
    for piece in re.split(r"(?:Device|Card)-\d{1,2}: ", joined)[1:] or re.split(r"Card: ", joined)[1:2]:
        own = re.split(r"(?:^| )(?:Display|API|OpenGL|Monitor-\d|Audio|Network|Info): ", piece)[0]
        label = re.split(r" (?:vendor|driver|type|arch|v|bus-ID|bus ID): ", own)[0]
        bound = re.search(r"driver: ([\w-]{2,20})(?: v: (\S{1,20}))?", own)
        bus = re.search(r"bus[- ]ID: (\S{7,15})", own)
        ids = re.search(r"chip[- ]ID: ((?:10de|1002|8086):[0-9a-f]{4})", own)
        if "type: USB" not in own:
            found.append(
                (
                    bus.group(1) if bus else "",
                    f"{_maker_as_in_lspci(label)} {re.sub(_OWN_MAKER, '', label)}".strip()
                    + (f" [{ids.group(1)}]" if ids else ""),
                    {"N": "", "N/A": ""}.get(bound.group(1), bound.group(1)) if bound else None,
                    (bound.group(2) or "") if bound else "",
                )
            )
    return found


def _maker_as_in_lspci(label: str) -> str:
    """Return what ``lspci`` prints before a product of the maker that a label begins with or names."""
    return next(iter(MAKERS.get(maker_of(label) or "", ())), "")


PROBES = (
    Probe(
        "torch.utils.collect_env",
        None,
        environment,
        _REPORT,
    ),
    Probe("node labels", None, labels, _LABEL),
    Probe("clinfo", None, opencl, _CLINFO),
    Probe("lshw and inxi", None, display, _DISPLAY),
)
