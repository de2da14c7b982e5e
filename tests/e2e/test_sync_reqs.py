"""``poetry sync-reqs`` on the real program: what pip and uv make of its files, and what it never overwrites."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.installers import CleanEnvironment
from tests.support.poetry_program import Project
from tests.support.schemas import conforming
from tests.support.standard_index import PYPI


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import LockedProjects, ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


BASE = "config/requirements/base.txt"
DEV = "config/requirements/dev.txt"
CPU = "config/requirements/ml-cpu.txt"
GPU = "config/requirements/ml-gpu.txt"
CONSTRAINTS = "config/dependencies/constraints.txt"

FILES = {
    BASE: ("main",),
    "config/requirements/prod.txt": ("main",),
    DEV: ("main", "dev"),
    CPU: ("main", "ml-cpu"),
    GPU: ("main", "ml-gpu"),
    "pylock.ml-cpu.toml": ("main", "ml-cpu"),
    "pylock.ml-gpu.toml": ("main", "ml-gpu"),
}
SLOW_FILES = (BASE, "config/requirements/prod.txt", CPU, "pylock.ml-gpu.toml")
"""Of a kind that pip installs in the fast part, too."""

AUTO = f"{projects.EVERY_EXPORTED_FILE}auto = true\n"
EXTRA_VARIANTS = projects.SOUND_EXTRAS + projects.TWO_VARIANTS


def read(project: Project, path: str) -> str:
    return (project.path / path).read_text("utf-8")


def exported(project: Project) -> dict[str, bytes]:
    """Return every file that the default bundle may hold."""
    found = [*project.path.glob("config/**/*.txt"), *project.path.glob("pylock*.toml")]
    return {path.relative_to(project.path).as_posix(): path.read_bytes() for path in sorted(found)}


@pytest.fixture(scope="module")
def synced_once(
    locked_projects: LockedProjects, poetry: PoetryProgram, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    project = locked_projects.copy(projects.HW, poetry, tmp_path_factory.mktemp("synced"))
    projects.exporting_everything(project)
    poetry.must(project, "sync-reqs")
    return project


@pytest.fixture
def synced(synced_once: Project, tmp_path: Path) -> Project:
    """Return a project with two variants whose files are up to date."""
    shutil.copytree(synced_once.path, tmp_path / "project")
    return Project(tmp_path / "project")


# -- what others install from the files --------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [GPU, DEV, "pylock.ml-cpu.toml", *(pytest.param(path, marks=pytest.mark.slow) for path in SLOW_FILES)],
)
def test_pip_installs_exactly_what_the_lock_holds(synced: Project, tmp_path: Path, path: str) -> None:
    environment = CleanEnvironment.make(tmp_path / "clean")

    done = environment.pip(synced.path, "install", "-r", path)

    assert done.code == 0, done.output
    assert environment.installed() == synced.lockfile().selected(*FILES[path])


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES)
def test_uv_installs_exactly_what_the_lock_holds(synced: Project, tmp_path: Path, path: str) -> None:
    environment = CleanEnvironment.make(tmp_path / "clean")

    done = environment.uv(synced.path, "install", "-r", path)

    assert done.code == 0, done.output
    assert environment.installed() == synced.lockfile().selected(*FILES[path])


def test_two_files_of_the_bundle_can_be_installed_together(synced: Project, tmp_path: Path) -> None:
    environment = CleanEnvironment.make(tmp_path / "clean")
    done = environment.pip(synced.path, "install", "-r", DEV, "-r", CPU)
    assert done.code == 0, done.output
    assert environment.installed() == synced.lockfile().selected("main", "dev", "ml-cpu")


def test_constraints_hold_what_is_asked_for_by_name(
    synced: Project, tmp_path: Path, index: PackageIndex
) -> None:
    environment = CleanEnvironment.make(tmp_path / "clean")
    done = environment.pip(
        synced.path, "install", "--index-url", index.url(PYPI), "fastapi", "pytest", "-c", CONSTRAINTS
    )
    assert done.code == 0, done.output
    locked = synced.lockfile().selected("main", "dev")
    assert environment.installed() == locked
    assert "torch" not in read(synced, CONSTRAINTS)


@pytest.mark.parametrize("variant", [pytest.param("ml-cpu", marks=pytest.mark.slow), "ml-gpu"])
def test_variants_that_are_extras_have_their_files_too(
    poetry: PoetryProgram, locked_project: ProjectFactory, tmp_path: Path, variant: str
) -> None:
    project = projects.exporting_everything(locked_project(EXTRA_VARIANTS))
    poetry.must(project, "sync-reqs")
    environment = CleanEnvironment.make(tmp_path / "clean")

    done = environment.pip(project.path, "install", "-r", f"config/requirements/{variant}.txt")

    assert done.code == 0, done.output
    backend = {"ml-cpu": "+cpu", "ml-gpu": "+cu126"}[variant]
    assert environment.installed()["torch"].endswith(backend)
    assert "torch==" not in read(project, BASE)


@pytest.mark.every_poetry_minor
def test_every_poetry_writes_the_same_requirements(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = projects.exporting_everything(locked_project(projects.HW))
    poetry.must(project, "sync-reqs")
    assert set(exported(project)) == {*FILES, CONSTRAINTS}
    assert re.search(r"^triton==3\.6\.0 ; platform_system == \"Linux\" \\$", read(project, GPU), re.MULTILINE)
    assert poetry.must(project, "sync-reqs", "--check").stdout == "8 files are up to date with poetry.lock.\n"


def test_what_main_needs_from_the_variants_is_said_in_the_files_that_lack_it(
    poetry: PoetryProgram, locked_project: ProjectFactory, tmp_path: Path
) -> None:
    project = projects.exporting_everything(locked_project(projects.MAIN_REACHES_TORCH))
    poetry.must(project, "sync-reqs")
    said = f"# lightning needs torch: only the hardware variants contain it; install one of {CPU}, {GPU}."
    assert said in read(project, BASE)
    assert said not in read(project, CPU)
    alone = CleanEnvironment.make(tmp_path / "base")
    assert alone.pip(project.path, "install", "-r", BASE).code != 0, "pip took an unlocked torch"
    both = CleanEnvironment.make(tmp_path / "cpu")
    assert both.pip(project.path, "install", "-r", CPU).code == 0
    assert both.installed() == project.lockfile().selected("main", "ml-cpu")


def test_a_marker_that_is_wider_beside_another_group_is_written_there(
    poetry: PoetryProgram, locked_project: ProjectFactory, tmp_path: Path
) -> None:
    project = locked_project(projects.ORDINARY)
    lock = project.lock_path.read_text("utf-8")
    narrow = 'groups = ["main", "dev"]\nmarkers = {main = "sys_platform == \\"win32\\""}\n'
    lock = re.sub(r'(name = "iniconfig"\n(?:.+\n)*?)groups = \["dev"\]\n', lambda m: m[1] + narrow, lock)
    project.lock_path.write_text(lock, "utf-8")
    poetry.must(project, "sync-reqs")
    environment = CleanEnvironment.make(tmp_path / "clean")

    done = environment.pip(project.path, "install", "-r", DEV)

    assert 'iniconfig==2.0.0 ; sys_platform == "win32"' in read(project, BASE)
    assert "iniconfig==2.0.0 \\" in read(project, DEV)
    assert done.code == 0, done.output
    assert environment.installed() == project.lockfile().selected("main", "dev")


# -- locks of older formats ---------------------------------------------------------------------------------


def test_a_lock_without_groups_gives_the_same_requirements(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    today, before = locked_project(projects.ORDINARY), locked_project(projects.ORDINARY, "before")
    text = before.lock_path.read_text("utf-8")
    text = re.sub(r"^(groups|markers) = .*\n", "", text, flags=re.MULTILINE)
    before.lock_path.write_text(text.replace('lock-version = "2.1"', 'lock-version = "2.0"'), "utf-8")
    for project in (today, before):
        projects.exporting_everything(project)
        poetry.must(project, "sync-reqs")

    for path in (BASE, DEV, "pylock.toml"):
        assert without_digests(read(before, path)) == without_digests(read(today, path))


def without_digests(text: str) -> str:
    return re.sub(r"sha256(:| = \")[0-9a-f]{64}", "", text)


# -- three-way comparison -----------------------------------------------------------------------------------


def test_a_second_run_writes_nothing(synced: Project, poetry: PoetryProgram) -> None:
    before = {path: (synced.path / path).stat().st_mtime_ns for path in exported(synced)}
    done = poetry.must(synced, "sync-reqs")
    assert done.stdout == "8 files are up to date with poetry.lock.\n"
    assert {path: (synced.path / path).stat().st_mtime_ns for path in exported(synced)} == before


def test_a_lock_that_moved_on_is_drift_for_check_and_a_reason_to_write_for_sync(
    synced: Project, poetry: PoetryProgram
) -> None:
    synced.edit('fastapi = "^0.109.0"', 'fastapi = "^0.110.0"')
    poetry.must(synced, "lock")
    before = exported(synced)

    check = poetry.run(synced, "sync-reqs", "--check")

    assert check.code == 1
    assert f"{BASE} does not match poetry.lock" in check.stderr
    assert "-fastapi==0.109.0" in check.stdout
    assert "+fastapi==0.110.0" in check.stdout
    assert exported(synced) == before
    poetry.must(synced, "sync-reqs")
    assert "fastapi==0.110.0" in read(synced, BASE)
    poetry.must(synced, "sync-reqs", "--check")


def test_a_stale_lock_is_refused(synced: Project, poetry: PoetryProgram) -> None:
    synced.edit('fastapi = "^0.109.0"', 'fastapi = "^0.110.0"')
    before = exported(synced)
    done = poetry.run(synced, "sync-reqs")
    assert done.code == 2
    assert "Run `poetry lock` first." in done.stderr
    assert exported(synced) == before


def test_an_edit_by_hand_is_shown_and_kept_while_the_others_are_written(
    synced: Project, poetry: PoetryProgram
) -> None:
    base, dev = synced.path / BASE, synced.path / DEV
    edited = read(synced, BASE).replace("pydantic==2.6.0 \\", "pydantic==2.5.0 \\")
    base.write_text(edited, "utf-8")
    dev.unlink()

    done = poetry.run(synced, "sync-reqs")

    assert done.code == 1
    assert f"{BASE}: was edited by hand and was not changed" in done.stderr
    assert [line.strip() for line in done.stderr.splitlines() if line.startswith("  ")] == [
        "-pydantic==2.6.0 \\",
        "+pydantic==2.5.0 \\",
    ]
    assert base.read_text("utf-8") == edited
    assert dev.exists()
    assert poetry.run(synced, "sync-reqs", "--check").code == 1
    poetry.must(synced, "sync-reqs", "--force")
    assert "pydantic==2.6.0" in read(synced, BASE)


def test_an_edit_by_hand_is_kept_when_the_lock_moved_on_as_well(
    synced: Project, poetry: PoetryProgram
) -> None:
    base = synced.path / BASE
    edited = read(synced, BASE) + "internal-tool==1.0\n"
    base.write_text(edited, "utf-8")
    synced.edit('fastapi = "^0.109.0"', 'fastapi = "^0.110.0"')
    poetry.must(synced, "lock")

    done = poetry.run(synced, "sync-reqs")

    assert done.code == 1
    assert "-internal-tool==1.0" in done.stderr
    assert "poetry.lock has changed as well" in done.stderr
    assert base.read_text("utf-8") == edited


def test_a_file_that_was_never_ours_is_not_overwritten(
    locked_project: ProjectFactory, poetry: PoetryProgram
) -> None:
    project = locked_project(projects.ORDINARY)
    base = project.path / BASE
    base.parent.mkdir(parents=True)
    pins = "".join(f"package-{n}==1.0 \\\n    --hash=sha256:{n:064}\n" for n in range(300))
    base.write_text(pins, "utf-8")

    done, check = poetry.run(project, "sync-reqs"), poetry.run(project, "sync-reqs", "--check")

    assert done.code == 1
    assert "was not written by poetry sync-reqs" in done.stderr
    assert len(done.stderr.splitlines()) <= 10
    assert "hash" not in done.stderr + check.stdout
    assert len(check.stdout.splitlines()) <= 10
    assert check.stderr.splitlines()[-1].startswith("1 of 2 files are out of date. `poetry sync-reqs` leaves")
    assert "`poetry sync-reqs --force`" in check.stderr.splitlines()[-1]
    assert base.read_text("utf-8") == pins
    poetry.must(project, "sync-reqs", "--force")
    assert "requests==2.31.0" in read(project, BASE)


def test_line_ends_of_windows_are_no_edit(synced: Project, poetry: PoetryProgram) -> None:
    base = synced.path / BASE
    base.write_bytes(base.read_bytes().replace(b"\n", b"\r\n"))
    poetry.must(synced, "sync-reqs", "--check")


def test_files_of_a_variant_that_is_gone_are_removed(synced: Project, poetry: PoetryProgram) -> None:
    (synced.path / "config/requirements/own.txt").write_text("mine\n", "utf-8")
    synced.edit('ml-gpu = "cu126"', 'other = "cu126"')
    text = synced.pyproject.read_text("utf-8").replace("group.ml-gpu", "group.other")
    synced.pyproject.write_text(text, "utf-8")
    poetry.must(synced, "lock")

    done = poetry.must(synced, "sync-reqs")

    assert f"Removed {GPU}" in done.stdout
    assert "Removed pylock.ml-gpu.toml" in done.stdout
    assert not (synced.path / GPU).exists()
    assert (synced.path / "config/requirements/other.txt").exists()
    assert (synced.path / "config/requirements/own.txt").exists()


def test_a_dry_run_shows_and_writes_nothing(locked_project: ProjectFactory, poetry: PoetryProgram) -> None:
    project = locked_project(projects.ORDINARY)
    done = poetry.must(project, "sync-reqs", "--dry-run")
    assert "+requests==2.31.0" in done.stdout
    assert exported(project) == {}


def test_json_tells_each_file_and_nothing_else_is_printed(synced: Project, poetry: PoetryProgram) -> None:
    (synced.path / DEV).unlink()
    done = poetry.run(synced, "sync-reqs", "--check", "--format", "json", "-vvv")
    document = conforming(done.stdout)
    states = {file["path"]: (file["state"], file["action"]) for file in document["files"]}
    assert states[DEV] == ("missing", "would-write")
    assert states[BASE] == ("current", "none")
    assert (done.code, document["exit_code"], document["check"]) == (1, 1, True)


# -- configuration ------------------------------------------------------------------------------------------


def test_configured_files_alone_are_written_where_the_defaults_are_turned_off(
    poetry: PoetryProgram, locked_project: ProjectFactory, tmp_path: Path
) -> None:
    project = locked_project(projects.HW)
    project.pyproject.write_text(
        project.pyproject.read_text("utf-8")
        + """
[tool.poetry-aiops.export]
hashes = false
defaults = false
[tool.poetry-aiops.export.files]
"requirements.txt" = {}
"docker/gpu.txt" = { groups = ["main", "ml-gpu", "dev"], base = "requirements.txt" }
"constraints-all.txt" = { groups = ["main", "dev"] }
""",
        "utf-8",
    )
    poetry.must(project, "sync-reqs")

    assert exported(project) == {}
    assert "-r ../requirements.txt\n" in read(project, "docker/gpu.txt")
    assert "--hash" not in read(project, "requirements.txt")
    assert "pytest==7.4.3\n" in read(project, "constraints-all.txt")
    environment = CleanEnvironment.make(tmp_path / "clean")
    assert environment.pip(project.path, "install", "-r", "docker/gpu.txt").code == 0
    assert environment.installed() == project.lockfile().selected("main", "dev", "ml-gpu")


def test_with_an_added_file_the_others_go_on_following_the_lock(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.ORDINARY)
    poetry.must(project, "sync-reqs")
    assert set(exported(project)) == {BASE, DEV}
    project.edit('requests = "^2.30"', 'requests = ">=2.30,<2.31"')
    own = '\n[tool.poetry-aiops.export.files]\n"docker/own.txt" = {}\n'
    project.pyproject.write_text(project.pyproject.read_text("utf-8") + own, "utf-8")
    poetry.must(project, "lock")

    poetry.must(project, "sync-reqs")

    assert all("requests==2.30.0" in read(project, path) for path in (BASE, "docker/own.txt"))


def test_everything_wrong_in_the_configuration_is_told_at_once(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    project.pyproject.write_text(
        project.pyproject.read_text("utf-8")
        + """
[tool.poetry-aiops.export]
atuo = true
[tool.poetry-aiops.export.files]
"../out.txt" = {}
"poetry.lock" = {}
"pylock.a.b.toml" = {}
"x.txt" = { format = "pylok" }
""",
        "utf-8",
    )
    done = poetry.run(project, "sync-reqs")
    assert done.code == 2
    for said in (
        'Did you mean "auto"?',
        "../out.txt",
        "poetry.lock",
        "pylock.a.b.toml",
        'Did you mean "pylock"?',
    ):
        assert said in done.stderr


def test_a_symbolic_link_does_not_lead_out_of_the_project(
    poetry: PoetryProgram, locked_project: ProjectFactory, tmp_path: Path
) -> None:
    project = locked_project(projects.ORDINARY)
    outside = tmp_path / "outside"
    outside.mkdir()
    (project.path / "config").symlink_to(outside)
    done = poetry.run(project, "sync-reqs")
    assert done.code == 2
    assert "leads out of the project" in done.stderr
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--check", "--watch"), "exclude each other"),
        (("--python", "3.12"), "--wheelhouse DIR"),
        (("--watch", "--format", "json"), "--watch"),
        (("--format", "xml"), "json"),
        (("--wheelhouse", "w"), "--hardware"),
        (("--wheelhouse", "w", "--hardware", "cu127"), 'Did you mean "cu126"?'),
        (
            ("--wheelhouse", "w", "--hardware", "cpu", "--platform", "linux-x86"),
            'Did you mean "linux-x86_64"?',
        ),
        (("--wheelhouse", "w", "--hardware", "cpu", "--python", "3.9"), "does not allow Python 3.9"),
    ],
)
def test_options_that_cannot_be_followed_are_usage_errors(
    synced: Project, poetry: PoetryProgram, arguments: tuple[str, ...], said: str
) -> None:
    done = poetry.run(synced, "sync-reqs", *arguments)
    assert done.code == 2
    assert said in done.stderr
    assert not (synced.path / "w").exists()


def test_without_a_lock_the_next_step_is_named(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    project = new_project(projects.ORDINARY)
    done = poetry.run(project, "sync-reqs")
    assert done.code == 2
    assert "Run `poetry lock` first." in done.stderr


# -- auto ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_auto_follows_every_command_that_locks_and_is_silent_otherwise(
    poetry: PoetryProgram, new_project: ProjectFactory, index: PackageIndex
) -> None:
    project = new_project(projects.ORDINARY + AUTO)

    first = poetry.must(project, "lock")
    assert "Updated from poetry.lock: config/requirements/base.txt" in first.stdout
    assert "requests==2.31.0" in read(project, BASE)
    assert "Brought" not in poetry.must(project, "lock").output

    poetry.must(project, "add", "--lock", "numpy")
    assert "numpy==2.2.0" in read(project, BASE)
    poetry.must(project, "remove", "--lock", "numpy")
    assert "numpy" not in read(project, BASE)
    project.edit('requests = "^2.30"', 'requests = ">=2.30,<2.31"')
    poetry.must(project, "update", "--lock")
    assert "requests==2.30.0" in read(project, BASE)
    poetry.must(
        project,
        "hw-add",
        "torch",
        "--variants",
        "cpu,cu126",
        POETRY_AIOPS_TORCH_INDEX=index.root + "/{backend}/simple/",
    )
    assert "torch==2.11.0+cpu" in read(project, CPU)
    poetry.must(project, "sync-reqs", "--check")


def test_auto_never_fails_the_command_and_keeps_edits(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.ORDINARY + AUTO)
    poetry.must(project, "lock")
    edited = read(project, BASE) + "mine==1\n"
    (project.path / BASE).write_text(edited, "utf-8")
    project.edit('requests = "^2.30"', 'requests = ">=2.30,<2.31"')

    done = poetry.must(project, "lock")

    assert f"{BASE} was edited by hand and was not changed" in " ".join(done.stderr.split())
    assert read(project, BASE) == edited
    project.edit("auto = true", "auto = true\nhashs = true")
    broken = poetry.must(project, "lock")
    assert 'Did you mean "hashes"?' in broken.stderr


def test_without_auto_nothing_is_written(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    project = new_project(projects.ORDINARY)
    poetry.must(project, "lock")
    assert exported(project) == {}
