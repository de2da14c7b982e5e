"""The certain edits of ``--rewrite``: old commands whose form of today does the same in the same environment.

A Dockerfile is changed as a whole or not at all, because a COPY and the RUN that needs it belong together. There and
in workflows Poetry comes into an environment of its own, made by the Python that pip installed into: with
``virtualenvs.create = false`` Poetry installs into that Python too (poetry.utils.env.EnvManager.get_system_env).
"""

from __future__ import annotations

import re
from posixpath import basename
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.pipelines import entries


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.migrate.legacy.find import CommandFile
    from poetry_aiops.migrate.legacy.model import OldCommand


_COMMANDS: Final = frozenset(
    {"pip-install-requirements", "pip-sync", "poetry-option", "poetry-command", "poetry-only-with"}
)
_IMAGE: Final = frozenset({"pip-install-requirements", "docker-copy", "docker-mount"})
_POETRY_THERE: Final = re.compile(
    r"install-poetry|pipx? install [^\n]*poetry|snok/install-poetry|abatilo/actions-poetry"
)
_OTHER_MACHINES: Final = re.compile(r"^\s*container:|self-hosted", re.MULTILINE)

Edit = tuple[int, int, str]
"""From an offset to an offset, and the text there instead."""


def rewritten(old: CommandFile) -> tuple[str, frozenset[OldCommand]]:
    """Return the file's new text with LF ends and what has been changed; nothing where nothing is certain."""
    edits: list[Edit] = []
    changed: list[OldCommand] = []
    if old.kind == "dockerfile":
        edits, changed = _image(old)
    elif old.path.startswith(".github/workflows/"):
        edits, changed = _workflow(old)
    elif old.kind in {"shell", "make"}:
        changed = [one for one in old.findings if _is_certain(one)]
    return _edited(old.file.text, [*edits, *_replacing(changed)]), frozenset(changed)


def _is_certain(found: OldCommand) -> bool:
    sure = found.confidence == "certain" and found.drops and found.today != ""
    return sure and found.rule in _COMMANDS and found.span is not None


def _replacing(findings: Iterable[OldCommand]) -> list[Edit]:
    return [(*found.span, found.today) for found in findings if found.span is not None]


def _edited(text: str, edits: Iterable[Edit]) -> str:
    for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _needs_plugin(findings: Iterable[OldCommand]) -> bool:
    """Say whether the new commands need this plugin beside Poetry: those of a hardware variant do."""
    return any("hw-install" in found.today for found in findings)


def _is_too_old(minors: Iterable[str], findings: Iterable[OldCommand]) -> bool:
    """Say whether one of these minors of Python 3 is too old for what the new commands need."""
    lowest = load_legacy_facts().lowest["plugin" if _needs_plugin(findings) else "poetry"]
    return any(int(minor) < lowest for minor in minors)


def _image(old: CommandFile) -> tuple[list[Edit], list[OldCommand]]:
    """Return the edits that install Poetry in each stage that needs it, and what is replaced: all or nothing."""
    found = [one for one in old.findings if one.rule in _IMAGE]
    runs = [one for one in found if one.rule == "pip-install-requirements"]
    copies = [one for one in found if one.rule == "docker-copy"]
    if not runs or len(runs) + len(copies) != len(found) or _POETRY_THERE.search(old.file.text):
        return [], []
    for run in runs:
        stage = run.known.stage
        whole = run.known.context is not None
        copied = whole or any(set(copy.files) >= set(run.files) for copy in copies)
        has_environment = stage.environment is not None or re.search("venv|conda", old.file.text) is None
        has_all = run.known.needs is not None or whole
        if not (_is_certain(run) and stage.is_root and has_environment and copied and has_all):
            return [], []
        if stage.python is None or _is_too_old(re.findall(r"^3\.(\d+)", stage.python), runs):
            return [], []
    names = {basename(file) for copy in copies for file in copy.files}
    new = _edited(old.file.text, _replacing(found))
    lines = "\n".join(line for line in new.split("\n") if not line.lstrip().startswith("#"))
    if any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", lines) for name in names):
        return [], []  # something else reads a requirements file that the image would no longer have
    packages = f"poetry=={load_legacy_facts().newest}" + (" poetry-aiops" if _needs_plugin(runs) else "")
    block = (
        f"RUN python -m venv /opt/poetry \\\n    && /opt/poetry/bin/pip install --no-cache-dir {packages} \\\n"
        "    && ln -s /opt/poetry/bin/poetry /usr/local/bin/poetry\nENV POETRY_VIRTUALENVS_CREATE=false\n"
    )
    places: dict[int, int] = {}
    installing = {run.known.stage.number for run in runs}
    for stage in (one.known.stage for one in found):
        if stage.number in installing and not {stage.number, *stage.parents} & places.keys():
            places[stage.number] = old.file.starts[stage.line - 1]
    return [(at, at, block) for at in places.values()], found


def _workflow(old: CommandFile) -> tuple[list[Edit], list[OldCommand]]:
    """Return the edits that install Poetry in each job of GitHub that needs it, and what is replaced."""
    edits: list[Edit] = []
    changed: list[OldCommand] = []
    lines, prepared = old.file.lines, set()
    found = entries(old.file)
    for one in filter(_is_certain, old.findings):
        if not one.rule.startswith("poetry-"):
            path = next(entry.path for entry in reversed(found) if entry.line < one.place.line)
            if (*path[:1], *path[2:3]) != ("jobs", "steps") or not path[3:]:
                continue
            job = [entry for entry in found if entry.path[:2] == path[:2]]
            first, end = job[0].line, job[-1].end
            start = next(entry.line for entry in job if entry.path[:4] == path[:4])
            text = "\n".join(lines[first:end])
            mine = [each for each in old.findings if first < each.place.line <= end]
            about_python = [
                entry
                for entry in (*job, *(each for each in found if each.path[0] == "env"))
                if any("python" in str(part) for part in entry.path)
            ]
            versions = "\n".join("\n".join(lines[entry.line : entry.end]) for entry in about_python)
            if (
                _OTHER_MACHINES.search(text)
                or _POETRY_THERE.search(text)
                or "setup-python" not in "\n".join(lines[first:start])
                or _is_too_old(re.findall(r"(?<![\w.@])3\.(\d+)", versions), mine)
            ):
                continue
            if path[:2] not in prepared:
                prepared.add(path[:2])
                indent = lines[start].partition("-")[0]
                plugin = " && pipx inject poetry poetry-aiops" if _needs_plugin(mine) else ""
                package = f"poetry=={load_legacy_facts().newest}"
                run = f"pipx install --python python {package}{plugin} && poetry config virtualenvs.create false"
                step = f"{indent}- name: Install Poetry\n{indent}  run: {run}\n"
                edits.append((old.file.starts[start], old.file.starts[start], step))
        changed.append(one)
    return edits, changed
