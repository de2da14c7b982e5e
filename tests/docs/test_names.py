"""Every command, option, key and link that README and docs name is there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.architecture.test_import_rules import MAY_IMPORT
from tests.docs.console import PAGES, REPOSITORY, blocks_of
from tests.support.every import for_each

from poetry_aiops import config
from poetry_aiops.accelerators import masks
from poetry_aiops.plugin import COMMANDS


if TYPE_CHECKING:
    from pathlib import Path


DOCS = REPOSITORY / "docs"
URLS: dict[str, str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
SOURCE = REPOSITORY / "src" / "poetry_aiops"
# The names that cleo and Poetry know, asked of the application itself: one process instead of many `poetry help`.
PROBE = """
import json
from poetry.console.application import Application
application = Application()
application._load_plugins(application.create_io())
def words(command):
    for option in (*command.definition.options, *application.definition.options):
        yield "--" + option.name
        yield from ("-" + short for short in (option.shortcut or "").split("|"))
print(json.dumps({name: sorted(words(application.find(name))) for name in application.command_loader.names}))
"""
WITHOUT_DEFINITION = {"completions", "help", "list"}


@pytest.fixture(scope="module")
def known() -> dict[str, frozenset[str]]:
    """Return every command of Poetry with this plugin, and its options."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, timeout=60
    )
    return {str(name): frozenset(options) for name, options in json.loads(done.stdout).items()}


def commands_on(page: Path) -> list[str]:
    """Return what the page tells to type, at prompts and between backticks."""
    at_prompts = [step.command for block in blocks_of(page) for step in block.steps]
    prose = re.sub(r"^[ ]*```.*?^[ ]*```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [*at_prompts, *re.findall(r"`(poetry [^`]+)`", prose)]


def unknown_words(command: str, known: dict[str, frozenset[str]]) -> list[str]:
    """Return the command and the options of a ``poetry`` command line that do not exist."""
    words = shlex.split(command)
    if "poetry" not in words or {"pip", "pipx"} & set(words):  # there "poetry" is a package
        return []
    rest = words[words.index("poetry") + 1 :]
    named = [word for word in rest if not word.startswith("-")]
    if not named or named[0] in WITHOUT_DEFINITION:
        return []
    name = " ".join(named[:2]) if " ".join(named[:2]) in known else named[0]
    if name not in known:
        return [name]
    options = [
        word.partition("=")[0] for word in rest if word.startswith("--") or re.fullmatch(r"-[A-Za-z]", word)
    ]
    return [] if name == "run" else [option for option in options if option not in known[name]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_command_and_option_on_a_page_exists(page: Path, known: dict[str, frozenset[str]]) -> None:
    unknown = {command: words for command in commands_on(page) if (words := unknown_words(command, known))}
    assert unknown == {}


def test_a_command_and_an_option_that_do_not_exist_are_found(known: dict[str, frozenset[str]]) -> None:
    assert unknown_words("poetry hw-guess --fast", known) == ["hw-guess"]
    assert unknown_words("nvidia-smi | poetry hw-info --targt-file -", known) == ["--targt-file"]
    assert unknown_words("poetry self add poetry-aiops", known) == []
    assert unknown_words("pipx inject poetry poetry-aiops", known) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_names_every_option_of_a_command(
    command: str, known: dict[str, frozenset[str]]
) -> None:
    page = (DOCS / "reference" / "cli.md").read_text("utf-8")
    section = re.split(
        r"^## ", re.split(rf"^## poetry {command}\b", page, flags=re.MULTILINE)[-1], flags=re.MULTILINE
    )[0]
    rows = {
        option
        for row in re.findall(r"^\| `--.*", section, re.MULTILINE)
        for option in re.findall(r"--[\w-]+", row)
    }
    shared = known["install"] if command == "hw-install" else known["about"]
    own = {option for option in known[command] - shared if option.startswith("--")}
    assert own <= rows
    assert rows <= known[command]


def test_the_reference_names_every_key_and_variable() -> None:
    page = (DOCS / "reference" / "configuration.md").read_text("utf-8")
    source = "\n".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    variables = set(re.findall(r"POETRY_AIOPS_[A-Z_]+", source)) | {*masks.CUDA, *masks.ROCM, masks.CONTAINER}
    keys = {*config._HARDWARE_KEYS, *config._PROFILE_KEYS} - {"variants"}
    missing = [name for name in sorted(variables | keys) if f"`{name}`" not in page]
    assert missing == []


def test_the_architecture_page_names_every_package_and_its_imports() -> None:
    page = (DOCS / "explanation" / "architecture.md").read_text("utf-8")
    packages = MAY_IMPORT.keys() - {"__init__"}
    map_, _, rules = page.partition("## Who may import whom")
    import_table = rules.partition("\nLibraries")[0]
    documented = {
        name: frozenset(re.findall(r"`(\w+)`", imported))
        for names, imported in re.findall(r"^\| (`.+`) \| (.*) \|$", import_table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert [name for name in sorted(packages) if f"\n| `{name}` |" not in map_] == []
    assert documented == {name: MAY_IMPORT[name] for name in packages - {"data"}}


@pytest.mark.parametrize("page", ["docs/explanation/architecture.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_for_contributors_names_is_there(page: str) -> None:
    named = re.findall(r"`(\w[\w./]*/[\w./]+)`", (REPOSITORY / page).read_text("utf-8"))
    assert len(named) > 10
    assert [name for name in named if not any((root / name).exists() for root in (SOURCE, REPOSITORY))] == []


@for_each("page", PAGES)
def test_every_link_to_a_file_or_heading_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^[ ]*```.*?^[ ]*```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    dead = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not _leads_somewhere(page, target)]
    assert dead == []


def test_what_belongs_to_a_list_is_indented_by_four() -> None:
    """Python-Markdown, which makes the site, ends a list at anything that is indented less."""
    pages = [page for page in PAGES if page.is_relative_to(DOCS)]
    assert [
        f"{page.relative_to(DOCS)}:{number}"
        for page in pages
        for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1)
        if (found := re.match(r"( *)(?:```|<!-- )", line)) and len(found[1]) % 4
    ] == []


def test_the_readme_works_on_a_package_index() -> None:
    """An index shows README.md alone: links must be absolute, and the install command comes first."""
    text = (REPOSITORY / "README.md").read_text("utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert [target for target in targets if not target.startswith("https://")] == []
    assert "$ poetry self add poetry-aiops" in text.splitlines()[:20]
    assert [url for url in URLS.values() if not url.startswith(URLS["Homepage"])] == []
    assert [target for target in targets if target.startswith(URLS["Homepage"])]


def _leads_somewhere(page: Path, target: str) -> bool:
    ours = re.match(rf"{re.escape(URLS['Homepage'])}/(?:blob|raw)/main/(.+)", target)
    if ours:
        return _leads_somewhere(REPOSITORY / "README.md", ours[1])
    if re.match(r"https?://", target):
        return True
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
