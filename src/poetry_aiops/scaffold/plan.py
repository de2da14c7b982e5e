"""From the project, its lock and what was asked for to a :class:`Plan`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.groups import profile_of
from poetry_aiops.config import AUTO, NONE
from poetry_aiops.errors import UsageError
from poetry_aiops.project.backends import family_of
from poetry_aiops.project.model import MAIN
from poetry_aiops.scaffold.about import own_command, requires_this_plugin, version_variables
from poetry_aiops.scaffold.bases import choose_base
from poetry_aiops.scaffold.local import local_packages
from poetry_aiops.scaffold.locked import Wanted, choose_python, packages_of, without_wheel
from poetry_aiops.scaffold.model import EDGE, PRODUCTION, Image, Plan, Versions
from poetry_aiops.scaffold.quoting import stage_name


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from poetry_aiops.config import Config, Variant
    from poetry_aiops.project.model import Lock, Project
    from poetry_aiops.scaffold.facts import ImageFacts
    from poetry_aiops.scaffold.options import Asked


_NO_CONTAINER = {"mps": "a container on a Mac sees no GPU"}
_PUBLIC = (
    "https://download.pytorch.org/",
    "https://developer.download.nvidia.com/",
    "https://repo.radeon.com/",
)


@dataclass(frozen=True, slots=True)
class Given:
    """Everything that a plan is made from.

    ``extras`` says that the variants are extras rather than groups; ``exists`` whether a path of the project is a
    file; ``exported`` that the project has files of ``poetry sync-reqs``; ``written_by`` is the command to show.
    """

    project: Project
    document: Mapping[str, object]
    lock: Lock
    config: Config
    extras: bool
    exists: Callable[[str], bool]
    poetry: str
    plugin: str
    exported: bool
    written_by: str


def plan(given: Given, asked: Asked, facts: ImageFacts) -> Plan:
    """Return the plan; raises errors in words for wishes that this project cannot have."""
    return _Planner(given, asked, facts).plan()


class _Planner:
    def __init__(self, given: Given, asked: Asked, facts: ImageFacts) -> None:
        self.given, self.asked, self.facts = given, asked, facts
        self.constraint = given.project.python
        self.variants = tuple(
            one
            for one in (given.config.hardware.variants if given.config.hardware else ())
            if family_of(one.backend) not in _NO_CONTAINER
        )
        self.warnings: list[str] = []

    def plan(self) -> Plan:
        given, project = self.given, self.given.project
        if given.config.hardware and not self.variants:
            raise UsageError(
                "none of the hardware variants runs in a container",
                where="[tool.poetry-aiops.hardware.variants]",
                hint="Add one for Linux: `poetry hw-add PACKAGE --variants cpu`.",
            )
        wanted = [self._wanted(variant) for variant in self.variants] or [Wanted((MAIN,))]
        python = choose_python(self.asked.python, self.constraint, given.lock, wanted, self.facts)
        images = tuple(self._images(python))
        return Plan(
            project=project.name or project.path.resolve().parent.name,
            written_by=given.written_by,
            versions=Versions(given.poetry, given.plugin, python),
            images=images,
            default=self._default(images),
            command=self._command(),
            port=self.asked.port,
            package_mode=project.package_mode,
            plugin=bool(self.variants) or requires_this_plugin(given.document),
            settings=given.exists("poetry.toml"),
            logins=any(_may_want_login(source.url) for source in project.sources),
            compiled=without_wheel(given.lock, self._everything(wanted), python, self.constraint, self.facts),
            local=local_packages(given.lock),
            versioned_by=version_variables(given.document) if project.package_mode else (),
            tests=any(package.name == "pytest" for package in given.lock.packages),
            exported=given.exported,
            left_out=tuple(self._left_out()),
            warnings=tuple(self.warnings),
        )

    # -- images --------------------------------------------------------------------------------------------

    def _images(self, python: str) -> list[Image]:
        if not self.variants:
            base = choose_base(None, (), python, self.asked, self.facts)
            return [Image(PRODUCTION, "build", base.base, ("--only", MAIN))]
        images = [self._image(variant, python) for variant in self.variants]
        edge = self.given.config.profiles.get(EDGE)
        if edge is not None and not any(image.stage == EDGE for image in images):
            images.append(self._edge(edge.variant, images))
        return images

    def _image(self, variant: Variant, python: str) -> Image:
        wanted = self._wanted(variant)
        names = {package.name for package in packages_of(self.given.lock, wanted, python, self.constraint)}
        chosen = choose_base(variant, names, python, self.asked, self.facts)
        if chosen.warning:
            self.warnings.append(chosen.warning)
        stage = stage_name(variant.group)
        profile = EDGE if variant.group == EDGE else PRODUCTION
        arguments = ("--profile", profile, "--hardware", variant.group)
        return Image(
            stage,
            f"build-{variant.group}",
            chosen.base,
            arguments,
            variant.group,
            variant.backend,
            chosen.reason,
        )

    def _edge(self, variant: str, images: list[Image]) -> Image:
        """Return the image of the project's own profile ``edge``, on the variant that it names."""
        of = next((image for image in images if image.variant == variant), self._default(tuple(images)))
        if variant == AUTO:
            self.warnings.append(
                f"the profile edge leaves its variant open; its image takes {of.variant}, as the builder cannot know"
            )
        hardware = NONE if variant == NONE else str(of.variant)
        return Image(
            EDGE,
            f"build-{EDGE}",
            of.base,
            ("--profile", EDGE, "--hardware", hardware),
            of.variant,
            of.backend,
        )

    def _default(self, images: tuple[Image, ...]) -> Image:
        """Return the image that ``production`` is: the CPU's, which runs everywhere, else the first."""
        return next((one for one in images if one.backend and family_of(one.backend) == "cpu"), images[0])

    def _left_out(self) -> list[str]:
        every = self.given.config.hardware.variants if self.given.config.hardware else ()
        return [
            f"{one.group} ({one.backend}): {_NO_CONTAINER[family_of(one.backend)]}"
            for one in every
            if family_of(one.backend) in _NO_CONTAINER
        ]

    # -- what is installed ---------------------------------------------------------------------------------

    def _wanted(self, variant: Variant) -> Wanted:
        arch = "aarch64" if variant.backend == "jetson" else "x86_64"
        groups = self._groups(EDGE if variant.group == EDGE else PRODUCTION)
        if self.given.extras:
            return Wanted(groups, frozenset({variant.group}), arch)
        return Wanted((*groups, variant.group), arch=arch)

    def _groups(self, profile: str) -> tuple[str, ...]:
        names = frozenset(one.group for one in self.variants)
        found = profile_of(profile, self.given.config.profiles, frozenset(), names)
        return found.groups if found else (MAIN,)

    def _everything(self, wanted: list[Wanted]) -> list[Wanted]:
        """Add what a development image installs: every group that is not optional."""
        usual = [group.name for group in self.given.project.groups.values() if not group.optional]
        return [*wanted, Wanted(tuple(dict.fromkeys((MAIN, *usual))))]

    def _command(self) -> tuple[str, ...]:
        if self.asked.command:
            return self.asked.command
        own = own_command(self.given.document, self.given.project.name, self.given.exists)
        if own is None:
            self.warnings.append(
                "nothing says what a container should run, so it starts Python; give"
                ' --command "uvicorn app.main:app --host 0.0.0.0"'
            )
        return own or ("python",)


def _may_want_login(url: str) -> bool:
    return bool(url) and not url.startswith(_PUBLIC)
