"""Places that name a requirements file or an old Poetry without being a command: mounts, caches, CI settings.

What they look like is in the data file. ``package-ecosystem: pip`` of Dependabot and ``pip_requirements`` of Renovate
are right with Poetry and not in it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.model import OldCommand, install_line
from poetry_aiops.migrate.legacy.pipelines import entries
from poetry_aiops.migrate.model import Place


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.migrate.legacy.facts import OldSetting
    from poetry_aiops.migrate.legacy.model import Knowledge
    from poetry_aiops.migrate.legacy.scripts import FileKind, FileText


def settings(kind: FileKind, path: str, file: FileText, known: Knowledge) -> Iterator[OldCommand]:
    """Yield what a file's settings (not its commands) still do the old way."""
    facts = load_legacy_facts()
    rows = [row for row in facts.lines if re.match(row.path, f"{kind}:{path}")]
    of_lines, of_keys = ([row for row in rows if row.of_key is of_key] for of_key in (False, True))
    for number, line in enumerate(file.lines, 1):
        if line.lstrip().startswith(("#", "//")):
            continue
        place = Place(path, number)
        for row in of_lines:
            yield from _matches(row, line, place, known)
        for old in facts.settings if "POETRY_" in line else ():
            variable = "POETRY_" + re.sub("[.-]", "_", old.name).upper()
            if found := re.search(rf"\b{variable}\b\s*[:=]\s*[\"']?\w*", line):
                since = f" since Poetry {old.since}" if old.since else ""
                why = f"the setting {old.name} is gone{since}, so its variable has no effect"
                yield OldCommand("poetry-variable", why, "", "likely", place=place, text=found[0])
    for number, identity, text in _keys(kind, file) if of_keys else ():
        for row in of_keys:
            if row.id in {"", identity}:
                for one in _matches(row, text, Place(path, number), known):
                    yield replace(one, text=file.lines[number - 1].strip())


def _keys(kind: FileKind, file: FileText) -> Iterator[tuple[int, str, str]]:
    """Yield the values of a file by their keys: line (1-based), the ``id`` of the entry, ``path/of/keys: value``."""
    name = ""
    for entry in entries(file) if kind == "yaml" else ():
        name = entry.plain if entry.key == "id" else name
        path = "/".join(map(str, entry.path))
        if entry.style:
            for at in range(entry.line + 1, entry.end):
                yield at + 1, name, f"{path}/{at}: {file.lines[at].strip()}"
        else:
            yield entry.line + 1, name, f"{path}: {entry.plain}"
    is_toml = kind == "toml"
    header = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]+\s*(?:#.*)?$" if is_toml else r"([\w.-]+)\s*=")
    for number, line in enumerate(file.lines if kind != "yaml" else (), 1):
        if found := header.match(line):
            name = found[1].replace('"', "")
        elif not is_toml and line[:1] not in {" ", "\t", ""}:
            name = ""
        yield number, "", f"{name}: {line.strip()}"


def _matches(row: OldSetting, text: str, place: Place, known: Knowledge) -> Iterator[OldCommand]:
    for found in re.finditer(row.pattern, text):
        named = found.groupdict().get("file")
        names = re.findall(r"[^\s,'\"]+", named) if named else []
        files = [file for name in names for file in known.find(name.removeprefix("**/"))]
        if named is None or files:
            values = {
                **found.groupdict(),
                "locked": found[0].replace(named or "\n", "poetry.lock"),
                "names": ", ".join(files),
                "install": install_line(known.groups_of(files), known),
                "newest": load_legacy_facts().newest,
            }
            why, today = row.why.format(**values), row.today.format(**values)
            yield OldCommand(row.rule, why, today, row.confidence, place=place, text=found[0])
