"""The certain edits of ``--rewrite``: old commands whose form of today does the same in the same environment.

A Dockerfile is changed as a whole or not at all, because a COPY and the RUN that needs it belong together. There and
in workflows Poetry comes into an environment of its own, made by the Python that pip installed into: with
``virtualenvs.create = false`` Poetry installs into that Python too (poetry.utils.env.EnvManager.get_system_env).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.pipelines import entries


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.migrate.legacy.find import CommandFile
    from poetry_aiops.migrate.legacy.images import ReadImage
    from poetry_aiops.migrate.legacy.model import CommandFinding, Knowledge
    from poetry_aiops.migrate.legacy.pipelines import Entry


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


def rewritten(old: CommandFile, known: Knowledge) -> tuple[str, frozenset[CommandFinding]]:
    """Return the file's new text with LF ends and what has been changed; nothing where nothing is certain."""
    edits: list[Edit] = []
    changed: list[CommandFinding] = []
    if old.image is not None:
        edits, changed = _image(old, old.image, known)
    elif old.path.startswith(".github/workflows/"):
        edits, changed = _workflow(old)
    elif old.kind in {"shell", "make"}:
        changed = [found for found in old.findings if _is_certain(found)]
        edits = _replacing(changed)
    return _edited(old.file.text, edits), frozenset(changed)


def _is_certain(found: CommandFinding) -> bool:
    sure = found.confidence == "certain" and found.drops and found.today != ""
    return sure and found.rule in _COMMANDS and found.span is not None


def _replacing(findings: Iterable[CommandFinding]) -> list[Edit]:
    return [(*found.span, found.today) for found in findings if found.span is not None]


def _edited(text: str, edits: Iterable[Edit]) -> str:
    for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _needs_plugin(findings: Iterable[CommandFinding]) -> bool:
    """Say whether the new commands need this plugin beside Poetry: those of a hardware variant do."""
    return any("hw-install" in found.today for found in findings)


def _is_too_old(minors: Iterable[str], findings: Iterable[CommandFinding]) -> bool:
    """Say whether one of these minors of Python 3 is too old for what the new commands need."""
    lowest = load_legacy_facts().lowest["plugin" if _needs_plugin(findings) else "poetry"]
    return any(int(minor) < lowest for minor in minors)


# -- images ------------------------------------------------------------------------------------------------


def _image(old: CommandFile, image: ReadImage, known: Knowledge) -> tuple[list[Edit], list[CommandFinding]]:
    found = [one for one in old.findings if one.rule in _IMAGE]
    runs = [one for one in found if one.rule == "pip-install-requirements"]
    copies = {one.line: one for one in found if one.rule == "docker-copy"}
    if not runs or len(runs) + len(copies) != len(found) or _POETRY_THERE.search(old.file.text):
        return [], []
    if not all(_is_certain(run) and _can_install(image, run, known, old.file.text) for run in runs):
        return [], []
    if any(_is_too_old(re.findall(r"^3\.(\d+)", image.at(run.line).python or ""), runs) for run in runs):
        return [], []
    starts = old.file.starts
    edits = _replacing(runs)
    edits += [
        (starts[copy.start], starts[copy.end] - 1, copies[copy.start + 1].today) for copy in image.copies
    ]
    if _still_named(_edited(old.file.text, edits), image):
        return [], []
    return [*edits, *_with_poetry(old, image, runs, found)], found


def _can_install(image: ReadImage, run: CommandFinding, known: Knowledge, text: str) -> bool:
    """Say whether Poetry can do there what pip did: the same Python, by root, with all that the lock names."""
    stage = image.at(run.line)
    whole = stage.known.context is not None
    copied = whole or any(set(copy.files) >= set(run.files) for copy in image.copies)
    has_environment = stage.environment is not None or re.search("venv|conda", text) is None
    has_all = known.needs is not None or whole
    return stage.python is not None and stage.is_root and has_environment and copied and has_all


def _still_named(text: str, image: ReadImage) -> bool:
    """Say whether something else in the image reads a requirements file that it would no longer have."""
    names = {file.path.rpartition("/")[2] for copy in image.copies for file in copy.files}
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    return any(
        re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", line) for name in names for line in lines
    )


def _with_poetry(
    old: CommandFile, image: ReadImage, runs: list[CommandFinding], found: list[CommandFinding]
) -> list[Edit]:
    """Return the edits that install Poetry before the first changed line of each stage that has none yet."""
    packages = f"poetry=={load_legacy_facts().newest}" + (" poetry-aiops" if _needs_plugin(runs) else "")
    block = (
        f"RUN python -m venv /opt/poetry \\\n    && /opt/poetry/bin/pip install --no-cache-dir {packages} \\\n"
        "    && ln -s /opt/poetry/bin/poetry /usr/local/bin/poetry\nENV POETRY_VIRTUALENVS_CREATE=false\n"
    )
    places: dict[int, int] = {}
    installing = {image.at(run.line).number for run in runs}
    for one in found:
        stage = image.at(one.line)
        if stage.number in installing and not {stage.number, *stage.parents} & places.keys():
            places[stage.number] = old.file.starts[image.start(one.line) - 1]
    return [(at, at, block) for at in places.values()]


# -- workflows of GitHub -----------------------------------------------------------------------------------------


def _workflow(old: CommandFile) -> tuple[list[Edit], list[CommandFinding]]:
    edits: list[Edit] = []
    changed: list[CommandFinding] = []
    lines, prepared = old.file.lines, set()
    found = entries(old.file)
    for one in filter(_is_certain, old.findings):
        here = next(entry.path for entry in reversed(found) if entry.line < one.line)
        job, step = here[:2], here[:4]
        if not one.rule.startswith("poetry-"):
            if (*here[:1], *here[2:3]) != ("jobs", "steps") or not here[3:]:
                continue
            inside = [entry for entry in found if entry.path[:2] == job]
            start = next(entry.line for entry in inside if entry.path[:4] == step)
            text = "\n".join(lines[inside[0].line : inside[-1].end])
            before = "\n".join(lines[inside[0].line : start])
            mine = [each for each in old.findings if inside[0].line < each.line <= inside[-1].end]
            pythons = _pythons(old, [*inside, *(each for each in found if each.path[0] == "env")])
            if (
                _OTHER_MACHINES.search(text)
                or _POETRY_THERE.search(text)
                or "setup-python" not in before
                or _is_too_old(pythons, mine)
            ):
                continue
            if job not in prepared:
                prepared.add(job)
                edits.append(_step_before(old, start, needs_plugin=_needs_plugin(mine)))
        edits += _replacing([one])
        changed.append(one)
    return edits, changed


def _pythons(old: CommandFile, found: Iterable[Entry]) -> list[str]:
    """Return the minors of Python 3 in the keys of a workflow that are about Python, and below them."""
    about = [entry for entry in found if any("python" in str(part) for part in entry.path)]
    texts = ["\n".join(old.file.lines[entry.line : entry.end]) for entry in about]
    return [minor for text in texts for minor in re.findall(r"(?<![\w.@])3\.(\d+)", text)]


def _step_before(old: CommandFile, line: int, *, needs_plugin: bool) -> Edit:
    """Return the edit that puts a step with Poetry before the one that begins on a line."""
    indent = old.file.lines[line].partition("-")[0]
    plugin = " && pipx inject poetry poetry-aiops" if needs_plugin else ""
    package = f"poetry=={load_legacy_facts().newest}"
    run = f"pipx install --python python {package}{plugin} && poetry config virtualenvs.create false"
    at = old.file.starts[line]
    return at, at, f"{indent}- name: Install Poetry\n{indent}  run: {run}\n"
