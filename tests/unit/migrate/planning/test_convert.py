"""One line as one entry of pyproject.toml, and as a pin for the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.every import for_each
from tests.support.neighbours import line_of

from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.convert import entry_of, entry_of_text, is_only_via, pin_of


if TYPE_CHECKING:
    from poetry_aiops.migrate.planning.entry import PlannedEntry


def entry(text: str, *, source: str | None = None, prereleases: bool = False) -> PlannedEntry:
    files: dict[str, str | bytes] = {"libs/foo/pyproject.toml": '[project]\nname = "foo"\n'}
    line = line_of(text, files)
    assert line.requirement is not None
    return entry_of(line.requirement, line, source=source, prereleases=prereleases)


@for_each(
    ("text", "written"),
    [
        ("six", "six"),
        ("Ruamel_YAML == 0.18.6", "ruamel-yaml (==0.18.6)"),
        ("six===1.16.0", "six (==1.16.0)"),
        ("foo==1.0-5", "foo (==1.0.post5)"),
        ("foo>=1.0-5,<2", "foo (>=1.0.post5,<2)"),
        ("foo==1.*", "foo (==1.*)"),
        ("a[y, X_z]>=1 ; python_version<'3.12'", 'a[x-z,y] (>=1) ; python_version < "3.12"'),
        (
            "a @ https://h.example/a-1.0-py3-none-any.whl#sha256=aa",
            "a @ https://h.example/a-1.0-py3-none-any.whl",
        ),
        ("a @ https://u:p@h.example/a-1.0-py3-none-any.whl", "a @ https://h.example/a-1.0-py3-none-any.whl"),
        (
            "git+https://h.example/a.git@v1#egg=inner&subdirectory=sub/inner ; sys_platform == 'linux'",
            'inner @ git+https://h.example/a.git@v1#subdirectory=sub/inner ; sys_platform == "linux"',
        ),
        ("git+ssh://git@h.example/a.git#egg=a", "a @ git+ssh://git@h.example/a.git"),
        ("./libs/foo", "foo"),
    ],
)
def test_a_line_as_a_standard_requirement(text: str, written: str) -> None:
    assert entry(text).as_pep508() == written


@for_each(
    ("text", "table"),
    [
        ("six", {"version": "*"}),
        ("six>=1,<2", {"version": ">=1,<2"}),
        ("a[x]==1 ; os_name == 'nt'", {"version": "==1", "extras": ["x"], "markers": 'os_name == "nt"'}),
        ("-e ./libs/foo", {"path": "libs/foo", "develop": True}),
        ("./libs/foo[x]", {"extras": ["x"], "path": "libs/foo"}),
        ("a @ https://h.example/a-1.0.tar.gz", {"url": "https://h.example/a-1.0.tar.gz"}),
        (
            "-e git+https://h.example/a.git@v1#egg=a&subdirectory=s",
            {"git": "https://h.example/a.git", "rev": "v1", "subdirectory": "s", "develop": True},
        ),
    ],
)
def test_a_line_in_poetrys_own_table(text: str, table: dict[str, object]) -> None:
    assert entry(text).poetry_table() == table


def test_what_the_standard_list_cannot_say_enriches_it() -> None:
    assert entry("torch", source="pytorch-cpu", prereleases=True).enrichment() == {
        "source": "pytorch-cpu",
        "allow-prereleases": True,
    }
    assert entry("-e ./libs/foo").enrichment() == {"path": "libs/foo", "develop": True}
    assert entry("-e git+https://h.example/a.git#egg=a").enrichment() == {"develop": True}
    assert entry("six").enrichment() == {}


def test_pre_is_nothing_for_an_address() -> None:
    assert not entry("a @ https://h.example/a-1.0.tar.gz", prereleases=True).prereleases


@for_each(
    ("text", "relaxed"),
    [
        ("six==1.16.0", ">=1.16.0"),
        ("six===1.16.0", ">=1.16.0"),
        ("six==1.0-5", ">=1.0.post5"),
        ("six==1.*", "==1.*"),
        ("six==1.16,<2", "==1.16,<2"),
        ("six>=1", ">=1"),
        ("torch==2.7.0+cu128", "==2.7.0+cu128"),
        ("six", ""),
    ],
)
def test_a_pin_can_be_relaxed_to_a_lower_bound(text: str, relaxed: str) -> None:
    assert entry(text).relaxed == relaxed


def test_comments_come_along_on_one_line_without_control_characters_and_secrets() -> None:
    found = entry("# up\x07per\n#  see https://u:secret@h.example/x\nsix  # \x1b[31mred\n")
    assert found.above == ("upper", "see https://****@h.example/x")
    assert found.behind == "[31mred"


def test_a_pin_keeps_what_the_lock_needs() -> None:
    line = line_of(f"Six==1.0-5 ; os_name == 'nt' --hash=sha256:{'a' * 64}")
    assert line.requirement is not None
    pin = pin_of(line.requirement, "dev", "corp", direct=False)
    assert pin is not None
    assert (pin.name, pin.version, pin.group, pin.source, pin.direct) == (
        "six",
        "1.0.post5",
        "dev",
        "corp",
        False,
    )
    assert (pin.marker, pin.hashes) == ('os_name == "nt"', (f"sha256:{'a' * 64}",))


@for_each("text", ["six", "six>=1", "six==1.*", "six==1,<2", "a @ https://h.example/a-1.0.tar.gz"])
def test_what_names_no_single_version_is_no_pin(text: str) -> None:
    requirement = line_of(text).requirement
    assert requirement is not None
    assert pin_of(requirement, "main", None, direct=True) is None


@for_each(
    ("text", "only"),
    [
        ("six==1", False),
        ("six==1  # via idna", True),
        ("six==1\n    # via\n    #   idna\n    #   requests\n", True),
        ("six==1\n    # via -r requirements.in\n", False),
        ("six==1\n    # via\n    #   idna\n    #   -r base.in\n", False),
        ("six==1\n    # via demo (pyproject.toml)\n", False),
        ("six==1  # via demo (setup.py)", False),
    ],
)
def test_a_pin_that_only_other_packages_ask_for(text: str, only: bool) -> None:
    requirement = line_of(text).requirement
    assert requirement is not None
    assert is_only_via(requirement) is only


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Foo[b,a]>=1; python_version<'3.9'", 'foo[a,b] (>=1) ; python_version < "3.9"'),
        ("a @ git+https://u:p@h.example/a.git@v1", "a @ git+https://h.example/a.git@v1"),
        ("a @ git+https://h.example/a.git", "a @ git+https://h.example/a.git"),
        ("a @ https://h.example/a-1.0.tar.gz", "a @ https://h.example/a-1.0.tar.gz"),
    ],
)
def test_a_requirement_of_setup_py(text: str, written: str) -> None:
    found = entry_of_text(text, Place("setup.py"))
    assert found is not None
    assert found.as_pep508() == written


@pytest.mark.parametrize("text", ["-r base.txt", "a b", "", "a =1"])
def test_what_is_no_requirement_is_none(text: str) -> None:
    assert entry_of_text(text, Place("setup.py")) is None
