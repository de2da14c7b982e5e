"""From the project, its lock and the options to a :class:`ScaffoldPlan`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.groups import profile_of
from poetry_aiops.config import AUTO, NONE
from poetry_aiops.errors import UsageError
from poetry_aiops.project.backends import family_of
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.project.model import MAIN
from poetry_aiops.scaffold.bases import choose_base
from poetry_aiops.scaffold.facts import load_programs
from poetry_aiops.scaffold.local import local_packages, ssh_hosts
from poetry_aiops.scaffold.locked import ImageSelection, LockOnLinux
from poetry_aiops.scaffold.model import EDGE, PRODUCTION, Image, ScaffoldPlan, Versions
from poetry_aiops.scaffold.quoting import in_path, plain_word, stage_name
from poetry_aiops.scaffold.start import (
    SUGGESTION,
    Start,
    at,
    module_in,
    modules_of,
    own_command,
    requires_this_plugin,
    simple_commands,
    start_of,
    version_variables,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from poetry_aiops.config import Config, Variant
    from poetry_aiops.project.model import Lock, Project
    from poetry_aiops.scaffold.facts import ImageFacts, SystemFacts
    from poetry_aiops.scaffold.options import ScaffoldOptions


_NO_CONTAINER: Final = {"mps": "a container on a Mac sees no GPU"}
_ONLY_ON: Final = {"rocm": ("linux/amd64",), "xpu": ("linux/amd64",), "jetson": ("linux/arm64",)}
_PUBLIC: Final = (
    "https://download.pytorch.org/",
    "https://developer.download.nvidia.com/",
    "https://repo.radeon.com/",
)


@dataclass(frozen=True, slots=True)
class ScaffoldInput:
    """Everything that a plan is made from.

    ``extras`` says that the variants are extras rather than groups; ``exists`` whether a path of the project is a
    file, ``there`` whether a path (from the project's folder) is there at all; ``exported`` that the project has
    files of ``poetry sync-reqs``, ``tests`` that it has files for pytest. ``packaged`` are the modules at the top of
    the project's wheel, None where that is not known; ``compiles`` are the Debian packages that its own folders need to
    be built. ``written_by`` is the command to show.
    """

    project: Project
    document: Mapping[str, object]
    lock: Lock
    config: Config
    extras: bool
    exists: Callable[[str], bool]
    there: Callable[[str], bool]
    poetry: str
    plugin: str
    exported: bool
    tests: bool
    packaged: frozenset[str] | None
    compiles: frozenset[str]
    written_by: str


def plan(
    given: ScaffoldInput, asked: ScaffoldOptions, facts: ImageFacts, system: SystemFacts
) -> ScaffoldPlan:
    """Return the plan; raises errors for options that this project cannot have."""
    return _ScaffoldPlanner(given, asked, facts, system).plan()


class _ScaffoldPlanner:
    def __init__(
        self, given: ScaffoldInput, asked: ScaffoldOptions, facts: ImageFacts, system: SystemFacts
    ) -> None:
        self.given, self.asked, self.facts, self.system = given, asked, facts, system
        self.locked = LockOnLinux(given.lock, given.project.python, facts)
        self.variants = tuple(
            one for one in self._every_variant() if family_of(one.backend) not in _NO_CONTAINER
        )
        variants = {one.group for one in self.variants} if given.extras else set()
        self.known_extras = [name for name in given.project.extras if name not in variants]
        self.extras = self._requested_extras()
        self.warnings: list[str] = []

    def plan(self) -> ScaffoldPlan:
        given, project = self.given, self.given.project
        if given.config.hardware and not self.variants:
            raise UsageError(
                "none of the hardware variants runs in a container",
                where="[tool.poetry-aiops.hardware.variants]",
                hint="Add one for Linux: `poetry hw-add PACKAGE --variants cpu`.",
            )
        command, starts = self._starts()
        for one in starts:
            self.extras += self._extras_of(one)
        start = starts[-1]
        python = self._python()
        images = self._images(python)
        compiled = tuple(
            name
            for name in self.locked.without_wheel(self._everything(), python)
            if name not in self.system.pure
        )
        port = self.asked.port or start.port()
        restart = "unless-stopped" if self.asked.port else ""
        if start.facts and start.facts.worker:
            restart = "on-failure:3"
        elif start.listens_locally():
            self.warnings.append(
                f"{start.program} listens on 127.0.0.1 unless {start.facts.host if start.facts else ''} names another"
                " address, so nothing outside of the container reaches it"
            )
        return ScaffoldPlan(
            project=project.name or project.path.resolve().parent.name,
            written_by=given.written_by,
            versions=Versions(given.poetry, given.plugin, python),
            images=images,
            default=self._default(images),
            command=command,
            port=port,
            health=start.health(port),
            restart=restart,
            package_mode=project.package_mode,
            sources=not project.package_mode or any(self._needs_sources(one) for one in starts),
            python_path="src" if any(self._runs_from_src(one) for one in starts) else "",
            environment=self._environment(python),
            extras=self.extras,
            plugin=bool(self.variants) or requires_this_plugin(given.document),
            read_first=self._read_first(),
            logins=any(_may_want_login(source.url) for source in project.sources),
            compiled=compiled,
            build_packages=self._build_packages(compiled),
            ssh=ssh_hosts(given.lock),
            local=local_packages(given.lock, given.there),
            versioned_by=version_variables(given.document) if project.package_mode else (),
            variants=tuple((one.group, one.backend) for one in self._every_variant()),
            tests=given.tests and "pytest" in self.locked.names(self._development(), python),
            exported=given.exported,
            left_out=tuple(self._left_out()),
            warnings=tuple(self.warnings),
        )

    # -- what is installed ---------------------------------------------------------------------------------

    def _selections(self) -> list[ImageSelection]:
        """Return what each image installs: one for each variant, or one."""
        extras = frozenset(self.extras)
        found = []
        for variant in self.variants:
            groups, own = self._groups(EDGE if variant.group == EDGE else PRODUCTION), variant.group
            arch = "aarch64" if variant.backend == "jetson" else "x86_64"
            found.append(
                ImageSelection(groups, extras | {own}, arch)
                if self.given.extras
                else ImageSelection((*groups, own), extras, arch)
            )
        return found or [ImageSelection(self._groups(PRODUCTION), extras)]

    def _groups(self, profile: str) -> tuple[str, ...]:
        names = frozenset(one.group for one in self.variants)
        found = profile_of(profile, self.given.config.profiles, frozenset(), names)
        return found.groups if found else (MAIN,)

    def _development(self) -> ImageSelection:
        """Return what a development image and a workflow install: the groups that are not optional."""
        usual = [group.name for group in self.given.project.groups.values() if not group.optional]
        return ImageSelection(tuple(dict.fromkeys((MAIN, *usual))), frozenset(self.extras))

    def _everything(self) -> list[ImageSelection]:
        return [*self._selections(), self._development()]

    def _python(self) -> str:
        return self.locked.choose_python(self.asked.python, self._selections())

    def _requested_extras(self) -> tuple[str, ...]:
        known = self.known_extras
        for name in self.asked.extras:
            if name not in known:
                hint = did_you_mean(name, known) or (
                    f"The extras are {', '.join(known)}." if known else "The project has none."
                )
                raise UsageError(f'there is no extra "{name}"', where="--extras", hint=hint)
        return self.asked.extras

    # -- what a container runs -----------------------------------------------------------------------------

    def _starts(self) -> tuple[tuple[str, ...], list[Start]]:
        """Return the command of a container, and each command that it runs; the last one goes on running."""
        given, project = self.given, self.given.project
        command = self.asked.command or own_command(
            given.document, project.name, given.exists, is_package=project.package_mode
        )
        if command is None:
            self.warnings.append(f'no script or __main__.py found: CMD is "python". Set it with {SUGGESTION}')
        command = command or ("python",)
        parts = simple_commands(command)
        is_package = project.package_mode
        starts = [start_of(one, given.document, given.exists, is_package=is_package) for one in parts]
        loaded = [
            one
            for one in map(Start.loaded, starts)
            if one and not any(module_in(one.program, folder, given.exists) for folder in ("", "src/"))
        ]
        return command, [*loaded, *starts]

    def _extras_of(self, start: Start) -> tuple[str, ...]:
        """Return the extra that brings the program; raises UsageError where no installed package does."""
        if not start.program:
            return ()
        python, bringers, names = self._python(), set(start.packages), self.locked.names
        lacking = [one for one in self._selections() if bringers.isdisjoint(names(one, python))]
        if not lacking or not self.given.lock.has_groups:
            return ()
        sizes = self.given.project.extras
        for extra in sorted(self.known_extras, key=lambda name: (len(sizes[name]), name)):
            added = [replace(one, extras=one.extras | {extra}) for one in lacking]
            if not any(bringers.isdisjoint(names(one, python)) for one in added):
                self.warnings.append(
                    f"{start.program} comes from the extra {extra}, which every image installs"
                )
                return (extra,)
        locked = [one for one in self.given.lock.packages if one.name in bringers]
        groups = sorted({group for one in locked for group in one.groups or ()} - {MAIN})
        if groups:
            table = f'[tool.poetry-aiops.profiles.production] groups = ["main", "{groups[0]}"]'
            raise UsageError(
                f"{start.program} comes from the group {' or '.join(groups)}, which the production image does not install",
                where="--command",
                hint=f"Install it there: {table}.",
            )
        if start.facts or any(normalised(word) in bringers for word in self._declared()):
            raise UsageError(
                f"no locked package provides {start.program}",
                where="--command",
                hint=f"Add it: `poetry add {start.packages[0]}`.",
            )
        what = f"the module {start.program}" if start.is_module else start.program
        self.warnings.append(
            f"poetry.lock does not say which package provides {what}: try the image before you ship it"
        )
        return ()

    def _declared(self) -> set[str]:
        return {
            one.name
            for group in self.given.project.groups
            for one in self.given.project.requirements_of(group)
        }

    def _environment(self, python: str) -> tuple[tuple[str, str], ...]:
        installed = frozenset().union(*(self.locked.names(one, python) for one in self._everything()))
        known = [one for one in load_programs().values() if not installed.isdisjoint(one.packages)]
        return tuple(sorted({pair for one in known for pair in one.environment.items()}))

    def _needs_sources(self, start: Start) -> bool:
        """Say whether a command of a package names a file of the project, or a module that its wheel lacks."""
        exists, packaged = self.given.exists, self.given.packaged
        return any(exists(word.removeprefix("./")) for word in start.command) or any(
            module_in(module, "", exists) and module.partition(".")[0] not in packaged
            for module in modules_of(start.command)
            if packaged is not None
        )

    def _runs_from_src(self, start: Start) -> bool:
        exists = self.given.exists
        return not self.given.project.package_mode and any(
            module_in(module, "src/", exists) and not module_in(module, "", exists)
            for module in modules_of(start.command)
        )

    # -- images --------------------------------------------------------------------------------------------

    def _images(self, python: str) -> tuple[Image, ...]:
        """Return the images, on bases with the system packages of everything that is installed on them."""
        selections = self._selections()
        images = [
            self._image(variant, wanted, python)
            for variant, wanted in zip(self.variants or (None,), selections, strict=True)
        ]
        edge = self.given.config.profiles.get(EDGE)
        if edge is not None and self.variants and not any(image.stage == EDGE for image in images):
            images.append(self._edge(edge.variant, images))
            selections.append(selections[0])
        needed: dict[str, set[str]] = {}
        for image, wanted in zip(images, selections, strict=True):
            packages = needed.setdefault(image.base.name, {*self.asked.apt})
            for need in self.system.needs_of(self.locked.names(wanted, python)):
                packages.update(need.runtime)
        bases = [
            replace(one.base, packages=tuple(sorted({*one.base.packages, *needed[one.base.name]})))
            for one in images
        ]
        return tuple(replace(one, base=base) for one, base in zip(images, bases, strict=True))

    def _image(self, variant: Variant | None, wanted: ImageSelection, python: str) -> Image:
        names = self.locked.names(wanted, python)
        chosen = choose_base(variant, names, python, self.asked, self.facts)
        if chosen.warning:
            self.warnings.append(chosen.warning)
        backend = variant.backend if variant else "cpu"
        possible = _ONLY_ON.get(family_of(backend), ("linux/amd64", "linux/arm64"))
        found = self.locked.platforms(wanted, python)
        platforms = tuple(one for one in found if one in possible) or possible[:1]
        if variant is None:
            groups = ",".join(map(plain_word, wanted.groups))
            arguments = ("--only", groups, *self._extras_as_options())
            return Image(PRODUCTION, "build", chosen.base, arguments, platforms=platforms)
        group, profile = variant.group, EDGE if variant.group == EDGE else PRODUCTION
        arguments = ("--profile", profile, "--hardware", plain_word(group), *self._extras_as_options())
        stages = (stage_name(group), f"build-{group}")
        return Image(*stages, chosen.base, arguments, group, backend, chosen.reason, platforms)

    def _extras_as_options(self) -> tuple[str, ...]:
        return tuple(word for extra in self.extras for word in ("--extras", plain_word(extra)))

    def _edge(self, variant: str, images: list[Image]) -> Image:
        """Return the image of the project's own profile ``edge``, on the variant that it names."""
        of = next((image for image in images if image.variant == variant), self._default(tuple(images)))
        if variant == AUTO:
            self.warnings.append(f"the profile edge names no fixed variant; its image uses {of.variant}")
        hardware = NONE if variant == NONE else str(of.variant)
        arguments = ("--profile", EDGE, "--hardware", hardware, *self._extras_as_options())
        return replace(of, stage=EDGE, build=f"build-{EDGE}", arguments=arguments, reason="")

    def _default(self, images: tuple[Image, ...]) -> Image:
        """Return the image that ``production`` is: the CPU's, which runs everywhere, else the first."""
        return next((one for one in images if one.backend and family_of(one.backend) == "cpu"), images[0])

    def _read_first(self) -> tuple[str, ...]:
        """Return the files, beside pyproject.toml and the lock, without which Poetry does not load the project."""
        licence = at(self.given.document, "project", "license", "file")
        named = ("poetry.toml", licence if isinstance(licence, str) else "")
        return tuple(in_path(name) for name in named if name and self.given.exists(name))

    def _build_packages(self, compiled: tuple[str, ...]) -> tuple[str, ...]:
        packages = {package for need in self.system.needs_of(compiled) for package in need.build}
        return tuple(sorted({*packages, *self.given.compiles, *(["build-essential"] if compiled else [])}))

    def _left_out(self) -> list[str]:
        families = [(one, family_of(one.backend)) for one in self._every_variant()]
        return [
            f"{one.group} ({one.backend}): {_NO_CONTAINER[family]}"
            for one, family in families
            if family in _NO_CONTAINER
        ]

    def _every_variant(self) -> tuple[Variant, ...]:
        return self.given.config.hardware.variants if self.given.config.hardware else ()


def _may_want_login(url: str) -> bool:
    return bool(url) and not url.startswith(_PUBLIC)
