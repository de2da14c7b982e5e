"""What ``poetry hw-install`` does with a choice: announces it, checks what was installed, leaves the record."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from packaging.utils import canonicalize_name

from poetry_aiops.accelerators.describe import machine_text
from poetry_aiops.cli.styled import StyledText
from poetry_aiops.errors import NegativeAnswerError
from poetry_aiops.hardware.installed import installed_builds, read_installed
from poetry_aiops.hardware.installed_check import compare
from poetry_aiops.hardware.machine import is_foreign
from poetry_aiops.hardware.verification import verify_environment
from poetry_aiops.locking.api import (
    Installed,
    InstallRecord,
    VariantInstaller,
    locked_by,
    needs_of,
    provided_directly,
    read_record,
    verify_locked,
    write_record,
)
from poetry_aiops.project.backends import family_of
from poetry_aiops.project.targets import targets


if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName
    from poetry.installation.installer import Installer
    from poetry.poetry import Poetry
    from poetry.utils.env import Env

    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.choice import Choice
    from poetry_aiops.accelerators.groups import GroupOptions, GroupPlan
    from poetry_aiops.accelerators.host import Detection
    from poetry_aiops.accelerators.selection import Selection
    from poetry_aiops.cli.output import Output
    from poetry_aiops.hardware.installed_check import InstalledFinding
    from poetry_aiops.locking.api import VariantSession


ENVIRONMENT_VARIABLE: Final = "POETRY_AIOPS_HARDWARE"
_NEVER_WRONG = frozenset({"cpu", "jetson"})
"""Where an unexpected build still computes: a GPU build on a CPU, a CPU build on a Jetson."""


@dataclass(frozen=True, slots=True)
class InstallRequest:
    """What ``poetry hw-install`` is to do.

    ``default_groups`` are the groups that are not optional, ``hardware_variable`` is the hardware that the environment
    names.
    """

    groups: GroupOptions
    default_groups: frozenset[str] = frozenset()
    all_extras: bool = False
    hardware_variable: str | None = None
    target: str | None = None
    target_file: str | None = None
    require: str | None = None
    explain: bool = False
    verify: bool = False
    dry_run: bool = False

    @property
    def is_described(self) -> bool:
        """Whether the request describes another machine than this one."""
        return self.target is not None or self.target_file is not None


@dataclass
class Installation:
    """A choice that was made, on its way into the environment."""

    request: InstallRequest
    output: Output
    poetry: Poetry
    env: Env
    session: VariantSession | None
    catalogue: Catalogue
    detection: Detection
    selection: Selection
    choice: Choice
    group_plan: GroupPlan
    remember: str | None
    torch: str | None = None
    """The version of torch that the lock holds for the chosen variant."""
    findings: tuple[InstalledFinding, ...] = ()
    verdict: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def variant(self) -> str | None:
        """The variant that is installed; None also where one was chosen but the groups take none."""
        return self.choice.variant if self.group_plan.takes_variant else None

    @property
    def backend(self) -> str | None:
        """The backend of the variant that is installed."""
        return self.choice.backend if self.group_plan.takes_variant else None

    @property
    def active_groups(self) -> set[NormalizedName]:
        """The dependency groups that Poetry's installer activates."""
        variant = {self.variant} if self.variant and not self._extras else set()
        return {canonicalize_name(group) for group in self.group_plan.groups | variant}

    @property
    def active_extras(self) -> frozenset[str]:
        """The extras that Poetry's installer installs; of those that are variants, the chosen one."""
        request = self.request
        if not self._extras or self.session is None:
            return frozenset(self.poetry.package.extras) if request.all_extras else request.groups.extras
        every = frozenset(self.session.project.extras) if request.all_extras else request.groups.extras
        return (every - set(self.session.variants)) | ({self.variant} if self.variant else set())

    @property
    def _extras(self) -> bool:
        return self.session is not None and self.session.kind == "extras"

    def adjusted_option(self, name: str, given: Any) -> Any:  # noqa: ANN401 - options are of any type
        """Return what Poetry's install sees of an option: the extras with the chosen variant and no other."""
        if not self._extras or self.session is None or name not in {"extras", "all-extras"}:
            return given
        if name == "all-extras":
            return False
        return sorted(self.active_extras)

    def verify_selection(self) -> None:
        """Raise LockConflictError when poetry.lock holds two builds of one package for what is to be installed."""
        terms = self.session.terms if self.session else None
        chosen = [Installed.of(self.active_groups, self.active_extras)]
        verify_locked(locked_by(self.poetry.locker), chosen, terms)

    def announce(self, installer: Installer) -> None:
        """Warn, say what was chosen and why in one line, and prepare the installer to clear other variants away."""
        self._warn(self.warnings)
        if self.request.explain:
            self.output.fitted(machine_text(self.detection, self.selection, (), explain=True))
            self.output.line()
        verb, _, rest = self.output.fit(self._headline()).partition(" ")
        self.output.styled([(StyledText(verb, "info"), StyledText(f" {rest}"))])
        if self.session is not None and isinstance(installer, VariantInstaller):
            clears = self.group_plan.takes_variant or self.choice.origin != "auto"
            if is_foreign(self.detection):
                installer.pretend(self._foreign_markers())
            if clears:
                installer.clear = frozenset(self.session.variants) - {self.variant}
                installer.brought = self.brought

    def begin(self) -> None:
        """Say in the record that the installation is incomplete, until ``conclude`` replaces it.

        Poetry installs nothing from a lock that does not fit pyproject.toml: then the record stays.
        """
        locker = self.poetry.locker
        refused = locker.is_locked() and not locker.is_fresh()
        if self.group_plan.takes_variant and not self.request.dry_run and not refused:
            self._leave_record(before=self.brought, incomplete=True)

    def conclude(self) -> int:
        """Check what was installed and leave the record; returns the exit code."""
        if self.request.dry_run:
            return 0
        env = self.env
        if self.backend is not None:
            facts = read_installed([env.purelib, env.platlib], self.detection.host.os)
            self.findings = compare(self.backend, installed_builds(facts), self._provided())
        if self.group_plan.takes_variant:
            self._leave_record()
        wrong = [finding for finding in self.findings if finding.outcome == "wrong"]
        if self.backend is not None and family_of(self.backend) in _NEVER_WRONG:
            self._warn(finding.text for finding in wrong)
            wrong = []
        for finding in wrong:
            self.output.failure(finding.text)
        if self.request.verify and self.backend is not None and not wrong:
            return self._verify(self.backend)
        return NegativeAnswerError.exit_code if wrong else 0

    def write_document(self, code: int) -> None:
        """Print the JSON document where it was requested, and write it into files."""
        self.output.document("hw-install", self._document(code))

    # -- private ----------------------------------------------------------------------------------------

    def _document(self, code: int) -> dict[str, Any]:
        return {
            "variant": self.variant,
            "backend": self.backend,
            "origin": self.choice.origin,
            "reason": self.choice.reason,
            "torch_max": self.choice.torch_max,
            "note": self.choice.note if self.variant else None,
            "groups": sorted(self.active_groups),
            "dry_run": self.request.dry_run,
            "remembered": self.remember,
            "checks": [{"text": finding.text, "outcome": finding.outcome} for finding in self.findings],
            "verification": self.verdict,
            "warnings": self.warnings,
            "exit_code": code,
        }

    def _foreign_markers(self) -> dict[str, str]:
        """Return the marker values that the target has and this machine has not."""
        host, python = self.detection.host, ".".join(str(part) for part in self.env.version_info[:2])
        name = f"{host.os}-{'amd64' if host.os == 'windows' else host.arch}-py{python}"
        found = next((t for t in targets(lambda v: v.startswith(f"{python}.")) if t.name == name), None)
        kept = ("python_version", "python_full_version", "implementation_version")
        return {key: value for key, value in found.environment.items() if key not in kept} if found else {}

    def _warn(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.output.warning(text)

    def _provided(self) -> frozenset[str]:
        if self.session is None:
            return frozenset()
        provided = provided_directly(self.session.hardware, self.session.project)
        return frozenset(name for name, variants in provided.items() if self.choice.variant in variants)

    def _headline(self) -> str:
        if self.session is None:
            return (
                "No hardware variants declared: this is `poetry install`. To declare some:"
                " `poetry hw-add torch --variants cpu,cu126`"
            )
        if not self.group_plan.takes_variant:
            return "Without main, the selected groups get no hardware variant"
        if self.choice.variant is None:
            return f"{self.choice.reason[:1].upper()}{self.choice.reason[1:]}"
        joined = ": " if self.choice.origin == "auto" else ", "
        return f"Using {self.choice.variant} ({self.choice.backend}){joined}{self.choice.reason}"

    @cached_property
    def brought(self) -> frozenset[str]:
        """What only the variant of the installation before this one brought into the environment."""
        record = read_record(self.env.path)
        return frozenset(record.packages) if record else frozenset()

    def _packages_of_the_variant(self) -> frozenset[str]:
        lock = locked_by(self.poetry.locker) if self.session and self.variant else None
        variants = set(self.session.variants) if self.session else set()
        return frozenset(
            package.name
            for package in (lock.packages if lock else ())
            if self.variant in (package.groups or ()) and variants.issuperset(package.groups or ())
        )

    def _leave_record(self, *, before: frozenset[str] = frozenset(), incomplete: bool = False) -> None:
        env, host, choice = self.env, self.detection.host, self.choice
        try:
            record = InstallRecord(
                choice.variant,
                choice.backend,
                self.remember,
                self.request.groups.profile,
                self.torch,
                ".".join(str(part) for part in env.version_info[:3]),
                host.os,
                host.arch,
                needs_of(choice.backend, self.torch, host.arch, self.catalogue),
                tuple(sorted(self._packages_of_the_variant() | before)),
                incomplete,
            )
            write_record(env.path, env.script_dirs[0], env.python, record)
        except OSError as error:
            if not incomplete:  # else it is said at the end, once
                reason = error.strerror or str(error)
                self.warnings.append(
                    f"{env.path} cannot hold the record and hw-check ({reason}); the installation itself succeeded."
                )
                self._warn(self.warnings[-1:])

    def _verify(self, backend: str) -> int:
        verdict = verify_environment(self.env.python, backend, best=self.selection.best)
        self.verdict = asdict(verdict)
        for reason in verdict.reasons:
            self.output.line(f"verify: {reason}")
        if verdict.ok:
            return 0
        self.output.failure(verdict.fix or "The installed build does not work here.")
        return NegativeAnswerError.exit_code
