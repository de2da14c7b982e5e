"""A health report in every format, by the format's name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.report.document import health_json
from poetry_aiops.health.report.github import health_annotations
from poetry_aiops.health.report.markdown import LARGEST, health_markdown
from poetry_aiops.health.report.page import health_page
from poetry_aiops.health.report.pip_audit import health_pip_audit
from poetry_aiops.health.report.sarif import health_sarif
from poetry_aiops.health.report.text import TextView, health_lines, joined


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from poetry_aiops.health.report.model import HealthReport


_WIDTH = 100


def report_text(report: HealthReport, form: str) -> str:
    """Return the report in a format: text, json, markdown, html, sarif, cyclonedx, github or pip-audit."""
    return _WRITERS[form](report)


SEVERAL: Final[Mapping[str, Callable[[Sequence[HealthReport]], str]]] = MappingProxyType(
    {
        "markdown": lambda reports: "\n".join(
            health_markdown(one, LARGEST // max(1, len(reports))) for one in reports
        ),
        "sarif": lambda reports: health_sarif(*reports),
        "github": lambda reports: health_annotations(*reports),
    }
)
"""The formats in which one document is about several projects, apart from text and JSON."""


def _cyclonedx(report: HealthReport) -> str:
    from poetry_aiops.health.report.cyclonedx import health_cyclonedx

    return health_cyclonedx(report)


_WRITERS: Final[Mapping[str, Callable[[HealthReport], str]]] = MappingProxyType(
    {
        "text": lambda report: joined(health_lines(report, TextView(_WIDTH, every=True))),
        "json": health_json,
        "markdown": health_markdown,
        "html": health_page,
        "sarif": health_sarif,
        "cyclonedx": _cyclonedx,
        "github": health_annotations,
        "pip-audit": health_pip_audit,
    }
)
