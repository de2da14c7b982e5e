from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.every import for_each

from poetry_aiops.config import HardwareConfig, Variant, read_config
from poetry_aiops.locking.declaration import check_declaration
from poetry_aiops.locking.propose import as_toml, propose
from poetry_aiops.project.pyproject import aiops_table, project_from


if TYPE_CHECKING:
    from poetry_aiops.project.model import Project


PYTORCH_SOURCES = """
[[tool.poetry.source]]
name = "pytorch-cpu"
url = "https://download.pytorch.org/whl/cpu"
priority = "explicit"
[[tool.poetry.source]]
name = "pytorch-gpu"
url = "https://download.pytorch.org/whl/cu126"
priority = "explicit"
"""


def project(text: str) -> Project:
    return project_from(tomllib.loads(text), Path("pyproject.toml"))


def groups(*, optional: bool = True, **requirements: list[str]) -> str:
    """Return groups by name (``_`` for ``-``), all optional or none."""
    lines = ["[dependency-groups]"]
    lines += [f"{name.replace('_', '-')} = {wanted}" for name, wanted in requirements.items()]
    if optional:
        lines += [f"[tool.poetry.group.{name.replace('_', '-')}]\noptional = true" for name in requirements]
    return "\n".join(lines) + "\n"


def proposed(text: str) -> dict[str, str]:
    found = project(text)
    hardware = propose(found)
    if hardware is None:
        return {}
    check_declaration(hardware, found)
    return {variant.group: variant.backend for variant in hardware.variants}


def test_sources_give_the_exact_backends() -> None:
    text = f"""
        [tool.poetry.group.ml-cpu]
        optional = true
        [tool.poetry.group.ml-cpu.dependencies]
        torch = {{ version = "^2.1", source = "pytorch-cpu" }}
        [tool.poetry.group.ml-gpu]
        optional = true
        [tool.poetry.group.ml-gpu.dependencies]
        torch = {{ version = "^2.1", source = "pytorch-gpu" }}
        {PYTORCH_SOURCES}
    """
    assert proposed(text) == {"ml-cpu": "cpu", "ml-gpu": "cu126"}


def test_sources_tell_groups_apart_whose_names_say_nothing() -> None:
    text = f"""
        [tool.poetry.group.serve]
        optional = true
        dependencies.torch = {{ version = "^2.1", source = "pytorch-cpu" }}
        [tool.poetry.group.train]
        optional = true
        dependencies.torch = {{ version = "^2.1", source = "pytorch-gpu" }}
        [tool.poetry.group.notebook]
        optional = true
        dependencies.torch = "^2.1"
        {PYTORCH_SOURCES}
    """
    assert proposed(text) == {"serve": "cpu", "train": "cu126", "notebook": "cu130"}


@for_each(
    ("url", "name", "backend"),
    [
        ("https://index.example/whl/nightly/cu128", "nightly", "cu128"),
        ("https://index.example/whl/rocm6.2.4", "amd", "rocm6.2.4"),
        ("https://index.example/whl/xpu", "x", "xpu"),
        ("https://index.example/rocm/manylinux/rocm-rel-6.4/", "x", "rocm6.4"),
        ("https://index.example/jetson/jp6/cu126", "x", "jetson"),
        ("https://mirror.example/torch/simple", "pytorch-cu118", "cu118"),
        ("https://mirror.example/torch/simple", "pytorch-gpu", "cu130"),
    ],
)
def test_the_url_or_else_the_name_of_a_source_names_the_backend(url: str, name: str, backend: str) -> None:
    text = f"""
        [tool.poetry.group.a]
        optional = true
        dependencies.torch = {{ version = "*", source = "pytorch-cpu" }}
        [tool.poetry.group.b]
        optional = true
        dependencies.torch = {{ version = "*", source = "{name}" }}
        [[tool.poetry.source]]
        name = "{name}"
        url = "{url}"
        [[tool.poetry.source]]
        name = "pytorch-cpu"
        url = "https://index.example/whl/cpu"
    """
    assert proposed(text) == {"a": "cpu", "b": backend}


def test_build_tags_and_addresses_name_the_backend() -> None:
    text = groups(
        a=["torch==2.6.0+cpu"],
        b=["torch==2.6.0+cu124"],
        c=["torch @ https://files.example/whl/rocm6.4/torch-2.9.0-cp312-cp312-linux_x86_64.whl"],
    )
    assert proposed(text) == {"a": "cpu", "b": "cu124", "c": "rocm6.4"}


@for_each(
    ("name", "backend"),
    [
        ("torch_gpu", "cu130"),
        ("torch_cu126", "cu126"),
        ("torch-cuda12.6", "cu126"),
        ("torch-cuda12", "cu126"),
        ("torch-rocm6.4", "rocm6.4"),
        ("torch-nvidia", "cu130"),
        ("torch-apple", "mps"),
        ("torch-intel", "xpu"),
        ("torch-jetson", "jetson"),
        ("torch", "cu130"),
    ],
)
def test_the_name_gives_the_backend_where_the_source_does_not(name: str, backend: str) -> None:
    text = f"""
        [tool.poetry.group.a]
        optional = true
        dependencies.torch = {{ version = "*", source = "pytorch-cpu" }}
        [tool.poetry.group."{name}"]
        optional = true
        dependencies.torch = "*"
        {PYTORCH_SOURCES}
    """
    assert list(proposed(text).values()) == ["cpu", backend]


def test_a_source_beats_a_name_that_contradicts_it() -> None:
    text = f"""
        [tool.poetry.group.fast-gpu]
        optional = true
        dependencies.torch = {{ version = "*", source = "pytorch-cpu" }}
        [tool.poetry.group.slow-cpu]
        optional = true
        dependencies.torch = {{ version = "*", source = "pytorch-gpu" }}
        {PYTORCH_SOURCES}
    """
    assert proposed(text) == {"fast-gpu": "cpu", "slow-cpu": "cu126"}


@for_each(
    "text",
    [
        "",
        groups(docs=["mkdocs"], test=["pytest"]),
        groups(bench_cpu=["psutil"], bench_gpu=["einops"]),
        groups(ml_cpu=["torch>=2"], ml_gpu=["torch>=2.1"]),
        groups(ml_cpu=["onnxruntime"], ml_gpu=["onnxruntime-gpu"]),
        groups(one=["demo==1+abc"], two=["demo==1+xyz"]),
        groups(optional=False, ml_cpu=["torch==2+cpu"], ml_gpu=["torch==2+cu126"]),
        groups(one_cpu=["torch==2+cpu"], two_cpu=["torch==3+cpu", "demo==1+x"], three_cpu=["demo==1+y"]),
    ],
)
def test_nothing_is_proposed_where_the_table_would_not_help(text: str) -> None:
    assert propose(project(text)) is None


def test_nothing_is_proposed_where_main_asks_for_another_build_itself() -> None:
    text = '[project]\nname = "a"\nversion = "1"\ndependencies = ["torch==2+xpu"]\n'
    assert propose(project(text + groups(a=["torch==2+cpu"], b=["torch==2+cu126"]))) is None


def test_a_group_that_only_brings_a_variant_along_is_left_out() -> None:
    text = """
        [dependency-groups]
        ml-cpu = ["torch==2+cpu", {include-group = "base"}]
        ml-gpu = ["torch==2+cu126", {include-group = "base"}]
        base = ["onnxruntime"]
        cluster-cuda = ["dask", {include-group = "ml-gpu"}]
        [tool.poetry.group.ml-cpu]
        optional = true
        [tool.poetry.group.ml-gpu]
        optional = true
        [tool.poetry.group.base]
        optional = true
        [tool.poetry.group.cluster-cuda]
        optional = true
    """
    hardware = propose(project(text))
    assert hardware is not None
    assert [variant.group for variant in hardware.variants] == ["ml-cpu", "ml-gpu"]


def test_the_table_to_paste_reads_as_what_was_proposed() -> None:
    hardware = propose(project(groups(ml_cpu=["torch==2+cpu"], ml_gpu=["torch==2+cu130"])))
    assert hardware is not None
    assert as_toml(hardware) == '[tool.poetry-aiops.hardware.variants]\nml-cpu = "cpu"\nml-gpu = "cu130"\n'
    assert read_config(aiops_table(tomllib.loads(as_toml(hardware)))).hardware == hardware


def test_a_name_that_is_no_bare_key_is_quoted_in_the_table() -> None:
    hardware = HardwareConfig((Variant("ml.cpu", "cpu", '[tool.poetry-aiops.hardware.variants] "ml.cpu"'),))
    assert as_toml(hardware) == '[tool.poetry-aiops.hardware.variants]\n"ml.cpu" = "cpu"\n'
