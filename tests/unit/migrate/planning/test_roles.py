"""What a requirements file becomes, by its name, its contents and the wish of the user."""

from __future__ import annotations

import pytest
from tests.support.neighbours import tree_of

from poetry_aiops.errors import UsageError
from poetry_aiops.migrate.planning.roles import Role, classify


def role_of(path: str, text: str = "six\n") -> Role:
    """Return the role of a file that stands beside a requirements.txt."""
    return classify(tree_of({"requirements.txt": "idna\n", path: text}, "requirements.txt", path), {})[path]


@pytest.mark.parametrize(
    "path",
    ["requirements/base.txt", "requirements-common.txt", "core-requirements.txt", "requirements/main.in"],
)
def test_shared_files_are_main(path: str) -> None:
    role = role_of(path)
    assert (role.kind, role.group, role.optional) == ("main", "main", False)


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("requirements-dev.txt", "dev"),
        ("dev-requirements.txt", "dev"),
        ("requirements/local.txt", "dev"),
        ("requirements_test.txt", "test"),
        ("requirements/testing.in", "test"),
        ("requirements-docs.txt", "docs"),
        ("requirements/linters.txt", "lint"),
        ("requirements-mypy.txt", "typing"),
        ("requirements-ci.txt", "ci"),
    ],
)
def test_files_of_developers_are_groups(path: str, group: str) -> None:
    role = role_of(path)
    assert (role.kind, role.group, role.optional) == ("group", group, False)


@pytest.mark.parametrize(
    ("path", "group"),
    [("requirements-notebooks.txt", "notebooks"), ("requirements/multi_modal.txt", "multi-modal")],
)
def test_other_names_are_optional_groups(path: str, group: str) -> None:
    role = role_of(path)
    assert (role.kind, role.group, role.optional) == ("group", group, True)


def test_files_that_would_share_a_group_keep_their_whole_names() -> None:
    files = {"requirements/docs.txt": "", "requirements/docs-blog.txt": "", "requirements/docs-api.txt": ""}
    same = {"requirements/test.txt": "", "requirements/test-ci.txt": "-r test.txt\n", "test-reqs.txt": ""}
    groups = {file: role.group for file, role in classify(tree_of({**files, **same}), {}).items()}
    assert list(groups.values()) == ["docs", "docs-blog", "docs-api", "test", "test", "test"]


@pytest.mark.parametrize(
    ("path", "group"), [('requirements-a"b.txt', "a-b"), ("requirements-ä.txt", "others")]
)
def test_a_group_has_a_name_that_every_tool_takes(path: str, group: str) -> None:
    assert role_of(path).group == group


@pytest.mark.parametrize(
    ("path", "text", "group", "backend"),
    [
        ("requirements-cpu.txt", "torch\n", "ml-cpu", "cpu"),
        ("requirements_cu128.txt", "torch\n", "ml-cu128", "cu128"),
        ("requirements_rocm6.3.txt", "torch\n", "ml-rocm6-3", "rocm6.3"),
        ("requirements-gpu.txt", "torch==2.7.0+cu126\n", "ml-cu126", "cu126"),
        ("requirements_nvidia.txt", "--index-url https://d.example/whl/cu118\ntorch\n", "ml-cu118", "cu118"),
        ("requirements_apple_intel.txt", "torch\n", "ml-cpu", "cpu"),
    ],
)
def test_files_for_hardware_are_variants(path: str, text: str, group: str, backend: str) -> None:
    role = role_of(path, text)
    assert (role.kind, role.group, role.backend, role.optional) == ("variant", group, backend, True)


@pytest.mark.parametrize(
    ("path", "text", "group", "backend"),
    [
        ("requirements-vulkan.txt", "torch==2.9.0+cu129\n", "vulkan", "cu129"),
        (
            "requirements-big.txt",
            "--index-url https://d.example/whl/rocm6.4\ntorchvision\n",
            "big",
            "rocm6.4",
        ),
        ("requirements-cu118.txt", "--index-url https://d.example/whl/cu121\ntorch\n", "ml-cu121", "cu121"),
        ("ml-gpu.txt", "torch==2.2.1\n", "ml-gpu", "cu121"),
        ("requirements-cuda.txt", "torch==2.8.0\n", "ml-cu128", "cu128"),
        ("requirements-cuda.txt", "torch==2.4.1\n", "ml-cu121", "cu121"),
        ("requirements-cuda.txt", "torch==2.5.1\n", "ml-cu124", "cu124"),
    ],
)
def test_an_index_and_a_version_say_more_than_a_name(path: str, text: str, group: str, backend: str) -> None:
    role = role_of(path, text)
    assert (role.kind, role.group, role.backend) == ("variant", group, backend)


@pytest.mark.parametrize(
    ("path", "text", "group"),
    [
        ("edge.txt", "onnxruntime==1.19.2\n", "edge"),
        ("requirements-notebooks.txt", "--index-url https://d.example/whl/cu121\njupyter\n", "notebooks"),
        ("requirements-dev.txt", "torch==2.9.0+cu129\n", "dev"),
    ],
)
def test_what_is_no_evidence_of_hardware(path: str, text: str, group: str) -> None:
    role = role_of(path, text)
    assert (role.kind, role.group, role.backend) == ("group", group, None)


def test_two_files_for_the_same_hardware_get_two_names() -> None:
    files: dict[str, str | bytes] = {
        "requirements_cpu_only.txt": "torch\n",
        "requirements_cpu_only_noavx2.txt": "torch\n",
    }
    roles = classify(tree_of(files, *files), {})
    assert len({role.group for role in roles.values()}) == 2
    assert {role.backend for role in roles.values()} == {"cpu"}


@pytest.mark.parametrize(
    ("path", "marker"),
    [
        ("requirements-windows.txt", 'sys_platform == "win32"'),
        (
            "requirements_macos_arm64.txt",
            'sys_platform == "darwin" and platform_machine in "arm64 aarch64 ARM64"',
        ),
    ],
)
def test_a_name_of_a_system_is_a_marker(path: str, marker: str) -> None:
    role = role_of(path)
    assert (role.kind, role.marker) == ("main", marker)


def test_a_constraints_file_only_constrains() -> None:
    role = role_of("constraints.txt")
    assert (role.kind, role.group, role.optional) == ("constraints", "constraints", True)


def test_a_compiled_file_beside_its_source_gives_pins() -> None:
    files: dict[str, str | bytes] = {
        "requirements/dev.in": "pytest\n",
        "requirements/dev.txt": "pytest==8.0\n",
    }
    roles = classify(tree_of(files, *files), {})
    assert roles["requirements/dev.in"].group == "dev"
    assert roles["requirements/dev.txt"].kind == "seed"
    assert roles["requirements/dev.txt"].group == "dev"
    assert roles["requirements/dev.txt"].pins == "requirements/dev.in"


def test_production_is_main_where_there_is_no_base() -> None:
    files: dict[str, str | bytes] = {
        "requirements/prod.txt": "six\n",
        "requirements/dev.txt": "-r prod.txt\n",
    }
    assert classify(tree_of(files, *files), {})["requirements/prod.txt"].kind == "group"
    alone: dict[str, str | bytes] = {"requirements/prod.txt": "six\n", "requirements/dev.txt": "pytest\n"}
    assert classify(tree_of(alone, *alone), {})["requirements/prod.txt"].kind == "main"


def test_the_only_file_is_main_whatever_its_name() -> None:
    assert (
        classify(tree_of({"requirements-app-x.txt": "six\n"}, "requirements-app-x.txt"), {})[
            "requirements-app-x.txt"
        ].kind
        == "main"
    )


def test_the_only_file_stays_a_group_where_it_says_so() -> None:
    assert (
        classify(tree_of({"requirements-dev.txt": "six\n"}, "requirements-dev.txt"), {})[
            "requirements-dev.txt"
        ].group
        == "dev"
    )


@pytest.mark.parametrize(
    ("name", "kind", "group", "backend"),
    [
        ("main", "main", "main", None),
        ("Dev_Tools", "group", "dev-tools", None),
        ("constraints", "constraints", "constraints", None),
        ("cu126", "variant", "ml-cu126", "cu126"),
        ("ml-cu126", "variant", "ml-cu126", "cu126"),
        ("gpu-rocm6.3", "variant", "gpu-rocm6-3", "rocm6.3"),
    ],
)
def test_the_user_has_the_last_word(name: str, kind: str, group: str, backend: str | None) -> None:
    role = classify(tree_of({"tools.txt": "six\n"}, "tools.txt"), {"tools.txt": name})["tools.txt"]
    assert (role.kind, role.group, role.backend) == (kind, group, backend)
    assert role.chosen


def test_a_file_that_is_not_given_cannot_be_chosen() -> None:
    with pytest.raises(UsageError, match=r"other\.txt is not one of the files") as caught:
        classify(tree_of({"requirements.txt": "six\n"}), {"other.txt": "dev"})
    assert "requirements.txt" in str(caught.value)


@pytest.mark.parametrize("name", ["a b", "ä", "-", 'x"y'])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a group"):
        classify(tree_of({"requirements.txt": "six\n"}), {"requirements.txt": name})
