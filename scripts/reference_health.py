"""The metrics of `poetry health`: weights, formulas and thresholds, from the constants that compute them."""

from __future__ import annotations

from scripts import reference_text as text

from poetry_aiops.health import (
    currency,
    depth,
    maintenance,
    metric,
    policy,
    popularity,
    score,
    security,
    severity,
)
from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.signals import SignalKind


HEAD = f"""\
# Health metrics

The figures of `poetry health`, as they are computed. How to use them, and what happens when something is unknown, is in
[How to audit what you locked](../how-to/health.md). Half-lives and weights are this project's choice, not a measured law. Libyears are
those of Cox, Bouwers, van Eekelen and Visser, "Measuring Dependency Freshness in Software Systems" (2015).

{text.MADE.format(source="the constants in `health`")}
"""
SCORE = f"""\
## The overall score

The mean of the metrics that are known, by their weights; the weights of those that are not known are left out, so that the score stays
between 0 and 100. *Coverage* is the part of the facts that is known. Below {score.SUFFICIENT:.0f} % the score is called insufficient, and
it never passes `--min-score`.
"""
PACKAGES = f"""\
Currency, maintenance and popularity are means over the packages, in which a direct dependency counts
{metric.DIRECT_WEIGHT // metric.TRANSITIVE_WEIGHT} times as much as another one. Packages that a metric does not apply to (a local folder)
count neither as good nor as missing.
"""
SEVERITY = """\
## Severity

From the newest CVSS version that the record gives, of several vectors the highest base score; else the database's own word; else, for
a record of malicious packages (`MAL-`), critical; else unknown. An unknown severity never passes a gate. CVSS 2 has no critical.
"""
SIGNALS = """\
## Supply-chain signals

Facts about a locked release that its own index gives. `quarantined` and `gone` fail the gate where the index is read anyway;
`fail-on-signals` names others, or none, and then every package is checked. The most severe first:
"""
EXAMPLES = """\
## Some values

Computed by the same functions, for a feeling of the scale.
"""
MEANINGS = {
    SignalKind.QUARANTINED: "the index has quarantined the project: it may be malicious",
    SignalKind.GONE: "the locked version is no longer on its index",
    SignalKind.YANKED: "the locked version was yanked",
    SignalKind.PROVENANCE_LOST: "the locked version has no provenance, although the one before it has",
    SignalKind.ARCHIVED: "the project is archived: expect no more releases",
    SignalKind.DEPRECATED: "the project is deprecated",
    SignalKind.INACTIVE: 'the project calls itself "7 - Inactive"',
    SignalKind.YOUNG: f"released less than `young-days` ago, {policy.YOUNG_DAYS} by default",
    SignalKind.SDIST_ONLY: "no wheel: installing it runs its build script",
    SignalKind.NO_PROVENANCE: "the files have no attestations (PEP 740)",
    SignalKind.PYTHON_END_OF_LIFE: "the project allows a Python without security fixes; a note of the report, about no package",
}


def page() -> str:
    """Return the page."""
    parts = (
        HEAD,
        SCORE,
        table(),
        PACKAGES,
        EXAMPLES,
        _examples(),
        SEVERITY,
        _severity(),
        SIGNALS,
        _signals(),
    )
    return "\n".join(parts)


def table() -> str:
    """Return the metrics with weight and formula, the weightiest first."""
    formulas = {
        "security": _security(),
        "maintenance": _maintenance(),
        "currency": f"100 · 2^(−D / {_n(currency.HALVES_IN)}); D: years between the release of the locked version and that of the newest "
        "eligible one (libyears). Eligible: not yanked, no pre-release, fits the project's Python, older than `solver.min-release-age`",
        "depth": f"max(0, 100 − {depth._COST} · max(0, d − {depth._FREE})); d: the longest chain, a cycle being one step",
        "popularity": f"min(100, 100 · log10(1 + downloads in 30 days) / {popularity.FULL_SCORE_DIGITS})",
    }
    order = sorted(score.WEIGHTS, key=lambda name: (-score.WEIGHTS[name], list(formulas).index(name)))
    rows = [(name, f"{score.WEIGHTS[name]:.2f}".lstrip("0"), formulas[name]) for name in order]
    return text.table(("Metric", "Weight", "Formula"), rows)


def _security() -> str:
    risks = ", ".join(f"{f'{risk:.2f}'.lstrip('0')} {level}" for level, risk in security.RISK.items())
    return (
        f"100 · Π(1 − r) over all findings; r = {risks}; half of it where only development groups bring the package."
        " One finding for each advisory and package, ignored ones left out; of the sets of groups that can be installed"
        " together (main and one hardware variant) the worst counts, with one build of each package"
    )


def _maintenance() -> str:
    caps: dict[float, list[str]] = {}
    for status, cap in maintenance.CAPS.items():
        caps.setdefault(cap, []).append(status)
    capped = "; ".join(f"at most {cap:.0f} where it is {', '.join(names)}" for cap, names in caps.items())
    return (
        f"100 · ({_n(maintenance._RECENT)} · 2^(−max(0, A − {_n(maintenance._GRACE)}) / {_n(maintenance._HALVES_IN)})"
        f" + {_n(maintenance._FREQUENT)} · min(1, n / {maintenance._ENOUGH_RELEASES})"
        f" + {_n(maintenance._SHARED)} · [{maintenance._ENOUGH_OWNERS} or more owners]); A: years since the last release,"
        f" n: releases in {12 * maintenance._WINDOW:.0f} months; {capped} (PEP 792, or the classifier)"
    )


def _n(value: float) -> str:
    return f"{value:g}".lstrip("0") or "0"


def _examples() -> str:
    downloads = (1_000, 1_000_000, 1_000_000_000)
    rows = [
        *((f"currency, {years} years behind", f"{currency.score_of(years):.0f}") for years in (0, 0.5, 2, 5)),
        *(
            (
                f"maintenance, last release {years} years ago, {count} in 24 months, two owners",
                f"{maintenance.score_of(years, count, 2, None):.0f}",
            )
            for years, count in ((0.1, 8), (1.0, 2), (3.0, 0))
        ),
        *((f"popularity, {count:,} downloads", f"{popularity.score_of(count):.0f}") for count in downloads),
        *((f"depth, a chain of {steps}", f"{depth.score_of(steps):.0f}") for steps in (5, 8, 12)),
    ]
    return text.table(("Metric", "Score"), rows)


def _severity() -> str:
    rows = [(str(level), f"from {bound:.1f} on") for bound, level in severity._BOUNDS]
    words: dict[Severity, list[str]] = {}
    for word, level in severity._WORDS.items():
        words.setdefault(level, []).append(word)
    return text.table(
        ("Severity", "CVSS base score", "The database's word", "Risk r"),
        [
            (level, bound, ", ".join(words[Severity(level)]), f"{security.RISK[Severity(level)]:.2f}")
            for level, bound in rows
        ]
        + [("unknown", "none", "none of these", f"{security.RISK[Severity.UNKNOWN]:.2f}")],
    )


def _signals() -> str:
    return text.table(("Signal", "Meaning"), [(text.code(kind), MEANINGS[kind]) for kind in SignalKind])
