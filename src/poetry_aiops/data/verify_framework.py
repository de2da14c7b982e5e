"""Import the installed framework and compute something small on the device; print what happened as one line of JSON.

Run by the environment's own Python (3.8 or newer) in a process of its own: an import may crash it. The line begins
with a mark, because frameworks print warnings too.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


MARK = "poetry-aiops-verify: "
FRAMEWORKS = ("torch", "tensorflow", "jax", "onnxruntime", "cupy")
SIDE = 64
MOST_DEVICES = 16
ON_GPU = ("cuda", "rocm", "jetson")


def family_of(backend: str) -> str:
    """Return the family of a backend: ``cuda`` of ``cu126``."""
    if backend.startswith("cu"):
        return "cuda"
    return "rocm" if backend.startswith("rocm") else backend


def in_words(error: BaseException) -> str:
    """Return an error as text, not longer than anyone reads."""
    return f"{type(error).__name__}: {error}"[:2000]


def attempt(report: dict[str, Any], device: str, compute: Callable[[], float]) -> None:
    """Compute on one device and note the result, which has to be right."""
    try:
        total = compute()
        wrong = None if total == SIDE**3 else f"the result is {total} instead of {SIDE**3}"
    except Exception as error:  # noqa: BLE001 - whatever a framework raises is the answer
        wrong = in_words(error)
    report["computed"].append({"device": device, "error": wrong})


def verify_torch(torch: ModuleType, family: str, report: dict[str, Any]) -> None:
    version = torch.version
    report["cuda"] = version.cuda
    report["rocm"] = getattr(version, "hip", None)
    report["xpu"] = getattr(version, "xpu", None) or ("xpu" if "+xpu" in torch.__version__ else None)
    places = [{"jetson": "cuda", "rocm": "cuda"}.get(family, family)]
    if family in ON_GPU and torch.cuda.is_available():
        report["arches"] = list(torch.cuda.get_arch_list())
        places = [f"cuda:{index}" for index in range(min(torch.cuda.device_count(), MOST_DEVICES))]
        for index in range(len(places)):
            facts = torch.cuda.get_device_properties(index)
            capability = f"{facts.major}.{facts.minor}"
            gfx = str(getattr(facts, "gcnArchName", "") or "").split(":")[0]
            report["devices"].append({"name": str(facts.name), "capability": capability, "gfx": gfx or None})
    for place in places:

        def compute(place: str = place) -> float:
            ones = torch.ones(SIDE, SIDE, device=place)
            return float((ones @ ones).sum().item())

        attempt(report, place, compute)


def verify_tensorflow(tf: ModuleType, family: str, report: dict[str, Any]) -> None:
    build = tf.sysconfig.get_build_info()
    report["cuda"] = build.get("cuda_version") if build.get("is_cuda_build") else None
    report["rocm"] = build.get("rocm_version", "yes") if build.get("is_rocm_build") else None
    report["arches"] = list(build.get("cuda_compute_capabilities") or [])
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus[:MOST_DEVICES]:
        facts = tf.config.experimental.get_device_details(gpu)
        capability = ".".join(map(str, facts.get("compute_capability") or ())) or None
        report["devices"].append({"name": str(facts.get("device_name", gpu.name)), "capability": capability})
    wanted = "CPU" if family == "cpu" else "GPU"
    for index in range(max(1, min(len(gpus), MOST_DEVICES)) if wanted == "GPU" else 1):

        def compute(index: int = index) -> float:
            tf.config.set_soft_device_placement(False)
            with tf.device(f"/{wanted}:{index}"):
                ones = tf.ones((SIDE, SIDE))
                return float(tf.reduce_sum(tf.matmul(ones, ones)))

        attempt(report, f"{wanted}:{index}", compute)


def verify_jax(jax: ModuleType, family: str, report: dict[str, Any]) -> None:
    wanted = {"jetson": "cuda", "mps": "METAL", "xpu": "xpu"}.get(family, family)

    try:
        found = jax.devices(wanted)[:MOST_DEVICES]
    except RuntimeError as error:
        report["computed"].append({"device": wanted, "error": in_words(error)})
        return
    words = str(getattr(found[0].client, "platform_version", "")).replace("\n", " ").split()
    report[wanted if wanted in ("cuda", "rocm") else "platform"] = words[-1] if words else wanted
    for device in found:
        capability = getattr(device, "compute_capability", None)
        capability = str(capability) if capability and wanted == "cuda" else None
        report["devices"].append({"name": str(device.device_kind), "capability": capability})

        def compute(device: object = device) -> float:
            ones = jax.device_put(jax.numpy.ones((SIDE, SIDE)), device)
            return float((ones @ ones).sum())

        attempt(report, str(device), compute)


def verify_onnxruntime(runtime: ModuleType, family: str, report: dict[str, Any]) -> None:
    providers = {
        "cuda": "CUDAExecutionProvider",
        "jetson": "CUDAExecutionProvider",
        "rocm": "MIGraphXExecutionProvider",
        "mps": "CoreMLExecutionProvider",
        "xpu": "OpenVINOExecutionProvider",
    }
    wanted = providers.get(family, "CPUExecutionProvider")
    held = runtime.get_available_providers()
    report["cuda"] = getattr(runtime, "cuda_version", "") or ("yes" if providers["cuda"] in held else None)

    def compute() -> float:
        numpy = importlib.import_module("numpy")
        session = runtime.InferenceSession(product_model(), providers=[wanted])
        if wanted not in session.get_providers():
            raise RuntimeError(f"{wanted} does not start; this onnxruntime holds {', '.join(held)}")
        ones = numpy.ones((SIDE, SIDE), dtype=numpy.float32)
        return float(session.run(None, {"x": ones})[0].sum())

    attempt(report, wanted, compute)


def product_model() -> bytes:
    """Return an ONNX model of one node, x times x, written by hand: ONNX itself is seldom installed."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    size = field(1, bytes([1 << 3, SIDE]))
    tensor = field(2, field(1, bytes([1 << 3, 1]) + field(2, size + size)))
    node = field(1, field(1, b"x") + field(1, b"x") + field(2, b"y") + field(4, b"MatMul"))
    ends = field(11, field(1, b"x") + tensor) + field(12, field(1, b"y") + tensor)
    return bytes([1 << 3, 7]) + field(7, node + field(2, b"product") + ends) + field(8, bytes([2 << 3, 13]))


def verify_cupy(cupy: ModuleType, _family: str, report: dict[str, Any]) -> None:
    version = cupy.cuda.runtime.runtimeGetVersion()
    kind = "rocm" if getattr(cupy.cuda.runtime, "is_hip", False) else "cuda"
    report[kind] = f"{version // 1000}.{version % 1000 // 10}"
    for index in range(min(cupy.cuda.runtime.getDeviceCount(), MOST_DEVICES)):
        facts = cupy.cuda.runtime.getDeviceProperties(index)
        capability = f"{facts['major']}.{facts['minor']}"
        report["devices"].append({"name": facts["name"].decode("utf-8", "replace"), "capability": capability})

        def compute(index: int = index) -> float:
            with cupy.cuda.Device(index):
                ones = cupy.ones((SIDE, SIDE), dtype=cupy.float32)
                return float((ones @ ones).sum())

        attempt(report, f"cuda:{index}", compute)


VERIFY = {
    "torch": verify_torch,
    "tensorflow": verify_tensorflow,
    "jax": verify_jax,
    "onnxruntime": verify_onnxruntime,
    "cupy": verify_cupy,
}


def look(backend: str) -> dict[str, Any]:
    """Return everything that importing and using the leading framework reports."""
    report: dict[str, Any] = {"framework": None, "version": None, "error": None}
    report.update({"cuda": None, "rocm": None, "xpu": None, "arches": [], "devices": [], "computed": []})
    name = next((name for name in FRAMEWORKS if importlib.util.find_spec(name)), None)
    if name is None:
        return report
    report["framework"] = name
    try:
        module = importlib.import_module(name)
        report["version"] = str(module.__version__)
        VERIFY[name](module, family_of(backend), report)
    except Exception as error:  # noqa: BLE001 - whatever a framework raises is the answer
        report["error"] = in_words(error)
    return report


def main() -> int:
    """Run the program; the report is the answer, whatever it says."""
    parser = argparse.ArgumentParser("verify_framework")
    parser.add_argument("--backend", required=True)
    options = parser.parse_args()
    sys.stdout.flush()
    print("\n" + MARK + json.dumps(look(options.backend)), flush=True)  # noqa: T201 - a program's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
