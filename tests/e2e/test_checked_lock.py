"""The checker before every lock: gaps, packages that overwrite each other, pins, and accelerators of any name."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support.lockfile import machine_named
from tests.support.poetry_program import Project


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


def project(  # noqa: PLR0917 - one argument for each part of the file
    index: PackageIndex, folder: Path, main: str, groups: dict[str, str], table: str, hardware: str = ""
) -> Project:
    """Write a project: ``groups`` maps an optional group to the lines of its dependencies."""
    parts = [
        f'[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11,<3.13"\ndependencies = [{main}]',
        "[tool.poetry]\npackage-mode = false",
    ]
    for name, lines in groups.items():
        parts.append(
            f"[tool.poetry.group.{name}]\noptional = true\n[tool.poetry.group.{name}.dependencies]\n{lines}"
        )
    parts.append(f"[tool.poetry-aiops.hardware]\n{hardware}\n[tool.poetry-aiops.hardware.variants]\n{table}")
    for name, priority in (("pypi", "primary"), ("feed", "explicit")):
        parts.append(
            f'[[tool.poetry.source]]\nname = "{name}-mirror"\nurl = "{index.url(name)}"\npriority = "{priority}"'
        )
    folder.mkdir(exist_ok=True)
    made = Project(folder)
    made.pyproject.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return made


@pytest.fixture
def eyes(own_index: PackageIndex) -> PackageIndex:
    """Publish a shared package that asks for OpenCV, and OpenCV under two of its names."""
    for name, versions in {
        "opencv-python": ("4.10.0", "4.11.0"),
        "opencv-contrib-python": ("4.10.0", "4.12.0"),
    }.items():
        for version in versions:
            own_index.publish("pypi", name, version, ["numpy"])
    own_index.publish("pypi", "eyes", "1.0", ["opencv-python>=4.10,<4.12"])
    return own_index


def test_a_twin_stands_for_the_name_that_main_asks_for(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    made = project(
        eyes,
        tmp_path / "app",
        '"eyes"',
        {"plain": 'iniconfig = "*"', "contrib": 'opencv-contrib-python = "*"'},
        'plain = "cpu"\ncontrib = "cu126"',
    )
    done = own_poetry.must(made, "lock")
    lock = made.lockfile()
    assert "opencv-python is left to the hardware variants (required by eyes 1.0" in done.output
    assert "opencv-python" not in lock.selected("main")
    assert lock.selected("main", "plain")["opencv-python"] == "4.11.0"
    contrib = lock.selected("main", "contrib")
    assert "opencv-python" not in contrib
    assert contrib["opencv-contrib-python"] == "4.10.0"  # 4.12 is more than eyes accepts
    own_poetry.must(made, "check", "--lock")


def test_a_twin_on_some_machines_leaves_the_name_to_the_others(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    contrib = "opencv-contrib-python = {version = '*', markers = \"sys_platform == 'linux'\"}"
    made = project(eyes, tmp_path / "app", '"eyes"', {"contrib": contrib}, 'contrib = "cpu"')
    own_poetry.must(made, "lock")
    for machine, twin in (("linux-aarch64", "opencv-contrib-python"), ("windows-x86_64", "opencv-python")):
        selected = made.lockfile().selected("main", "contrib", machine=machine_named(machine))
        assert [name for name in selected if name.startswith("opencv")] == [twin]


def test_what_only_an_extra_reaches_enters_a_variant_with_that_extra(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    groups = {"bare": 'iniconfig = "*"', "contrib": 'opencv-contrib-python = "*"'}
    made = project(eyes, tmp_path / "app", "", groups, 'bare = "jetson"\ncontrib = "cu126"')
    made.edit("dependencies = []", 'dependencies = []\noptional-dependencies = { vision = ["eyes"] }')
    own_poetry.must(made, "lock")
    opencv = "Installing opencv-python (4.11.0)"
    with_extra = own_poetry.must(made, "install", "--dry-run", "--with", "bare", "-E", "vision")
    without = own_poetry.must(made, "install", "--dry-run", "--with", "bare")
    assert f"{opencv}\n" in with_extra.output
    assert f"{opencv}: Skipped" in without.output
    alone = own_poetry.must(made, "install", "--dry-run")
    left = "opencv-python is left to the hardware variants (required by eyes 1.0"
    assert left not in alone.output
    added = own_poetry.must(made, "add", "--group", "new", "eyes", "--lock")
    assert left in added.output, "of a group that pyproject.toml did not have yet"


def test_a_lock_that_is_older_than_the_variants_says_so_first(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    made = project(eyes, tmp_path / "app", "", {"old": 'iniconfig = "*"'}, 'old = "cpu"')
    own_poetry.must(made, "lock")
    made.pyproject.write_text(made.pyproject.read_text("utf-8").replace("old", "new"), "utf-8")
    for arguments, code in ((("check", "--lock"), 1), (("install", "--with", "new"), 2)):
        done = own_poetry.run(made, *arguments)
        assert (done.code, "written: run `poetry lock` first" in done.output) == (code, True), done
        assert "poetry.lock is older than this requirement" in done.output


def test_twins_in_a_shared_group_and_a_variant_are_refused(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    made = project(
        eyes,
        tmp_path / "app",
        '"opencv-python"',
        {"contrib": 'opencv-contrib-python = "*"'},
        'contrib = "cu126"',
    )
    done = own_poetry.run(made, "lock")
    assert (done.code, made.lock_path.exists()) == (2, False)
    assert "overwrite each other's files (cv2)" in done.output

    made.edit('["opencv-python"]', '[]\noptional-dependencies = { vision = ["opencv-python"] }')
    named = "with contrib and the extra vision: opencv-contrib-python and opencv-python overwrite"
    for reported in (("lock",), ("check", "--lock")):
        assert named in " ".join(own_poetry.must(made, *reported).output.split())
    own_poetry.must(made, "install", "--dry-run", "--with", "contrib")
    refused = own_poetry.run(made, "install", "--dry-run", "--with", "contrib", "-E", "vision")
    assert (refused.code, "Install contrib without this extra" in " ".join(refused.output.split())) == (
        2,
        True,
    )


def test_another_build_in_a_shared_group_is_refused_with_the_way_out(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    groups = {
        name: f'opencv-python = {{ version = "*", source = "{source}-mirror" }}'
        for name, source in (("shared", "pypi"), ("contrib", "feed"))
    }
    made = project(eyes, tmp_path / "app", "", groups, 'contrib = "cpu"')
    done = own_poetry.run(made, "lock")
    assert (done.code, made.lock_path.exists()) == (2, False)
    assert "source=feed-mirror" in done.output
    assert "delete it from the shared group's dependencies" in done.output


def test_a_gap_on_some_machines_is_refused_or_said_to_be_meant(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    eyes.publish("feed", "opencv-python", "4.11.0+feed")
    line = (
        "opencv-python = {version = '*', source = 'feed-mirror', markers = \"platform_machine == 'x86_64'\"}"
    )
    groups, table = {"feed": line, "other": 'iniconfig = "*"'}, 'feed = "cpu"\nother = "cu126"'
    made = project(eyes, tmp_path / "app", '"eyes"', groups, table)
    done = own_poetry.run(made, "lock")
    assert (done.code, made.lock_path.exists()) == (2, False)
    assert "with feed: opencv-python is missing (on linux-aarch64-py3.11" in done.output
    assert "required by eyes 1.0 (>=4.10,<4.12)" in done.output
    for hardware in ('platforms = ["linux-x86_64"]', 'provided-none = ["opencv-python"]'):
        own_poetry.must(project(eyes, tmp_path / "app", '"eyes"', groups, table, hardware), "lock")


def test_a_meant_absence_holds_for_variants_that_do_not_declare_the_package(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    for name in ("camera", "board"):
        eyes.publish("pypi", name, "1.0", tag="cp311-abi3-manylinux_2_28_aarch64")
    groups = {"desk": 'opencv-python = "*"', "edge": 'iniconfig = "*"\nboard = "*"'}
    made = project(
        eyes,
        tmp_path / "app",
        '"eyes", "camera"',
        groups,
        'desk = "cpu"\nedge = "jetson"',
        'provided-none = ["opencv-python"]\nplatforms = ["macos"]',
    )
    done = own_poetry.must(made, "lock")
    assert "edge fits no machine: jetson exists on linux-aarch64" in done.output
    assert "desk fits no machine" not in done.output
    assert "opencv-python" in made.lockfile().selected("main", "desk")
    assert made.lockfile().selected("main", "edge").keys() == {"eyes", "camera", "iniconfig", "board"}
    assert (
        "camera (1.0) has no file for macos-arm64, macos-x86_64: it cannot be installed there" in done.output
    )
    assert done.output.count("has no file for") == 1, (
        "board is for boards alone, and the others are for any machine"
    )


def test_a_pin_in_one_variant_narrows_the_shared_package(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    groups = {"one": 'opencv-python = "<4.11"', "two": 'iniconfig = "*"'}
    made = project(eyes, tmp_path / "app", '"eyes"', groups, 'one = "cpu"\ntwo = "gaudi"')
    own_poetry.must(made, "lock")
    selected = [
        made.lockfile().selected("main", *group)["opencv-python"] for group in ((), ("one",), ("two",))
    ]
    assert selected == ["4.10.0"] * 3


def test_pins_that_exclude_each_other_are_refused_with_who_wants_what(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    groups = {"one": 'opencv-python = "<4.11"', "two": 'opencv-python = ">=4.11"'}
    made = project(eyes, tmp_path / "app", '"eyes"', groups, 'one = "cpu"\ntwo = "cu126"')
    done = own_poetry.run(made, "lock")
    assert done.code == 2
    assert "with one: 4.10.0" in done.output
    assert "with two: 4.11.0" in done.output


def test_an_accelerator_of_any_name_is_locked_and_installed_by_name(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    groups = {"plain": 'opencv-python = "*"', "special": 'opencv-contrib-python = "*"'}
    made = project(eyes, tmp_path / "app", '"eyes"', groups, 'plain = "cpu"\nspecial = "ascend"')
    own_poetry.must(made, "lock")
    done = own_poetry.must(made, "hw-install", "--hardware", "special")
    assert "does not run" not in done.output
    assert "opencv-contrib-python" in made.installed()
    automatic = own_poetry.must(made, "hw-install", "--hardware", "auto", "--dry-run", "--target", "cpu")
    assert "special (ascend): undetectable" in automatic.output


def test_switching_between_twins_leaves_one_of_them_although_a_group_holds_both_by_marker(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    here, elsewhere = "os_name == 'posix'", "os_name != 'posix'"
    both = (
        f'opencv-contrib-python = {{version = "<4.12", markers = "{here}"}}\n'
        f'opencv-python = {{version = "*", markers = "{elsewhere}"}}'
    )
    groups = {"both": both, "plain": 'opencv-python = "*"'}
    made = project(eyes, tmp_path / "app", '"eyes"', groups, 'both = "cpu"\nplain = "cu126"')
    own_poetry.must(made, "lock")
    for *command, variant, twin in (
        ("hw-install", "--hardware", "plain", "opencv-python"),
        ("hw-install", "--hardware", "both", "opencv-contrib-python"),
        ("install", "--with", "plain", "opencv-python"),
    ):
        own_poetry.must(made, *command, variant)
        assert [name for name in made.installed() if name.startswith("opencv")] == [twin]
    own_poetry.must(made, "install", "--with", "both", "--no-plugins")
    assert "opencv-python" in made.installed()  # where Poetry alone left both, removing one breaks the other
    done = own_poetry.must(made, "sync", "--with", "both")
    assert "Removing opencv-python" in done.output
    assert "Updating opencv-contrib-python" in done.output
    assert "opencv-python" not in made.installed()


def test_releases_that_differ_between_variants_are_named(
    own_index: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    for index, versions in {"pypi": ("1.0", "2.0"), "feed": ("1.0+fast", "1.0")}.items():
        for version in versions:
            own_index.publish(index, "engine", version)
    groups = {"one": 'engine = "*"', "two": 'engine = {version = "*", source = "feed-mirror"}'}
    made = project(own_index, tmp_path / "app", "", groups, 'one = "cpu"\ntwo = "cu124"')
    differs = "engine differs between the variants: 1.0 in two, 2.0 in one"
    assert differs in own_poetry.must(made, "lock").output
    made.edit('engine = "*"', 'engine = "<2"')
    assert "differs" not in own_poetry.must(made, "lock").output


def test_plain_sync_exchanges_the_same_version_of_another_index(
    own_index: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    for index in ("pypi", "feed"):
        own_index.publish(index, "engine", "1.0", body=f"BUILD = {index!r}\n")
    groups = {"one": 'engine = "*"', "two": 'engine = {version = "*", source = "feed-mirror"}'}
    made = project(own_index, tmp_path / "app", "", groups, 'one = "cpu"\ntwo = "cu124"')
    own_poetry.must(made, "lock")
    for command, variant, build in (
        ("install", "one", "pypi"),
        ("sync", "two", "feed"),
        ("install", "one", "pypi"),
    ):
        own_poetry.must(made, command, "--with", variant)
        (module,) = (made.path / ".venv").rglob("engine.py")
        assert f"BUILD = {build!r}" in module.read_text(encoding="utf-8")


# -- the life of a variant ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [pytest.param("contrib", "renamed", marks=pytest.mark.slow), ('contrib = "cu126"', 'contrib = "cu130"')],
)
def test_a_remembered_variant_that_changed_is_chosen_anew(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path, old: str, new: str
) -> None:
    groups = {"plain": 'opencv-python = "*"', "contrib": 'opencv-contrib-python = "*"'}
    made = project(eyes, tmp_path / "app", '"eyes"', groups, 'plain = "cpu"\ncontrib = "cu126"')
    own_poetry.must(made, "lock")
    own_poetry.must(made, "hw-install", "--hardware", "contrib")
    text = made.pyproject.read_text(encoding="utf-8")
    made.pyproject.write_text(
        text.replace(old, new).replace("opencv-renamed", "opencv-contrib"), encoding="utf-8"
    )
    own_poetry.must(made, "lock")
    done = own_poetry.must(made, "hw-install")
    assert "this environment remembers" in done.output
    assert "choosing again" in done.output
    assert "Using plain (cpu)" in done.output
    assert "opencv-python" in made.installed()
    assert "remembers" not in own_poetry.must(made, "hw-install").output


def test_an_installation_that_did_not_finish_is_incomplete(
    eyes: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    made = project(eyes, tmp_path / "app", '"eyes"', {"plain": 'opencv-python = "*"'}, 'plain = "cpu"')
    own_poetry.must(made, "lock")
    eyes.stop()
    assert own_poetry.run(made, "hw-install").code == 1
    record = json.loads((made.path / ".venv" / "poetry-aiops.json").read_text(encoding="utf-8"))
    assert record["incomplete"] is True
    plain = own_poetry.run(made, "sync", "--dry-run").stderr
    assert "has an incomplete installation of the hardware variant plain" in plain
    assert "To complete it: `poetry hw-install --sync`." in plain
    checked = subprocess.run(
        [made.path / ".venv" / "bin" / "hw-check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, "incomplete" in checked.stderr) == (2, True)
    eyes.start()
    own_poetry.must(made, "hw-install")
    path = made.path / ".venv" / "poetry-aiops.json"
    assert json.loads(path.read_text(encoding="utf-8"))["incomplete"] is False
    text = made.pyproject.read_text(encoding="utf-8")
    made.edit('"eyes"', '"eyes>=1"')
    assert own_poetry.run(made, "hw-install").code == 1, "Poetry refuses the lock and installs nothing"
    assert json.loads(path.read_text(encoding="utf-8"))["incomplete"] is False
    made.pyproject.write_text(text, encoding="utf-8")
    path.unlink()
    path.mkdir()  # no record can be written
    done = own_poetry.must(made, "hw-install")
    assert done.output.count("cannot hold the record and hw-check") == 1
