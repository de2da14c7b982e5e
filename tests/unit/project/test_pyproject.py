from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.support.every import for_each

from poetry_aiops.errors import InputError
from poetry_aiops.project.model import Project, Requirement
from poetry_aiops.project.pyproject import aiops_table, project_from, read_project


def read(text: str) -> Project:
    return project_from(tomllib.loads(text), Path("pyproject.toml"))


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(text)
    return caught.value


def test_standard_dependencies_are_read() -> None:
    project = read("""
        [project]
        name = "Demo"
        version = "1.2"
        requires-python = ">=3.11"
        dependencies = [
          "torch (>=2.1,<3.0)",
          "Req_Uests[Socks,security] ~= 2.0 ; sys_platform == 'win32'",
          "numpy>=1.26 # the oldest with wheels ;python_version<'3.13'",
          "rich",
        ]
        [project.optional-dependencies]
        GPU_x = ["cupy>=13"]
    """)
    assert (project.name, project.version, project.requires_python, project.python) == (
        "Demo",
        "1.2",
        ">=3.11",
        ">=3.11",
    )
    assert project.package_mode is True
    assert project.main.key_path == "[project] dependencies"
    assert project.main.requirements == (
        Requirement("torch", "torch", ">=2.1,<3.0"),
        Requirement(
            "req-uests", "Req_Uests", "~= 2.0", extras=("security", "socks"), marker='sys_platform == "win32"'
        ),
        Requirement("numpy", "numpy", ">=1.26", marker='python_version < "3.13"'),
        Requirement("rich", "rich"),
        Requirement("cupy", "cupy", ">=13", optional=True, in_extras=("gpu-x",)),
    )
    assert dict(project.extras) == {"gpu-x": ("cupy",)}


def test_build_tags_in_ranges_are_read_as_poetry_does() -> None:
    project = read("""
        [dependency-groups]
        ml = ["torch (>=2.1.0+cpu,<3.0.0) ; python_version >= '3.11'", "torch-x==2.1.0+cu126", "y @ https://h.example/a+b.zip"]
    """)
    assert [(one.constraint, one.marker) for one in project.groups["ml"].requirements] == [
        (">=2.1.0+cpu,<3.0.0", 'python_version >= "3.11"'),
        ("==2.1.0+cu126", ""),
        ("*", ""),
    ]


@for_each(
    ("url", "origin"),
    [
        ("https://files.example/foo-1.0-py3-none-any.whl", "url"),
        ("git+https://git.example/foo.git@main", "git"),
        ("file:///srv/foo-1.0.tar.gz", "file"),
        ("file:../foo", "path"),
        ("../foo", "path"),
    ],
)
def test_a_direct_reference_says_where_the_package_comes_from(url: str, origin: str) -> None:
    project = read(f'[project]\nname = "a"\nversion = "1"\ndependencies = ["foo @ {url}"]')
    (requirement,) = project.main.requirements
    assert (requirement.origin, requirement.location, requirement.constraint) == (origin, url, "*")


def test_poetrys_own_tables_are_read() -> None:
    project = read("""
        [tool.poetry]
        name = "demo"
        version = "0.1.0"
        package-mode = false
        [tool.poetry.dependencies]
        Python = "^3.11"
        Fast_API = "^0.109.0"
        torch = { version = "^2.1.0+cpu", source = "pytorch-cpu", optional = true, extras = ["opt_einsum"] }
        sub = { path = "../sub", develop = true }
        wheel = { path = "wheels/wheel-1.0-py3-none-any.whl" }
        net = { url = "https://files.example/net-1.0.zip" }
        vcs = { git = "https://git.example/vcs.git", branch = "main" }
        [tool.poetry.extras]
        Deep = ["Torch", "not-there"]
    """)
    assert (project.name, project.package_mode, project.requires_python, project.python) == (
        "demo",
        False,
        "*",
        "^3.11",
    )
    assert project.main.key_path == "[tool.poetry.dependencies]"
    assert project.main.requirements == (
        Requirement("fast-api", "Fast_API", "^0.109.0"),
        Requirement(
            "torch",
            "torch",
            "^2.1.0+cpu",
            extras=("opt-einsum",),
            source="pytorch-cpu",
            optional=True,
            in_extras=("deep",),
        ),
        Requirement("sub", "sub", origin="path", location="../sub", develop=True),
        Requirement("wheel", "wheel", origin="file", location="wheels/wheel-1.0-py3-none-any.whl"),
        Requirement("net", "net", origin="url", location="https://files.example/net-1.0.zip"),
        Requirement("vcs", "vcs", origin="git", location="https://git.example/vcs.git"),
    )
    assert dict(project.extras) == {"deep": ("torch",)}


def test_several_constraints_of_one_name_become_several_requirements() -> None:
    project = read("""
        [tool.poetry.dependencies]
        torch = [
          { version = "^2.1", python = "<3.12", platform = "linux" },
          { version = "^2.4", markers = "python_version >= '3.12' or sys_platform == 'darwin'", platform = "!=win32" },
          "^2.5",
        ]
    """)
    assert [(one.constraint, one.marker) for one in project.main.requirements] == [
        ("^2.1", 'python_version < "3.12" and sys_platform == "linux"'),
        ("^2.4", "(python_version >= '3.12' or sys_platform == 'darwin') and sys_platform != \"win32\""),
        ("^2.5", ""),
    ]


def test_groups_of_both_kinds_are_read() -> None:
    project = read("""
        [dependency-groups]
        ML_cpu = ["torch>=2", { include-group = "Base.x" }]
        "base.x" = ["numpy"]
        [tool.poetry.group.ML_cpu]
        optional = true
        include-groups = ["docs"]
        [tool.poetry.group.ML_cpu.dependencies]
        torch = { source = "pytorch-cpu" }
        [tool.poetry.group.docs.dependencies]
        python = "^3.12"
        mkdocs = "*"
        [tool.poetry.dev-dependencies]
        pytest = "^8"
    """)
    assert list(project.groups) == ["main", "ml-cpu", "base-x", "docs", "dev"]
    variant = project.groups["ml-cpu"]
    assert (variant.pretty_name, variant.optional, variant.includes) == ("ML_cpu", True, ("base-x", "docs"))
    assert variant.key_path == "[dependency-groups] ML_cpu"
    assert variant.requirements == (Requirement("torch", "torch", ">=2", source="pytorch-cpu"),)
    assert [one.name for one in project.requirements_of("ml-cpu")] == ["torch", "numpy", "mkdocs"]
    assert project.groups["docs"].key_path == "[tool.poetry.group.docs]"
    assert project.groups["dev"].key_path == "[tool.poetry.dev-dependencies]"
    assert project.groups["dev"].optional is False


def test_poetrys_table_enriches_standard_dependencies() -> None:
    project = read("""
        [project]
        name = "demo"
        version = "1"
        requires-python = ">=3.10,<4.0"
        dependencies = ["torch>=2.0", "local>=1.0", "plain>=1 ; os_name == 'nt'", "direct @ ../direct"]
        [tool.poetry.dependencies]
        python = "^3.11"
        torch = { version = "^2.1", source = "pytorch-cpu" }
        local = { path = "../local", develop = true }
        plain = { markers = "os_name == 'posix'", source = "never-fits" }
        direct = { develop = true }
        unrelated = "*"
    """)
    assert project.python == "^3.11"
    assert project.requires_python == ">=3.10,<4.0"
    assert project.main.requirements == (
        Requirement("torch", "torch", ">=2.0,^2.1", source="pytorch-cpu"),
        Requirement("local", "local", ">=1.0", origin="path", location="../local", develop=True),
        Requirement("plain", "plain", ">=1", marker='os_name == "nt"'),
        Requirement("direct", "direct", origin="path", location="../direct", develop=True),
    )


def test_exclusive_extras_take_the_source_whose_marker_fits() -> None:
    project = read("""
        [project]
        name = "demo"
        version = "1"
        [project.optional-dependencies]
        cpu = ["torch>=2.1"]
        cuda = ["torch>=2.1"]
        [tool.poetry.dependencies]
        torch = [
          { markers = "extra == 'cpu' and extra != 'cuda'", source = "pytorch-cpu" },
          { markers = "extra == 'cuda' and extra != 'cpu'", source = "pytorch-cuda" },
        ]
    """)
    assert [(one.source, one.in_extras) for one in project.main.requirements] == [
        ("pytorch-cpu", ("cpu",)),
        ("pytorch-cuda", ("cuda",)),
    ]
    assert dict(project.extras) == {"cpu": ("torch",), "cuda": ("torch",)}


def test_dynamic_dependencies_come_from_poetrys_table() -> None:
    project = read("""
        [project]
        name = "demo"
        version = "1"
        dynamic = ["dependencies"]
        [project.optional-dependencies]
        gpu = ["cupy"]
        [tool.poetry.dependencies]
        numpy = "^2"
    """)
    assert [one.name for one in project.main.requirements] == ["cupy", "numpy"]


def test_extras_of_poetry_are_ignored_beside_standard_dependencies() -> None:
    project = read("""
        [project]
        name = "demo"
        version = "1"
        dependencies = ["torch"]
        [tool.poetry.extras]
        gpu = ["torch"]
    """)
    assert dict(project.extras) == {}
    assert project.main.requirements == (Requirement("torch", "torch"),)


def test_sources_are_read_with_their_priority() -> None:
    project = read("""
        [[tool.poetry.source]]
        name = "PyPI"
        priority = "supplemental"
        [[tool.poetry.source]]
        name = "pytorch-cpu"
        url = "https://index.example/whl/cpu"
        priority = "Explicit"
        [[tool.poetry.source]]
        name = "mirror"
        url = "https://index.example/simple"
    """)
    assert [(one.name, one.url, one.priority) for one in project.sources] == [
        ("PyPI", "", "supplemental"),
        ("pytorch-cpu", "https://index.example/whl/cpu", "explicit"),
        ("mirror", "https://index.example/simple", "primary"),
    ]


def test_an_empty_project_has_an_empty_main_group() -> None:
    project = read("")
    assert list(project.groups) == ["main"]
    assert project.main.requirements == ()
    assert project.python == "*"


def test_every_wrong_entry_is_named_by_its_key_path() -> None:
    error = refused("""
        [project]
        name = 3
        dependencies = ["torch ==", 7]
        [dependency-groups]
        ml = [{ include = "base" }]
        [tool.poetry]
        source = [{ name = "x", priority = "first" }]
        [tool.poetry.dependencies]
        numpy = { version = "^two" }
        [tool.poetry.group.docs]
        optional = "yes"
    """)
    assert error.where == "pyproject.toml"
    assert "[project] name: must be text in quotes, but is a number" in error.details
    places = [detail.partition(": ")[0] for detail in error.details]
    assert set(places) == {
        "[project] name",
        "[project] dependencies",
        "[project] dependencies[1]",
        "[dependency-groups] ml[0].include-group",
        "[[tool.poetry.source]] 1 url",
        "[[tool.poetry.source]] 1 priority",
        "[tool.poetry.dependencies] numpy",
        "[tool.poetry.group.docs] optional",
    }


def test_a_single_wrong_entry_is_told_with_its_own_advice() -> None:
    error = refused('[tool.poetry.dependencies]\npython = "three"')
    assert error.where == "[tool.poetry.dependencies] python"
    assert error.hint is not None
    assert "^3.11" in error.hint
    assert error.details == ()


def test_one_group_in_two_spellings_is_refused() -> None:
    error = refused("[dependency-groups]\nml_cpu = []\n[tool.poetry.group.ml-cpu]\noptional = true")
    assert "ml_cpu, ml-cpu" in error.what


def test_a_group_cannot_be_called_main() -> None:
    assert 'called "main"' in refused("[dependency-groups]\nMain = []").what


def test_groups_that_include_each_other_are_told_once() -> None:
    error = refused('[dependency-groups]\na = [{include-group = "b"}]\nb = [{include-group = "a"}]')
    assert error.what == "dependency groups include each other: a -> b -> a"
    assert error.details == ()


def test_an_unknown_include_is_told_with_its_group() -> None:
    error = refused('[tool.poetry.group.a]\ninclude-groups = ["nowhere"]')
    assert error.where == "[tool.poetry.group.a]"
    assert '"nowhere", which is not defined' in error.what


def test_a_file_is_read_and_its_broken_line_named(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "demo"\n', encoding="utf-8")
    assert read_project(path).name == "demo"
    path.write_text("[project]\nname = demo\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_project(path)
    assert caught.value.where == "pyproject.toml:2:8"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", {}), ("tool = 1", {}), ("[tool.poetry-aiops]\na = 1", {"a": 1}), ("[tool]\npoetry-aiops = 3", 3)],
)
def test_the_plugins_own_table_is_handed_out_as_it_stands(text: str, expected: object) -> None:
    assert aiops_table(tomllib.loads(text)) == expected


def test_a_requirement_with_a_number_of_hundreds_of_digits_is_refused_where_it_stands() -> None:
    error = refused(f'[project]\ndependencies = ["torch (>={"9" * 5000})"]')
    assert error.where == "[project] dependencies"
    assert error.what == "a requirement holds a number of hundreds of digits"


def test_groups_may_include_each_other_deeper_than_python_calls() -> None:
    depth = 1_100
    chain = "".join(f'g{level} = [{{include-group = "g{level + 1}"}}]\n' for level in range(depth))
    project = read(f"[dependency-groups]\n{chain}g{depth} = []\n")
    assert project.included("g0") == tuple(f"g{level}" for level in range(1, depth + 1))
