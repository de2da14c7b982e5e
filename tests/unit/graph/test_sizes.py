"""Which file of a locked package an installer takes on a machine, and what all of them weigh."""

from __future__ import annotations

from packaging import tags
from tests.support.every import for_each

from poetry_aiops.graph.model import Arrival, BuildChange, Diff
from poetry_aiops.graph.sizes import NO_FILE_FITS, BuildSize, Sizes
from poetry_aiops.project.model import LockedFile
from poetry_aiops.project.wheels import best_file, ranked_tags, tags_on


NUMPY = (
    "numpy-2.2.0-cp312-cp312-macosx_14_0_arm64.whl",
    "numpy-2.2.0-cp312-cp312-macosx_10_13_x86_64.whl",
    "numpy-2.2.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "numpy-2.2.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    "numpy-2.2.0-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
    "numpy-2.2.0-cp312-cp312-musllinux_1_2_x86_64.whl",
    "numpy-2.2.0-cp312-cp312-win_amd64.whl",
    "numpy-2.2.0-cp313-cp313-win_amd64.whl",
    "numpy-2.2.0.tar.gz",
)


def chosen(python: str, system: str, arch: str, *names: str, **more: str) -> str:
    files = [LockedFile(name, f"sha256:{name}") for name in names or NUMPY]
    found = best_file(files, tags_on(python, system=system, arch=arch, **more))
    return found.name.removeprefix("numpy-2.2.0-") if found else ""


@for_each(
    ("python", "system", "arch", "more", "taken"),
    [
        ("3.12", "linux", "x86_64", {}, "cp312-cp312-manylinux_2_28_x86_64.whl"),
        (
            "3.12",
            "linux",
            "x86_64",
            {"libc": "glibc 2.17"},
            "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        ),
        ("3.12", "linux", "aarch64", {}, "cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl"),
        ("3.12", "linux", "x86_64", {"libc": "musl"}, "cp312-cp312-musllinux_1_2_x86_64.whl"),
        ("3.12", "macos", "arm64", {}, "cp312-cp312-macosx_14_0_arm64.whl"),
        ("3.12", "macos", "arm64", {"os_version": "13.6"}, "numpy-2.2.0.tar.gz"),
        ("3.12", "macos", "x86_64", {}, "cp312-cp312-macosx_10_13_x86_64.whl"),
        ("3.12", "windows", "amd64", {}, "cp312-cp312-win_amd64.whl"),
        ("3.13", "windows", "amd64", {}, "cp313-cp313-win_amd64.whl"),
        ("3.14", "windows", "amd64", {}, "numpy-2.2.0.tar.gz"),
    ],
)
def test_the_wheel_for_the_machine_is_taken_before_the_source(
    python: str, system: str, arch: str, more: dict[str, str], taken: str
) -> None:
    assert chosen(python, system, arch, **more) == taken


def test_a_wheel_for_everyone_and_a_stable_interface_are_taken() -> None:
    assert chosen("3.12", "linux", "x86_64", "idna-3.7-py3-none-any.whl", "idna-3.7.tar.gz").endswith(".whl")
    stable = ("x-1-cp38-abi3-manylinux2014_x86_64.whl", "x-1.tar.gz")
    assert chosen("3.13", "linux", "x86_64", *stable) == stable[0]


def test_no_file_is_taken_where_none_fits_and_odd_names_are_passed_over() -> None:
    assert chosen("3.12", "linux", "x86_64", "pywin32-310-cp312-cp312-win_amd64.whl") == ""
    assert chosen("3.12", "linux", "x86_64", "x.whl", "a-b.whl", "x-1.0-py3.egg", "sha256:00") == ""
    assert best_file((), {}) is None


def test_the_order_for_this_machine_is_that_of_packaging() -> None:
    running = tags.interpreter_version()
    python = f"{running[0]}.{running[1:]}"
    ours = list(ranked_tags(python, tags.platform_tags()))
    theirs = [tag for tag in tags.sys_tags() if tag in set(ours)]
    assert ours == list(dict.fromkeys(theirs))


def test_of_several_builds_of_a_name_the_largest_counts() -> None:
    sizes = Sizes(
        "linux",
        (
            BuildSize("torch", "2.9+cpu", "pytorch-cpu", "a.whl", 200),
            BuildSize("torch", "2.9+cu126", "pytorch-cu126", "b.whl", 800),
            BuildSize("idna", "3.7", "", "i.whl", 70),
            BuildSize("tool", "1", reason="it comes from a git repository"),
        ),
    )
    assert sizes.by_name() == {"torch": 800, "idna": 70}
    assert sizes.total == 870
    assert [one.name for one in sizes.unknown] == ["tool"]
    assert sizes.by_build()["torch", "2.9+cpu", "pytorch-cpu"].size == 200


def test_a_diff_is_weighed_where_every_size_is_known() -> None:
    sizes = Sizes(
        "linux",
        (
            BuildSize("torch", "2.9+cpu", "cpu", "a.whl", 200),
            BuildSize("torch", "2.9", reason=NO_FILE_FITS),
            BuildSize("torch", "2.9+cu126", "gpu", "b.whl", 800),
            BuildSize("cuda", "12", "", "c.whl", 500),
            BuildSize("mkl", "1", "", "m.whl", 30),
            BuildSize("git-tool", "1", reason="it comes from a git repository"),
        ),
    )
    cuda, mkl = (
        Arrival("cuda", ("12",), ("cuda",), direct=True),
        Arrival("mkl", ("1",), ("mkl",), direct=True),
    )
    torch = BuildChange("torch", ("2.9", "2.9+cpu from cpu"), ("2.9+cu126 from gpu",))
    change = Diff("a", "b", (cuda,), (mkl,), (torch,), (), (), (), (), 0)
    assert sizes.change(change) == 500 + 800 - 200 - 30
    for unknown in ("git-tool", "never-asked"):
        more = Arrival(unknown, ("1",), (unknown,), direct=True)
        assert sizes.change(Diff("a", "b", (more,), (), (), (), (), (), (), 0)) is None
