from __future__ import annotations

import difflib
import tomllib
from pathlib import Path

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.project.edit import GroupEdit, ProjectEdit, apply_edit
from poetry_aiops.project.edit_text import NewRequirement
from poetry_aiops.project.model import Source
from poetry_aiops.project.pyproject import project_from


PYPROJECT = Path("pyproject.toml")

LEGACY = """\
# the whole project
[tool.poetry]
name = "demo"   # a name
version = "1"
package-mode = false

[tool.poetry.dependencies]
python = "^3.11"
# the framework
torch = "^2.10"
fastapi = "*"    # the web part

[tool.poetry.group.dev.dependencies]
pytest = "*"

# how it is built
[build-system]
requires = ["poetry-core"]
"""

STANDARD = """\
[project]
name = "demo"
version = "1"
dependencies = [
  "fastapi",      # the web part
  "torch>=2.10",  # the framework
  "rich",
]

[dependency-groups]
dev = ["pytest"]

[tool.poetry]
package-mode = false
"""

CU126 = NewRequirement("torch", ">=2.6,<2.15", source="pytorch-cu126")
CPU = (
    NewRequirement("torch", "^2.6", marker="platform_system != 'Darwin'", source="pytorch-cpu"),
    NewRequirement("torch", "^2.6", marker="platform_system == 'Darwin'"),
)
SOURCE = Source("pytorch-cu126", "https://index.example/cu126", "explicit")
MOVED = GroupEdit("main", drop=frozenset({"torch"}))


def applied(text: str, *groups: GroupEdit, **rest: object) -> str:
    return apply_edit(text, ProjectEdit(groups, **rest), PYPROJECT)  # type: ignore[arg-type]  # each test names its own


def lost_lines(before: str, after: str) -> list[str]:
    """Return the lines that a diff calls removed."""
    return [
        line[2:] for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line.startswith("- ")
    ]


@pytest.mark.parametrize("text", [LEGACY, STANDARD])
def test_only_the_lines_of_the_moved_package_go(text: str) -> None:
    after = applied(text, GroupEdit("ml-cu126", (CU126,)), MOVED, sources=(SOURCE,))
    (gone,) = lost_lines(text, after)
    assert "torch" in gone


def test_a_new_group_stands_after_the_other_groups_and_a_source_after_it() -> None:
    after = applied(
        LEGACY, GroupEdit("ml-cu126", (CU126,)), sources=(SOURCE,), variants=(("ml-cu126", "cu126"),)
    )
    assert after.endswith(
        """\
[tool.poetry.group.dev.dependencies]
pytest = "*"

[tool.poetry.group.ml-cu126]
optional = true

[tool.poetry.group.ml-cu126.dependencies]
torch = {version = ">=2.6,<2.15", source = "pytorch-cu126"}

[[tool.poetry.source]]
name = "pytorch-cu126"
url = "https://index.example/cu126"
priority = "explicit"

# how it is built
[build-system]
requires = ["poetry-core"]

[tool.poetry-aiops.hardware.variants]
ml-cu126 = "cu126"
"""
    )


def test_a_new_group_of_a_standard_project_is_a_standard_list_with_poetrys_source() -> None:
    after = applied(STANDARD, GroupEdit("ml-cu126", (CU126,)), GroupEdit("ml-cpu", CPU))
    document = tomllib.loads(after)
    assert document["dependency-groups"]["ml-cu126"] == ["torch (>=2.6,<2.15)"]
    assert document["dependency-groups"]["ml-cpu"] == ["torch (>=2.6,<3.0)"]
    groups = document["tool"]["poetry"]["group"]
    assert groups["ml-cu126"] == {"optional": True, "dependencies": {"torch": {"source": "pytorch-cu126"}}}
    assert groups["ml-cpu"]["dependencies"]["torch"] == [
        {"source": "pytorch-cpu", "markers": "platform_system != 'Darwin'"},
        {"markers": "platform_system == 'Darwin'"},
    ]


def test_what_was_written_is_read_back_as_it_was_meant() -> None:
    for text in (LEGACY, STANDARD):
        project = project_from(tomllib.loads(applied(text, GroupEdit("ml-cpu", CPU))), PYPROJECT)
        group = project.groups["ml-cpu"]
        assert group.optional
        assert sorted((one.source or "", one.marker.replace('"', "'")) for one in group.requirements) == [
            ("", "platform_system == 'Darwin'"),
            ("pytorch-cpu", "platform_system != 'Darwin'"),
        ]


@pytest.mark.parametrize("text", [LEGACY, STANDARD])
def test_a_requirement_is_replaced_in_its_place(text: str) -> None:
    first = applied(text, GroupEdit("ml", (CU126, NewRequirement("rich"))))
    again = applied(
        first,
        GroupEdit("ml", (NewRequirement("torch", "^2.11", source="pytorch-cu130"),), frozenset({"torch"})),
    )
    (torch, rich) = project_from(tomllib.loads(again), PYPROJECT).groups["ml"].requirements
    assert (torch.name, torch.source, rich.name) == ("torch", "pytorch-cu130", "rich")
    assert again.count("torch") == first.count("torch")


@pytest.mark.parametrize("text", [LEGACY, STANDARD])
def test_a_group_that_exists_is_extended(text: str) -> None:
    first = applied(text, GroupEdit("ml", (CU126,)))
    again = applied(first, GroupEdit("ml", (NewRequirement("jax", "^0.8", extras=("cuda12",)),)))
    names = [one.name for one in project_from(tomllib.loads(again), PYPROJECT).groups["ml"].requirements]
    assert names == ["torch", "jax"]
    assert again.count("[tool.poetry.group.ml]") == 1


def test_an_alternative_package_takes_the_place_of_the_one_that_goes() -> None:
    first = applied(LEGACY, GroupEdit("ml", (NewRequirement("onnxruntime"),)))
    again = applied(
        first, GroupEdit("ml", (NewRequirement("onnxruntime-gpu", "<1.27"),), frozenset({"onnxruntime"}))
    )
    table = tomllib.loads(again)["tool"]["poetry"]["group"]["ml"]["dependencies"]
    assert table == {"onnxruntime-gpu": "<1.27"}


def test_a_group_may_be_made_empty() -> None:
    for text in (LEGACY, STANDARD):
        project = project_from(tomllib.loads(applied(text, GroupEdit("ml-cpu"))), PYPROJECT)
        assert project.groups["ml-cpu"].requirements == ()


def test_tables_that_exist_get_a_line_rather_than_a_twin() -> None:
    text = LEGACY + '\n[tool.poetry-aiops.hardware.variants]\nml-cpu = "cpu" # small\n'
    text = text.replace("# how it", '[tool.poetry.requires-plugins]\nother = "*"\n\n# how it')
    after = applied(text, GroupEdit("ml", (CU126,)), variants=(("ml", "cu126"),), plugin=">=0.1")
    assert after.endswith('ml-cpu = "cpu" # small\nml = "cu126"\n')
    assert 'other = "*"\npoetry-aiops = ">=0.1"\n' in after


def test_a_second_source_stands_behind_the_first() -> None:
    first = applied(LEGACY, sources=(SOURCE,))
    after = applied(first, sources=(Source("pytorch-cpu", "https://index.example/cpu", "explicit"),))
    names = [one.name for one in project_from(tomllib.loads(after), PYPROJECT).sources]
    assert names == ["pytorch-cu126", "pytorch-cpu"]
    assert after.index("pytorch-cpu") < after.index("# how it is built")


def test_windows_line_ends_stay() -> None:
    after = applied(LEGACY.replace("\n", "\r\n"), GroupEdit("ml", (CU126,)), MOVED, sources=(SOURCE,))
    assert after.count("\r\n") == after.count("\n")
    assert after.replace("\r\n", "\n") == applied(LEGACY, GroupEdit("ml", (CU126,)), MOVED, sources=(SOURCE,))


def test_a_missing_last_line_end_does_no_harm() -> None:
    assert tomllib.loads(applied(LEGACY.rstrip("\n"), variants=(("ml", "cpu"),)))["tool"]["poetry-aiops"]


def test_an_edit_without_changes_is_the_text_itself() -> None:
    assert applied(LEGACY) == LEGACY
    assert applied(STANDARD) == STANDARD


@pytest.mark.parametrize(
    "text",
    [
        LEGACY.replace("package-mode = false", 'group.ml.dependencies.pear = "*"'),
        LEGACY + '\n[tool."poetry".group.ml.dependencies]\npear = "*"\n',
    ],
    ids=["a table by dotted keys", "a quoted key in a header"],
)
def test_a_layout_that_cannot_be_extended_is_told_and_never_damaged(text: str) -> None:
    with pytest.raises(InputError) as caught:
        applied(text, GroupEdit("ml", (CU126,)), sources=(SOURCE,))
    assert "cannot" in caught.value.what or "does not allow" in caught.value.what


def test_tables_in_an_unusual_order_are_found() -> None:
    text = LEGACY + '\n[tool.other]\nx = 1\n\n[tool.poetry.group.ml.dependencies]\ntorch = "*"\n'
    after = applied(text, GroupEdit("ml", drop=frozenset({"torch"})), MOVED)
    project = project_from(tomllib.loads(after), PYPROJECT)
    assert [one.name for one in project.main.requirements] == ["fastapi"]
    assert project.groups["ml"].requirements == ()


def test_text_in_a_string_that_looks_like_a_table_is_no_table() -> None:
    text = LEGACY.replace(
        'name = "demo"   # a name', 'name = "demo"\ndescription = """\n[tool.poetry.group.x]\n"""'
    )
    text = text.replace("[tool.poetry.group.dev.dependencies]\n", "[tool.poetry.extras]\n").replace(
        'pytest = "*"', ""
    )
    try:
        after = applied(text, GroupEdit("ml", (CU126,)))
    except InputError:
        return
    assert tomllib.loads(after)["tool"]["poetry"]["description"] == "[tool.poetry.group.x]\n"


def test_a_constraint_that_a_standard_list_cannot_say_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        applied(STANDARD, GroupEdit("ml", (NewRequirement("torch", "^1.9 || ^2.1"),)))
    assert "standard list" in caught.value.what


INLINE = """\
[tool.poetry]
name = "orchard"
version = "1"
package-mode = false
source = []  # ours follow
requires-plugins = {}
group = {dev = {dependencies = {pear = {version = ">=1", markers = 'sys_platform == "linux"'}}}}

[tool.poetry.dependencies]
python = "^3.11"

[tool.poetry-aiops]
hardware = {variants = {}}
"""
DOTTED = """\
[project]
name = "orchard"
version = "1"
requires-python = ">=3.11"

[tool]
poetry = {source = [{name = "inside", url = "https://inside.example/simple", priority = "supplemental"}]}
"""
LISTED = """\
[tool.poetry]
package-mode = false
source = [
  # the first one
  {name = "inside", url = "https://inside.example/a#b"},  # behind the gate
]
"""
EVERYTHING = ProjectEdit(
    (GroupEdit("cpu", (NewRequirement("apple", ">=2", source="orchard"),)),),
    (Source("orchard", "https://orchard.example/simple", "explicit"),),
    (("cpu", "cpu"),),
    ">=0.1",
)


@pytest.mark.parametrize("text", [INLINE, DOTTED, LISTED, LISTED.replace("source", "group = {}\nsource")])
def test_inline_values_in_the_way_become_tables_of_their_own(text: str) -> None:
    before = tomllib.loads(text).get("tool", {}).get("poetry", {})
    after = tomllib.loads(apply_edit(text, EVERYTHING, Path("pyproject.toml")))["tool"]
    assert after["poetry"]["source"] == [
        *before.get("source", ()),
        {"name": "orchard", "url": "https://orchard.example/simple", "priority": "explicit"},
    ]
    groups = after["poetry"]["group"]
    assert groups.pop("cpu")["dependencies"] == {"apple": {"version": ">=2", "source": "orchard"}}
    assert groups == before.get("group", {})
    assert after["poetry"]["requires-plugins"] == {"poetry-aiops": ">=0.1"}
    assert after["poetry-aiops"]["hardware"]["variants"] == {"cpu": "cpu"}


def test_comments_of_an_inline_value_stay() -> None:
    assert "# ours follow\n" in apply_edit(INLINE, EVERYTHING, Path("pyproject.toml"))
    changed = apply_edit(LISTED, EVERYTHING, Path("pyproject.toml"))
    assert "# the first one\n# behind the gate\n[[tool.poetry.source]]\n" in changed


# -- variants that leave -----------------------------------------------------------------------------------

VARIANTS = """\
[project]
name = "demo"
version = "1"

# the CPU builds
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {version = "*", source = "cpu"}

# the CUDA builds
[tool.poetry.group.ML_GPU]
optional = true
# pinned
[tool.poetry.group.ML_GPU.dependencies]
torch = {version = "*", source = "cuda"}  # newest

# where they come from
[[tool.poetry.source]]
name = "cpu"
url = "https://index.example/cpu"
priority = "explicit"

[[tool.poetry.source]]
name = "cuda"
url = "https://index.example/cuda"
priority = "explicit"

[tool.poetry-aiops.hardware]
mixed = "newest"
[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ML_GPU = "cu126"  # the lab
"""

STANDARD_VARIANTS = """\
[project]
name = "demo"
version = "1"

[dependency-groups]
ml-cpu = ["torch"]
ml-gpu = ["torch"]

[tool.poetry]
source = [{name = "cuda", url = "https://index.example/cuda", priority = "explicit"}, {name = "PyPI"}]
group = {ml-cpu = {optional = true}, ml-gpu = {optional = true, dependencies = {torch = {source = "cuda"}}}}

[tool.poetry-aiops]
hardware = {variants = {ml-cpu = "cpu", ml-gpu = "cu126"}}
"""


@pytest.mark.parametrize("text", [VARIANTS, STANDARD_VARIANTS, VARIANTS.replace("\n", "\r\n")])
def test_a_variant_leaves_with_its_group_row_and_source(text: str) -> None:
    after = applied(text, gone=frozenset({"ml-gpu"}), unused=frozenset({"cuda"}))
    assert "gpu" not in after.lower()
    assert "cuda" not in after.lower()
    before = project_from(tomllib.loads(text), PYPROJECT)
    kept = project_from(tomllib.loads(after), PYPROJECT)
    assert kept.groups["ml-cpu"] == before.groups["ml-cpu"]
    table = tomllib.loads(after)["tool"]["poetry-aiops"]["hardware"]["variants"]
    assert table == {"ml-cpu": "cpu"}


def test_what_belongs_to_others_stays_when_a_variant_leaves() -> None:
    after = applied(VARIANTS, gone=frozenset({"ml-gpu"}), unused=frozenset({"cuda"}))
    lost = lost_lines(VARIANTS, after)
    assert "# where they come from" in after
    assert "# the CUDA builds" in lost
    assert not [line for line in lost if "cpu" in line.lower()]


def test_the_last_variant_takes_its_table_with_it() -> None:
    after = applied(VARIANTS, gone=frozenset({"ml-gpu", "ml-cpu"}), unused=frozenset({"cuda", "cpu"}))
    assert tomllib.loads(after) == {"project": {"name": "demo", "version": "1"}}


def test_a_variant_can_come_back_under_its_name_in_one_edit() -> None:
    again = GroupEdit("ml-gpu", (NewRequirement("jax", "*", extras=("cuda12",)),))
    after = applied(VARIANTS, again, gone=frozenset({"ml-gpu"}), variants=(("ml-gpu", "cu130"),))
    assert [
        one.name for one in project_from(tomllib.loads(after), PYPROJECT).groups["ml-gpu"].requirements
    ] == ["jax"]
    assert tomllib.loads(after)["tool"]["poetry-aiops"]["hardware"]["variants"]["ml-gpu"] == "cu130"
