"""What is planned for a project: its images, what they stand on, their Python, and what they run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import for_each
from tests.unit.scaffold.made import document, local, package, planned

from poetry_aiops.errors import UsageError
from poetry_aiops.project.model import PackageSource
from poetry_aiops.scaffold.model import Versions
from poetry_aiops.scaffold.options import ScaffoldOptions, ScaffoldRequest, asked


if TYPE_CHECKING:
    from poetry_aiops.scaffold.model import ScaffoldPlan


TWO = document("ml-cpu=cpu", "ml-gpu=cu126")
TORCH = (package("torch", "ml-cpu"), package("torch", "ml-gpu"))
NATIVE = tuple(
    f"fast-1.0-cp3{minor}-cp3{minor}-manylinux_2_28_{arch}.whl"
    for minor in (11, 12, 13)
    for arch in ("x86_64", "aarch64")
)


# -- images ---------------------------------------------------------------------------------------------


def given(**options: str) -> ScaffoldRequest:
    return ScaffoldRequest(
        "docker", Path("pyproject.toml"), {name: (text,) for name, text in options.items()}
    )


def test_each_variant_is_an_image_that_names_itself_to_hw_install() -> None:
    made = planned(TWO, *TORCH)
    assert [(image.stage, image.build, image.backend) for image in made.images] == [
        ("ml-cpu", "build-ml-cpu", "cpu"),
        ("ml-gpu", "build-ml-gpu", "cu126"),
    ]
    assert made.images[1].arguments == ("--profile", "production", "--hardware", "ml-gpu")
    assert made.plugin
    assert made.hardware


def test_production_is_the_cpu_variant_wherever_it_stands() -> None:
    assert planned(document("ml-gpu=cu126", "ml-cpu=cpu"), *TORCH).default.stage == "ml-cpu"


def test_production_is_the_first_variant_where_none_is_for_the_cpu() -> None:
    assert planned(document("ml-gpu=cu126", "ml-amd=rocm7.2"), *TORCH).default.stage == "ml-gpu"


def test_a_project_without_variants_is_one_image_without_the_plugin() -> None:
    made = planned(document(), package("fastapi"))
    assert [(image.stage, image.arguments) for image in made.images] == [("production", ("--only", "main"))]
    assert not made.plugin
    assert not made.hardware


def test_a_project_that_requires_the_plugin_gets_it_without_variants_too() -> None:
    asks = document()
    asks["tool"]["poetry"]["requires-plugins"] = {"poetry-aiops": ">=0.1"}
    assert planned(asks, package("fastapi")).plugin


def test_a_variant_for_macs_is_left_out_and_said() -> None:
    made = planned(document("ml-cpu=cpu", "ml-mps=mps"), *TORCH)
    assert [image.stage for image in made.images] == ["ml-cpu"]
    assert made.left_out == ("ml-mps (mps): a container on a Mac sees no GPU",)


def test_variants_for_macs_alone_make_no_image() -> None:
    macs = document("a=mps", "b=mps")
    with pytest.raises(UsageError, match="none of the hardware variants runs in a container"):
        planned(macs)


def test_a_variant_called_edge_is_installed_by_the_profile_edge() -> None:
    made = planned(document("ml-cpu=cpu", "edge=jetson"), package("onnxruntime", "edge"))
    assert made.images[1].arguments == ("--profile", "edge", "--hardware", "edge")


def test_an_own_profile_edge_is_an_image_on_the_variant_that_it_names() -> None:
    own = document("ml-cpu=cpu", "ml-gpu=cu126", aiops={"profiles": {"edge": {"variant": "ml-gpu"}}})
    edge = planned(own, *TORCH).images[-1]
    assert (edge.stage, edge.variant) == ("edge", "ml-gpu")
    assert edge.arguments == ("--profile", "edge", "--hardware", "ml-gpu")


def test_an_own_profile_edge_that_leaves_its_variant_open_takes_the_default_and_warns() -> None:
    own = document("ml-cpu=cpu", "ml-gpu=cu126", aiops={"profiles": {"edge": {"groups": ["main"]}}})
    made = planned(own, *TORCH)
    assert made.images[-1].arguments == ("--profile", "edge", "--hardware", "ml-cpu")
    assert any("the profile edge names no fixed variant" in text for text in made.warnings)


@for_each("name", ["python", "production", "scratch", "build-x", "3d", "runtime-ml"])
def test_a_variant_whose_name_a_dockerfile_needs_gets_another_stage(name: str) -> None:
    made = planned(document("ml-cpu=cpu", f"{name}=cu126"), *TORCH)
    assert made.images[1].stage == f"variant-{name}"
    assert made.images[1].arguments[-1] == name


# -- what they stand on ---------------------------------------------------------------------------------


def test_wheels_that_bring_their_cuda_libraries_need_no_more_than_python() -> None:
    image = planned(TWO, *TORCH).images[1]
    assert image.base.image.startswith("python:")
    assert image.reason == "torch includes its GPU libraries, so Python's image is enough"


@pytest.mark.parametrize("name", ["nvidia-cuda-runtime-cu12", "nvidia-cublas"])
def test_the_libraries_may_also_be_packages_of_their_own(name: str) -> None:
    image = planned(TWO, package("jax", "ml-gpu"), package(name, "ml-gpu")).images[1]
    assert image.reason.startswith(name)


def test_a_gpu_variant_whose_wheels_bring_no_libraries_stands_on_the_vendors_image() -> None:
    made = planned(TWO, package("onnxruntime-gpu", "ml-gpu"), asked=ScaffoldOptions(python="3.12"))
    base = made.images[1].base
    assert (base.image, base.brings_python) == ("nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04", False)
    assert not [text for text in made.warnings if "Python 3.12" in text]


def test_a_vendors_image_with_another_python_is_told() -> None:
    made = planned(TWO, package("cupy-cuda12x", "ml-gpu"), asked=ScaffoldOptions(python="3.13"))
    assert "has Python 3.12, and the other images 3.13; `--python 3.12` makes them alike" in made.warnings[-1]


def test_a_backend_without_an_exact_image_takes_the_newest_of_its_major_version() -> None:
    made = planned(document("ml-cpu=cpu", "ml-gpu=cu129"), package("cupy-cuda12x", "ml-gpu"))
    assert made.images[1].base.image == "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04"


def test_a_backend_that_no_vendors_image_serves_stays_on_python_and_warns() -> None:
    made = planned(document("ml-cpu=cpu", "ml-old=cu118"), package("cupy-cuda11x", "ml-old"))
    assert made.images[1].base.brings_python
    assert "no image of the vendor is known for cu118" in made.warnings[-1]


def test_intels_driver_is_installed_for_xpu() -> None:
    base = planned(document("ml-cpu=cpu", "ml-xpu=xpu"), package("torch", "ml-xpu")).images[1].base
    assert "libze-intel-gpu1" in base.packages
    assert base.brings_python


@pytest.mark.parametrize(
    ("wish", "image", "brings_python"),
    [
        ("slim", "python:${PYTHON_VERSION}-slim-trixie", True),
        ("vendor", "nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04", False),
        ("example.org:5000/base:1", "example.org:5000/base:1", False),
        ("python:3.12-bookworm", "python:3.12-bookworm", True),
    ],
)
def test_base_says_what_a_variant_stands_on(wish: str, image: str, *, brings_python: bool) -> None:
    made = planned(TWO, *TORCH, asked=asked(given(base=f"ml-gpu={wish}"), ["ml-cpu", "ml-gpu"]))
    assert (made.images[1].base.image, made.images[1].base.brings_python) == (image, brings_python)
    assert made.images[0].base.name == ""


# -- Python and compilers -------------------------------------------------------------------------------


def test_python_is_the_newest_that_the_project_allows() -> None:
    assert planned(document(requires=">=3.11,<3.14"), package("fastapi")).versions.python == "3.13"


def test_an_older_python_is_taken_where_the_newest_has_no_wheel() -> None:
    made = planned(document(), package("fast", files=[*NATIVE, "fast-1.0.tar.gz"]))
    assert made.versions.python == "3.13"
    assert made.compiled == ()


def test_what_has_no_wheel_for_any_python_needs_a_compiler() -> None:
    made = planned(document(), package("slow", files=["slow-1.0.tar.gz"]), package("fastapi"))
    assert made.compiled == ("slow",)


def test_a_compiler_is_not_needed_for_what_no_image_installs() -> None:
    docs = package("slow", "docs", files=["slow-1.0.tar.gz"])
    only_docs = document(group={"docs": {"optional": True}})
    only_docs["dependency-groups"]["docs"] = ["slow"]
    assert planned(only_docs, docs).compiled == ()


def test_what_only_a_development_image_builds_needs_the_compiler_as_well() -> None:
    assert planned(document(), package("slow", "dev", files=["slow-1.0.tar.gz"])).compiled == ("slow",)


def test_packages_for_other_systems_are_passed_over() -> None:
    windows = package(
        "pywin32", files=["pywin32-1.0-cp312-cp312-win_amd64.whl"], markers='sys_platform == "win32"'
    )
    assert planned(document(), windows).compiled == ()


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("3.10", "needs Python 3.11 or newer"),
        ("3.14.1", "is not a minor version of Python"),
        ("three", "is not a minor version of Python"),
        ("3.15", "the project does not allow Python 3.15"),
    ],
)
def test_a_python_that_cannot_be_is_refused(python: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        planned(document(), package("fastapi"), asked=ScaffoldOptions(python=python))


def test_a_project_for_no_python_that_images_have_is_refused() -> None:
    with pytest.raises(UsageError, match=r"the project allows Python <3\.10"):
        planned(document(requires="<3.10"), package("fastapi"))


# -- what they run --------------------------------------------------------------------------------------


def test_the_only_script_is_what_a_container_runs() -> None:
    project = document()
    project["project"]["scripts"] = {"serve": "chatbot:main"}
    assert planned(project).command == ("serve",)


def test_of_several_scripts_the_one_with_the_projects_name_is_run() -> None:
    scripts = {"chatbot": "chatbot:main", "other": "chatbot:other"}
    assert planned(document(scripts=scripts)).command == ("chatbot",)


@pytest.mark.parametrize("folder", ["", "src/"])
def test_a_package_that_can_be_run_is_run(folder: str) -> None:
    assert planned(document(), there=[f"{folder}chatbot/__main__.py"]).command == ("python", "-m", "chatbot")


def test_without_anything_to_run_python_starts_and_a_warning_says_how_to_change_that() -> None:
    made = planned(document())
    assert made.command == ("python",)
    assert "--command" in made.warnings[0]


def test_the_option_beats_what_the_project_says() -> None:
    project = document(scripts={"serve": "chatbot:main"})
    made = planned(project, package("uvicorn"), asked=asked(given(command="uvicorn 'a b' --port 1"), []))
    assert (made.command, made.port) == (("uvicorn", "a b", "--port", "1"), 1)


def serving(command: str, *packages: Any, **shape: Any) -> ScaffoldPlan:
    """Return the plan for a project with an extra ``web`` and a group ``serve`` that runs a command."""
    project = document(group={"serve": {"optional": True}}, **shape)
    project["project"]["optional-dependencies"] = {"web": ["hypercorn"]}
    project["dependency-groups"]["serve"] = ["gunicorn"]
    return planned(
        project, *packages, asked=asked(given(command=command), []), there=["src/chatbot/__init__.py"]
    )


def test_the_extra_that_brings_the_program_is_installed_everywhere() -> None:
    optional = package("hypercorn", markers='extra == "web"')
    for command in ("hypercorn chatbot.app:app", "python -m hypercorn chatbot.app:app"):
        made = serving(command, optional)
        assert made.images[0].arguments == ("--only", "main", "--extras", "web")
        assert "comes from the extra web" in made.warnings[0]
    assert serving("hypercorn chatbot.app:app", package("hypercorn")).extras == ()


def test_a_group_that_brings_the_program_has_to_be_part_of_the_profile() -> None:
    gunicorn = package("gunicorn", "serve")
    with pytest.raises(UsageError, match="gunicorn comes from the group serve") as caught:
        serving("gunicorn chatbot:app", gunicorn)
    assert 'production] groups = ["main", "serve"]' in str(caught.value)
    profile = {"profiles": {"production": {"groups": ["main", "serve"]}}}
    assert serving("gunicorn chatbot:app", gunicorn, aiops=profile).images[0].arguments == (
        "--only",
        "main,serve",
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("streamlit run app.py", "no locked package provides streamlit"),
        ("poetry run chatbot", "the final image contains no Poetry"),
    ],
)
def test_a_command_that_cannot_start_is_refused(command: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        serving(command)


def test_a_worker_class_has_to_be_installed_too_unless_it_is_gunicorns_or_the_projects() -> None:
    server = package("gunicorn")
    command = "gunicorn chatbot:app --worker-class=uvicorn.workers.UvicornWorker"
    with pytest.raises(UsageError, match="no locked package provides uvicorn"):
        serving(command, server)
    assert serving(command, server, package("uvicorn")).command[0] == "gunicorn"
    for own in ("gthread", "chatbot.workers.Worker"):
        assert not [
            text for text in serving(f"gunicorn chatbot:app -k {own}", server).warnings if own[:5] in text
        ]


def test_a_server_that_the_projects_code_starts_listens_on_every_address() -> None:
    made = serving("python app.py", package("gradio"), package_mode=False)
    assert made.environment == (("GRADIO_SERVER_NAME", "0.0.0.0"),)
    assert serving("python app.py", package("flask")).environment == ()


@for_each("command", ["sh -c true", "python -m http.server", "python -m chatbot", "/opt/run", "python"])
def test_programs_of_the_system_of_python_and_of_the_project_need_no_package(command: str) -> None:
    assert not [text for text in serving(command).warnings if "does not say which package" in text]


def test_a_program_of_unknown_origin_is_named() -> None:
    assert "does not say which package provides serve-all" in serving("serve-all").warnings[0]


@pytest.mark.parametrize(
    ("command", "port", "asks", "restart"),
    [
        ("streamlit run app.py --server.port=8501", 8501, "http://127.0.0.1:8501/_stcore/health", ""),
        ("gunicorn -b 0.0.0.0:9000 app", 9000, "create_connection(('127.0.0.1', 9000)", ""),
        ("celery -A jobs.app worker", None, 'celery -A "$0" inspect ping', "on-failure:3"),
        ("flask run", None, "", ""),
    ],
)
def test_servers_and_workers_are_asked_in_their_own_way(
    command: str, port: int | None, asks: str, restart: str
) -> None:
    made = serving(command, *map(package, ("streamlit", "gunicorn", "celery", "flask")))
    assert (made.port, made.restart) == (port, restart)
    assert asks in " ".join(made.health)
    assert bool(made.health) is bool(asks)


def test_a_server_that_nothing_outside_reaches_is_named() -> None:
    assert "listens on 127.0.0.1" in serving("uvicorn a:b --port 80", package("uvicorn")).warnings[0]
    assert serving("uvicorn a:b --host 0.0.0.0", package("uvicorn")).warnings == ()


def test_a_file_that_the_command_names_is_in_the_image() -> None:
    django = document()
    wishes = asked(given(command="python manage.py runserver 0.0.0.0:8000"), [])
    assert planned(django, asked=wishes, there=["manage.py"]).sources
    assert not planned(django, asked=wishes).sources


@pytest.mark.parametrize(
    ("command", "there", "sources"),
    [
        ("./start.sh", "start.sh", True),
        ("sh -c 'python manage.py migrate && exec gunicorn chatbot'", "manage.py", True),
        ("gunicorn site.wsgi", "site/wsgi.py", True),
        ("gunicorn --bind=:80 chatbot.wsgi:app", "chatbot/__init__.py", False),
    ],
)
def test_an_image_of_a_package_gets_the_files_that_its_wheel_lacks_and_the_command_names(
    command: str, there: str, *, sources: bool
) -> None:
    made = planned(
        document(),
        package("gunicorn"),
        asked=asked(given(command=command), []),
        there=[there],
        packaged=frozenset({"chatbot"}),
    )
    assert made.sources is sources


@pytest.mark.parametrize(
    "command", ["python -m chatbot", "gunicorn chatbot.wsgi", "celery --app=chatbot worker"]
)
def test_a_project_without_a_package_finds_its_modules_below_src(command: str) -> None:
    made = serving(command, package("gunicorn"), package("celery"), package_mode=False)
    assert (made.sources, made.python_path) == (True, "src")


def test_every_command_of_a_shell_needs_its_package_and_the_last_one_serves() -> None:
    text = "alembic upgrade head && PORT=9 exec hypercorn --bind 0.0.0.0:9000 chatbot:app"
    brought = package("alembic"), package("hypercorn", markers='extra == "web"')
    made = serving(f"sh -c '{text}'", *brought)
    assert (made.command, made.port, made.extras) == (("sh", "-c", text), 9000, ("web",))
    with pytest.raises(UsageError, match="no locked package provides alembic"):
        serving(f"sh -c '{text}'", brought[1])


def test_files_that_poetry_reads_before_any_source_is_there_are_known() -> None:
    project = document()
    project["project"]["license"] = {"file": "legal/LICENSE"}
    made = planned(project, there=["legal/LICENSE", "poetry.toml"])
    assert made.read_first == ("poetry.toml", "legal/LICENSE")


def test_a_workflow_runs_pytest_where_it_is_installed_and_has_something_to_run() -> None:
    assert planned(document(), package("pytest", "dev"), there=["tests/test_it.py"]).tests
    assert not planned(document(), package("pytest", "dev")).tests
    optional = document(group={"test": {"optional": True}})
    optional["dependency-groups"]["test"] = ["pytest"]
    assert not planned(optional, package("pytest", "test"), there=["tests/test_it.py"]).tests


# -- what the system has to bring -------------------------------------------------------------------------


def test_libraries_that_no_wheel_brings_are_installed_where_it_runs() -> None:
    made = planned(document(), package("soundfile"), package("psycopg"), asked=ScaffoldOptions(apt=("tini",)))
    assert made.images[0].base.packages == ("libpq5", "libsndfile1", "tini")
    assert planned(document(), package("psycopg"), package("psycopg-binary")).images[0].base.packages == ()
    assert planned(document(), package("opencv-python-headless")).images[0].base.packages == ()


def test_a_library_of_one_variant_is_on_its_base_alone() -> None:
    made = planned(TWO, package("torch", "ml-cpu"), package("cupy", "ml-gpu"), package("lightgbm", "ml-gpu"))
    assert [image.base.packages for image in made.images] == [(), ("libgomp1",)]


def test_a_source_archive_of_python_files_needs_no_compiler_and_a_native_one_its_headers() -> None:
    archives = [package(name, files=[f"{name}-1.0.tar.gz"]) for name in ("jieba", "mysqlclient")]
    made = planned(document(), *archives)
    assert made.compiled == ("mysqlclient",)
    assert made.build_packages == ("build-essential", "default-libmysqlclient-dev", "pkg-config")
    assert planned(document(), archives[0]).build_packages == ()


def test_a_folder_that_is_compiled_needs_its_compiler() -> None:
    assert planned(document(), compiles=["cargo"]).build_packages == ("cargo",)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("git@git.example:acme/lib.git", ("git.example",)),
        ("ssh://git@git.example:2222/acme/lib.git", ("git.example:2222",)),
        ("https://git.example/acme/lib.git", ()),
    ],
)
def test_git_over_ssh_is_known_by_its_address(url: str, hosts: tuple[str, ...]) -> None:
    assert planned(document(), package("lib", files=(), source=PackageSource("git", url))).ssh == hosts


def test_an_image_is_for_every_platform_that_the_lock_has_files_for() -> None:
    native = package("fast", files=["fast-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"])
    wishes = ScaffoldOptions(python="3.13")
    assert planned(document(), package("a"), asked=wishes).images[0].platforms == (
        "linux/amd64",
        "linux/arm64",
    )
    assert planned(document(), native, asked=wishes).images[0].platforms == ("linux/amd64",)
    rocm = planned(document("ml-cpu=cpu", "ml-amd=rocm7.2"), *map(package, ["torch"]), asked=wishes)
    assert rocm.images[1].platforms == ("linux/amd64",)


def test_a_folder_of_the_lock_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match=r"lib is locked from \./lib, which is missing"):
        planned(document(), local("lib", "./lib"), missing=["./lib"])


def test_a_plan_keeps_its_digest_until_the_project_changes() -> None:
    made = planned(document(), package("a"))
    assert (
        made.digest
        == replace(made, versions=Versions("2.9", "9", made.versions.python), warnings=("x",)).digest
    )
    pinned = replace(
        made.images[0],
        base=replace(made.images[0].base, image=f"{made.images[0].base.image}@sha256:{'0' * 64}"),
    )
    assert replace(made, images=(pinned,), default=pinned).digest == made.digest
    assert planned(document(), package("soundfile")).digest != made.digest


# -- what is around -------------------------------------------------------------------------------------


def test_folders_of_the_lock_are_copied_and_editable_ones_are_needed_at_run_time() -> None:
    made = planned(document(), local("lib", "libs/lib", develop=True), local("other", "./other"))
    assert [(one.source, one.target, one.context, one.editable) for one in made.local] == [
        ("libs/lib", "/app/libs/lib", None, True),
        ("other", "/app/other", None, False),
    ]


def test_what_lies_outside_of_the_project_has_a_build_context_of_its_own() -> None:
    made = planned(document(), local("common", "../common"), local("wheel", "../files/w.whl", kind="file"))
    assert made.contexts == {"common-source": "../common", "wheel-source": "../files"}
    assert [(one.source, one.target) for one in made.local] == [(".", "/common"), ("w.whl", "/files/w.whl")]


@pytest.mark.parametrize("url", ['a"b', "a$b", "a\nb"])
def test_a_folder_that_a_dockerfile_cannot_name_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="a Dockerfile cannot hold this path"):
        planned(document(), local("odd", url))


@pytest.mark.parametrize(
    ("url", "logins"),
    [("https://packages.example/simple", True), ("https://download.pytorch.org/whl/cpu", False)],
)
def test_a_source_that_may_ask_for_a_login_is_known(url: str, *, logins: bool) -> None:
    source = [{"name": "corp", "url": url, "priority": "explicit"}]
    assert planned(document(source=source)).logins is logins


@pytest.mark.parametrize(
    ("requires", "dynamic", "variables"),
    [
        ("setuptools-scm>=8", False, ("SETUPTOOLS_SCM_PRETEND_VERSION",)),
        ("hatch-vcs", False, ("SETUPTOOLS_SCM_PRETEND_VERSION",)),
        ("poetry-dynamic-versioning[plugin]", False, ("POETRY_DYNAMIC_VERSIONING_BYPASS",)),
        ("pdm-backend", False, ()),
        ("pdm-backend", True, ("PDM_BUILD_SCM_VERSION",)),
        ("poetry-core>=2", True, ()),
        ("not a requirement!", False, ()),
    ],
)
def test_a_backend_that_asks_git_for_the_version_is_told_it(
    requires: str, variables: tuple[str, ...], *, dynamic: bool
) -> None:
    project = document()
    project["build-system"] = {"requires": [requires]}
    if dynamic:
        project["project"]["dynamic"] = ["version"]
    assert planned(project).versioned_by == variables


# -- options --------------------------------------------------------------------------------------------


@for_each(
    ("option", "value", "said"),
    [
        ("command", "a 'b", "missing closing quote"),
        ("command", " ", "the command is empty"),
        ("port", "0", "is not a port"),
        ("port", "65536", "is not a port"),
        ("port", "²", "is not a port"),
        ("port", "9" * 5000, "is not a port"),
        ("base", "ml-gpu", "is not VARIANT=IMAGE"),
        ("base", "ml-gpuu=slim", 'Did you mean "ml-gpu"'),
        ("base", "ml-gpu=a b\nRUN x", "is not the name of an image"),
        ("apt", "ffmpeg;id", "is not the name of a Debian package"),
    ],
)
def test_an_option_that_cannot_be_read_says_so(option: str, value: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(given(**{option: value}), ["ml-cpu", "ml-gpu"])
    assert said in str(caught.value)
