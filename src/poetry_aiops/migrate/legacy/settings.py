"""Places that name a requirements file or an old Poetry without being a command: mounts, caches, CI settings.

``package-ecosystem: pip`` of Dependabot and ``pip_requirements`` of Renovate are right with Poetry and not reported.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.model import CommandFinding, install_line
from poetry_aiops.migrate.legacy.pipelines import entries


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poetry_aiops.migrate.legacy.model import Knowledge
    from poetry_aiops.migrate.legacy.pipelines import Entry
    from poetry_aiops.migrate.legacy.scripts import FileKind, FileText

    _Found = tuple[int, str, CommandFinding]


_MOUNT: Final = re.compile(r"--mount=type=bind,\S*(?:source|src)=(?P<file>[^,\s]+)\S*")
_CACHED: Final = re.compile(r"hashFiles\((?P<hash>[^)]{0,500})\)|\bchecksum\s+\"(?P<sum>[^\"]{1,500})\"")
_VERSION: Final = re.compile(
    r"(?P<name>\bPOETRY_VERSION\s*[:=]\s*|\bpoetry-version\s*:\s*|\bpoetry\s*==\s*)(?P<quote>[\"']?)(?P<version>[01]\.[\d.*]+)",
)
_FACTOR: Final = re.compile(
    r"^\s*(?:deps\s*=)?\s*(?:[\w.,!{}-]+:\s*)?-[rc]\s*(?:\{toxinidir\}/)?(?P<file>\S+)"
)
_NO_LONGER: Final = "{} no longer decides what is installed; poetry.lock does"


def settings(kind: FileKind, path: str, file: FileText, known: Knowledge) -> Iterator[_Found]:
    """Yield what a file's settings (not its commands) still do the old way: line (1-based), text, finding."""
    for number, line in enumerate(file.lines, 1):
        if not line.lstrip().startswith(("#", "//")):
            found = [*_poetry(line), *(_mounts(line, path, known) if kind == "dockerfile" else ())]
            found += _hashed(line, path, known) if kind == "yaml" else ()
            yield from ((number, text, finding) for text, finding in found)
    if kind == "yaml":
        yield from _yaml(path, file, known)
    elif kind == "ini":
        yield from _ini(path, file.lines, known)
    elif kind == "toml":
        yield from _pyproject(file.lines)


def _poetry(line: str) -> Iterator[tuple[str, CommandFinding]]:
    """Old Poetry pinned, which knows neither this plugin nor today's lock file, and variables of settings that are gone."""
    facts = load_legacy_facts()
    if found := _VERSION.search(line):
        why = f"installs Poetry {found['version']}; poetry-aiops needs Poetry 2.1 or later"
        quote = found["quote"]
        today = f"{found['name']}{quote}{facts.newest}{quote}"
        yield found[0] + quote, CommandFinding("poetry-version", why, today)
    for old in facts.settings if "POETRY_" in line else ():
        if found := re.search(rf"\b{old.variable}\b\s*[:=]\s*[\"']?\w*", line):
            since = f" since Poetry {old.since}" if old.since else ""
            why = f"the setting {old.name} is gone{since}, so its variable has no effect"
            yield found[0], CommandFinding("poetry-variable", why, "", "likely")


def _mounts(line: str, path: str, known: Knowledge) -> Iterator[tuple[str, CommandFinding]]:
    for mount in _MOUNT.finditer(line):
        if known.find(mount["file"], path):
            why = f"mounts {mount['file']}; `poetry install` reads pyproject.toml and poetry.lock"
            today = mount[0].replace(mount["file"], "poetry.lock")
            yield mount[0], CommandFinding("docker-mount", why, today)


def _hashed(line: str, path: str, known: Knowledge) -> Iterator[tuple[str, CommandFinding]]:
    for found in _CACHED.finditer(line):
        names = re.findall(r"[^\s,'\"]+", found["hash"] or found["sum"])
        if any(known.find(name.removeprefix("**/"), path) for name in names) and "poetry.lock" not in names:
            today = "hashFiles('poetry.lock')" if found["hash"] else 'checksum "poetry.lock"'
            why = "the cache's key comes from a requirements file, and poetry.lock is what changes now"
            yield found[0], CommandFinding("ci-cache", why, today, "likely")


def _yaml(path: str, file: FileText, known: Knowledge) -> Iterator[_Found]:
    name = PurePosixPath(path).name.lower()
    hook = ""
    for entry in entries(file):
        if entry.style and entry.key == "cache-dependency-path":
            for at in range(entry.line + 1, entry.end):
                value = file.lines[at].strip()
                if value and known.find(value, path):
                    finding = CommandFinding("ci-cache", _NO_LONGER.format(value), "poetry.lock", "likely")
                    yield at + 1, value, finding
            continue
        hook = entry.plain if entry.key == "id" else hook
        found = _cache(entry, path, known) or _named_file(name, entry, path, known)
        if found is None and name.startswith(".pre-commit"):
            found = _hook(hook, entry)
        if found is not None:
            yield entry.line + 1, file.lines[entry.line].strip(), found


def _cache(entry: Entry, path: str, known: Knowledge) -> CommandFinding | None:
    key, value, outer = entry.key, entry.plain, entry.path[:-1]
    if key == "cache" and value == "pip" and "with" in outer:
        why = "the cache's key comes from requirements files; with `cache: poetry` it comes from poetry.lock, and Poetry must be installed in a step before"
        return CommandFinding("ci-cache", why, "cache: poetry", "likely")
    today = {
        key == "cache-dependency-path": "cache-dependency-path: poetry.lock",
        not key and "cache-dependency-path" in outer: "poetry.lock",
        not key and outer[-2:] == ("key", "files"): "- poetry.lock",
    }.get(True)
    if today and value and known.find(value, path):
        return CommandFinding("ci-cache", _NO_LONGER.format(value), today, "likely")
    return None


def _named_file(name: str, entry: Entry, path: str, known: Knowledge) -> CommandFinding | None:
    value = entry.plain if entry.key in {"requirements", "python_requirements"} else ""
    files = known.find(value, path) if value else ()
    if files and entry.key == "python_requirements":
        why = f"Cog reads only requirements files: let `poetry sync-reqs` write {value} from poetry.lock"
        return CommandFinding("cog", why, f"python_requirements: {value}", "likely")
    if files and name.startswith(".readthedocs"):
        line = install_line((group for file in files for group in file.groups), known)
        why = (
            f"Read the Docs installs {value} with pip; Poetry is installed in `build.jobs.post_create_environment` "
            "and called in `post_install`"
        )
        return CommandFinding(
            "readthedocs", why, f"- VIRTUAL_ENV=$READTHEDOCS_VIRTUALENV_PATH {line}", "likely"
        )
    return None


def _hook(hook: str, entry: Entry) -> CommandFinding | None:
    """Hooks of pre-commit: pip-compile's, and options of Poetry's that are gone."""
    if entry.key == "id" and hook in {"pip-compile", "pip-compile-multi-verify"}:
        return CommandFinding(
            "pre-commit", "compiles pins that poetry.lock holds now", "id: poetry-lock", "likely"
        )
    arguments = entry.text if entry.key == "args" and hook == "poetry-lock" else ""
    if "--no-update" in arguments:
        why = "`--no-update` is gone since Poetry 2.0; `poetry lock` keeps the versions"
        return CommandFinding("pre-commit", why, "")
    if "--check" in arguments:
        why = "`--check` is gone since Poetry 2.0: the hook is `poetry-check` now"
        return CommandFinding("pre-commit", why, 'id: poetry-check, args: ["--lock"]')
    return None


def _ini(path: str, lines: Iterable[str], known: Knowledge) -> Iterator[_Found]:
    deps = False
    for number, line in enumerate(lines, 1):
        if line[:1] not in {" ", "\t", ""}:
            deps = re.match(r"(deps|constrain_package_deps)\s*=", line) is not None
        named = re.match(r"\s*[\w.-]+\s*=\s*file:\s*(?P<file>[^\s,]+)", line)
        factor = _FACTOR.match(line) if deps else None
        if named and known.find(named["file"], path):
            why = "setuptools reads the dependencies from a requirements file; they are in pyproject.toml now"
            yield number, line.strip(), CommandFinding("setuptools-file", why, "", "likely")
        elif factor and (files := known.find(factor["file"], path)):
            install = install_line((group for file in files for group in file.groups), known)
            names = ", ".join(file.path for file in files)
            why = f"tox installs {names} with pip; with `allowlist_externals = poetry` Poetry installs the locked versions"
            yield number, line.strip(), CommandFinding("tox-deps", why, f"commands_pre = {install}")


def _pyproject(lines: Iterable[str]) -> Iterator[_Found]:
    table = ""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if header := re.match(r"\[+\s*([^\]]+?)\s*\]+\s*(?:#.*)?$", text):
            table = header[1].replace('"', "")
            if table == "tool.poetry.dev-dependencies":
                why = "Poetry says that this table is deprecated and will go (tried on 2.1.4 to 2.5.1)"
                today = "[tool.poetry.group.dev.dependencies]"
                yield number, text, CommandFinding("poetry-dev-dependencies", why, today)
        elif table == "tool.poetry.source" and (finding := _source(text)):
            yield number, text, finding


def _source(text: str) -> CommandFinding | None:
    found = re.match(r"(?P<key>default|secondary|priority)\s*=\s*[\"']?(?P<value>\w+)", text)
    if found is None:
        return None
    is_priority = found["key"] == "priority"
    old = found["value"].lower() if is_priority else found["key"] if found["value"] == "true" else ""
    today = {"default": "primary", "secondary": "supplemental"}.get(old)
    gone = "Poetry 2 refuses pyproject.toml with it (tried on 2.1.4 to 2.5.1)"
    if today is None and is_priority:
        return None
    return CommandFinding("poetry-source", gone, f'priority = "{today}"' if today else "")
