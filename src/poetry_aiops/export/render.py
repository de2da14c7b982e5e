"""The whole bundle as texts, each file after the one that it includes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.export.constraints_text import render_constraints
from poetry_aiops.export.pylock import render_pylock
from poetry_aiops.export.requirements_text import Layer, render_requirements


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.export.model import Exported, FilePlan, Rendered


def render_bundle(plans: Iterable[FilePlan], exported: Exported) -> tuple[Rendered, ...]:
    """Return every file as it should be; ``plans`` come as :func:`plan_bundle` orders them.

    Raises ConfigError for hashes that are asked for where pip cannot check them.
    """
    layers: dict[str, Layer] = {}
    rendered = []
    for plan in plans:
        if plan.format == "constraints":
            rendered.append(render_constraints(plan, exported))
        elif plan.format == "pylock":
            rendered.append(render_pylock(plan, exported))
        else:
            file, layers[plan.path] = render_requirements(plan, exported, layers.get(plan.base or ""))
            rendered.append(file)
    return tuple(rendered)
