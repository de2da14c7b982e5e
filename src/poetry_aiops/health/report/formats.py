"""A health report in every format, by the format's name."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.report.document import health_json
from poetry_aiops.health.report.text import TextView, health_lines, joined


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from poetry_aiops.health.report.model import HealthReport


_WIDTH = 100


_FOLDER: Final = "poetry_aiops.health.report"
_WRITERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "markdown": "markdown:health_markdown",
        "html": "page:health_page",
        "sarif": "sarif:health_sarif",
        "cyclonedx": "cyclonedx:health_cyclonedx",
        "github": "github:health_annotations",
        "pip-audit": "pip_audit:health_pip_audit",
    }
)
"""``module:function`` of each format that a run without options does not write: they are loaded when they are used."""

SEVERAL: Final = ("markdown", "sarif", "github")
"""The formats in which one document is about several projects, apart from text and JSON."""


@lru_cache(maxsize=4)
def report_text(report: HealthReport, form: str) -> str:
    """Return the report in a format: text, json, markdown, html, sarif, cyclonedx, github or pip-audit.

    The document that a run prints is also the one that it keeps, so that the last ones are remembered.
    """
    if form == "text":
        return joined(health_lines(report, TextView(_WIDTH, every=True)))
    return health_json(report) if form == "json" else _writer(form)(report)


def text_of_several(reports: Sequence[HealthReport], form: str) -> str:
    """Return one document about several projects, in a format of ``SEVERAL``."""
    write = _writer(form)
    if form != "markdown":
        return write(*reports)
    from poetry_aiops.health.report.markdown import LARGEST

    return "\n".join(write(one, LARGEST // max(1, len(reports))) for one in reports)


def _writer(form: str) -> Callable[..., str]:
    module, _, name = _WRITERS[form].partition(":")
    write: Callable[..., str] = getattr(import_module(f"{_FOLDER}.{module}"), name)
    return write
