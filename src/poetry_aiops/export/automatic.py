"""``[tool.poetry-aiops.export] auto = true``: the exported files follow every lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.errors import AiopsError
from poetry_aiops.export.model import COMMAND
from poetry_aiops.export.selection import PoetryExport
from poetry_aiops.export.sync_cache import remember
from poetry_aiops.export.threeway import IN_WORDS
from poetry_aiops.export.writing import read_bundle, standing, write
from poetry_aiops.system.signals import fewer_collections


if TYPE_CHECKING:
    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output


def keep_files_in_step(output: Output, poetry: Poetry) -> None:
    """Write what changed and say so in one line; a file that is not ours to overwrite is a warning.

    What is up to date is remembered, so that :func:`poetry_aiops.export.sync_cache.is_remembered` can answer first.
    """
    if not poetry.locker.is_locked():
        return
    with fewer_collections():
        _bring_in_step(output, poetry)


def _bring_in_step(output: Output, poetry: Poetry) -> None:
    try:
        bundle = read_bundle(poetry.pyproject_path)
        state = standing(bundle, poetry, PoetryExport(poetry), ask=True, diffs=False)
        written = []
        for file in state.files:
            if file.may_write and not state.incomplete(file.path):
                rendered = state.rendered.get(file.path)
                write(state.bundle.root, file, rendered.text if rendered else "")
                written.append(file.path)
    except AiopsError as error:
        output.warning(f"the exported files were not updated: {' '.join(error.lines())}")
        return
    except (RuntimeError, ValueError, OSError) as error:
        output.warning(f"the exported files were not updated: {error}. Run `{COMMAND}`.")
        return
    if all(file.state == "current" or file.path in written for file in state.files):
        remember(poetry, state.rendered)
    if written:
        output.line(f"Updated from poetry.lock: {', '.join(written)}")
    for file in state.files:
        if state.incomplete(file.path) and file.state != "current":
            reason = state.problems[0] if state.problems else "an index does not answer"
            output.warning(f"{file.path} was not written: {reason}. Run `{COMMAND}` later.")
        elif file.state != "current" and not file.may_write:
            output.warning(
                f"{file.path} {IN_WORDS[file.state]} and was not changed. Run `{COMMAND}` to see the lines.",
            )
