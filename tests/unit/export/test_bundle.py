from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import for_each
from tests.unit.export.locked import project

from poetry_aiops.errors import ConfigError
from poetry_aiops.export.bundle import Variants, plan_bundle, variant_file
from poetry_aiops.export.model import GroupSelection
from poetry_aiops.export.settings import KINDS, read_settings


if TYPE_CHECKING:
    from collections.abc import Collection


TWO = Variants(("ml-cpu", "ml-gpu"))
EVERYTHING = {"defaults": list(KINDS)}


def planned(
    table: Any = None, variants: Variants = TWO, written: Collection[str] = ()
) -> dict[str, tuple[str, GroupSelection, str | None]]:
    plans = plan_bundle(project(), read_settings(table or {}), variants, written.__contains__)
    return {plan.path: (plan.format, plan.selection, plan.base) for plan in plans}


def test_by_default_only_the_layers_that_differ_are_written() -> None:
    assert [path.rpartition("/")[2] for path in planned()] == ["base.txt", "dev.txt", "prod.txt"]
    alone = project({"project": {"name": "chatbot", "version": "1", "dependencies": ["alpha"]}})
    plans = plan_bundle(alone, read_settings({}), Variants(), lambda _: False)
    assert [plan.path for plan in plans] == ["config/requirements/base.txt"]


def test_what_was_written_once_follows_the_lock_whatever_else_is_configured() -> None:
    before = "config/requirements/ml-gpu.txt"
    assert before in planned(written={before})
    assert {before, "docker/a.txt"} <= planned({"files": {"docker/a.txt": {}}}, written={before}).keys()
    assert planned({"defaults": False, "files": {"a.txt": {}}}, written={before}).keys() == {"a.txt"}


def test_every_kind_of_file_has_layers_constraints_and_files_for_each_variant() -> None:
    base = "config/requirements/base.txt"
    assert planned(EVERYTHING) == {
        base: ("requirements", GroupSelection(("main",)), None),
        "config/requirements/dev.txt": ("requirements", GroupSelection(("main", "dev")), base),
        "config/requirements/prod.txt": ("requirements", GroupSelection(("main", "prod")), base),
        "config/requirements/ml-cpu.txt": ("requirements", GroupSelection(("main", "ml-cpu")), base),
        "config/requirements/ml-gpu.txt": ("requirements", GroupSelection(("main", "ml-gpu")), base),
        "config/dependencies/constraints.txt": (
            "constraints",
            GroupSelection(("main", "dev", "prod"), ("speed",)),
            None,
        ),
        "pylock.ml-cpu.toml": ("pylock", GroupSelection(("main", "ml-cpu")), None),
        "pylock.ml-gpu.toml": ("pylock", GroupSelection(("main", "ml-gpu")), None),
    }


def test_without_variants_there_is_one_pylock() -> None:
    assert planned(EVERYTHING, Variants())["pylock.toml"] == ("pylock", GroupSelection(("main",)), None)


def test_variants_that_are_extras_are_selected_as_extras_and_left_out_of_the_constraints() -> None:
    found = planned(EVERYTHING, Variants(("speed",), "extras"))
    assert found["config/requirements/speed.txt"][1] == GroupSelection(("main",), ("speed",))
    assert found["config/dependencies/constraints.txt"][1].extras == ()


def test_a_variant_does_not_take_the_name_of_a_shared_file() -> None:
    assert variant_file("base") == "config/requirements/variant-base.txt"


def test_an_own_file_beside_the_defaults_replaces_the_default_of_its_name() -> None:
    table = {"defaults": True, "files": {"config/requirements/prod.txt": {"groups": ["main", "dev"]}}}
    found = planned(table)
    assert found["config/requirements/prod.txt"] == ("requirements", GroupSelection(("main", "dev")), None)
    assert "config/requirements/base.txt" in found


def test_a_base_comes_before_the_file_that_includes_it() -> None:
    files = {"a.txt": {"groups": ["main", "dev"], "base": "z.txt"}, "z.txt": {}}
    table = {"defaults": False, "files": files}
    assert list(planned(table)) == ["z.txt", "a.txt"]


def test_hashes_are_inherited_unless_a_file_says_otherwise() -> None:
    files = {"a.txt": {}, "b.txt": {"hashes": True}}
    table = {"hashes": False, "defaults": False, "files": files}
    plans = plan_bundle(project(), read_settings(table), TWO, lambda _: False)
    assert [plan.hashes for plan in plans] == [False, True]


@for_each(
    ("files", "said"),
    [
        ({"a.txt": {"groups": ["mian"]}}, 'Did you mean "main"?'),
        ({"a.txt": {"extras": ["sped"]}}, 'Did you mean "speed"?'),
        ({"a.txt": {"groups": ["main", "ml-cpu", "ml-gpu"]}}, "exclude each other"),
        ({"a.txt": {"base": "b.txt"}}, "not a requirements file of the bundle"),
        ({"a.txt": {"base": "a.txt"}}, "not a requirements file of the bundle"),
        (
            {"a.txt": {"base": "b.txt"}, "b.txt": {"groups": ["main", "dev"]}},
            "holds more than this file: dev",
        ),
        ({"a.txt": {"base": "b.txt"}, "b.txt": {"base": "a.txt"}}, "include each other"),
    ],
)
def test_files_that_cannot_be_written_are_refused(files: Any, said: str) -> None:
    with pytest.raises(ConfigError) as reported:
        planned({"files": files})
    assert said in str(reported.value)
