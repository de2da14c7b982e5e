"""How ``poetry hw-install`` comes to its choice: from the options, the machine, the project and its lock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from poetry_aiops.accelerators.beyond import LockedBuild, with_newer_builds
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.choice import Choice, VariantBuild, choose, matching, require
from poetry_aiops.accelerators.describe import device_in_words
from poetry_aiops.accelerators.groups import plan_groups, profile_of, wish_of
from poetry_aiops.accelerators.select import cuda_majors, select, undecided
from poetry_aiops.accelerators.selection import Constraint
from poetry_aiops.accelerators.surroundings import IMAGE_BUILDERS
from poetry_aiops.config import AUTO, NONE, read_config
from poetry_aiops.errors import IncompleteError, InputError, NegativeAnswerError, UsageError
from poetry_aiops.hardware.installation import ENVIRONMENT_VARIABLE, Installation
from poetry_aiops.hardware.machine import ADD_MORE, catalogue_warning, described_machine, is_foreign
from poetry_aiops.locking.api import read_record
from poetry_aiops.project.backends import family_of
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.pyproject import aiops_table
from poetry_aiops.project.targets import marker_applies
from poetry_aiops.project.wheels import SDISTS, wheel_obstacle


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry.poetry import Poetry
    from poetry.utils.env import Env

    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.choice import ChoiceRequest
    from poetry_aiops.accelerators.host import Detection, Host
    from poetry_aiops.accelerators.selection import Selection
    from poetry_aiops.cli.output import Output
    from poetry_aiops.hardware.installation import InstallRequest
    from poetry_aiops.locking.api import InstallRecord, VariantSession
    from poetry_aiops.project.model import Package


def plan_installation(
    request: InstallRequest, output: Output, session: VariantSession | None, poetry: Poetry, env: Env
) -> Installation:
    """Choose what to install; raises errors for wishes that cannot be met."""
    return _InstallPlanner(request, output, session, poetry, env).plan()


def offers_of(
    session: VariantSession | None, without: frozenset[str], host: Host, python: str
) -> tuple[VariantBuild, ...]:
    """Return the project's variants with the torch that the lock holds for each, and whether its wheels fit."""
    if session is None:
        return ()
    lock = session.locked()
    torches = [package for package in lock.packages if package.name == "torch"] if lock else []
    offers = []
    for variant in session.hardware.variants:
        if variant.group in without:
            continue
        torch = next((torch for torch in torches if _holds(session, torch, variant.group)), None)
        offer = VariantBuild(variant.group, variant.backend, torch.version if torch else None)
        if torch is not None and any(file.name.endswith(".whl") for file in torch.files):
            release = host.os_version if host.os == "macos" else host.libc
            obstacle = wheel_obstacle(torch.files, python, host.os, host.arch, release)
            sources = any(file.name.endswith(SDISTS) for file in torch.files)
            offer = replace(offer, wheel=obstacle is None, obstacle=None if sources else obstacle)
        offers.append(offer)
    return tuple(offers)


def _holds(session: VariantSession, package: Package, variant: str) -> bool:
    """Tell whether a locked package is installed with a variant, on some machine."""
    if session.kind == "groups":
        return variant in (package.groups or ())
    markers = package.marker_for(session.project.groups)
    active = frozenset({variant})
    return any(marker_applies(marker, target, active) for marker in markers for target in session.targets)


class _InstallPlanner:
    """Everything that leads from the request to an :class:`Installation`."""

    def __init__(
        self,
        request: InstallRequest,
        output: Output,
        session: VariantSession | None,
        poetry: Poetry,
        env: Env,
    ) -> None:
        self.request = request
        self.output = output
        self.session = session
        self.poetry = poetry
        self.env = env
        self.variants = frozenset(session.variants if session else ())
        self.variant_groups = self.variants if session and session.kind == "groups" else frozenset()
        self.options = request.groups

    def plan(self) -> Installation:
        request, session, poetry, env = self.request, self.session, self.poetry, self.env
        catalogue = load_catalogue()
        detection = self._machine(catalogue)
        # Poetry knows no group main where the project itself needs nothing, and the variant goes with main.
        main = frozenset({MAIN})
        defaults = main | {canonicalize_name(group) for group in request.default_groups}
        own = read_config(aiops_table(poetry.pyproject.data)).profiles
        profile = profile_of(self.options.profile, own, defaults, self.variants)
        if profile is not None and not poetry.locker.is_locked():
            raise InputError(
                "it is missing, and a profile installs only what is locked",
                where="poetry.lock",
                hint="Run `poetry lock`, and keep poetry.lock with the project.",
            )
        # What this environment remembers was chosen for this machine, and --target describes another one.
        record = read_record(env.path) if env.is_venv() and not request.is_described else None
        stale = self._why_stale(record)
        wish = wish_of(
            self.options,
            self.variants,
            profile,
            request.hardware_variable,
            record.requested if record and stale is None else None,
        )
        group_plan = plan_groups(
            self.options,
            every_group=main | poetry.package.dependency_group_names(include_optional=True),
            default_groups=defaults,
            variants=self.variant_groups,
            profile=profile,
        )
        info = env.version_info
        python = f"{info[0]}.{info[1]}"
        offers = offers_of(session, self.options.without, detection.host, python)
        builds = [LockedBuild(offer.backend, offer.torch) for offer in offers]
        locked = {
            (offer.backend, build.line): offer.obstacle
            for offer, build in zip(offers, builds, strict=True)
            if offer.wheel or offer.obstacle
        }
        catalogue = with_newer_builds(catalogue, builds, None if locked else python)
        constraint = self._constraint(offers, catalogue, python)._replace(locked=locked)
        selection = select(detection.host, catalogue, constraint)
        choice = self._choice(wish, offers, selection, detection, takes_variant=group_plan.takes_variant)
        if request.require:
            require(choice, request.require)
        # First what was chosen against expectation: a fall to the CPU.
        warnings = [*choice.warnings, *detection.warnings, *catalogue_warning(catalogue)]
        if stale is not None and wish.origin == "auto":
            warnings.insert(0, stale)
        if session is not None and choice.origin == "auto":
            warnings += selection.warnings
        return Installation(
            request,
            self.output,
            poetry,
            env,
            session,
            catalogue,
            detection,
            selection,
            choice,
            group_plan,
            remember=self._remember(wish, choice),
            torch=next((offer.torch for offer in offers if offer.variant == choice.variant), None),
            warnings=list(dict.fromkeys(warnings)),
        )

    def _why_stale(self, record: InstallRecord | None) -> str | None:
        """Return why a remembered choice no longer counts: its variant is gone, or now has another backend."""
        remembered = record.requested if record else None
        if record is None or self.session is None or remembered is None or remembered == NONE:
            return None
        backends = {variant.group: variant.backend for variant in self.session.hardware.variants}
        if remembered not in backends:
            return (
                f"this environment remembers the variant {remembered}, which no longer exists; choosing again"
            )
        if record.variant == remembered and record.backend != backends[remembered]:
            return f"this environment remembers {remembered} with {record.backend}, which is {backends[remembered]} now; choosing again"
        return None

    def _machine(self, catalogue: Catalogue) -> Detection:
        request = self.request
        detection = described_machine(request.target, request.target_file, catalogue)
        if request.is_described and request.verify:
            raise UsageError(
                "the device of another machine cannot be used from this one",
                where="--verify with --target",
                hint="Leave out one of the two; on the machine itself, `hw-check` compares it with the record.",
            )
        if request.is_described and is_foreign(detection) and not request.dry_run:
            host = detection.host
            raise UsageError(
                f"the target is {host.os} on {host.arch}, unlike this machine, so nothing can be installed for it",
                where="--target",
                hint="Add --dry-run to see what would be installed there.",
            )
        return detection

    def _constraint(self, offers: tuple[VariantBuild, ...], catalogue: Catalogue, python: str) -> Constraint:
        if self.session is None:
            return Constraint(python=python)
        project = self.session.project
        shared = tuple(
            (requirement.name, frozenset(requirement.extras))
            for group in self.session.base_groups & project.groups.keys()
            for requirement in project.requirements_of(group)
        )
        return Constraint(
            offered=tuple(dict.fromkeys(offer.backend for offer in offers)),
            python=python,
            mixed=self.session.hardware.mixed,
            cuda_majors=cuda_majors(shared, catalogue),
        )

    def _choice(
        self,
        wish: ChoiceRequest,
        offers: tuple[VariantBuild, ...],
        selection: Selection,
        detection: Detection,
        *,
        takes_variant: bool,
    ) -> Choice:
        stated = wish.origin in {"option", "environment"} and wish.value not in {AUTO, NONE}
        if stated:
            matching(wish, offers, selection)  # refused also where these groups take no variant
        if self.session is None or not takes_variant:
            return Choice(None, None, "no hardware variant applies", "auto")
        missing = undecided(detection, selection) if self.request.target_file else None
        if missing and wish.value == AUTO:
            raise IncompleteError(missing, where=f"--target-file {self.request.target_file}", hint=ADD_MORE)
        guess = wish.origin == "auto" and detection.host.container in IMAGE_BUILDERS
        try:
            choice = choose(wish, offers, selection, device_in_words(detection.host))
        except NegativeAnswerError:
            if guess:
                raise self._no_guess_at_image_build(offers) from None
            raise
        if guess and choice.backend and family_of(choice.backend) == "cpu":
            gpu = [offer for offer in offers if family_of(offer.backend) != "cpu"]
            if gpu:
                raise self._no_guess_at_image_build(gpu)
        return choice

    def _no_guess_at_image_build(self, offers: Sequence[VariantBuild]) -> UsageError:
        return UsageError(
            "this is an image build, and the machine that will run the image is unknown",
            where=ENVIRONMENT_VARIABLE,
            hint=f"Say which build the image is for, for example `ARG {ENVIRONMENT_VARIABLE}={offers[0].backend}`"
            f" (or cpu), or `poetry hw-install --hardware {offers[0].variant}`; `--hardware auto` uses the builder's hardware.",
        )

    def _remember(self, wish: ChoiceRequest, choice: Choice) -> str | None:
        """Return what the environment remembers; a system environment remembers nothing."""
        if wish.value == AUTO or not self.env.is_venv():
            return None
        if wish.origin in {"option", "groups", "remembered"}:
            return choice.variant or NONE
        return None
