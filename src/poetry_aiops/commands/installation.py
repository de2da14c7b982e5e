"""One run of ``poetry hw-install``: the machine, the wish, the choice, and what is left in the environment."""

from __future__ import annotations

import os

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

from packaging.utils import canonicalize_name

from poetry_aiops.adapters.environment_record import read_record
from poetry_aiops.adapters.environment_record import write_record
from poetry_aiops.adapters.installed_packages import read_installed
from poetry_aiops.adapters.poetry_installer import VariantInstaller
from poetry_aiops.adapters.verify_environment import verify_environment
from poetry_aiops.commands.base import document_text
from poetry_aiops.commands.machine import catalogue_warning
from poetry_aiops.commands.machine import described_machine
from poetry_aiops.commands.machine import is_foreign
from poetry_aiops.commands.terminal import plain
from poetry_aiops.config import AUTO
from poetry_aiops.config import NONE
from poetry_aiops.config import read_config
from poetry_aiops.errors import NegativeAnswerError
from poetry_aiops.errors import UsageError
from poetry_aiops.hardware.catalogue import load_catalogue
from poetry_aiops.hardware.choice import Choice
from poetry_aiops.hardware.choice import Offer
from poetry_aiops.hardware.choice import choose
from poetry_aiops.hardware.choice import require
from poetry_aiops.hardware.groups import GroupOptions
from poetry_aiops.hardware.groups import plan_groups
from poetry_aiops.hardware.groups import profile_of
from poetry_aiops.hardware.groups import wish_of
from poetry_aiops.hardware.installed import installed_builds
from poetry_aiops.hardware.installed_check import compare
from poetry_aiops.hardware.record import record_for
from poetry_aiops.hardware.select import cuda_majors
from poetry_aiops.hardware.select import select
from poetry_aiops.hardware.selection import Constraint
from poetry_aiops.locking.declaration import provided_directly
from poetry_aiops.project.backends import family_of
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import aiops_table
from poetry_aiops.project.targets import marker_applies
from poetry_aiops.project.targets import targets
from poetry_aiops.report.machine import device_in_words
from poetry_aiops.report.machine import machine_text


if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

    from poetry_aiops.commands.hw_install import HwInstallCommand
    from poetry_aiops.commands.variants import VariantSession
    from poetry_aiops.hardware.catalogue import Catalogue
    from poetry_aiops.hardware.choice import Wish
    from poetry_aiops.hardware.groups import GroupPlan
    from poetry_aiops.hardware.host import Detection
    from poetry_aiops.hardware.installed_check import Finding
    from poetry_aiops.hardware.record import InstallRecord
    from poetry_aiops.hardware.selection import Selection
    from poetry_aiops.project.model import Package


ENVIRONMENT_VARIABLE = "POETRY_AIOPS_HARDWARE"
_NEVER_WRONG = frozenset({"cpu", "jetson"})
"""Where an unexpected build still computes: a GPU build on a CPU, a CPU build on a Jetson."""


def plan_installation(command: HwInstallCommand, session: VariantSession | None) -> Installation:
    """Choose what to install; raises errors for wishes that cannot be met."""
    return _Planner(command, session).plan()


@dataclass
class Installation:
    """A choice that was made, on its way into the environment."""

    command: HwInstallCommand
    session: VariantSession | None
    catalogue: Catalogue
    detection: Detection
    selection: Selection
    choice: Choice
    group_plan: GroupPlan
    remember: str | None
    all_extras: bool = False
    findings: tuple[Finding, ...] = ()
    verdict: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def active_groups(self) -> set[NormalizedName]:
        groups = set(self.group_plan.groups)
        if self.group_plan.takes_variant and self.choice.variant and not self._extras:
            groups.add(self.choice.variant)
        return {canonicalize_name(group) for group in groups}

    @property
    def _extras(self) -> bool:
        return self.session is not None and self.session.kind == "extras"

    def adjusted_option(self, name: str, given: Any) -> Any:  # noqa: ANN401 - options are of any type
        """Return what Poetry's install shall see of an option: the extras with the chosen variant and no other."""
        if not self._extras or self.session is None or name not in {"extras", "all-extras"}:
            return given
        if name == "all-extras":
            return False
        every = self.session.project.extras if self.all_extras else _extras(given)
        chosen = {self.choice.variant} if self.choice.variant and self.group_plan.takes_variant else set()
        return sorted((set(every) - set(self.session.variants)) | chosen)

    def announce(self) -> None:
        """Say what was chosen and why, in one line, and prepare the installer to clear other variants away."""
        command = self.command
        if command.option("explain"):
            text = machine_text(self.detection, self.selection, (), explain=True)
            command.line(plain(text) + "\n")
        command.line(f"<info>hw-install</info>: {plain(self._headline())}")
        self._warn(self.warnings)
        if self.session is not None and isinstance(command.installer, VariantInstaller):
            chosen = {self.choice.variant} if self.group_plan.takes_variant else set()
            clears = self.group_plan.takes_variant or self.choice.origin != "auto"
            if is_foreign(self.detection):
                command.installer.pretend(self._foreign_markers())
            command.installer.clear = frozenset(self.session.variants) - chosen if clears else frozenset()

    def conclude(self) -> int:
        """Check what was installed and leave the record; returns the exit code."""
        if self.command.option("dry-run"):
            return 0
        env = self.command.env
        takes = self.group_plan.takes_variant and self.choice.variant is not None
        if takes and self.choice.backend is not None:
            facts = read_installed([env.purelib, env.platlib], self.detection.host.os)
            self.findings = compare(self.choice.backend, installed_builds(facts), self._provided())
        if self.group_plan.takes_variant:
            self._leave_record()
        wrong = [finding for finding in self.findings if finding.outcome == "wrong"]
        if self.choice.backend is not None and family_of(self.choice.backend) in _NEVER_WRONG:
            self._warn(finding.text for finding in wrong)
            wrong = []
        for finding in wrong:
            self.command.line_error(f"<error>{plain(finding.text)}</error>")
        if self.command.option("verify") and takes and not wrong:
            return self._verify()
        return NegativeAnswerError.exit_code if wrong else 0

    def write_document(self, code: int) -> None:
        """Print the JSON document where it was asked for, and write it into files."""
        content = self._document(code)
        if self.command.asked_format == "json":
            self.command.write_document("hw-install", content)
        self.command.write_files({"json": document_text("hw-install", content)})

    # -- private ----------------------------------------------------------------------------------------

    def _document(self, code: int) -> dict[str, Any]:
        return {
            "variant": self.choice.variant if self.group_plan.takes_variant else None,
            "backend": self.choice.backend if self.group_plan.takes_variant else None,
            "origin": self.choice.origin,
            "reason": self.choice.reason,
            "torch_max": self.choice.torch_max,
            "groups": sorted(self.active_groups),
            "dry_run": bool(self.command.option("dry-run")),
            "remembered": self.remember,
            "checks": [{"text": finding.text, "outcome": finding.outcome} for finding in self.findings],
            "verification": self.verdict,
            "warnings": self.warnings,
            "exit_code": code,
        }

    def _foreign_markers(self) -> dict[str, str]:
        """Return the marker values that the target has and this machine has not."""
        host, python = self.detection.host, ".".join(str(part) for part in self.command.env.version_info[:2])
        name = f"{host.os}-{'amd64' if host.os == 'windows' else host.arch}-py{python}"
        found = next((t for t in targets(lambda v: v.startswith(f"{python}.")) if t.name == name), None)
        kept = ("python_version", "python_full_version", "implementation_version")
        return {key: value for key, value in found.environment.items() if key not in kept} if found else {}

    def _warn(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.command.line_error(f"<warning>Warning: {plain(text)}</warning>")

    def _provided(self) -> frozenset[str]:
        if self.session is None:
            return frozenset()
        provided = provided_directly(self.session.hardware, self.session.project)
        return frozenset(name for name, variants in provided.items() if self.choice.variant in variants)

    def _headline(self) -> str:
        if self.session is None:
            return (
                "this project declares no hardware variants, so this is `poetry install`; to make some:"
                " `poetry hw-add torch --variants cpu,cu126`"
            )
        if not self.group_plan.takes_variant:
            return "the selected groups take no hardware variant (they leave out main)"
        if self.choice.variant is None:
            return self.choice.reason
        return f"{self.choice.variant} ({self.choice.backend}) - {self.choice.reason}"

    def _leave_record(self) -> None:
        env = self.command.env
        try:
            write_record(env.path, env.script_dirs[0], env.python, self._record())
        except OSError as error:
            reason = error.strerror or str(error)
            self._warn(
                [f"{env.path} took no record and no hw-check ({reason}); the installation itself is done."]
            )

    def _record(self) -> InstallRecord:
        env, host = self.command.env, self.detection.host
        offer = next(
            (o for o in offers_of(self.session, frozenset()) if o.variant == self.choice.variant), None
        )
        return record_for(
            self.choice.variant,
            self.choice.backend,
            self.remember,
            self.command.option("profile"),
            offer.torch if offer else None,
            host.os,
            host.arch,
            ".".join(str(part) for part in env.version_info[:3]),
            self.catalogue,
        )

    def _verify(self) -> int:
        verdict = verify_environment(
            self.command.env.python, self.choice.backend or "cpu", best=self.selection.best
        )
        self.verdict = {"ok": verdict.ok, "reasons": list(verdict.reasons), "fix": verdict.fix}
        for reason in verdict.reasons:
            self.command.line(f"verify: {plain(reason)}")
        if verdict.ok:
            return 0
        self.command.line_error(
            f"<error>{plain(verdict.fix or 'The installed build does not work here.')}</error>"
        )
        return NegativeAnswerError.exit_code


def offers_of(session: VariantSession | None, without: frozenset[str]) -> tuple[Offer, ...]:
    """Return the project's variants with the version of torch that the lock holds for each."""
    if session is None:
        return ()
    path = session.poetry.locker.lock
    packages = read_lock(path).packages if path.exists() else ()
    torches = [package for package in packages if package.name == "torch"]
    return tuple(
        Offer(
            variant.group,
            variant.backend,
            next((torch.version for torch in torches if _holds(session, torch, variant.group)), None),
        )
        for variant in session.hardware.variants
        if variant.group not in without
    )


def _holds(session: VariantSession, package: Package, variant: str) -> bool:
    """Tell whether a locked package is installed with a variant, on some machine."""
    if session.kind == "groups":
        return variant in (package.groups or ())
    markers = package.marker_for(session.project.groups)
    active = frozenset({variant})
    return any(marker_applies(marker, target, active) for marker in markers for target in session.targets)


class _Planner:
    """Everything that leads from the options to an :class:`Installation`."""

    def __init__(self, command: HwInstallCommand, session: VariantSession | None) -> None:
        self.command = command
        self.session = session
        self.variants = frozenset(session.variants if session else ())
        self.variant_groups = self.variants if session and session.kind == "groups" else frozenset()
        self.options = self._group_options()

    def plan(self) -> Installation:
        command, session = self.command, self.session
        command.asked_format  # noqa: B018 - an unknown format is told before anything happens
        command.output_files  # noqa: B018 - and so is a file that cannot be written in any
        command.activated_groups  # noqa: B018 - Poetry refuses groups that do not exist
        catalogue = load_catalogue()
        detection = self._machine(catalogue)
        defaults = frozenset(canonicalize_name(group) for group in command.non_optional_groups)
        own = read_config(aiops_table(command.poetry.pyproject.data)).profiles
        profile = profile_of(self.options.profile, own, defaults, self.variants)
        record = read_record(command.env.path) if command.env.is_venv() else None
        wish = wish_of(
            self.options,
            self.variants,
            profile,
            os.environ.get(ENVIRONMENT_VARIABLE),
            record.requested if record else None,
        )
        group_plan = plan_groups(
            self.options,
            every_group=frozenset(command.poetry.package.dependency_group_names(include_optional=True)),
            default_groups=defaults,
            variants=self.variant_groups,
            profile=profile,
        )
        offers = offers_of(session, self.options.without)
        selection = select(detection.host, catalogue, self._constraint(offers, catalogue))
        choice = self._choice(wish, offers, selection, detection, takes_variant=group_plan.takes_variant)
        if required := command.option("require"):
            require(choice, str(required))
        warnings = [*detection.warnings, *choice.warnings, *catalogue_warning(catalogue)]
        if session is not None and choice.origin == "auto":
            warnings += selection.warnings
        return Installation(
            command,
            session,
            catalogue,
            detection,
            selection,
            choice,
            group_plan,
            remember=self._remember(wish, choice),
            all_extras=bool(command.option("all-extras")),
            warnings=list(dict.fromkeys(warnings)),
        )

    def _group_options(self) -> GroupOptions:
        option = self.command.option
        return GroupOptions(
            with_=_names(option("with")),
            without=_names(option("without")),
            only=_names(option("only")),
            only_root=bool(option("only-root")),
            all_groups=bool(option("all-groups")),
            hardware=option("hardware"),
            profile=option("profile"),
            extras=_extras(option("extras")),
        )

    def _machine(self, catalogue: Catalogue) -> Detection:
        target, target_file = self.command.option("target"), self.command.option("target-file")
        detection = described_machine(target, target_file, catalogue)
        described = target is not None or target_file is not None
        if described and self.command.option("verify"):
            raise UsageError(
                "another machine's device cannot be used from here",
                where="--verify with --target",
                hint="Leave out one of the two; on the machine itself, `hw-check` compares it with the record.",
            )
        if described and is_foreign(detection) and not self.command.option("dry-run"):
            host = detection.host
            raise UsageError(
                f"the target is {host.os} on {host.arch}, which this machine is not, so nothing can be installed for it",
                where="--target",
                hint="Add --dry-run to see what would be installed there.",
            )
        return detection

    def _constraint(self, offers: tuple[Offer, ...], catalogue: Catalogue) -> Constraint:
        info = self.command.env.version_info
        if self.session is None:
            return Constraint(python=f"{info[0]}.{info[1]}")
        project = self.session.project
        shared = tuple(
            (requirement.name, frozenset(requirement.extras))
            for group in self.session.base_groups & project.groups.keys()
            for requirement in project.requirements_of(group)
        )
        return Constraint(
            offered=tuple(dict.fromkeys(offer.backend for offer in offers)),
            python=f"{info[0]}.{info[1]}",
            mixed=self.session.hardware.mixed,
            cuda_majors=cuda_majors(shared, catalogue),
        )

    def _choice(
        self,
        wish: Wish,
        offers: tuple[Offer, ...],
        selection: Selection,
        detection: Detection,
        *,
        takes_variant: bool,
    ) -> Choice:
        if self.session is None or not takes_variant:
            return Choice(None, None, "no hardware variant is involved", "auto")
        choice = choose(wish, offers, selection, device_in_words(detection.host))
        if wish.value == AUTO and detection.host.container == "buildkit":
            self._refuse_guess_at_image_build(choice, offers)
        return choice

    def _refuse_guess_at_image_build(self, choice: Choice, offers: tuple[Offer, ...]) -> None:
        gpu = [offer for offer in offers if family_of(offer.backend) != "cpu"]
        if gpu and (choice.backend is None or family_of(choice.backend) == "cpu"):
            raise UsageError(
                "this is an image build, and it cannot tell which machine will run the image",
                where=ENVIRONMENT_VARIABLE,
                hint=f"Say which build the image is for, for example `ARG {ENVIRONMENT_VARIABLE}={gpu[0].backend}`"
                f" (or cpu), or `poetry hw-install --hardware {gpu[0].variant}`.",
            )

    def _remember(self, wish: Wish, choice: Choice) -> str | None:
        """Return what the environment shall remember; a system environment remembers nothing."""
        if wish.value == AUTO or not self.command.env.is_venv():
            return None
        if wish.origin in {"option", "groups", "remembered"}:
            return choice.variant or NONE
        return None


def _extras(given: list[str] | None) -> frozenset[str]:
    return frozenset(canonicalize_name(name) for part in given or () for name in part.split())


def _names(given: list[str] | None) -> frozenset[str]:
    return frozenset(canonicalize_name(name.strip()) for part in given or () for name in part.split(","))
