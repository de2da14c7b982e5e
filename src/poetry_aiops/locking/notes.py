"""What Poetry's own commands report in a project with hardware variants, beyond what Poetry says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.config import HARDWARE
from poetry_aiops.locking.declaration import provided_directly
from poetry_aiops.locking.environment_record import read_record
from poetry_aiops.locking.model import placements_of
from poetry_aiops.locking.solver import unknown_extras
from poetry_aiops.locking.verify import (
    Installed,
    Machines,
    base_findings,
    every_installation,
    exists_on,
    extra_findings,
)
from poetry_aiops.project.checks import did_you_mean
from poetry_aiops.project.pyproject import read_project
from poetry_aiops.project.targets import platform_of
from poetry_aiops.project.wheels import is_for


if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from poetry.console.commands.installer_command import InstallerCommand

    from poetry_aiops.locking.agreement import Agreement
    from poetry_aiops.locking.model import Placement
    from poetry_aiops.locking.session import VariantSession
    from poetry_aiops.locking.solver import PoetrySolution
    from poetry_aiops.locking.verify import LockFinding, Terms


_MOST_NAMES = 6


def lock_report(
    session: VariantSession, agreement: Agreement[PoetrySolution], solution: PoetrySolution
) -> None:
    """Say what the one lock holds, what was healed or held back on the way, and which extras do not exist."""
    names = ", ".join(f"{variant.group} ({variant.backend})" for variant in session.hardware.variants)
    session.output.line(f"One lock for the hardware variants {names}")
    machines = Machines(session.targets)
    for variant in session.hardware.variants:
        if not machines.for_backend(variant.backend, session.terms):
            session.output.remark(
                f"{variant.group} fits no machine: {variant.backend} exists on {', '.join(exists_on(variant.backend))},"
                f" and {HARDWARE} platforms leaves that out."
            )
    for name, build in sorted(agreement.healed.items()):
        session.output.warning(
            f"Poetry's solver chose two builds of {name} for the same machine;"
            f" kept {build}, which every package that needs it accepts.",
        )
    if agreement.held:
        held = ", ".join(f"{build.name} {build.version}" for build in sorted(agreement.held))
        session.output.remark(f"Held {held} so that every variant fits the shared packages.")
    _note_unlike_releases(session, agreement)
    _warn_of_missing_files(session, machines, solution)
    wishes = {w for s in agreement.solutions.values() for w in unknown_extras(s.root, s.packages)}
    for wish in sorted(wishes):
        session.output.warning(f"{wish}: the locked build has no such extra, so nothing is installed for it.")
    _note_idle_provides(session, {package.name for package in solution.packages})


def _warn_of_missing_files(session: VariantSession, machines: Machines, solution: PoetrySolution) -> None:
    """Name what a platform of the project's own list has no file of, under any Python: it could not be installed there."""
    backends = {variant.group: variant.backend for variant in session.hardware.variants}
    checked = session.hardware.platforms and session.kind == "groups"
    for package, info in solution.packages.items() if checked else ():
        marker, files = info.get_marker(info.groups), [file["file"] for file in package.files]
        bits = [machines.for_backend(backends.get(group), session.terms) for group in info.groups]
        fits: dict[str, bool] = {}
        for place, target in enumerate(session.targets):
            if any(on >> place & 1 for on in bits) and marker.validate(dict(target.environment)):
                platform = platform_of(target.name)
                fits[platform] = fits.get(platform, False) or is_for(files, target)
        if missing := [platform for platform, has_file in fits.items() if not has_file]:
            session.output.warning(
                f"{package} has no file for {', '.join(missing)}: it cannot be installed there."
            )


def _note_unlike_releases(session: VariantSession, agreement: Agreement[PoetrySolution]) -> None:
    """Name the packages that variants declare and hold in different releases; builds of one release are alike."""
    releases: dict[str, dict[str, set[str]]] = {}
    for variant, solution in agreement.solutions.items():
        for package in solution.packages:
            if variant in solution.packages[package].groups:
                release = package.version.text.partition("+")[0]
                releases.setdefault(package.name, {}).setdefault(release, set()).add(variant)
    for name in sorted(provided_directly(session.hardware, session.project)):
        held = releases.get(name, {})
        variants = [variant for group in held.values() for variant in group]
        if len(held) > 1 and len(set(variants)) == len(variants):
            differ = ", ".join(
                f"{release} in {', '.join(sorted(group))}" for release, group in sorted(held.items())
            )
            session.output.remark(
                f"{name} differs between the variants: {differ}. Give them one constraint if that is not intended."
            )


def note_beyond(session: VariantSession, placements: Sequence[Placement], terms: Terms) -> None:
    """Report what is wrong with a verified lock where it may be: without a variant, and with the project's extras."""
    groups, targets = frozenset(terms.wants), session.targets
    alone = Installed.of(groups.difference(session.variants))
    note_base(session, base_findings(placements, alone, targets, terms))
    variants = every_installation([one for one in session.variants if one in groups], groups)
    extras = frozenset(session.poetry.package.extras)
    for title, finding in extra_findings(placements, variants, extras, targets, terms):
        session.output.warning(f"{title}: {finding}")


def note_base(session: VariantSession, found: Sequence[LockFinding]) -> None:
    """Say what an installation without a variant lacks, and warn of what else is wrong with it."""
    gaps = [one for one in found if one.is_gap]
    for gap in gaps[:_MOST_NAMES]:
        parents = sorted({parent.partition(" (")[0] for parent in gap.parents})
        session.output.remark(
            f"{gap.name} is left to the hardware variants (required by {', '.join(parents[:2])});"
            " an installation without a variant lacks it."
        )
    for one in found:
        if one not in gaps:
            session.output.warning(f"without a variant: {one}")


def _note_idle_provides(session: VariantSession, locked: Collection[str]) -> None:
    """Name entries of ``provides`` that do nothing: unknown packages, and those that shared groups declare."""
    project = session.project
    shared = {
        r.name
        for group in session.base_groups & project.groups.keys()
        for r in project.requirements_of(group)
    }
    for name in sorted(session.hardware.provides or ()):
        if name not in locked:
            hint = did_you_mean(name, locked) or "No locked package has this name."
            session.output.warning(f'{HARDWARE} provides "{name}" does nothing. {hint}')
        elif name in shared:
            session.output.warning(
                f'{HARDWARE} provides "{name}" does nothing: the project declares {name} itself outside the variants.',
            )


def note_missing_provided(session: VariantSession, selected: Installed) -> None:
    """After an installation without a variant, name the packages that only a variant would have brought."""
    lock = session.locked()
    if lock is None or session.kind == "extras" or selected.groups & set(session.variants):
        return
    found = base_findings(placements_of(lock), selected, session.targets, session.terms)
    if gaps := [one for one in found if one.is_gap]:
        note_base(session, gaps)
        session.output.remark("`poetry hw-install` installs the variant that fits.")


def note_what_sync_removes(command: InstallerCommand, session: VariantSession, asked: frozenset[str]) -> None:
    """Before a plain ``poetry sync`` in an environment of ``hw-install``: it would remove the variant."""
    if command.name != "sync" or asked.intersection(session.variants):
        return
    record = read_record(command.env.path)
    option = "--extras" if session.kind == "extras" else "--with"
    if record is not None and record.variant in session.variants:
        state = "holds" if not record.incomplete else "has an incomplete installation of"
        keep = "To keep them" if not record.incomplete else "To complete it"
        other = "" if record.incomplete else f", or `poetry sync {option} {record.variant}`"
        session.output.warning(
            f"this environment {state} the hardware variant {record.variant}, and `poetry sync` without it removes"
            f" its packages. {keep}: `poetry hw-install --sync`{other}.",
        )


def note_vanished_variants(session: VariantSession) -> None:
    """After ``poetry remove``: a variant whose last package went has lost its group, too."""
    if session.kind == "extras":
        return
    project = read_project(session.poetry.pyproject_path)
    for variant in session.hardware.variants:
        if variant.group not in project.groups:
            session.output.warning(
                f"the group {variant.group} is now empty and no longer in pyproject.toml; remove the line {variant.key_path} as well.",
            )
