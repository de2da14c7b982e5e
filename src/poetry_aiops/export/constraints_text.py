"""A constraints file (``pip install -c``): the locked version of everything that could be installed from an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.export.header import with_header
from poetry_aiops.export.model import Rendered
from poetry_aiops.export.requirements_text import about, requirement_line


if TYPE_CHECKING:
    from poetry_aiops.export.model import Exported, FilePlan


def render_constraints(plan: FilePlan, exported: Exported) -> Rendered:
    """Return the constraints of a selection: no hashes, no indexes, nothing that a constraint cannot say.

    pip refuses paths and editable packages in a constraints file, so these are named in a comment only.
    """
    pins = exported.select(plan.selection)
    elsewhere = sorted({pin.package.name for pin in pins if pin.origin != "index"})
    notes = [f"Not from an index, so not held here: {', '.join(elsewhere)}."] if elsewhere else []
    if exported.variant_files:
        notes.append("What only hardware variants hold is not here: each has another build of it.")
    lines = {requirement_line(pin, hashed=False) for pin in pins if pin.origin == "index"}
    head = [*about(plan.selection, exported), *notes]
    return Rendered(
        plan, with_header(plan.path, exported.lock_digest, head, "\n".join(sorted(lines))), tuple(notes)
    )
