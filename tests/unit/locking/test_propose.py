from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.config import HardwareConfig, Variant, read_config
from poetry_aiops.locking.declaration import check_declaration
from poetry_aiops.locking.propose import as_toml, proposal_for, propose
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


def test_sources_tell_groups_without_a_telling_name_apart() -> None:
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


@pytest.mark.parametrize(
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


def test_names_alone_give_the_default_backends() -> None:
    text = groups(ml_cpu=["torch"], ml_gpu=["torch"], ml_amd=["torch"], ml_mps=["torch"], ml_xpu=["torch"])
    assert proposed(text) == {
        "ml-cpu": "cpu",
        "ml-gpu": "cu130",
        "ml-amd": "rocm7.2",
        "ml-mps": "mps",
        "ml-xpu": "xpu",
    }


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        ("torch_gpu", "cu130"),
        ("torch_cu126", "cu126"),
        ("torch-cuda12.6", "cu126"),
        ("torch-cuda12", "cu126"),
        ("torch-rocm6.4", "rocm6.4"),
        ("torch-nvidia", "cu130"),
        ("torch-apple", "mps"),
        ("torch-metal", "mps"),
        ("torch-intel", "xpu"),
        ("torch-jetson", "jetson"),
        ("torch-edge", "jetson"),
    ],
)
def test_hardware_words_in_a_name_are_understood(name: str, backend: str) -> None:
    text = f"""
        [dependency-groups]
        torch-cpu = ["torch"]
        "{name}" = ["torch"]
        [tool.poetry.group.torch-cpu]
        optional = true
        [tool.poetry.group."{name}"]
        optional = true
    """
    assert list(proposed(text).values()) == ["cpu", backend]


def test_a_hardware_word_counts_only_as_a_word_of_its_own() -> None:
    assert (
        proposed(groups(cpuinfo=["py-cpuinfo"], gputil=["gputil"], intelligence=["x"], knowledge=["x"])) == {}
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("tensorflow-cpu", "tensorflow", ["cpu", "cu126"]),
        ("tensorflow-cpu", "tensorflow[and-cuda]", ["cpu", "cu126"]),
        ("tensorflow-macos", "tensorflow-rocm", ["mps", "rocm7.2"]),
        ("onnxruntime", "onnxruntime-gpu", ["cpu", "cu130"]),
        ("onnxruntime-openvino", "onnxruntime-rocm", ["xpu", "rocm7.2"]),
        ("faiss-cpu", "faiss-gpu", ["cpu", "cu126"]),
        ("cupy-cuda12x", "cupy-cuda13x", ["cu126", "cu130"]),
        ("cupy-cuda12x", "cupy-rocm-7-0", ["cu126", "rocm7.0"]),
        ("paddlepaddle", "paddlepaddle-gpu", ["cpu", "cu130"]),
        ("jax[cuda12]", "jax[cuda13]", ["cu126", "cu130"]),
        ("jax", "jax[cuda13]", ["cpu", "cu130"]),
    ],
)
def test_known_alternative_packages_are_told_apart(first: str, second: str, expected: list[str]) -> None:
    assert list(proposed(groups(one=[first], two=[second, "numpy"])).values()) == expected


def test_tensorflow_groups_with_telling_names_take_the_backend_of_the_package() -> None:
    text = groups(ml_cpu=["tensorflow-cpu>=2.15"], ml_gpu=["tensorflow[and-cuda]>=2.15"])
    assert proposed(text) == {"ml-cpu": "cpu", "ml-gpu": "cu126"}


def test_a_name_beats_a_package_that_contradicts_it() -> None:
    assert proposed(groups(ml_cpu=["tensorflow"], ml_rocm=["tensorflow-rocm"])) == {
        "ml-cpu": "cpu",
        "ml-rocm": "rocm7.2",
    }


def test_an_edge_group_joins_the_variants_by_its_packages() -> None:
    text = groups(
        ml_cpu=["torch", "onnxruntime"], ml_gpu=["torch", "onnxruntime-gpu"], edge=["onnxruntime-gpu"]
    )
    assert proposed(text) == {"ml-cpu": "cpu", "ml-gpu": "cu130", "edge": "jetson"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        groups(docs=["mkdocs"], test=["pytest"]),
        groups(ml_gpu=["torch"]),
        groups(ml_gpu=["torch"], data=["numpy"]),
        groups(vision_gpu=["torchvision"], text_cpu=["sentencepiece"]),
        groups(one=["torch"], two=["torch"]),
        groups(ml_cpu=[], ml_gpu=[]),
        groups(one=["jax[cuda12]"], two=["jax[cuda12]"]),
    ],
)
def test_groups_that_are_no_alternatives_are_not_proposed(text: str) -> None:
    assert propose(project(text)) is None


def test_main_is_never_proposed() -> None:
    text = '[project]\nname = "a"\nversion = "1"\ndependencies = ["onnxruntime"]\n' + groups(
        gpu=["onnxruntime-gpu"]
    )
    assert propose(project(text)) is None


def test_a_group_that_is_not_optional_is_named_in_a_note_instead() -> None:
    found = proposal_for(project(groups(optional=False, ml_cpu=["torch"], ml_gpu=["torch"])))
    assert found.hardware is None
    advice = "but is not optional: write [tool.poetry.group.{}] optional = true."
    assert found.notes == (
        f'The group "ml-cpu" looks like a variant for cpu, {advice.format("ml-cpu")}',
        f'The group "ml-gpu" looks like a variant for cu130, {advice.format("ml-gpu")}',
    )


def test_optional_groups_are_proposed_beside_one_that_is_not() -> None:
    text = """
        [dependency-groups]
        ml-cpu = ["torch"]
        ml-gpu = ["torch"]
        ml-rocm = ["torch"]
        [tool.poetry.group.ml-cpu]
        optional = true
        [tool.poetry.group.ml-gpu]
        optional = true
    """
    found = proposal_for(project(text))
    assert found.hardware is not None
    assert [variant.group for variant in found.hardware.variants] == ["ml-cpu", "ml-gpu"]
    assert found.reasons == ("ml-cpu is cpu: its name says cpu", "ml-gpu is cu130: its name says gpu")
    assert len(found.notes) == 1
    assert "ml-rocm" in found.notes[0]


def test_groups_that_exclude_only_each_other_are_no_news_beside_a_proposal() -> None:
    text = """
        [dependency-groups]
        ml-cpu = ["torch"]
        ml-gpu = ["torch"]
        one = ["faiss-cpu"]
        two = ["faiss-gpu"]
        [tool.poetry.group.ml-cpu]
        optional = true
        [tool.poetry.group.ml-gpu]
        optional = true
    """
    assert proposal_for(project(text)).notes == ()


def test_the_first_of_two_sets_of_one_size_is_proposed() -> None:
    text = groups(faiss_cpu=["faiss-cpu"], faiss_gpu=["faiss-gpu"], ml_cpu=["torch"], ml_gpu=["torch"])
    assert list(proposed(text)) == ["faiss-cpu", "faiss-gpu"]


def test_a_group_that_only_brings_a_variant_along_is_left_out() -> None:
    text = """
        [dependency-groups]
        ml-cpu = ["torch", {include-group = "base"}]
        ml-gpu = ["torch", {include-group = "base"}]
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


def test_the_larger_of_two_sets_is_proposed() -> None:
    text = groups(
        faiss_cpu=["faiss-cpu"],
        faiss_gpu=["faiss-gpu"],
        ml_cpu=["torch"],
        ml_gpu=["torch"],
        ml_rocm=["torch"],
    )
    assert list(proposed(text)) == ["ml-cpu", "ml-gpu", "ml-rocm"]


def test_the_table_to_paste_reads_as_what_was_proposed() -> None:
    hardware = propose(project(groups(ml_cpu=["torch"], ml_gpu=["torch"])))
    assert hardware is not None
    assert as_toml(hardware) == '[tool.poetry-aiops.hardware.variants]\nml-cpu = "cpu"\nml-gpu = "cu130"\n'
    assert read_config(aiops_table(tomllib.loads(as_toml(hardware)))).hardware == hardware


def test_every_setting_is_written_into_the_table() -> None:
    path = "[tool.poetry-aiops.hardware.variants]"
    variants = (Variant("a", "cpu", f"{path} a"), Variant("b", "rocm7.2", f"{path} b"))
    hardware = HardwareConfig(variants, frozenset({"torch", "jax"}), "newest")
    assert as_toml(hardware).startswith(
        '[tool.poetry-aiops.hardware]\nprovides = ["jax", "torch"]\nmixed = "newest"\n\n'
    )
    assert read_config(aiops_table(tomllib.loads(as_toml(hardware)))).hardware == hardware


def test_a_name_that_is_no_bare_key_is_quoted_in_the_table() -> None:
    hardware = HardwareConfig((Variant("ml.cpu", "cpu", '[tool.poetry-aiops.hardware.variants] "ml.cpu"'),))
    assert as_toml(hardware) == '[tool.poetry-aiops.hardware.variants]\n"ml.cpu" = "cpu"\n'


EXTRAS = """
[project]
name = "a"
version = "1"
dependencies = ["rich"]
[project.optional-dependencies]
cpu = ["torch{cpu}"]
gpu = ["torch{gpu}"]
docs = ["mkdocs ; extra != 'slides'"]
"""
EXCLUSIVE = {"cpu": "; extra != 'gpu'", "gpu": "; extra != 'cpu'"}


def test_extras_that_exclude_each_other_are_proposed_with_reasons() -> None:
    found = proposal_for(project(EXTRAS.format(**EXCLUSIVE)))
    assert found.hardware is not None
    assert {variant.group: variant.backend for variant in found.hardware.variants} == {
        "cpu": "cpu",
        "gpu": "cu130",
    }
    assert found.reasons == ("cpu is cpu: its name says cpu", "gpu is cu130: its name says gpu")
    assert found.notes == ()


def test_one_marker_that_excludes_the_other_extra_is_enough() -> None:
    assert list(proposed(EXTRAS.format(cpu="", gpu=EXCLUSIVE["gpu"]))) == ["cpu", "gpu"]


@pytest.mark.parametrize("cpu", ["", "; extra == 'cpu'", "; extra != 'slides'"])
def test_extras_that_can_be_installed_together_are_not_proposed(cpu: str) -> None:
    assert propose(project(EXTRAS.format(cpu=cpu, gpu=""))) is None


def test_what_an_extra_asks_for_names_its_backend() -> None:
    text = """
        [project]
        name = "a"
        version = "1"
        [project.optional-dependencies]
        one = ["torch==2.6.0+cpu ; extra != 'two'"]
        two = ["torch==2.6.0+cu124 ; extra != 'one'"]
    """
    assert proposed(text) == {"one": "cpu", "two": "cu124"}


def test_groups_that_are_variants_come_before_extras() -> None:
    text = EXTRAS.format(**EXCLUSIVE) + groups(ml_cpu=["torch"], ml_gpu=["torch"])
    assert list(proposed(text)) == ["ml-cpu", "ml-gpu"]


def test_an_extra_with_the_name_of_a_group_is_not_proposed() -> None:
    text = EXTRAS.format(**EXCLUSIVE) + groups(optional=False, cpu=["rich"])
    assert propose(project(text)) is None


def test_notes_about_groups_stay_where_the_extras_say_nothing() -> None:
    text = EXTRAS.format(cpu="", gpu="") + groups(optional=False, ml_cpu=["torch"], ml_gpu=["torch"])
    assert len(proposal_for(project(text)).notes) == 2
