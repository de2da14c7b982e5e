"""From pip's indexes to package sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.every import for_each
from tests.support.migrations import DEFAULT_INDEX, Migration, migrated
from tests.support.neighbours import FILE

from poetry_aiops.migrate.planning.sources import backend_in, source_name


if TYPE_CHECKING:
    from tests.support.migrations import Files


PYTORCH = "https://download.pytorch.org/whl"


def sources(migration: Migration) -> list[tuple[str, str, str]]:
    assert migration.plan.errors == ()
    return [(one.name, one.url, one.priority) for one in migration.plan.edits.sources]


def from_text(text: str, **others: str) -> Migration:
    files: Files = {FILE: text, **{f"requirements-{name}.txt": other for name, other in others.items()}}
    return migrated(files)


@for_each(
    ("url", "name"),
    [
        ("https://pypi.company.com/simple/", "pypi-company-com"),
        ("https://www.h.example", "h-example"),
        (f"{PYTORCH}/cu128", "pytorch-cu128"),
        (f"{PYTORCH}/nightly/rocm6.3", "pytorch-nightly-rocm6-3"),
        (f"{PYTORCH}/torch_stable.html", "pytorch-torch-stable"),
    ],
)
def test_a_source_is_named_for_its_host(url: str, name: str) -> None:
    assert source_name(url) == name


def test_the_path_names_the_hardware() -> None:
    assert backend_in(f"{PYTORCH}/cu128/") == "cu128"
    assert backend_in("https://h.example/simple") is None


def test_the_default_index_is_no_source() -> None:
    migration = from_text(f"--index-url {DEFAULT_INDEX}/\nsix\n")
    assert sources(migration) == []
    assert migration.said[FILE, 1][0] == "noted"
    assert "Poetry asks anyway" in migration.said[FILE, 1][2]


def test_an_index_for_everything_is_primary() -> None:
    migration = from_text("-i https://a.example/simple\nsix\n")
    assert sources(migration) == [("a-example", "https://a.example/simple", "primary")]
    assert migration.said[FILE, 1][:2] == ("configured", "[[tool.poetry.source]] a-example")


def test_a_group_with_an_index_of_its_own_names_it() -> None:
    migration = from_text(
        "--index-url https://a.example/simple\nsix\n", dev="--index-url https://b.example/simple\npytest\n"
    )
    assert sources(migration) == [
        ("a-example", "https://a.example/simple", "primary"),
        ("b-example", "https://b.example/simple", "explicit"),
    ]
    assert [entry.source for entry in migration.group("dev").entries] == ["b-example"]
    assert [entry.source for entry in migration.group("main").entries] == [None]


def test_an_extra_index_that_no_package_names_is_supplemental_and_told() -> None:
    migration = from_text("--extra-index-url https://a.example/simple\nsix\n")
    assert sources(migration) == [("a-example", "https://a.example/simple", "supplemental")]
    assert migration.whats("warning") == ["no requirement says that it comes from a-example"]


def test_a_tag_finds_the_index_of_its_hardware() -> None:
    migration = from_text(f"--extra-index-url {PYTORCH}/cu128\ntorch==2.7.0+cu128\nnumpy\n")
    assert sources(migration) == [("pytorch-cu128", f"{PYTORCH}/cu128", "explicit")]
    assert migration.enriched == {"torch": {"source": "pytorch-cu128"}}


def test_a_tag_without_an_index_is_pytorchs() -> None:
    migration = from_text("torch==2.7.0+cpu\nother==1.0+cpu\n")
    assert sources(migration) == [("pytorch-cpu", f"{PYTORCH}/cpu", "explicit")]
    assert migration.enriched == {"torch": {"source": "pytorch-cpu"}}


def test_a_page_of_links_serves_a_tag() -> None:
    migration = from_text(f"--find-links {PYTORCH}/torch_stable.html\ntorch==1.7.1+cu110\n")
    assert sources(migration) == [("pytorch-torch-stable", f"{PYTORCH}/torch_stable.html", "explicit")]


def test_a_local_folder_of_files_is_no_source() -> None:
    migration = from_text("--find-links ./wheels\nsix\n")
    assert sources(migration) == []
    assert "a local folder of files" in migration.said[FILE, 1][2]


def test_an_index_behind_a_requirement_is_meant_for_it() -> None:
    migration = from_text(f"torch --index-url {PYTORCH}/cu128\nsix\n")
    assert sources(migration) == [("pytorch-cu128", f"{PYTORCH}/cu128", "explicit")]
    assert migration.enriched == {"torch": {"source": "pytorch-cu128"}}
    assert any("pip ignores --index-url" in what for what in migration.whats("warning"))


def test_an_index_of_one_kind_of_hardware_never_becomes_primary() -> None:
    migration = from_text(f"--index-url {PYTORCH}/cpu\ntorch\nnumpy\n")
    assert sources(migration) == [("pytorch-cpu", f"{PYTORCH}/cpu", "explicit")]
    assert migration.enriched == {"torch": {"source": "pytorch-cpu"}}
    assert migration.whats("warning") == ["pytorch-cpu is the index of one kind of hardware"]


def test_an_index_that_a_later_one_replaces_is_not_written() -> None:
    migration = from_text("--extra-index-url https://a.example/simple\n-i https://b.example/simple\nsix\n")
    assert sources(migration) == [("b-example", "https://b.example/simple", "primary")]
    assert "no package is taken from it" in migration.said[FILE, 1][2]
    assert any("pip drops" in what for what in migration.whats("warning"))


def test_two_indexes_of_one_host_have_two_names() -> None:
    migration = from_text(
        "--extra-index-url https://a.example/one/simple\n--extra-index-url https://a.example/two/simple\nsix\n"
    )
    assert [name for name, _, _ in sources(migration)] == ["a-example", "a-example-two"]


def test_credentials_are_left_out_and_told_with_their_variables() -> None:
    migration = from_text("--index-url https://${USER_1}:${TOKEN}@a.example/simple\nsix\n")
    assert sources(migration) == [("a-example", "https://a.example/simple", "primary")]
    (reported,) = migration.plan.credentials
    assert (reported.source, reported.place.line, reported.variables) == ("a-example", 1, ("USER_1", "TOKEN"))


def test_a_variable_in_an_address_is_refused() -> None:
    migration = from_text("--extra-index-url https://${HOST}/simple\na @ https://${HOST}/a-1.0.tar.gz\n")
    assert migration.whats("error") == [
        "the address of a holds the variable ${HOST}",
        "the address of --extra-index-url holds a variable: https://${HOST}/simple",
    ]
    assert [outcome for outcome, _, _ in migration.said.values()] == ["refused", "refused"]


def test_a_source_of_the_project_is_used_by_its_name() -> None:
    old = f'[project]\nname = "x"\nversion = "1"\n\n[[tool.poetry.source]]\nname = "pt"\nurl = "{PYTORCH}/cu128/"\npriority = "explicit"\n'
    migration = migrated(
        {FILE: f"--extra-index-url {PYTORCH}/cu128\ntorch==2.7.0+cu128\n", "pyproject.toml": old}
    )
    assert sources(migration) == []
    assert migration.enriched == {"torch": {"source": "pt"}}
    assert migration.said[FILE, 1][:2] == ("configured", "[[tool.poetry.source]] pt")


def test_an_explicit_source_of_the_project_stays_so_and_is_told() -> None:
    old = '[project]\nname = "x"\nversion = "1"\n\n[[tool.poetry.source]]\nname = "a"\nurl = "https://a.example/simple"\npriority = "explicit"\n'
    migration = migrated({FILE: "--index-url https://a.example/simple\nsix\n", "pyproject.toml": old})
    assert migration.whats("warning") == ["pyproject.toml has a as an explicit source; it stays so"]
