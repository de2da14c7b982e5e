"""What the plugin does in a project without variants: a warning, a proposal, and nothing else.

Nothing here imports Poetry's private parts, so that no other Poetry can break these projects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.errors import AiopsError, LockConflictError
from poetry_aiops.locking.gate import locked_by, verify_locked
from poetry_aiops.locking.propose import as_toml, propose
from poetry_aiops.project.pyproject import read_project


if TYPE_CHECKING:
    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.locking.verify import Installed


def warn_of_doubles(output: Output, poetry: Poetry, selected: Installed) -> None:
    """Warn where a command of Poetry's would take two builds of one package out of the lock of a project without variants."""
    try:
        verify_locked(locked_by(poetry.locker), [selected])
    except LockConflictError as error:
        output.warning("\n".join(error.lines()))
    except AiopsError:
        return  # what is wrong with its lock, Poetry says itself


def show_proposal(output: Output, poetry: Poetry) -> None:
    """Print the table that lets groups which plain Poetry cannot lock together share one lock; nothing is changed."""
    try:
        hardware = propose(read_project(poetry.pyproject_path))
    except AiopsError:
        return  # what is wrong with it, Poetry says itself
    if hardware is not None:
        output.warning(
            "Poetry cannot lock these groups together. Where they are builds for different hardware, this table in"
            " pyproject.toml lets them share one poetry.lock; `poetry hw-add --from-groups` writes it and locks:",
        )
        output.remark(as_toml(hardware))
