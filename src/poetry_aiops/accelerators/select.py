"""The choice of a build: a pure function of the host, the catalogue and the project's constraint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.assemble import LONE_PROBLEMS
from poetry_aiops.accelerators.facts import ProbeFailure
from poetry_aiops.accelerators.rules import cuda, portable, rocm
from poetry_aiops.accelerators.rules.candidate import rejected
from poetry_aiops.accelerators.selection import BackendVerdict, Constraint, Selection
from poetry_aiops.accelerators.upgrade import find_upgrade
from poetry_aiops.accelerators.usability import NOT_SHOWN
from poetry_aiops.project.backends import family_of, is_backend


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import Detection, Host
    from poetry_aiops.accelerators.rules.candidate import Candidate


ANYTHING: Final = Constraint()


def select(host: Host, catalogue: Catalogue, constraint: Constraint = ANYTHING) -> Selection:
    """Return the best backend for a host, every candidate with its reasons, and what would unlock more.

    ``cpu`` is always accepted as the last resort, also where the project offers no such variant: what is
    installed when it wins is the caller's decision.
    """
    selection = _choose(host, catalogue, constraint)
    unlock = find_upgrade(host, catalogue, selection, lambda other: _choose(other, catalogue, constraint))
    return selection._replace(unlock=unlock)


def undecided(detection: Detection, selection: Selection) -> str | None:
    """Return what a description of a machine leaves open where that alone makes it a machine for the CPU's build."""
    host, seen = detection.host, [probe.facts for probe in detection.probes]
    if selection.best != "cpu":
        return None
    failures = {problem for facts in seen for problem in facts.problems}
    listed = ProbeFailure.NO_NODES in failures or any(facts.gpus or facts.none for facts in seen)
    lone = next((problem for problem in LONE_PROBLEMS if problem in failures), None)
    if lone and not listed:
        return f"the text lists no device and only says that {lone.value}, so no build is chosen"
    for device in host.accelerators if host.os != "macos" else ():
        blind = device.driver is None and device.max_cuda is None
        if device.kind == "cuda" and blind and (device.counts or device.why_unusable == NOT_SHOWN):
            return f"the driver of {device.label} is not in the text, so no build is chosen for it"
    radeons = [device for device in host.accelerators if device.kind == "rocm" and device.counts]
    if radeons and host.os == "linux" and all(device.gfx is None for device in radeons):
        return f"the architecture of {radeons[0].label} is not known, so no build is chosen for it"
    return None


def _choose(host: Host, catalogue: Catalogue, constraint: Constraint) -> Selection:
    offered = None if constraint.offered is None else frozenset(constraint.offered)
    families = (
        cuda.judge(host, catalogue, constraint),
        rocm.judge(host, catalogue, constraint),
        portable.judge(host, catalogue, constraint),
    )
    candidates = [candidate for found, _ in families for candidate in found]
    candidates += _unknown(offered, candidates)
    candidates = [_with_offer(candidate, offered) for candidate in candidates]
    accepted = sorted((c for c in candidates if c.accepted), key=lambda c: c.order)
    verdicts = [
        BackendVerdict(one.name, one.accepted, one.reasons, rank, one.torch_max, catalogue.note(one.name))
        for rank, one in enumerate(accepted, start=1)
    ]
    verdicts += [
        BackendVerdict(one.name, one.accepted, one.reasons) for one in candidates if not one.accepted
    ]
    best = verdicts[0]
    warnings = [*_device_warnings(host), *(text for _, reported in families for text in reported)]
    if best.name == "cpu" and offered is None:
        warnings += _without_a_build(host, candidates, warnings)
    return Selection(best.name, best.torch_max, tuple(verdicts), tuple(dict.fromkeys(warnings)))


def _without_a_build(host: Host, candidates: list[Candidate], warnings: list[str]) -> list[str]:
    """Return why no build for a GPU fits one that works, where no other warning names it."""
    texts = []
    for kind in dict.fromkeys(device.kind for device in host.accelerators if device.usable):
        labels = [device.label for device in host.accelerators if device.kind == kind]
        own = [one for one in reversed(candidates) if family_of(one.name) == kind and not one.accepted]
        reasons = list(dict.fromkeys(one.reasons[0] for one in own))[:3]
        if not any(
            said in text for said in (*labels, *(reason[1:] for reason in reasons)) for text in warnings
        ):
            texts.append(f"{labels[0]}: no build for it fits: {'; '.join(reasons)}.")
    return texts


def _unknown(offered: frozenset[str] | None, candidates: list[Candidate]) -> list[Candidate]:
    known = {candidate.name for candidate in candidates}
    text = "the catalogue of builds does not list this backend, so its requirements are unknown"
    return [
        rejected(name, text if is_backend(name) else "undetectable")
        for name in sorted((offered or frozenset()) - known)
    ]


def _with_offer(candidate: Candidate, offered: frozenset[str] | None) -> Candidate:
    if offered is None or candidate.name in offered or candidate.name == "cpu" or not candidate.accepted:
        return candidate
    return rejected(candidate.name, f"no variant of this project offers {candidate.name}", *candidate.reasons)


def _device_warnings(host: Host) -> list[str]:
    return [
        f"{device.label}: {device.why_unusable}." + (f" {device.needs}" if device.needs else "")
        for device in host.accelerators
        if not device.usable and device.why_unusable
    ]


def cuda_majors(requirements: tuple[tuple[str, frozenset[str]], ...], catalogue: Catalogue) -> frozenset[int]:
    """Return the CUDA major versions that a project's other frameworks bring along.

    ``requirements`` are canonical package names with their extras, such as ``("jax", {"cuda12"})``.
    """
    return frozenset(
        row.cuda_major
        for name, extras in requirements
        for row in catalogue.frameworks
        if row.package == name and (row.extra is None or row.extra in extras)
    )
