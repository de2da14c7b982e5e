"""pip's options about building and binaries as settings of Poetry."""

from __future__ import annotations

from tests.support.migrations import Migration, migrated
from tests.support.neighbours import FILE


def settings(migration: Migration) -> dict[str, str | tuple[str, ...]]:
    return {one.key: one.value for one in migration.plan.edits.settings}


def test_names_of_all_files_are_joined() -> None:
    migration = migrated({FILE: "--no-binary Six,idna\n", "requirements-dev.txt": "--no-binary idna,attrs\n"})
    assert settings(migration) == {"installer.no-binary": ("six", "idna", "attrs")}
    assert migration.said[FILE, 1][:2] == ("configured", "poetry.toml installer.no-binary")


def test_all_includes_every_name() -> None:
    assert settings(migrated({FILE: "--only-binary six\n--only-binary :all:\n"})) == {
        "installer.only-binary": ":all:"
    }


def test_none_takes_back_what_came_before() -> None:
    migration = migrated({FILE: "--no-binary six\n--no-binary :none:\nidna\n"})
    assert settings(migration) == {}
    assert migration.said[FILE, 1][0] == "noted"


def test_an_option_behind_a_requirement_holds_for_all() -> None:
    assert settings(migrated({FILE: "six --no-binary=idna\n"})) == {"installer.no-binary": ("idna",)}


def test_a_build_setting_is_a_command_for_each_user() -> None:
    migration = migrated({FILE: 'six --config-settings="--build-option=x"\n'})
    assert settings(migration) == {}
    suggestions = " ".join(problem.suggestion for problem in migration.plan.problems)
    assert "poetry config --local installer.build-config-settings.six" in suggestions
    assert '\'{"--build-option": "x"}\'' in suggestions


def test_pre_allows_prereleases_of_the_files_packages_alone() -> None:
    migration = migrated(
        {
            FILE: "--pre\nsix\n./libs/foo\n",
            "requirements-dev.txt": "pytest\n",
            "libs/foo/setup.py": "setup(name='foo')",
        }
    )
    assert migration.enriched == {"six": {"allow-prereleases": True}, "foo": {"path": "libs/foo"}}
    assert [entry.prereleases for entry in migration.group("dev").entries] == [False]
    assert migration.said[FILE, 1][0] == "configured"
