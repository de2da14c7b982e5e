"""What one group adds over another, for example ``ml-gpu`` over ``ml-cpu``, on one machine or on any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.diff import diff
from poetry_aiops.graph.model import Scope
from poetry_aiops.graph.scope import scope_of
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from poetry_aiops.graph.model import Diff
    from poetry_aiops.project.model import Lock, Project


_MAIN = Scope(groups=(MAIN,))


def difference(
    project: Project, lock: Lock, group: str, over: str | None = None, within: Scope = _MAIN
) -> Diff:
    """Return what an installation with ``group`` holds more, less or otherwise than one with ``over``.

    ``within`` names the groups that both hold (main, unless it says otherwise), the extras and the machine. Without
    ``over`` the comparison is with those groups alone. Raises UsageError for a group that does not exist.
    """
    shared = within.groups or (MAIN,)
    sides = []
    for more in ([over] if over else [], [group]):
        groups = scope_of(project, only=[*shared, *more]).groups or tuple(project.groups)
        sides.append(build_graph(project, lock, Scope(groups, within.extras or (), within.target)))
    return diff(*sides)
