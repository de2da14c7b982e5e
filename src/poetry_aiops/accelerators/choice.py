"""Which of the project's variants goes onto a machine: what was requested, or what fits best.

Pure: the wish, the variants with what the lock holds of them, and the judgement of every backend come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from poetry_aiops.accelerators.selection import NO_ACCELERATOR
from poetry_aiops.config import AUTO, NONE
from poetry_aiops.errors import NegativeAnswerError, UsageError
from poetry_aiops.project.backends import family_of, is_backend, nearest_backend, release_of
from poetry_aiops.project.checks import normalised
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.accelerators.selection import BackendVerdict, Selection


Origin = Literal["auto", "option", "groups", "environment", "profile", "remembered"]

_ORIGINS_IN_WORDS: dict[Origin, str] = {
    "auto": "chosen for this machine",
    "option": "requested with --hardware",
    "groups": "requested as a group",
    "environment": "requested by POETRY_AIOPS_HARDWARE",
    "profile": "named by the profile",
    "remembered": "remembered in this environment; `--hardware auto` forgets it",
}


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """What was requested (``auto``, ``none``, a family, a backend or a variant) and where."""

    value: str = AUTO
    origin: Origin = "auto"


@dataclass(frozen=True, slots=True)
class VariantBuild:
    """A variant of the project: its group, its backend, and the version of torch that the lock holds for it.

    ``wheel``: one of the locked wheels of this torch is for the machine; ``obstacle``: why none is.
    """

    variant: str
    backend: str
    torch: str | None = None
    wheel: bool = False
    obstacle: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The variant to install (None: none), its backend, and one line that says why.

    ``note`` says what of the build is newer than the facts; it is among the warnings as well.
    """

    variant: str | None
    backend: str | None
    reason: str
    origin: Origin = "auto"
    torch_max: str | None = None
    warnings: tuple[str, ...] = ()
    note: str | None = None


def choose(wish: ChoiceRequest, offers: Sequence[VariantBuild], selection: Selection, device: str) -> Choice:
    """Return the variant for a wish.

    ``device`` is how messages call the machine's accelerator. Raises UsageError for a wish that no variant
    can meet, NegativeAnswerError when nothing fits the machine.
    """
    if wish.value == NONE:
        return Choice(None, None, f"no hardware variant ({_ORIGINS_IN_WORDS[wish.origin]})", wish.origin)
    if wish.value == AUTO:
        return _automatic(offers, selection, device)
    return _as_asked(wish, matching(wish, offers, selection), selection)


# -- requested ------------------------------------------------------------------------------------------


def matching(wish: ChoiceRequest, offers: Sequence[VariantBuild], selection: Selection) -> VariantBuild:
    """Return the offer that a variant name, an exact backend or a family means; raises UsageError for none."""
    named = [offer for offer in offers if offer.variant == normalised(wish.value)]
    exact = [offer for offer in offers if offer.backend == wish.value]
    family = [offer for offer in offers if family_of(offer.backend) == wish.value]
    found = named or exact or _best_first(family, selection)
    if found:
        return found[0]
    backend = wish.value if is_backend(wish.value) else nearest_backend(wish.value)
    held = ", ".join(f"{offer.variant} ({offer.backend})" for offer in offers) or "none"
    families = dict.fromkeys(family_of(offer.backend) for offer in offers)
    choices = f"auto, none, {', '.join(families)}, or one of the names above" if offers else "auto or none"
    if not offers:  # a variant alone is no choice
        backend = f"cpu,{backend if backend not in {None, 'cpu'} else 'cu126'}"
    add = f"Add one with `poetry hw-add PACKAGE --variants {backend}`, or choose" if backend else "Choose"
    raise UsageError(
        f"this project has no hardware variant {wish.value}; it has {held}",
        where=_where(wish.origin),
        hint=f"{add} {choices}.",
    )


def _best_first(offers: Sequence[VariantBuild], selection: Selection) -> list[VariantBuild]:
    """Order offers of one family: what this machine runs best, then the newest."""
    ranks = {verdict.name: verdict.rank for verdict in selection.backends if verdict.rank is not None}
    last = len(ranks) + 1
    newest_first = sorted(offers, key=lambda offer: version_key(release_of(offer.backend)), reverse=True)
    return sorted(newest_first, key=lambda offer: ranks.get(offer.backend, last))


def _as_asked(wish: ChoiceRequest, offer: VariantBuild, selection: Selection) -> Choice:
    verdict = _verdict(selection, offer.backend)
    warnings = []
    # Of an accelerator that is not known nothing can be said: the variant's name is word enough.
    if verdict is not None and not verdict.accepted and is_backend(offer.backend) and offer.backend != "cpu":
        warnings.append(f"{offer.backend} does not run on this machine: {'; '.join(verdict.reasons)}")
    elif verdict is not None and (late := _too_new(offer, verdict)):
        warnings.append(late)
    return _choice(offer, verdict, _ORIGINS_IN_WORDS[wish.origin], wish.origin, warnings)


def _where(origin: Origin) -> str:
    places: dict[Origin, str] = {
        "environment": "POETRY_AIOPS_HARDWARE",
        "profile": "[tool.poetry-aiops.profiles]",
        "remembered": "remembered in this environment",
    }
    return places.get(origin, "--hardware")


# -- automatic ------------------------------------------------------------------------------------------


def _automatic(offers: Sequence[VariantBuild], selection: Selection, device: str) -> Choice:
    passed_over: list[str] = []
    accepted = sorted((v for v in selection.backends if v.rank is not None), key=lambda v: v.rank or 0)
    for verdict in accepted:
        for offer in offers:
            if offer.backend != verdict.name:
                continue
            if late := _too_new(offer, verdict):
                passed_over.append(late)
            else:
                warnings = _cpu_warnings(offer, offers, selection, passed_over, device)
                return _chosen(offer, verdict, warnings, device)
    raise _nothing_fits(offers, selection, passed_over, device)


def _too_new(offer: VariantBuild, verdict: BackendVerdict) -> str | None:
    """Return why a variant's locked torch does not run here although its backend would."""
    if offer.obstacle is not None:
        return f"{offer.variant} holds torch {offer.torch}, but {offer.obstacle}"
    if offer.torch is None or verdict.torch_max is None:
        return None
    if version_key(offer.torch)[:2] <= version_key(verdict.torch_max)[:2]:
        return None
    return (
        f"{offer.variant} holds torch {offer.torch}, but on {offer.backend} this machine runs torch up to"
        f" {verdict.torch_max}"
    )


def _chosen(offer: VariantBuild, verdict: BackendVerdict, warnings: Sequence[str], device: str) -> Choice:
    parts = [] if family_of(offer.backend) == "cpu" else list(verdict.reasons[:2])
    if verdict.torch_max:
        parts.append(f"torch up to {verdict.torch_max}")
    reason = f"{device}: {'; '.join(parts)}" if parts else device
    return _choice(offer, verdict, reason, "auto", warnings)


def _choice(
    offer: VariantBuild, verdict: BackendVerdict | None, reason: str, origin: Origin, warnings: Sequence[str]
) -> Choice:
    torch_max, note = (verdict.torch_max, verdict.note) if verdict else (None, None)
    noted = (f"{offer.variant}: {note}",) if note else ()
    return Choice(offer.variant, offer.backend, reason, origin, torch_max, (*warnings, *noted), note)


def _cpu_warnings(
    chosen: VariantBuild,
    offers: Sequence[VariantBuild],
    selection: Selection,
    passed_over: list[str],
    device: str,
) -> Sequence[str]:
    gpu_offers = [offer for offer in offers if family_of(offer.backend) != "cpu"]
    if family_of(chosen.backend) != "cpu" or not gpu_offers:
        return passed_over
    detectable = all(is_backend(offer.backend) for offer in gpu_offers)
    if device == NO_ACCELERATOR and detectable and not passed_over:
        return ["no GPU found; using the CPU build. Details: poetry hw-info --explain"]
    return [_falls_to_cpu(gpu_offers, selection, passed_over)]


def _falls_to_cpu(gpu_offers: Sequence[VariantBuild], selection: Selection, passed_over: list[str]) -> str:
    reasons = list(passed_over)
    for offer in gpu_offers:
        verdict = _verdict(selection, offer.backend)
        if verdict is not None and not verdict.accepted:
            reasons.append(f"{offer.variant} ({offer.backend}): {verdict.reasons[0]}")
    return "using the CPU build although the project has GPU variants: " + "; ".join(dict.fromkeys(reasons))


def _nothing_fits(
    offers: Sequence[VariantBuild], selection: Selection, passed_over: list[str], device: str
) -> NegativeAnswerError:
    details = list(passed_over)
    for offer in offers:
        verdict = _verdict(selection, offer.backend)
        if verdict is not None and not verdict.accepted:
            details.append(f"{offer.variant} ({offer.backend}): {'; '.join(verdict.reasons)}")
    return NegativeAnswerError(
        f"no hardware variant of this project fits this machine ({device})",
        details=tuple(details),
        hint=f"Add one with `poetry hw-add PACKAGE --variants {selection.best}`,"
        " or install without a variant: `poetry hw-install --hardware none`.",
    )


def _verdict(selection: Selection, backend: str) -> BackendVerdict | None:
    return next((verdict for verdict in selection.backends if verdict.name == backend), None)


def require(choice: Choice, required: str) -> None:
    """Raise NegativeAnswerError unless the choice is the required backend, family or variant."""
    names = {choice.backend, choice.variant, family_of(choice.backend) if choice.backend else None}
    if required not in names:
        chosen = f"{choice.variant} ({choice.backend})" if choice.variant else "no variant"
        raise NegativeAnswerError(
            f"{required} is required, but the choice is {chosen}: {choice.reason}",
            where="--require",
            details=choice.warnings,
            hint="`poetry hw-info --explain` shows the result of every probe and why each backend was rejected.",
        )
