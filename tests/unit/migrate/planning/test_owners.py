"""To which group the lines of included files belong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.neighbours import tree_of

from poetry_aiops.migrate.planning.owners import Owners, owners
from poetry_aiops.migrate.planning.roles import classify


if TYPE_CHECKING:
    from tests.support.migrations import Files


def owned(files: Files, *entries: str, chosen: dict[str, str] | None = None) -> Owners:
    tree = tree_of(files, *(entries or files))
    return owners(tree, classify(tree, chosen or {}))


def groups(found: Owners) -> dict[str, str]:
    return {file: role.group for file, role in found.roles.items()}


def test_what_main_includes_is_main() -> None:
    found = owned({"requirements.txt": "-r parts/web.txt\n", "parts/web.txt": "flask\n"}, "requirements.txt")
    assert groups(found) == {"requirements.txt": "main", "parts/web.txt": "main"}
    assert "requirements.txt includes it" in found.roles["parts/web.txt"].reason


def test_a_group_of_its_own_is_pulled_into_main_where_main_includes_it() -> None:
    found = owned({"requirements.txt": "-r requirements-web.txt\n", "requirements-web.txt": "flask\n"})
    assert groups(found)["requirements-web.txt"] == "main"


def test_a_group_of_developers_stays_one_although_main_includes_it() -> None:
    found = owned({"requirements.txt": "-r requirements-dev.txt\n", "requirements-dev.txt": "pytest\n"})
    assert groups(found)["requirements-dev.txt"] == "dev"


def test_what_a_file_named_all_collects_stays_in_its_groups() -> None:
    files: dict[str, str | bytes] = {
        "requirements/all.txt": "-r build_requirements.txt\n-r server.txt\n",
        "requirements/build_requirements.txt": "meson\n",
        "requirements/server.txt": "gunicorn\n",
    }
    assert groups(owned(files)) == {
        "requirements/all.txt": "main",
        "requirements/build_requirements.txt": "build",
        "requirements/server.txt": "server",
    }
    files["requirements/all.txt"] = "-r build_requirements.txt\n-r server.txt\nsix\n"
    assert groups(owned(files))["requirements/server.txt"] == "main", "it has lines of its own"


def test_what_a_group_includes_belongs_to_it() -> None:
    found = owned(
        {"requirements-dev.txt": "-r parts/x.txt\n", "parts/x.txt": "six\n"}, "requirements-dev.txt"
    )
    assert groups(found)["parts/x.txt"] == "dev"


def test_a_base_that_a_group_includes_is_main() -> None:
    found = owned({"requirements-dev.txt": "-r base.txt\n", "base.txt": "six\n"}, "requirements-dev.txt")
    assert groups(found)["base.txt"] == "main"


def test_what_a_group_and_main_include_is_main_whoever_comes_first() -> None:
    files: Files = {
        "requirements-dev.txt": "-r parts/x.txt\n",
        "requirements.txt": "-r parts/x.txt\n",
        "parts/x.txt": "six\n",
    }
    for entries in (
        ("requirements-dev.txt", "requirements.txt"),
        ("requirements.txt", "requirements-dev.txt"),
    ):
        assert groups(owned(files, *entries))["parts/x.txt"] == "main"


def test_a_chosen_group_stays_where_main_includes_it() -> None:
    files: Files = {"requirements.txt": "-r a.txt\n", "a.txt": "six\n"}
    assert groups(owned(files, chosen={"a.txt": "dev"}))["a.txt"] == "dev"


def test_a_file_behind_c_only_constrains() -> None:
    found = owned({"requirements.txt": "-c pins.txt\n", "pins.txt": "six<2\n"}, "requirements.txt")
    assert found.roles["pins.txt"].kind == "constraints"
    assert found.readers["pins.txt"] == "requirements.txt"


def test_a_constraints_file_that_is_also_included_gives_requirements() -> None:
    files: Files = {
        "requirements.txt": "-c constraints.txt\n-r constraints.txt\n",
        "constraints.txt": "six<2\n",
    }
    assert groups(owned(files, "requirements.txt"))["constraints.txt"] == "main"
    assert groups(owned(files))["constraints.txt"] == "main"


def test_a_file_that_constrains_main_and_is_included_by_a_group_belongs_to_the_group() -> None:
    files: Files = {
        "requirements.txt": "-c pins.txt\n",
        "requirements-dev.txt": "-r pins.txt\n",
        "pins.txt": "six<2\n",
    }
    assert groups(owned(files, "requirements.txt", "requirements-dev.txt"))["pins.txt"] == "dev"


def test_a_group_that_includes_another_says_so() -> None:
    files: Files = {"requirements-dev.txt": "-r requirements-test.txt\n", "requirements-test.txt": "pytest\n"}
    assert dict(owned(files).includes) == {"dev": ("test",)}


def test_an_include_that_another_brings_along_is_left_out() -> None:
    files: Files = {
        "requirements-dev.txt": "-r requirements-test.txt\n-r requirements-lint.txt\n",
        "requirements-test.txt": "-r requirements-lint.txt\n",
        "requirements-lint.txt": "ruff\n",
    }
    assert dict(owned(files).includes) == {"dev": ("test",), "test": ("lint",)}


def test_groups_that_would_include_each_other_do_so_one_way() -> None:
    files: Files = {"a.txt": "-r b.txt\n", "b.txt": "six\n", "c.txt": "-r d.txt\n", "d.txt": "idna\n"}
    found = owned(files, chosen={"a.txt": "x", "b.txt": "y", "c.txt": "y", "d.txt": "x"})
    assert dict(found.includes) in ({"x": ("y",), "y": ()}, {"x": ("y",)}, {"x": (), "y": ("x",)})
