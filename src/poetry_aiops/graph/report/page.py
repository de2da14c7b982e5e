"""The interactive page of ``poetry graph``: one HTML file that asks nothing of any network. Pure.

The files of ``graph/assets`` are put into one document under a content security policy that allows this script and
this style, by their hashes, and nothing else. The script is built from ``page/src`` (see ``page/README.md``). What the
lock says travels as JSON that cannot leave its element, and the script writes it as text only. The same graph and
answers always give the same bytes.
"""

from __future__ import annotations

import html
import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.document import asset, content_policy
from poetry_aiops.graph.answers import NO_ANSWERS
from poetry_aiops.graph.overlay import NO_OVERLAY
from poetry_aiops.graph.report.page_data import page_document


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.graph.answers import Answers
    from poetry_aiops.graph.model import Analysis, DependencyGraph
    from poetry_aiops.graph.overlay import Overlay


_PACKAGE: Final = "poetry_aiops.graph"
STYLES: Final = ("tokens.css", "frame.css", "views.css", "print.css")
_NO_VARIANTS: Final[Mapping[str, str]] = MappingProxyType({})
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def graph_page(
    analysis: Analysis,
    answers: Answers = NO_ANSWERS,
    overlay: Overlay = NO_OVERLAY,
    variants: Mapping[str, str] = _NO_VARIANTS,
    old: DependencyGraph | None = None,
) -> str:
    """Return the page as one HTML document.

    It opens with the package in focus, else with the map. ``variants`` maps each exclusive hardware group to its backend
    (``{"ml-gpu": "cu126"}``). ``old`` is the graph that ``answers.diff`` begins from, whose lost packages are drawn, too.
    """
    style = "\n" + "".join(asset(_PACKAGE, name) for name in STYLES)
    script = "\n" + asset(_PACKAGE, "page.js")  # one function, nothing global
    filling = {
        "policy": content_policy(script=script, style=style),
        "title": html.escape(f"{analysis.graph.project}: dependency graph"),
        "style": style,
        "data": json_for_html(page_document(analysis, answers, overlay, variants, old)),
        "script": script,
    }
    return _SLOT.sub(lambda match: filling[match[1]], asset(_PACKAGE, "page.html"))


def json_for_html(document: Mapping[str, object]) -> str:
    """Return JSON that no HTML parser can take for markup: every ``<`` and ``&`` is written as its escape."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return (
        text.replace("<", "\\u003c")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
