"""What a group's name, packages and sources say about its hardware, and which of them is believed first."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.locking.signals import Signal, builds_of, signal_of, stem_of, words_in
from poetry_aiops.project.pyproject import project_from


if TYPE_CHECKING:
    from poetry_aiops.project.model import Project


def project(name: str, wanted: list[str], more: str = "") -> Project:
    text = f'[dependency-groups]\n"{name}" = {wanted}\n{more}'
    return project_from(tomllib.loads(text), Path("pyproject.toml"))


def signal(name: str, *wanted: str, more: str = "") -> Signal | None:
    found = project(name, list(wanted), more)
    return signal_of(found, list(found.groups.values())[-1])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ml-cpu", ("cpu",)),
        ("Torch_GPU", ("gpu",)),
        ("torch-cuda12.-amd", ("cuda12", "amd")),
        ("cpuinfo", ()),
    ],
)
def test_hardware_words_are_taken_out_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert words_in(name) == words


@pytest.mark.parametrize(
    ("name", "stem"), [("ml-cpu", "ml"), ("ML_gpu", "ml"), ("my-ml.cpu-train", "my-ml-train"), ("gpu", "")]
)
def test_the_rest_of_a_name_is_its_stem(name: str, stem: str) -> None:
    assert stem_of(name) == stem


@pytest.mark.parametrize(
    ("name", "wanted", "expected"),
    [
        ("jetson-cu126", "torch==2.9+cu128", Signal("jetson", "its name says jetson")),
        ("ml-cu126", "tensorflow-cpu", Signal("cu126", "its name says cu126")),
        ("ml-gpu", "tensorflow-cpu", Signal("cu130", "its name says gpu")),
        ("ml-gpu", "tensorflow-rocm", Signal("rocm7.2", "it asks for tensorflow-rocm")),
        ("ml-gpu", "tensorflow", Signal("cu126", "it asks for tensorflow")),
        ("ml-cpu", "tensorflow", Signal("cpu", "its name says cpu")),
        ("ml", "torch==2.9+cu128", Signal("cu128", "torch is asked for as +cu128")),
        (
            "ml",
            "torch @ https://files.example/whl/rocm6.4/torch-2.9.0-py3-none-any.whl",
            Signal("rocm6.4", "torch comes from its own address (rocm6.4)"),
        ),
        ("ml", "torch", Signal("cu130", "torch comes from the default index")),
        ("ml", "numpy", None),
    ],
)
def test_the_strongest_thing_that_a_group_says_is_believed_and_told(
    name: str, wanted: str, expected: Signal | None
) -> None:
    assert signal(name, wanted) == expected


def test_a_word_for_the_cpu_in_the_name_does_not_beat_a_package_of_the_same_family() -> None:
    assert signal("ml-cpu", "onnxruntime") == Signal("cpu", "it asks for onnxruntime")


def test_a_source_is_found_by_its_name_in_any_case() -> None:
    more = """
        [tool.poetry.group.ml.dependencies]
        torch = { version = "*", source = "Wheels" }
        [[tool.poetry.source]]
        name = "wheels"
        url = "https://index.example/whl/cu128"
        priority = "explicit"
    """
    assert signal("ml", "torch", more=more) == Signal("cu128", "torch comes from the source Wheels (cu128)")


def test_a_build_is_told_apart_by_source_address_tag_and_hardware_extras() -> None:
    address = "https://files.example/b-1-py3-none-any.whl"
    text = f"""
        [tool.poetry.group.ml.dependencies]
        a = {{ version = "1.0+cu126", source = "wheels" }}
        b = {{ url = "{address}" }}
        jax = {{ version = "*", extras = ["cuda12", "minimum-jaxlib"] }}
    """
    found = project_from(tomllib.loads(text), Path("pyproject.toml"))
    assert builds_of(found.requirements_of("ml")) == {
        "a": {("wheels", "", "cu126", ())},
        "b": {("", address, "", ())},
        "jax": {("", "", "", ("cuda12",))},
    }
