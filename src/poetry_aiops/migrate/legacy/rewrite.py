"""The certain edits of ``--rewrite``: old commands whose form of today does the same in the same environment.

A Dockerfile is changed as a whole or not at all, because a COPY and the RUN that needs it belong together. There and
in workflows Poetry comes into an environment of its own, made by the Python that pip installed into: with
``virtualenvs.create = false`` Poetry installs into that Python too (poetry.utils.env.EnvManager.get_system_env).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.migrate.legacy.find import OldFile
    from poetry_aiops.migrate.legacy.images import Image
    from poetry_aiops.migrate.legacy.model import Hit, Knowledge


_COMMANDS: Final = frozenset(
    {"pip-install-requirements", "pip-sync", "poetry-option", "poetry-command", "poetry-only-with"}
)
_IMAGE: Final = frozenset({"pip-install-requirements", "docker-copy", "docker-mount"})
_POETRY_THERE: Final = re.compile(
    r"install-poetry|pipx? install [^\n]*poetry|snok/install-poetry|abatilo/actions-poetry"
)
_OTHER_MACHINES: Final = re.compile(r"^\s*container:|self-hosted", re.MULTILINE)
_STEP: Final = re.compile(r"^(?P<indent>\s*)- ")
_JOB: Final = re.compile(r"^ {1,8}[\w-]+:\s*(?:#.*)?$")

Edit = tuple[int, int, str]
"""From an offset to an offset, and the text there instead."""


def rewritten(old: OldFile, known: Knowledge) -> tuple[str, frozenset[Hit]]:
    """Return the file's new text with LF ends and what has been changed; nothing where nothing is certain."""
    if old.image is not None:
        edits, hits = _image(old, old.image, known)
    elif old.path.startswith(".github/workflows/"):
        edits, hits = _workflow(old)
    elif old.kind in {"shell", "make"}:
        hits = [hit for hit in old.hits if _is_certain(hit)]
        edits = _replacing(hits)
    else:
        return old.file.text, frozenset()
    return _edited(old.file.text, edits), frozenset(hits)


def _is_certain(hit: Hit) -> bool:
    found = hit.finding
    sure = found.confidence == "certain" and found.drops and found.today != ""
    return sure and found.rule in _COMMANDS and hit.span is not None


def _replacing(hits: Iterable[Hit]) -> list[Edit]:
    return [(*hit.span, hit.finding.today) for hit in hits if hit.span is not None]


def _edited(text: str, edits: Iterable[Edit]) -> str:
    for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _packages(hits: Iterable[Hit], join: str) -> str:
    """Return what has to be installed for the new commands: Poetry, and this plugin for a hardware variant."""
    needs = any("hw-install" in hit.finding.today for hit in hits)
    return f"poetry=={load_legacy_facts().newest}" + (f"{join}poetry-aiops" if needs else "")


# -- images ------------------------------------------------------------------------------------------------


def _image(old: OldFile, image: Image, known: Knowledge) -> tuple[list[Edit], list[Hit]]:
    hits = [hit for hit in old.hits if hit.finding.rule in _IMAGE]
    runs = [hit for hit in hits if hit.finding.rule == "pip-install-requirements"]
    copies = [hit for hit in hits if hit.finding.rule == "docker-copy"]
    if not runs or len(runs) + len(copies) != len(hits) or _POETRY_THERE.search(old.file.text):
        return [], []
    if not all(_is_certain(run) and _can_install(image, run, known, old.file.text) for run in runs):
        return [], []
    starts = old.file.starts
    edits = _replacing(runs)
    for copy in image.copies:
        (hit,) = [one for one in copies if one.line == copy.start + 1]
        edits.append((starts[copy.start], starts[copy.end] - 1, hit.finding.today))
    if _still_named(_edited(old.file.text, edits), image):
        return [], []
    return [*edits, *_with_poetry(old, image, runs, hits)], hits


def _can_install(image: Image, run: Hit, known: Knowledge, text: str) -> bool:
    """Say whether Poetry can do there what pip did: the same Python, by root, with all that the lock names."""
    stage = image.at(run.line)
    whole = stage.known is not None and stage.known.context is not None
    copied = whole or any(set(copy.files) >= set(run.finding.files) for copy in image.copies)
    has_environment = stage.environment is not None or re.search("venv|conda", text) is None
    return (
        stage.has_python
        and stage.is_root
        and has_environment
        and copied
        and (known.needs is not None or whole)
    )


def _still_named(text: str, image: Image) -> bool:
    """Say whether something else in the image reads a requirements file that it would no longer have."""
    names = {file.path.rpartition("/")[2] for copy in image.copies for file in copy.files}
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    return any(
        re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", line) for name in names for line in lines
    )


def _with_poetry(old: OldFile, image: Image, runs: list[Hit], hits: list[Hit]) -> list[Edit]:
    """Return the edits that install Poetry before the first changed line of each stage that has none yet."""
    packages = _packages(runs, " ")
    block = (
        f"RUN python -m venv /opt/poetry \\\n    && /opt/poetry/bin/pip install --no-cache-dir {packages} \\\n"
        "    && ln -s /opt/poetry/bin/poetry /usr/local/bin/poetry\nENV POETRY_VIRTUALENVS_CREATE=false\n"
    )
    found: dict[int, int] = {}
    installing = {image.at(run.line).number for run in runs}
    for hit in hits:
        stage = image.at(hit.line)
        if stage.number in installing and not {stage.number, *stage.parents} & found.keys():
            found[stage.number] = old.file.starts[max(start for start in image.runs if start <= hit.line) - 1]
    return [(at, at, block) for at in found.values()]


# -- workflows of GitHub -----------------------------------------------------------------------------------------


def _workflow(old: OldFile) -> tuple[list[Edit], list[Hit]]:
    edits: list[Edit] = []
    hits: list[Hit] = []
    prepared: set[int] = set()
    for hit in old.hits:
        if not _is_certain(hit):
            continue
        if hit.finding.rule.startswith("poetry-"):
            edits += _replacing([hit])
            hits.append(hit)
            continue
        first, last = _job(old.file.lines, hit.line - 1)
        job = "\n".join(old.file.lines[first:last])
        step = _step(old.file.lines, hit.line - 1)
        before = "\n".join(old.file.lines[first : step or first])
        if (
            step is None
            or _OTHER_MACHINES.search(job)
            or _POETRY_THERE.search(job)
            or "setup-python" not in before
        ):
            continue
        if first not in prepared:
            prepared.add(first)
            edits.append(_step_before(old, step, job))
        edits += _replacing([hit])
        hits.append(hit)
    return edits, hits


def _step_before(old: OldFile, step: int, job: str) -> Edit:
    found = _STEP.match(old.file.lines[step])
    indent = found["indent"] if found else ""
    hits = [hit for hit in old.hits if hit.text in job]
    plugin = " && pipx inject poetry poetry-aiops" if "poetry-aiops" in _packages(hits, " ") else ""
    package = _packages([], "")
    run = f"pipx install --python python {package}{plugin} && poetry config virtualenvs.create false"
    at = old.file.starts[step]
    return at, at, f"{indent}- name: Install Poetry\n{indent}  run: {run}\n"


def _job(lines: list[str], at: int) -> tuple[int, int]:
    """Return the lines of the job that a line belongs to: from its name to the next one's."""
    jobs = next((number for number, line in enumerate(lines) if re.match(r"jobs:", line)), 0)
    names = [number for number in range(jobs + 1, len(lines)) if _JOB.match(lines[number])]
    depth = min((_indent(lines[number]) for number in names), default=0)
    tops = [number for number in names if _indent(lines[number]) == depth]
    first = max((number for number in tops if number <= at), default=0)
    return first, min((number for number in tops if number > at), default=len(lines))


def _step(lines: list[str], at: int) -> int | None:
    """Return the line where the step begins that a line belongs to."""
    depth = _indent(lines[at]) + (1 if _STEP.match(lines[at]) else 0)
    for number in range(at, -1, -1):
        line = lines[number]
        if _STEP.match(line) and _indent(line) < depth and re.match(r"\s*- [\w-]+:", line):
            return number
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
