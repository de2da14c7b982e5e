from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.config import HardwareConfig, Variant
from poetry_aiops.errors import ConfigError, InputError, UsageError
from poetry_aiops.locking.declaration import (
    check_declaration,
    provided_directly,
    refuse_several_variants,
    variant_kind,
)
from poetry_aiops.project.pyproject import project_from


if TYPE_CHECKING:
    from poetry_aiops.project.model import Project

VARIANTS = "[tool.poetry-aiops.hardware.variants]"
OPTIONAL = """
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-gpu]
optional = true
"""


def project(text: str) -> Project:
    return project_from(tomllib.loads(text), Path("pyproject.toml"))


def declared(**backends: str) -> HardwareConfig:
    names = {name.replace("_", "-"): backend for name, backend in backends.items()}
    return HardwareConfig(
        tuple(Variant(name, backend, f"{VARIANTS} {name}") for name, backend in names.items())
    )


CPU_AND_GPU = declared(ml_cpu="cpu", ml_gpu="cu126")


def refused(config: HardwareConfig, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        check_declaration(config, project(text))
    return caught.value


def test_optional_groups_apart_from_each_other_are_accepted() -> None:
    text = f"""
        [dependency-groups]
        ml-cpu = ["torch", {{include-group = "base"}}]
        ml-gpu = ["torch", {{include-group = "base"}}]
        base = ["numpy"]
        dev = ["pytest"]
        {OPTIONAL}
    """
    check_declaration(CPU_AND_GPU, project(text))


def test_variants_in_which_nothing_differs_are_accepted() -> None:
    check_declaration(declared(ml_cpu="cpu", ml_gpu="cpu"), project(OPTIONAL))


def test_an_unknown_group_is_refused_with_the_nearest_name_and_the_list() -> None:
    error = refused(declared(ml_cpu="cpu", ml_gpus="cu126"), OPTIONAL)
    assert error.where == f"{VARIANTS} ml-gpus"
    assert error.what == 'there is no dependency group "ml-gpus"'
    assert error.hint == 'Did you mean "ml-gpu"? The groups are: ml-cpu, ml-gpu.'


def test_a_project_without_groups_says_so() -> None:
    error = refused(CPU_AND_GPU, "")
    assert len(error.details) == 2
    assert all("The project has no groups yet." in detail for detail in error.details)


def test_a_group_that_is_not_optional_is_refused_with_the_line_that_makes_it_so() -> None:
    error = refused(
        CPU_AND_GPU, '[dependency-groups]\nml-cpu = ["torch"]\n[tool.poetry.group.ml-gpu]\noptional = true'
    )
    assert error.where == f"{VARIANTS} ml-cpu"
    assert "is not optional" in error.what
    assert error.hint == "Write [tool.poetry.group.ml-cpu] optional = true."


def test_main_cannot_be_a_variant() -> None:
    error = refused(declared(main="cpu", ml_gpu="cu126"), OPTIONAL)
    assert error.where == f"{VARIANTS} main"
    assert "always installed" in error.what
    assert error.hint == "Move the hardware's packages into an optional group and name that."


def test_a_variant_that_includes_another_is_refused() -> None:
    text = f'[dependency-groups]\nml-gpu = [{{include-group = "ml-cpu"}}]\nml-cpu = ["torch"]\n{OPTIONAL}'
    error = refused(CPU_AND_GPU, text)
    assert error.where == "[dependency-groups] ml-gpu"
    assert error.what == 'the variant includes the variant "ml-cpu"'
    assert error.hint == "Move what both need into a third group and include that."


def test_another_group_that_includes_a_variant_is_refused_with_what_to_do() -> None:
    text = f'[dependency-groups]\ndev = [{{include-group = "ml-cpu"}}]\nml-cpu = ["torch"]\n{OPTIONAL}'
    error = refused(CPU_AND_GPU, text)
    assert error.where == "[dependency-groups] dev"
    assert error.hint == "Remove this include; hw-install adds the variant that fits."


def test_a_variant_that_includes_another_through_a_group_is_refused_with_the_way() -> None:
    text = f"""
        [dependency-groups]
        ml-gpu = [{{include-group = "base"}}]
        base = ["numpy", {{include-group = "more"}}]
        more = [{{include-group = "ml-cpu"}}]
        ml-cpu = ["torch"]
        {OPTIONAL}
    """
    error = refused(CPU_AND_GPU, text)
    assert [detail.partition(" (Move")[0].partition(" (Remove")[0] for detail in error.details] == [
        '[dependency-groups] ml-gpu: the variant includes the variant "ml-cpu" (through base, more)',
        '[dependency-groups] base: it includes the hardware variant "ml-cpu" (through more), and would install it on every machine',
        '[dependency-groups] more: it includes the hardware variant "ml-cpu", and would install it on every machine',
    ]


def test_all_problems_are_told_in_one_error() -> None:
    text = """
        [dependency-groups]
        ml-cpu = ["torch"]
        dev = [{include-group = "ml-cpu"}]
    """
    error = refused(CPU_AND_GPU, text)
    assert [detail.partition(": ")[0] for detail in error.details] == [
        f"{VARIANTS} ml-cpu",
        f"{VARIANTS} ml-gpu",
        "[dependency-groups] dev",
    ]
    assert error.where == VARIANTS
    assert error.what == "3 entries do not fit the project's groups"
    assert (error.hint or "").startswith("Variants are optional groups that exclude each other;")


def test_packages_that_variants_declare_are_named_with_their_variants() -> None:
    text = f"""
        [dependency-groups]
        ml-cpu = ["torch", "Tensorflow_CPU"]
        ml-gpu = ["torch", "tensorflow", {{include-group = "base"}}]
        base = ["numpy"]
        {OPTIONAL}
    """
    assert dict(provided_directly(CPU_AND_GPU, project(text))) == {
        "torch": ("ml-cpu", "ml-gpu"),
        "tensorflow-cpu": ("ml-cpu",),
        "tensorflow": ("ml-gpu",),
        "numpy": ("ml-gpu",),
    }


def test_a_variant_without_its_group_cannot_be_asked_what_it_provides() -> None:
    with pytest.raises(InputError, match="no dependency group"):
        provided_directly(CPU_AND_GPU, project(""))


EXTRAS = """
[project]
name = "a"
version = "1"
dependencies = ["rich"]
[project.optional-dependencies]
ml-cpu = ["torch; extra != 'ml-gpu'"]
ml-gpu = ["torch; extra != 'ml-cpu'", "triton"]
"""


@pytest.mark.parametrize("more", ["", 'docs = ["mkdocs"]'])
def test_variants_that_are_all_extras_need_no_groups(more: str) -> None:
    found = project(EXTRAS + more)
    assert variant_kind(CPU_AND_GPU, found) == "extras"
    check_declaration(CPU_AND_GPU, found)


def test_variants_are_groups_where_the_project_has_both_or_nothing_is_declared() -> None:
    assert variant_kind(CPU_AND_GPU, project(EXTRAS + OPTIONAL)) == "groups"
    assert variant_kind(HardwareConfig(()), project(EXTRAS)) == "groups"


def test_an_extra_among_groups_is_refused_with_the_two_ways_out() -> None:
    text = EXTRAS + "[tool.poetry.group.ml-rocm]\noptional = true"
    error = refused(declared(ml_rocm="rocm7.2", ml_gpu="cu126"), text)
    assert error.where == f"{VARIANTS} ml-gpu"
    assert error.what == '"ml-gpu" is an extra, but other variants are groups'
    assert (error.hint or "").startswith("Variants are either all groups or all extras;")


def test_packages_that_extras_declare_are_named_with_their_extras() -> None:
    assert dict(provided_directly(CPU_AND_GPU, project(EXTRAS))) == {
        "torch": ("ml-cpu", "ml-gpu"),
        "triton": ("ml-gpu",),
    }


def test_a_group_is_asked_what_it_provides_also_where_an_extra_has_its_name() -> None:
    text = EXTRAS + '[dependency-groups]\nml-cpu = ["numpy"]\nml-gpu = []\n' + OPTIONAL
    assert dict(provided_directly(CPU_AND_GPU, project(text))) == {"numpy": ("ml-cpu",)}


def test_several_variants_at_once_are_refused_with_an_example_of_one() -> None:
    with pytest.raises(UsageError) as caught:
        refuse_several_variants(["a", "b", "c"], ["C", "a", "b"])
    assert caught.value.what.startswith("a, b and c are hardware variants that exclude each other")
    assert caught.value.hint == "Name one of them, for example `--with a`."


def test_the_advice_against_several_variants_names_the_option_that_was_used() -> None:
    with pytest.raises(UsageError, match=r"^b and c are hardware variants") as caught:
        refuse_several_variants(["a", "b", "c"], ["b", "c"], "--extras")
    assert caught.value.hint == "Name one of them, for example `--extras b`."
    refuse_several_variants(["a", "b", "c"], ["b", "B", "dev"])
