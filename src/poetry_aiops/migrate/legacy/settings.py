"""Places that name a requirements file or an old Poetry without being a command: COPY, caches, CI settings.

``package-ecosystem: pip`` of Dependabot and ``pip_requirements`` of Renovate are right with Poetry and not reported.
"""

from __future__ import annotations

import re
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.model import Finding, Hit, install_line


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.migrate.legacy.model import Knowledge, KnownFile
    from poetry_aiops.migrate.legacy.scripts import FileKind, FileText

    _Found = tuple[int, str, Finding]


_MOUNT: Final = re.compile(r"--mount=type=bind,\S*(?:source|src)=(?P<file>[^,\s]+)\S*")
_CACHED: Final = re.compile(r"hashFiles\((?P<hash>[^)]{0,500})\)|\bchecksum\s+\"(?P<sum>[^\"]{1,500})\"")
_ITEM: Final = re.compile(r"^(?P<start>\s*(?:-\s+)?)(?:(?P<key>[\w-]+)\s*:\s*)?(?P<value>[^#]*?)\s*(?:#.*)?$")
_VERSION: Final = re.compile(
    r"(?P<name>\bPOETRY_VERSION\s*[:=]\s*|\bpoetry-version\s*:\s*|\bpoetry\s*==\s*)(?P<quote>[\"']?)(?P<version>[01]\.[\d.*]+)",
)
_FACTOR: Final = re.compile(r"^\s*(?:deps\s*=)?\s*(?:[\w.,!{}-]+:\s*)?-[rc]\s*(?P<file>\S+)")


def settings(kind: FileKind, path: str, file: FileText, known: Knowledge) -> Iterator[Hit]:
    """Yield what a file's settings (not its commands) still do the old way."""
    lines = file.lines
    found: list[Iterator[_Found]] = [_versions(lines), _variables(lines)]
    if kind == "dockerfile":
        found.append(_mounts(lines, path, known))
    if kind == "yaml":
        found.append(_yaml(path, lines, known))
    if kind == "ini":
        found.append(_ini(path, lines, known))
    if kind == "toml":
        found.append(_pyproject(lines))
    for number, text, finding in chain(*found):
        yield Hit(number, text, finding)


def _mounts(lines: Sequence[str], path: str, known: Knowledge) -> Iterator[_Found]:
    why = "mounts {}; `poetry install` reads pyproject.toml and poetry.lock"
    for number, line in enumerate(lines, 1):
        for mount in _MOUNT.finditer("" if line.lstrip().startswith("#") else line):
            if known.find(mount["file"], path):
                today = mount[0].replace(mount["file"], "poetry.lock")
                yield number, mount[0], Finding("docker-mount", why.format(mount["file"]), today)


def _yaml(path: str, lines: Sequence[str], known: Knowledge) -> Iterator[_Found]:
    name = PurePosixPath(path).name.lower()
    context: list[tuple[int, str]] = []
    hook = ""
    for number, line in enumerate(lines, 1):
        item = _ITEM.match(line)
        if item is None or not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(item["start"])
        context = [
            (depth, key) for depth, key in context if depth < indent - (2 if "-" in item["start"] else 0)
        ]
        key, value = (item["key"] or "").lower(), item["value"].strip("\"'")
        inside = [outer for _, outer in context]
        if item["key"]:
            context.append((indent, key))
        hook = value if key == "id" else hook
        finding = (
            _cache(key, value, inside, path, known)
            or _named_file(name, key, value, path, known)
            or (_hook(hook, key, value) if name.startswith(".pre-commit") else None)
        )
        if finding is not None:
            yield number, line.strip(), finding
        yield from _hashed(number, line, path, known)


def _cache(key: str, value: str, inside: list[str], path: str, known: Knowledge) -> Finding | None:
    if key == "cache" and value == "pip" and "with" in inside:
        why = "the cache's key comes from requirements files; with `cache: poetry` it comes from poetry.lock, and Poetry must be installed in a step before"
        return Finding("ci-cache", why, "cache: poetry", "likely")
    ours = bool(value) and bool(known.find(value, path))
    if ours and (key == "cache-dependency-path" or (not key and "cache-dependency-path" in inside)):
        why = f"{value} no longer decides what is installed; poetry.lock does"
        return Finding(
            "ci-cache", why, "cache-dependency-path: poetry.lock" if key else "poetry.lock", "likely"
        )
    if ours and not key and inside[-2:] == ["key", "files"]:
        return Finding(
            "ci-cache",
            f"{value} no longer decides what is installed; poetry.lock does",
            "- poetry.lock",
            "likely",
        )
    return None


def _hashed(number: int, line: str, path: str, known: Knowledge) -> Iterator[_Found]:
    for found in _CACHED.finditer(line):
        names = re.findall(r"[^\s,'\"]+", found["hash"] or found["sum"])
        if any(known.find(name.removeprefix("**/"), path) for name in names) and "poetry.lock" not in names:
            today = "hashFiles('poetry.lock')" if found["hash"] else 'checksum "poetry.lock"'
            why = "the cache's key comes from a requirements file, and poetry.lock is what changes now"
            yield number, found[0], Finding("ci-cache", why, today, "likely")


def _named_file(name: str, key: str, value: str, path: str, known: Knowledge) -> Finding | None:
    files = known.find(value, path) if value and key in {"requirements", "python_requirements"} else ()
    if not files:
        return None
    if key == "requirements" and name.startswith(".readthedocs"):
        groups = dict.fromkeys(group for file in files for group in file.groups)
        line = install_line(groups, known)
        why = (
            f"Read the Docs installs {value} with pip; Poetry is installed in `build.jobs.post_create_environment` "
            "and called in `post_install`"
        )
        return Finding("readthedocs", why, f"- VIRTUAL_ENV=$READTHEDOCS_VIRTUALENV_PATH {line}", "likely")
    if key == "python_requirements":
        why = f"Cog reads only requirements files: let `poetry sync-reqs` write {value} from poetry.lock"
        return Finding("cog", why, f"python_requirements: {value}", "likely")
    return None


def _hook(hook: str, key: str, value: str) -> Finding | None:
    """Hooks of pre-commit: pip-compile's, and options of Poetry's that are gone."""
    if key == "id" and hook in {"pip-compile", "pip-compile-multi-verify"}:
        return Finding("pre-commit", "compiles pins that poetry.lock holds now", "id: poetry-lock", "likely")
    if key == "args" and hook == "poetry-lock" and "--no-update" in value:
        return Finding(
            "pre-commit", "`--no-update` is gone since Poetry 2.0; `poetry lock` keeps the versions", ""
        )
    if key == "args" and hook == "poetry-lock" and "--check" in value:
        return Finding(
            "pre-commit",
            "`--check` is gone since Poetry 2.0: the hook is `poetry-check` now",
            'id: poetry-check, args: ["--lock"]',
        )
    return None


def _ini(path: str, lines: Sequence[str], known: Knowledge) -> Iterator[_Found]:
    deps = False
    for number, line in enumerate(lines, 1):
        if line[:1] not in {" ", "\t", ""}:
            deps = re.match(r"(deps|constrain_package_deps)\s*=", line) is not None
        if found := re.match(r"\s*[\w.-]+\s*=\s*file:\s*(?P<file>\S+)", line):
            if known.find(found["file"].strip(","), path):
                why = "setuptools reads the dependencies from a requirements file; they are in pyproject.toml now"
                yield number, line.strip(), Finding("setuptools-file", why, "", "likely")
            continue
        found = _FACTOR.match(line) if deps else None
        files = known.find(found["file"].removeprefix("{toxinidir}/"), path) if found else ()
        if files:
            yield number, line.strip(), _tox(files, known)


def _tox(files: tuple[KnownFile, ...], known: Knowledge) -> Finding:
    groups = dict.fromkeys(group for file in files for group in file.groups)
    line = install_line(groups, known)
    names = ", ".join(file.path for file in files)
    why = f"tox installs {names} with pip; with `allowlist_externals = poetry` Poetry installs the locked versions"
    return Finding("tox-deps", why, f"commands_pre = {line}")


def _pyproject(lines: Sequence[str]) -> Iterator[_Found]:
    table = ""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if header := re.match(r"\[+\s*([^\]]+?)\s*\]+\s*(?:#.*)?$", text):
            table = header[1].replace('"', "")
            if table == "tool.poetry.dev-dependencies":
                why = "Poetry says that this table is deprecated and will go (tried on 2.1.4 to 2.5.1)"
                yield (
                    number,
                    text,
                    Finding("poetry-dev-dependencies", why, "[tool.poetry.group.dev.dependencies]"),
                )
        elif table == "tool.poetry.source" and (finding := _source(text)):
            yield number, text, finding


def _source(text: str) -> Finding | None:
    found = re.match(r"(?P<key>default|secondary|priority)\s*=\s*[\"']?(?P<value>\w+)", text)
    if found is None:
        return None
    old = found["key"] if found["value"] == "true" else found["value"] if found["key"] == "priority" else ""
    today = {"default": "primary", "secondary": "supplemental"}.get(old.lower())
    gone = "Poetry 2 refuses pyproject.toml with it (tried on 2.1.4 to 2.5.1)"
    if today is not None:
        return Finding("poetry-source", gone, f'priority = "{today}"')
    return Finding("poetry-source", gone, "") if found["key"] != "priority" else None


def _versions(lines: Sequence[str]) -> Iterator[_Found]:
    """Old Poetry pinned: it knows neither this plugin nor the lock file that is written now."""
    newest = load_legacy_facts().newest
    for number, line in enumerate(lines, 1):
        found = None if line.lstrip().startswith(("#", "//")) else _VERSION.search(line)
        if found:
            why = f"installs Poetry {found['version']}; poetry-aiops needs Poetry 2.1 or later"
            text = found[0] + found["quote"]
            today = f"{found['name']}{found['quote']}{newest}{found['quote']}"
            yield number, text, Finding("poetry-version", why, today)


def _variables(lines: Sequence[str]) -> Iterator[_Found]:
    """Environment variables of settings that are gone: Poetry takes no notice of them."""
    facts = load_legacy_facts().settings
    for number, line in enumerate(lines, 1):
        if "POETRY_" not in line or line.lstrip().startswith(("#", "//")):
            continue
        for old in facts:
            found = re.search(rf"\b{old.variable}\b\s*[:=]\s*[\"']?(?P<value>\w*)", line)
            if found:
                since = f" since Poetry {old.since}" if old.since else ""
                why = f"the setting {old.name} is gone{since}, and so its variable does nothing"
                yield number, found[0], Finding("poetry-variable", why, "", "likely")
