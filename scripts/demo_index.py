"""The package index of ``make demo``: stand-ins for what ``examples/chatbot`` asks for, on 127.0.0.1.

A stand-in has the name, the version, the requirements and the extras of the real package and a module that says its
version, nothing more. The builds of torch differ as the real ones do: another local version and other libraries on
every index, and no CUDA 12 or ROCm 7.2 build of 2.15.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.index import PackageIndex


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


TORCH_INDEXES = "https://download.pytorch.org/whl/"
MAIN_INDEX = "packages"
TORCH, NEWER_TORCH = "2.14.1", "2.15.0"
TRITON = "3.7.0"
BUILDS = {"cpu": True, "cu126": False, "cu130": True, "rocm7.2": False}
"""Each index of torch builds, and whether it has the newer release."""

_EVERYWHERE = ("filelock", "typing-extensions>=4.10", "sympy>=1.13", "networkx", "jinja2", "fsspec")
_CUDA_12 = ("nvidia-cublas-cu12==12.6.4.1", "nvidia-cudnn-cu12==9.10.2.21", "nvidia-nccl-cu12==2.28.3")
_CUDA_13 = ("nvidia-cublas==13.0.2.14", "nvidia-cudnn-cu13==9.13.0.50", "nvidia-nccl-cu13==2.28.3")
_ON_LINUX = {
    "cpu": (),
    "cu126": (*_CUDA_12, f"triton=={TRITON}"),
    "cu130": (*_CUDA_13, f"triton=={TRITON}"),
    "rocm7.2": (f"triton-rocm=={TRITON}",),
    MAIN_INDEX: (*_CUDA_13, f"triton=={TRITON}"),
}

_PACKAGES = """
anyio 4.12.0: idna, typing-extensions
click 8.3.0: colorama ; sys_platform == "win32"
colorama 0.4.6
fastapi 0.165.0: pydantic>=2, starlette>=1, typing-extensions
filelock 3.20.0
flatbuffers 25.9.23
fsspec 2026.9.0
h11 0.16.0
httptools 0.7.1
idna 3.11
iniconfig 2.3.0
jinja2 3.1.6: markupsafe
markupsafe 3.0.3
mpmath 1.3.0
networkx 3.6
numpy 2.4.6
onnxruntime 1.32.0: flatbuffers, numpy, packaging, protobuf
packaging 26.0
pluggy 1.6.0
protobuf 6.33.0
pydantic 2.13.0: typing-extensions
pytest 9.2.0: colorama ; sys_platform == "win32", iniconfig, packaging, pluggy
python-dotenv 1.2.1
pyyaml 6.0.3
starlette 1.10.0: anyio
sympy 1.14.0: mpmath
triton 3.7.0
typing-extensions 4.15.0
uvloop 0.22.1
watchfiles 1.1.1: anyio
websockets 15.0.1
"""

_UVICORN_STANDARD = (
    "httptools",
    "python-dotenv",
    "pyyaml",
    'uvloop ; sys_platform != "win32"',
    "watchfiles",
    "websockets",
)


def demo_index(bodies: Mapping[str, str] | None = None) -> PackageIndex:
    """Return the index with everything that the chatbot needs; it is not started yet.

    ``bodies`` maps a package to the Python text of its module, for those that have to do something.
    """
    index, bodies = PackageIndex(), bodies or {}
    for line in _PACKAGES.strip().splitlines():
        head, _, requires = line.partition(": ")
        name, version = head.split()
        wanted = requires.split(", ") if requires else ()
        index.publish(MAIN_INDEX, name, version, wanted, body=bodies.get(name, ""))
    extras = {"standard": _UVICORN_STANDARD}
    index.publish(MAIN_INDEX, "uvicorn", "0.54.0", ["click", "h11"], extras, body=bodies.get("uvicorn", ""))
    for library in (*_CUDA_12, *_CUDA_13):
        name, version = library.split("==")
        index.publish(MAIN_INDEX, name, version)
    index.publish("rocm7.2", "triton-rocm", TRITON)
    torch = bodies.get("torch", "")
    for backend, has_newer in BUILDS.items():
        _publish_torch(index, backend, f"+{backend}", [TORCH, NEWER_TORCH] if has_newer else [TORCH], torch)
    _publish_torch(index, MAIN_INDEX, "", [TORCH, NEWER_TORCH], torch)
    return index


def _publish_torch(index: PackageIndex, name: str, tag: str, versions: Iterable[str], body: str) -> None:
    libraries = [f'{library} ; platform_system == "Linux"' for library in _ON_LINUX[name]]
    for version in versions:
        index.publish(name, "torch", version + tag, [*_EVERYWHERE, *libraries], body=body)


def with_own_sources(pyproject: str, index: PackageIndex) -> str:
    """Return a pyproject.toml whose sources are those of ``index`` instead of PyTorch's and PyPI."""
    swapped = re.sub(
        rf'"{re.escape(TORCH_INDEXES)}([^"]+)"', lambda found: f'"{index.url(found[1])}"', pyproject
    )
    stand_ins = f'name = "stand-ins"\nurl = "{index.url(MAIN_INDEX)}"\npriority = "primary"\n'
    return f"{swapped}\n[[tool.poetry.source]]\n{stand_ins}"
