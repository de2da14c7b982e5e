"""The projects that the end-to-end tests lock and install, written as a user would write them.

A template names sources (``source = "pytorch-cpu"``) but does not declare them: :func:`project_text` adds the
declarations for an index that is being served.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.poetry_program import Project
from tests.support.standard_index import PYPI


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex


MAIN_SOURCE = "stand-in"

HEAD = """\
[tool.poetry]
name = "chatbot"
version = "0.1.0"
description = ""
authors = []
package-mode = false

[tool.poetry.dependencies]
python = "^3.11"
fastapi = "^0.109.0"
{main}
[tool.poetry.group.dev.dependencies]
pytest = "^7.4.3"
"""

ML_CPU = """
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {version = "^2.10.0+cpu", source = "pytorch-cpu"}
tensorflow-cpu = "^2.20.0"
"""

ML_GPU = """
[tool.poetry.group.ml-gpu]
optional = true
[tool.poetry.group.ml-gpu.dependencies]
torch = {version = "^2.10.0+cu126", source = "pytorch-cu126"}
tensorflow = {extras = ["and-cuda"], version = "^2.20.0"}
"""

EDGE = """
[tool.poetry.group.edge]
optional = true
[tool.poetry.group.edge.dependencies]
onnxruntime = "^1.23.0"
"""

TORCH_CPU_ONLY = """
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {version = "^2.10.0+cpu", source = "pytorch-cpu"}
"""

TORCH_GPU_ONLY = """
[tool.poetry.group.ml-gpu]
optional = true
[tool.poetry.group.ml-gpu.dependencies]
torch = {version = "^2.10.0+cu126", source = "pytorch-cu126"}
"""

TORCH_CU130_ONLY = TORCH_GPU_ONLY.replace("cu126", "cu130")

TORCH_ROCM_ONLY = """
[tool.poetry.group.ml-rocm]
optional = true
[tool.poetry.group.ml-rocm.dependencies]
torch = {version = "^2.10.0+rocm7.2", source = "pytorch-rocm"}
pytorch-triton-rocm = {version = "*", source = "pytorch-rocm"}
"""

TOOLKIT_GPU = """
[tool.poetry.group.ml-gpu]
optional = true
[tool.poetry.group.ml-gpu.dependencies]
torch = {version = "^2.15.0+cu132", source = "pytorch-cu132"}
"""

EVERY_EXPORTED_FILE = """
[tool.poetry-aiops.export]
defaults = ["base", "dev", "prod", "variants", "constraints", "pylock"]
"""

TWO_VARIANTS = """
[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ml-gpu = "cu126"
"""


def head(main: str = "") -> str:
    return HEAD.replace("{main}", main)


# The layout that plain Poetry refuses to lock, without any table.
SEED = head() + ML_CPU + ML_GPU

# The same, declared.
HW = SEED + TWO_VARIANTS

# Four variants; `edge` needs no torch at all.
HW3 = (
    head()
    + ML_CPU
    + ML_GPU
    + TORCH_ROCM_ONLY
    + EDGE
    + TWO_VARIANTS
    + """\
ml-rocm = "rocm7.2"
edge = "jetson"
"""
)

# The shared base needs numpy; the CPU variant wants numpy<2, which suits the other one too.
BASE_CAN_AGREE = (
    head('numpy = ">=1.26"\n') + TORCH_CPU_ONLY + TORCH_CU130_ONLY + TWO_VARIANTS.replace("cu126", "cu130")
)

# The same with the variants the other way round: what the first one chooses does not suit the second.
BASE_CAN_AGREE_SWAPPED = BASE_CAN_AGREE.replace(
    'ml-cpu = "cpu"\nml-gpu = "cu130"', 'ml-gpu = "cu130"\nml-cpu = "cpu"'
)

# Both want numpy, one but the newest and one but the newest but one: only the oldest suits both.
BASE_CAN_AGREE_ON_A_THIRD = (
    head('numpy = ">=1.26"\n')
    + TORCH_CU130_ONLY
    + TORCH_ROCM_ONLY
    + """
[tool.poetry-aiops.hardware.variants]
ml-gpu = "cu130"
ml-rocm = "rocm7.2"
"""
)

# The shared base needs numpy; one variant wants numpy<2 and the other numpy>=2.
BASE_CANNOT_AGREE = head('numpy = ">=1.26"\n') + TORCH_CPU_ONLY + TORCH_GPU_ONLY + TWO_VARIANTS

# Main reaches torch through lightning.
MAIN_REACHES_TORCH = head('lightning = "^2.5"\n') + TORCH_CPU_ONLY + TORCH_GPU_ONLY + TWO_VARIANTS

MAIN_REACHES_TORCH_DECLARED = MAIN_REACHES_TORCH.replace(
    "[tool.poetry-aiops.hardware.variants]",
    '[tool.poetry-aiops.hardware]\nprovides = ["torch"]\n\n[tool.poetry-aiops.hardware.variants]',
)

# A torch that asks for its CUDA libraries through the extras of cuda-toolkit.
TOOLKIT = head() + TORCH_CPU_ONLY + TOOLKIT_GPU + TWO_VARIANTS.replace("cu126", "cu132")

# The same torch without any variant: what plain Poetry does with it.
TOOLKIT_PLAIN = head() + TOOLKIT_GPU

# Exclusive extras, the way that Poetry's documentation shows.
EXTRAS = """\
[project]
name = "chatbot"
version = "0.1.0"
requires-python = ">=3.11,<4.0"
dependencies = ["fastapi (>=0.109.0,<0.110.0)", "numpy (>=1.26)"]
[project.optional-dependencies]
ml-cpu = ["torch (>=2.10.0+cpu,<3.0.0)"]
ml-gpu = ["torch (>=2.10.0+cu126,<3.0.0)"]
[tool.poetry]
package-mode = false
[tool.poetry.dependencies]
torch = [
  {markers = "extra == 'ml-cpu' and extra != 'ml-gpu'", source = "pytorch-cpu"},
  {markers = "extra == 'ml-gpu' and extra != 'ml-cpu'", source = "pytorch-cu126"},
]
"""

# The same where main does not need what the two builds of torch disagree about.
SOUND_EXTRAS = EXTRAS.replace(', "numpy (>=1.26)"', "")

# No hardware anywhere.
ORDINARY = head('requests = "^2.30"\n')

# PEP 621 for main, PEP 735 for the groups, and Poetry's own tables for what these cannot say.
STANDARDS = (
    """\
[project]
name = "chatbot"
version = "0.1.0"
requires-python = ">=3.11,<4.0"
dependencies = ["fastapi (>=0.109.0,<0.110.0)"]

[dependency-groups]
dev = ["pytest (>=7.4.3,<8.0.0)"]
ml-cpu = ["torch (>=2.10.0+cpu,<3.0.0)", "tensorflow-cpu (>=2.20.0,<3.0.0)"]
ml-gpu = ["torch (>=2.10.0+cu126,<3.0.0)", "tensorflow[and-cuda] (>=2.20.0,<3.0.0)"]

[tool.poetry]
package-mode = false

[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {source = "pytorch-cpu"}

[tool.poetry.group.ml-gpu]
optional = true
[tool.poetry.group.ml-gpu.dependencies]
torch = {source = "pytorch-cu126"}
"""
    + TWO_VARIANTS
)

# Both variants include a group that is written once.
INCLUDED = (
    head()
    + """
[tool.poetry.group.serving]
optional = true
[tool.poetry.group.serving.dependencies]
requests = "^2.30"

[tool.poetry.group.ml-cpu]
optional = true
include-groups = ["serving"]
[tool.poetry.group.ml-cpu.dependencies]
torch = {version = "^2.10.0+cpu", source = "pytorch-cpu"}

[tool.poetry.group.ml-gpu]
optional = true
include-groups = ["serving"]
[tool.poetry.group.ml-gpu.dependencies]
torch = {version = "^2.10.0+cu126", source = "pytorch-cu126"}
"""
    + TWO_VARIANTS
)


# One variant takes its macOS build from elsewhere, as the CPU index of PyTorch has none for it.
MACOS_FROM_ELSEWHERE = HW.replace(
    'torch = {version = "^2.10.0+cpu", source = "pytorch-cpu"}',
    """\
torch = [
  {version = "^2.10.0+cpu", source = "pytorch-cpu", markers = "sys_platform != 'darwin'"},
  {version = "^2.10.0", source = "stand-in", markers = "sys_platform == 'darwin'"},
]""",
)

# Main reaches torch through lightning, and one variant brings no torch of its own.
TORCHLESS_VARIANT = MAIN_REACHES_TORCH + 'edge = "jetson"\n' + EDGE

# An extra of the project reaches torch.
EXTRA_REACHES_TORCH = STANDARDS.replace(
    "[dependency-groups]",
    '[project.optional-dependencies]\ntrain = ["lightning (>=2.5,<3.0)"]\n\n[dependency-groups]',
)

# A variant asks for less than main does.
VARIANT_NARROWS_BASE = HW.replace("fastapi = ", 'requests = "^2.30"\nfastapi = ').replace(
    "tensorflow = {", 'requests = "<2.31"\ntensorflow = {'
)

# Group names in the spelling that people type.
ODD_NAMES = HW.replace("group.ml-gpu", "group.ML_GPU").replace('ml-cpu = "cpu"', 'ML_CPU = "cpu"')

# A library beside the project.
PATH_DEPENDENCY = HW.replace("fastapi = ", 'mylib = {path = "mylib", develop = true}\nfastapi = ')

MYLIB = """\
[project]
name = "mylib"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["idna"]

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""


def project_text(template: str, index: PackageIndex) -> str:
    """Return the template with the sources that it names declared for the served index."""
    parts = [template.rstrip() + "\n", _source(MAIN_SOURCE, index.url(PYPI), "primary")]
    for name in sorted(set(re.findall(r'source = "([^"]+)"', template)) - {MAIN_SOURCE}):
        backend = name.removeprefix("pytorch-").replace("rocm", "rocm7.2")
        parts.append(_source(name, index.url(backend), "explicit"))
    return "\n".join(parts)


def project_from(template: str, index: PackageIndex, folder: Path) -> Project:
    """Write the template's pyproject.toml into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    project = Project(folder)
    project.pyproject.write_text(project_text(template, index), encoding="utf-8")
    return project


def _source(name: str, url: str, priority: str) -> str:
    return f'[[tool.poetry.source]]\nname = "{name}"\nurl = "{url}"\npriority = "{priority}"\n'


def exporting_everything(project: Project) -> Project:
    """Configure a locked project to export every kind of file; the lock stays fresh."""
    project.pyproject.write_text(project.pyproject.read_text("utf-8") + EVERY_EXPORTED_FILE, "utf-8")
    return project
