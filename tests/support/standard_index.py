"""The packages that most end-to-end tests use: small stand-ins shaped like the real ones.

The torch builds differ between indexes as the real ones do (local version, CUDA or ROCm libraries), and a little
more than that: each wants other versions of numpy, so that projects can be written whose shared base cannot agree
(cpu and cu126), agrees on what one of them chooses (cpu and cu130), or agrees only on what none of them would
choose alone (cu130 and rocm7.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.index import PackageIndex


if TYPE_CHECKING:
    from collections.abc import Iterable


PYPI = "pypi"
LINUX = 'platform_system == "Linux"'

TORCH_VERSIONS = {"2.10.0": "0.25.0", "2.11.0": "0.26.0"}
"""Each torch version with the torchvision that belongs to it."""

OLDEST_TORCH, NEWEST_TORCH = TORCH_VERSIONS
NEWEST_TORCHVISION = TORCH_VERSIONS[NEWEST_TORCH]

TRITON = {"2.10.0": "3.5.1", "2.11.0": "3.6.0"}

CUDA_LIBRARIES = {
    "cu126": ("nvidia-cublas-cu12==12.6.4.1", "nvidia-cudnn-cu12==9.5.1.17"),
    "cu130": ("nvidia-cublas==13.0.0.19", "nvidia-cudnn-cu13==9.13.0.50"),
}

NUMPY = {"cpu": "numpy<2", "cu126": "numpy>=2", "cu130": "numpy!=2.1.0", "rocm7.2": "numpy<2.2"}
"""What each build of torch asks of numpy, of which there are 1.26.4, 2.1.0 and 2.2.0."""

TOOLKIT_MACHINES = (
    "(sys_platform == 'linux' and platform_machine == 'aarch64'"
    " or sys_platform == 'linux' and platform_machine == 'x86_64'"
    " or sys_platform == 'win32' and platform_machine == 'AMD64')"
)
"""The machines of every requirement of cuda-toolkit 13.2.2, as its own metadata writes them."""

TOOLKIT_EXTRAS = {
    "cublas": ("nvidia-cublas==13.4.1.3.*", "nvidia-cuda-nvrtc==13.2.86.*"),
    "cusolver": ("nvidia-cublas==13.4.1.3.*", "nvidia-cusolver==12.2.0.11.*"),
    "nvrtc": ("nvidia-cuda-nvrtc==13.2.86.*",),
}


def standard_index() -> PackageIndex:
    """Return the index with all standard content; it is not started yet."""
    index = PackageIndex()
    _publish_everyday_packages(index)
    _publish_accelerator_libraries(index)
    _publish_frameworks(index)
    for torch in TORCH_VERSIONS:
        _publish_torch(index, torch)
    publish_cuda_toolkit(index, PYPI)
    publish_torch_with_toolkit(index, "cu132", "2.15.0+cu132")
    return index


def publish_cuda_toolkit(index: PackageIndex, name: str) -> None:
    """Publish the CUDA 13 meta package, of which Poetry with poetry-core 2.5.0 locks libraries twice.

    What it takes (found by leaving things away, against Poetry 2.1.4, 2.2.1, 2.3.4, 2.4.3 and 2.5.1): two chosen
    extras of one package ask for the same library under a marker, another package asks for that library in any
    version, and a newer version of it exists. poetry-core 2.5.0 then drops the marker from the part where no
    extra asks for it, and the newer version is locked for every machine beside the older one. Requirements and
    versions are those of the real cuda-toolkit 13.2.2, with all but three of its extras left out.
    """
    for cublas in ("13.0.0.19", "13.4.1.3", "13.10.0.20"):
        index.publish(name, "nvidia-cublas", cublas, ["nvidia-cuda-nvrtc"])
    for nvrtc in ("13.2.86", "13.5.37"):
        index.publish(name, "nvidia-cuda-nvrtc", nvrtc)
    for cusolver in ("12.2.0.11", "12.3.0.1"):
        index.publish(name, "nvidia-cusolver", cusolver, ["nvidia-cublas"])
    for cudnn in ("9.13.0.50", "9.26.0.51"):
        index.publish(name, "nvidia-cudnn-cu13", cudnn, ["nvidia-cublas"])
    extras = {
        extra: [f"{requirement} ; {TOOLKIT_MACHINES}" for requirement in wanted]
        for extra, wanted in TOOLKIT_EXTRAS.items()
    }
    index.publish(name, "cuda-toolkit", "13.2.2", extras=extras)


def publish_torch_with_toolkit(index: PackageIndex, name: str, version: str) -> None:
    """Publish a torch that requires its CUDA libraries through cuda-toolkit, as torch 2.15.0 does."""
    libraries = [
        f"cuda-toolkit[{','.join(TOOLKIT_EXTRAS)}]==13.2.2",
        "nvidia-cudnn-cu13==9.26.0.51",
        "triton~=3.9.0",
    ]
    index.publish(PYPI, "triton", "3.9.0")
    index.publish(
        name,
        "torch",
        version,
        ["filelock", "typing-extensions>=4.10.0", *_on_linux(libraries)],
        requires_python=">=3.11",
    )


def _publish_everyday_packages(index: PackageIndex) -> None:
    for version in ("1.26.4", "2.1.0", "2.2.0"):
        index.publish(PYPI, "numpy", version)
    for version in ("3.9.0", "3.13.0"):
        index.publish(PYPI, "filelock", version)
    for version in ("4.8.0", "4.12.0"):
        index.publish(PYPI, "typing-extensions", version)
    for version in ("0.109.0", "0.110.0"):
        index.publish(PYPI, "fastapi", version, ["pydantic>=2"], {"all": ["requests>=2.30"]})
    index.publish(PYPI, "pydantic", "2.6.0", ["typing-extensions>=4.6"])
    for version in ("7.4.3", "8.0.0"):
        index.publish(PYPI, "pytest", version, ["iniconfig", 'colorama ; sys_platform == "win32"'])
    index.publish(PYPI, "iniconfig", "2.0.0")
    index.publish(PYPI, "colorama", "0.4.6")
    for version in ("2.30.0", "2.31.0"):
        index.publish(PYPI, "requests", version, ["idna"])
    index.publish(PYPI, "idna", "3.6")
    index.publish_sdist(PYPI, "legacy-sdist", "1.0", ["idna"])


def _publish_accelerator_libraries(index: PackageIndex) -> None:
    for version in TRITON.values():
        index.publish(PYPI, "triton", version)
    index.publish(PYPI, "nvidia-cublas-cu12", "12.6.4.1")
    index.publish(PYPI, "nvidia-cudnn-cu12", "9.5.1.17", ["nvidia-cublas-cu12"])


def _publish_frameworks(index: PackageIndex) -> None:
    index.publish(PYPI, "lightning", "2.5.0", ["torch>=2.0", "typing-extensions"])
    cuda = {"and-cuda": ["nvidia-cudnn-cu12==9.5.1.17"]}
    index.publish(PYPI, "tensorflow", "2.20.0", ["numpy>=1.23"], cuda)
    index.publish(PYPI, "tensorflow-cpu", "2.20.0", ["numpy<2"])
    for name in ("onnxruntime", "onnxruntime-gpu"):
        index.publish(PYPI, name, "1.23.0", ["numpy"])


def _publish_torch(index: PackageIndex, version: str) -> None:
    vision = TORCH_VERSIONS[version]
    triton = f"triton=={TRITON[version]}"
    _publish_build(index, "cpu", version, [])
    for backend, libraries in CUDA_LIBRARIES.items():
        _publish_build(index, backend, version, _on_linux([*libraries, triton]))
    rocm_triton = f"pytorch-triton-rocm=={TRITON[version]}"
    index.publish("rocm7.2", "pytorch-triton-rocm", TRITON[version], ["filelock"])
    _publish_build(index, "rocm7.2", version, _on_linux([rocm_triton]))
    default = [*_on_linux([*CUDA_LIBRARIES["cu130"], triton]), "numpy"]
    index.publish(PYPI, "torch", version, ["filelock", "typing-extensions>=4.8.0", *default])
    index.publish(PYPI, "torchvision", vision, [f"torch=={version}", "numpy"])


def _publish_build(index: PackageIndex, backend: str, version: str, requires: Iterable[str]) -> None:
    local = f"+{backend}"
    everywhere = ["filelock", "typing-extensions>=4.8.0", NUMPY[backend]]
    index.publish(backend, "torch", version + local, [*everywhere, *requires])
    index.publish(backend, "torchvision", TORCH_VERSIONS[version] + local, [f"torch=={version}", "numpy"])


def _on_linux(requirements: Iterable[str]) -> list[str]:
    return [f"{requirement} ; {LINUX}" for requirement in requirements]
