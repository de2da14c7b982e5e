"""The bundle of one project, compared and written: what ``sync-reqs`` and ``auto`` share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.config import read_config
from poetry_aiops.errors import ConfigError, InputError
from poetry_aiops.export.bundle import Variants, plan_bundle
from poetry_aiops.export.header import read_header
from poetry_aiops.export.locked_files import default_index, find_addresses
from poetry_aiops.export.model import Exported
from poetry_aiops.export.pylock import files_needing_addresses, known_addresses, render_pylock
from poetry_aiops.export.requirements_text import Layer, render_constraints, render_requirements
from poetry_aiops.export.settings import EXPORT, ExportSettings, read_settings
from poetry_aiops.export.threeway import FileComparison, compare, surplus
from poetry_aiops.locking.api import check_declaration, variant_kind, verify_project
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.system.files import reported
from poetry_aiops.system.kept_files import replace_file
from poetry_aiops.system.project_paths import find_place
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.transaction.following import follow, migrated_files


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry.poetry import Poetry

    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.export.model import Address, FileKey, FilePlan, Rendered
    from poetry_aiops.export.selection import PoetryExport
    from poetry_aiops.project.model import Project


@dataclass(frozen=True, slots=True)
class Bundle:
    """A project and the files that it should have; ``hardware`` declares its variants."""

    root: Path
    project: Project
    settings: ExportSettings
    variants: Variants
    hardware: HardwareConfig | None
    plans: tuple[FilePlan, ...]


@dataclass
class Standing:
    """How every file of a bundle stands; ``problems`` are addresses that could not be found out."""

    bundle: Bundle
    export: PoetryExport
    rendered: dict[str, Rendered] = field(default_factory=dict)
    files: list[FileComparison] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def incomplete(self, path: str) -> bool:
        """Whether the file lacks addresses, so that it cannot be written."""
        rendered = self.rendered.get(path)
        return rendered is not None and bool(rendered.missing)


def read_bundle(path: Path) -> Bundle:
    """Return the bundle that the pyproject.toml at ``path`` requires; raises AiopsError for what is wrong in it."""
    document = load_pyproject(path)
    project = project_from(document, path)
    table = aiops_table(document)
    hardware = read_config(table).hardware
    variants = Variants()
    if hardware is not None:
        check_declaration(hardware, project)
        names = tuple(one.group for one in hardware.variants)
        variants = Variants(names, variant_kind(hardware, project))
    settings = read_settings(table.get("export", {}) if isinstance(table, dict) else {})
    root = path.parent.resolve()
    migrated = migrated_files(root)

    def is_ours(name: str) -> bool:
        """Say whether a file of the project was written by sync-reqs, edited since or not, or only migrated."""
        if isinstance(find_place(root, name), str):
            return False
        header = read_header(_text(root, name) or "")
        return (header is not None and header.path == name) or _is_as_migrated(root, name, migrated)

    plans = plan_bundle(project, settings, variants, is_ours)
    places = ((plan.path, find_place(root, plan.path)) for plan in plans)
    wrong = tuple(f"{path} {place}" for path, place in places if isinstance(place, str))
    if wrong:
        raise ConfigError(
            "these files cannot be written",
            where=EXPORT,
            details=wrong,
            hint="Name regular files inside the project.",
        )
    return Bundle(root, project, settings, variants, hardware, plans)


def exported(bundle: Bundle, export: PoetryExport, index: str = "") -> Exported:
    """Return what the texts are made of."""
    files = dict.fromkeys(bundle.variants.names, "")
    for plan in reversed(bundle.plans):
        chosen = bundle.variants.chosen(plan.selection)
        if plan.format == "requirements" and len(chosen) == 1:
            files[chosen[0]] = plan.path
    return Exported(bundle.project, export.lock, export.digest, export.pins, files, index)


def standing(
    bundle: Bundle, poetry: Poetry, export: PoetryExport, *, ask: bool, diffs: bool = True
) -> Standing:
    """Compare the files on disk with what they should be; ``ask``: indexes may be queried for addresses."""
    result = Standing(bundle, export)
    verify_project(export.lock, bundle.project, bundle.hardware)
    base = exported(bundle, export, default_index(poetry.pool))
    addresses = _addresses(result, poetry, base, ask=ask)
    migrated = migrated_files(bundle.root)
    for rendered in render_bundle(bundle.plans, replace(base, addresses=addresses)):
        path = rendered.plan.path
        result.rendered[path] = rendered
        text = _text(bundle.root, path)
        found = compare(path, rendered.text, text, export.digest, diffs=diffs)
        if found.state in {"foreign", "edited"} and _is_as_migrated(bundle.root, path, migrated):
            found = replace(found, state="migrated", edits=())
        result.files.append(found)
    result.files += _surplus(bundle)
    return result


def write(root: Path, comparison: FileComparison, text: str) -> str | None:
    """Write or remove one file as the comparison says; raises InputError when the system refuses.

    What is replaced and cannot be made again is in the backup of the last migration, or kept beside the file: then
    its name there, relative to the project, is returned.
    """
    after = None if comparison.state == "surplus" else text.encode()
    held = follow(root, comparison.path, after, datetime.now(UTC))
    place = find_place(root, comparison.path)
    if isinstance(place, str):
        raise InputError(f"{comparison.path} {place}", hint="Name a regular file inside the project.")
    return replace_file(place, after, keeps=not held and not comparison.may_write)


# -- files ----------------------------------------------------------------------------------------------


def _text(root: Path, name: str) -> str | None:
    """Return a file's text; what is not UTF-8 was not written here and only has to differ."""
    path = root / name
    with reported("the file cannot be read", path, "Make it readable, then run this again."):
        try:
            return read_file(path, within=root).decode("utf-8", "replace")
        except FileNotFoundError:
            return None


def _is_as_migrated(root: Path, path: str, migrated: Mapping[str, bytes]) -> bool:
    """Say whether a file is byte for byte what the backup of the last migration holds."""
    place = find_place(root, path)
    return not isinstance(place, str) and place.name in migrated and migrated[place.name] == place.read()


def _surplus(bundle: Bundle) -> Iterable[FileComparison]:
    """Find untouched files of ours beside the bundle's that it does not have any more."""
    own = {plan.path for plan in bundle.plans}
    places = {(Path(plan.path).parent, Path(plan.path).suffix) for plan in bundle.plans}
    for folder, suffix in sorted(places):
        for path in sorted((bundle.root / folder).glob(f"*{suffix}")):
            name = path.relative_to(bundle.root).as_posix()
            text = None if name in own or not path.is_file() else _text(bundle.root, name)
            found = surplus(name, text) if text else None
            if found:
                yield found


def _addresses(result: Standing, poetry: Poetry, base: Exported, *, ask: bool) -> Mapping[FileKey, Address]:
    plans = [plan for plan in result.bundle.plans if plan.format == "pylock"]
    addresses: dict[FileKey, Address] = {}
    for plan in plans:
        addresses |= known_addresses(_text(result.bundle.root, plan.path) or "")
    pins = [pin for plan in plans for pin in base.select(plan.selection)]
    unknown = [
        (pin.package, file)
        for pin, file in files_needing_addresses(pins)
        if (file.name, file.hash) not in addresses
    ]
    if unknown and ask:
        found, problems = find_addresses(poetry.pool, unknown)
        addresses |= found
        result.problems += problems
    return addresses


def render_bundle(plans: Iterable[FilePlan], exported: Exported) -> tuple[Rendered, ...]:
    """Return every file as it should be; ``plans`` come as :func:`plan_bundle` orders them.

    Raises ConfigError for hashes that are requested where pip cannot check them.
    """
    layers: dict[str, Layer] = {}
    rendered = []
    for plan in plans:
        if plan.format == "constraints":
            rendered.append(render_constraints(plan, exported))
        elif plan.format == "pylock":
            rendered.append(render_pylock(plan, exported))
        else:
            file, layers[plan.path] = render_requirements(plan, exported, layers.get(plan.base or ""))
            rendered.append(file)
    return tuple(rendered)
