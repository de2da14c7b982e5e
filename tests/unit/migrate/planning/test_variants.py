"""Packages that both main and hardware variants ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.migrations import migrated
from tests.support.neighbours import FILE


if TYPE_CHECKING:
    from tests.support.migrations import Files, Migration


def variants(main: str, cpu: str = "torch==2.7.0+cpu\n", cuda: str = "torch==2.7.0+cu128\n") -> Migration:
    return migrated({FILE: main, "requirements-cpu.txt": cpu, "requirements-cu128.txt": cuda})


def test_what_only_variants_ask_for_stays_there() -> None:
    migration = variants("numpy\n")
    assert migration.dependencies == ["numpy"]
    assert migration.listed("ml-cpu") == ["torch (==2.7.0+cpu)"]
    assert migration.listed("ml-cu128") == ["torch (==2.7.0+cu128)"]
    assert migration.document["tool"]["poetry-aiops"]["hardware"]["variants"] == {
        "ml-cpu": "cpu",
        "ml-cu128": "cu128",
    }


def test_a_package_with_builds_moves_from_main_into_every_variant() -> None:
    migration = variants("torch>=2\nnumpy\n")
    assert migration.dependencies == ["numpy"]
    assert migration.listed("ml-cpu") == ["torch (==2.7.0+cpu)"]
    assert migration.listed("ml-cu128") == ["torch (==2.7.0+cu128)"]
    assert migration.said[FILE, 1][1] == "[dependency-groups] ml-cpu, [dependency-groups] ml-cu128"


def test_a_variant_without_the_package_takes_it_from_main() -> None:
    migration = variants("torch>=2\n", cpu="numpy\n")
    assert migration.listed("ml-cpu") == ["numpy", "torch (>=2)"]


def test_one_hardware_file_alone_is_an_optional_group() -> None:
    index = "--extra-index-url https://download.pytorch.org/whl/rocm6.3\n"
    files: Files = {FILE: "numpy\n", "requirements-rocm6.3.txt": index + "torch==2.7.0+rocm6.3\n"}
    migration = migrated(files)
    assert migration.plan.edits.variants == ()
    assert "poetry-aiops" not in migration.document["tool"]
    role = migration.plan.roles["requirements-rocm6.3.txt"]
    assert (role.kind, role.group, role.optional, role.backend) == ("group", "ml-rocm6-3", True, None)
    assert migration.project.groups["ml-rocm6-3"].optional
    again = migrated({**files, "pyproject.toml": migration.text})
    assert again.text == migration.text
    assert again.plan.roles == migration.plan.roles


def test_a_build_that_one_hardware_file_gives_to_main_as_well_is_told() -> None:
    migration = migrated({FILE: "jax\nnumpy\n", "requirements-cuda.txt": "jax==0.5.0\nnumpy\n"})
    assert migration.whats("warning") == ["[project] dependencies gets jax (==0.5.0), too"]
    assert migration.dependencies == ["jax", "numpy"]


def test_one_hardware_file_beside_variants_of_the_project_is_a_variant() -> None:
    old = """\
[project]
name = "x"
version = "1"

[dependency-groups]
ml-cpu = ["torch==2.7.0+cpu"]
ml-cu126 = ["torch==2.7.0+cu126"]

[tool.poetry.group.ml-cpu]
optional = true

[tool.poetry.group.ml-cu126]
optional = true

[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ml-cu126 = "cu126"
"""
    migration = migrated({"requirements-cu128.txt": "torch==2.7.0+cu128\n", "pyproject.toml": old})
    assert migration.plan.edits.variants == (("ml-cu128", "cu128"),)


def test_what_a_variant_only_repeats_stays_in_main() -> None:
    migration = variants("numpy==1.26\nrequests[socks]>=2\n", cpu="torch==2.7.0+cpu\nnumpy\nrequests>=1\n")
    assert migration.dependencies == ["numpy (==1.26)", "requests[socks] (>=2)"]
    assert migration.listed("ml-cpu") == ["torch (==2.7.0+cpu)"]
    assert migration.said["requirements-cpu.txt", 2] == ("migrated", "", "other lines require the same")


def test_a_variant_that_says_more_is_narrowed_by_main() -> None:
    migration = variants("numpy[x]>=1.20\n", cpu="torch==2.7.0+cpu\nnumpy[y]<2\n")
    assert migration.dependencies == []
    assert migration.listed("ml-cpu") == ["torch (==2.7.0+cpu)", "numpy[x,y] (>=1.20,<2)"]
    assert migration.listed("ml-cu128") == ["torch (==2.7.0+cu128)", "numpy[x] (>=1.20)"]


def test_lines_with_markers_are_kept_beside_each_other() -> None:
    migration = variants('torch>=2 ; sys_platform == "linux"\n')
    assert migration.listed("ml-cpu") == ["torch (==2.7.0+cpu)", 'torch (>=2) ; sys_platform == "linux"']
    migration = variants("torch>=2\n", cpu='torch==2.7.0+cpu ; sys_platform == "linux"\n')
    assert migration.listed("ml-cpu") == ['torch (==2.7.0+cpu) ; sys_platform == "linux"', "torch (>=2)"]
    assert migration.document["tool"]["poetry"]["group"]["ml-cpu"]["dependencies"]["torch"] == [
        {"source": "pytorch-cpu", "markers": 'sys_platform == "linux"'},
        {"version": "*", "markers": 'sys_platform != "linux"'},
    ]


def test_an_address_in_a_variant_stays_beside_the_range_of_main() -> None:
    wheel = "https://h.example/torch-2.7.0-py3-none-any.whl"
    migration = variants("torch>=2\n", cpu=f"torch @ {wheel}\n")
    assert migration.listed("ml-cpu") == [f"torch @ {wheel}", "torch (>=2)"]


def test_a_variant_that_contradicts_main_is_told() -> None:
    migration = variants("torch<2\n")
    assert migration.whats("error") == [
        "torch (<2) contradicts torch (==2.7.0+cpu) at requirements-cpu.txt:1",
        "torch (<2) contradicts torch (==2.7.0+cu128) at requirements-cu128.txt:1",
    ]


def test_a_build_in_main_becomes_a_variant_of_its_own() -> None:
    migration = migrated({FILE: "torch==2.7.0+cu128\nnumpy\n", "requirements-cpu.txt": "torch==2.7.0+cpu\n"})
    assert migration.dependencies == ["numpy"]
    assert migration.listed("ml-cu128") == ["torch (==2.7.0+cu128)"]
    assert migration.plan.edits.variants == (("ml-cpu", "cpu"), ("ml-cu128", "cu128"))


def test_without_variants_main_keeps_its_build() -> None:
    migration = migrated({FILE: "torch==2.7.0+cu128\n"})
    assert migration.dependencies == ["torch (==2.7.0+cu128)"]
    assert migration.plan.edits.variants == ()
