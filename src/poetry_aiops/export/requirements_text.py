"""A requirements file as pip and uv read it: layered, hashed where that can work, with relative paths and ``# via``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import ConfigError, InputError
from poetry_aiops.export.header import with_header
from poetry_aiops.export.indexes import Indexes, address, index_notes, indexes_of
from poetry_aiops.export.model import Exported, FilePlan, GroupSelection, Pin, Rendered, relative_to_file
from poetry_aiops.export.settings import EXPORT
from poetry_aiops.export.via import parents
from poetry_aiops.system.addresses import public_address
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.export.model import Exported, FilePlan


_HASH = re.compile(r"sha(?:256|384|512):[0-9A-Fa-f]+")  # what pip accepts behind `--hash`

_WHOLE = re.compile(r"[/.]|[A-Za-z][A-Za-z0-9+.]*:")
_CONTINUED: Final = " \\\n    "
_SCP = re.compile(r"^(?P<user>[\w.-]+)@(?P<host>[^:/]+):(?P<path>[^/].*)$")
_IN_WORDS: Final = {"directory": "is a folder", "git": "comes from Git"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A written file, as far as one that includes it has to know it; ``lines`` are its requirements by package."""

    path: str = ""
    lines: frozenset[str] = frozenset()
    indexes: Indexes = field(default_factory=Indexes)
    hashed: bool = False


def render_requirements(plan: FilePlan, exported: Exported, base: Layer | None) -> tuple[Rendered, Layer]:
    """Return the file of ``plan``, on top of ``base`` where the two can be read together, and its layer.

    Raises ConfigError for hashes that are requested where pip cannot check them.
    """
    pins = exported.select(plan.selection)
    reasons = "; ".join(unhashable(pins))
    if plan.hashes and reasons:
        raise ConfigError(
            f"{plan.path} cannot have hashes, because pip checks them for all packages or for none: {reasons}",
            where=f"{plan.key_path or EXPORT} hashes",
            hint="Remove `hashes = true`: hashes are written wherever pip can check them.",
        )
    hashed = plan.hashes is not False and not reasons
    notes = []
    if plan.hashes is not False and reasons:
        notes.append(f"Without hashes, which pip checks for all packages or for none: {reasons}.")
    if base is not None and base.hashed is not hashed:
        notes.append(f"Does not include {base.path}: pip checks hashes for all of the files or for none.")
        base = None
    under = base or Layer()
    indexes = indexes_of(pins, exported.project, under.indexes, exported.default_index)
    lines = {pin.package.key: requirement_line(pin, hashed=hashed) for pin in pins}
    notes += [*index_notes(pins, hashed=hashed, indexes=indexes), *_left_to_variants(pins, exported)]
    local = [pin for pin in pins if pin.origin in {"directory", "file"}]
    notes += ["Paths begin at the folder of pyproject.toml: run pip there."] if local else []
    notes += [
        f"{pin.package.name} is not editable here: pip reads no marker behind `-e`."
        for pin in local
        if pin.package.develop and pin.marker
    ]
    body = [f"-r {relative_to_file(plan.path, base.path)}"] if base else []
    body += indexes.lines_after(under.indexes)
    via = parents(pins, plan.selection, exported.project)
    body += [""] if body else []
    for pin in sorted(pins, key=lambda one: (one.package.name, one.package.version, one.marker)):
        line = lines[pin.package.key]
        if line not in under.lines:
            body += [line, *_via(via.get(pin.package.key, ()))]
    head = [*about(plan.selection, exported), *notes]
    text = with_header(plan.path, exported.lock_digest, head, "\n".join(body))
    layer = Layer(plan.path, under.lines | frozenset(lines.values()), indexes, hashed)
    return Rendered(plan, text, tuple(notes)), layer


def about(selection: GroupSelection, exported: Exported) -> list[str]:
    """Return the header's lines on what a file holds."""
    extras = f" with the extras {', '.join(selection.extras)}" if selection.extras else ""
    return [f"Holds {', '.join(selection.groups)}{extras}, for Python {exported.project.python}."]


def requirement_line(pin: Pin, *, hashed: bool) -> str:
    """Return one requirement with its marker and, where wanted, its hashes on lines of their own."""
    text = _requirement(pin)
    if pin.marker and not text.startswith("-e "):
        text += f" ; {pin.marker}"
    return _CONTINUED.join(
        [checked(text, pin.package.name), *(f"--hash={digest}" for digest in hashes_of(pin) if hashed)]
    )


def checked(text: str, package: str) -> str:
    """Return a requirement as it is; raises InputError when it holds a line end or a control character.

    pip reads options, other indexes among them, from every line, and a lock can come with anybody's pull request.
    """
    if text.isprintable():
        return text
    raise InputError(
        f"the entry of the package {one_line(package)!r} contains a line break or another control character",
        where="poetry.lock",
        hint="Poetry does not write such a lock. Regenerate it: `poetry lock --regenerate`.",
    )


def hashes_of(pin: Pin) -> list[str]:
    """Return the locked hashes that pip can check, sorted."""
    return sorted({file.hash for file in pin.package.files if _HASH.fullmatch(file.hash)})


def _requirement(pin: Pin) -> str:
    package, source = pin.package, pin.package.source
    if source is None or pin.origin == "index":
        return f"{package.name}=={package.version}"
    if pin.origin == "directory":
        path = _local(source.url)
        editable = package.develop and not pin.marker  # pip reads no marker behind `-e PATH`
        return f'-e "{path}"' if editable and " " in path else f"-e {path}" if editable else path
    if pin.origin == "file":
        return _local(source.url)
    part = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
    if pin.origin == "git":
        commit = source.resolved_reference or source.reference
        scp = _SCP.match(source.url)
        url = f"ssh://{scp['user']}@{scp['host']}/{scp['path']}" if scp else source.url
        return f"{package.name} @ git+{address(public_address(url))}@{commit}{part}"
    return f"{package.name} @ {address(public_address(source.url))}{part}"


def _local(path: str) -> str:
    """Return a path that pip takes for one: with a slash, seen from the folder of pyproject.toml."""
    return path if _WHOLE.match(path) else f"./{path}"


# -- hashes ---------------------------------------------------------------------------------------------


def unhashable(pins: Iterable[Pin]) -> list[str]:
    """Return why pip cannot check hashes for some of the pins, one reason for each; empty when it can."""
    reasons = []
    for pin in pins:
        words = _IN_WORDS.get(pin.origin)
        if words or not hashes_of(pin):
            reasons.append(f"{pin.package.name} {words or 'has no hash in poetry.lock'}")
    return reasons


# -- the lines and what is said about them --------------------------------------------------------------


def _via(titles: tuple[str, ...]) -> list[str]:
    if len(titles) == 1:
        return [f"    # via {one_line(titles[0])}"]
    return ["    # via", *(f"    #   {one_line(title)}" for title in titles)] if titles else []


def _left_to_variants(pins: tuple[Pin, ...], exported: Exported) -> list[str]:
    """Say which packages only a hardware variant brings although something in this file needs them."""
    variants = frozenset(exported.variant_files)
    held = {pin.package.name for pin in pins}
    groups: dict[str, set[str]] = {}
    for package in exported.lock.packages if variants else ():
        groups.setdefault(package.name, set()).update(package.groups or ("",))
    provided = {name for name, holders in groups.items() if holders <= variants} - held
    wants = sorted(
        {
            f"{pin.package.name} needs {edge.name}"
            for pin in pins
            for edge in pin.package.edges
            if edge.name in provided and not edge.optional
        }
    )
    if not wants:
        return []
    files = [file for file in exported.variant_files.values() if file]
    instead = f"; install one of {', '.join(files)}" if files else ""
    return [f"{', '.join(wants)}: only the hardware variants contain it{instead}."]


def render_constraints(plan: FilePlan, exported: Exported) -> Rendered:
    """Return the constraints of a selection: no hashes, no indexes, nothing that a constraint cannot say.

    pip refuses paths and editable packages in a constraints file, so these are named in a comment only.
    """
    pins = exported.select(plan.selection)
    elsewhere = sorted({pin.package.name for pin in pins if pin.origin != "index"})
    notes = [f"Not from an index, so without a constraint: {', '.join(elsewhere)}."] if elsewhere else []
    if exported.variant_files:
        notes.append("Packages of hardware variants are left out: each variant has its own build.")
    lines = {requirement_line(pin, hashed=False) for pin in pins if pin.origin == "index"}
    head = [*about(plan.selection, exported), *notes]
    return Rendered(
        plan, with_header(plan.path, exported.lock_digest, head, "\n".join(sorted(lines))), tuple(notes)
    )
