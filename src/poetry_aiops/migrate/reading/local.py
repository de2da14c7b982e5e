"""Folders and archives of the project itself: ``./libs/foo``, ``-e .[all]``, ``file:`` URLs."""

from __future__ import annotations

import posixpath
import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from poetry_aiops.migrate.reading.named import canonical, reference
from poetry_aiops.migrate.reading.setup_files import setup_cfg_values, setup_py_values
from poetry_aiops.migrate.reading.urls import is_archive, read_filename
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.migrate.model import ReadRequirement
    from poetry_aiops.migrate.reading.named import NamedRequirement
    from poetry_aiops.migrate.reading.notes import Neighbours
    from poetry_aiops.migrate.reading.urls import Url
    from poetry_aiops.migrate.reading.wanted import LineRemainder


_TABLES = (("project", "name"), ("tool", "poetry", "name"), ("tool", "flit", "metadata", "dist-name"))


_EXTRAS = re.compile(r"^(?P<path>[^\[]*[^\[\s])\s*\[(?P<extras>[^\[\]]+)\]$")
_EXTRA = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_BUILD_PLACES = re.compile(
    r"^/?(?:croot/|tmp/build/|feedstock_root/|home/conda/|opt/conda/|io/|work/|(?:[A-Za-z]:/)?(?:bld|ci(?:_\d+)?|b)/"
    r"|Users/runner/|private/tmp/|private/var/|builds?/|.*/(?:conda-bld|feedstock_root|miniforge3|miniconda3|anaconda3)/)"
)
_HERE = re.compile(r"^/*\$\{(?:PWD|PROJECT_ROOT)\}(?=/|$)")


def looks_like_path(text: str) -> bool:
    """Tell whether pip would look for a text on the disk."""
    return "/" in text or text.startswith(".")


def split_extras(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a path and the extras in brackets behind it."""
    found = _EXTRAS.match(text)
    if found is None:
        return text, ()
    extras = [extra.strip() for extra in found["extras"].split(",")]
    if not all(_EXTRA.fullmatch(extra) for extra in extras):
        return text, ()
    return found["path"], tuple(sorted({extra.lower() for extra in extras}))


def is_local(text: str, wanted: LineRemainder) -> bool:
    """Tell whether pip would take a text for a folder or archive of this disk (looking around as it does)."""
    bare, _ = split_extras(text)
    path = posixpath.normpath(bare)
    if wanted.editable or looks_like_path(text):
        if wanted.notes.neighbours.is_folder(path):
            return True
        if not is_archive(bare):
            return looks_like_path(text) and text[0] in "./" and "@" not in text
    if not is_archive(bare):
        return False
    return "@" not in text or _is_file(path, wanted) or looks_like_path(text.partition("@")[0])


def read_path(text: str, wanted: LineRemainder, named: NamedRequirement | None = None) -> ReadRequirement:
    """Return a requirement that is a folder or an archive."""
    bare, extras = split_extras(text)
    extras = named.extras if named is not None else extras
    if bare.startswith(("/", "~")) or re.match(r"[A-Za-z]:[\\/]", bare):
        return _absolute(bare, extras, wanted, named)
    path = posixpath.normpath(bare)
    if path == ".":
        return _project(extras, wanted, named)
    if is_archive(path):
        return _archive(path, extras, wanted, named)
    return _folder(path, extras, wanted, named)


def read_file_url(url: Url, wanted: LineRemainder, named: NamedRequirement | None) -> ReadRequirement:
    """Return a requirement that is a ``file:`` URL, be it one that only the machine of its author understood."""
    text, extras = (
        split_extras(url.text.partition("#")[0]) if named is None else (url.text.partition("#")[0], ())
    )
    place = unquote(text[len("file:") :])
    local = place.removeprefix("//")
    here = _HERE.sub(".", local)
    if here != local:
        return _relative(here, extras, wanted, named, url)
    if place.startswith("//") and not local.startswith(("/", "localhost/")):
        return _relative(local, extras, wanted, named, url)
    if local.startswith(("/./", "/../")):
        return _relative(local[1:], extras, wanted, named, url)
    if not local.startswith(("/", "localhost/")):
        return read_path(local + _brackets(extras), wanted, named)
    return _machine_path(local.removeprefix("localhost"), extras, wanted, named, url)


def _relative(
    path: str, extras: tuple[str, ...], wanted: LineRemainder, named: NamedRequirement | None, url: Url
) -> ReadRequirement:
    clean = posixpath.normpath(path)
    wanted.warning(
        f"{url.text} is not a complete file URL",
        f"It is read as the path {clean}, relative to the project.",
        f"Write: ./{clean.removeprefix('./')}",
    )
    found = read_path(clean + _brackets(extras), wanted, named)
    return replace(found, link=url.text)


def _machine_path(
    path: str, extras: tuple[str, ...], wanted: LineRemainder, named: NamedRequirement | None, url: Url
) -> ReadRequirement:
    file = read_filename(posixpath.basename(path)) if is_archive(path) else None
    name = named.name if named is not None else file.name if file is not None else None
    version = file.version if file is not None else None
    specifier = f"=={version}" if version else ""
    if name is not None and _BUILD_PLACES.match(path):
        wanted.warning(
            f"{path} is where conda built {name}, not a place to install from",
            f"{name} is taken from the index{f' as {specifier}' if specifier else ', and no version is known'}.",
            f"Write the version in use: {name}{specifier or '==...'}",
        )
        return wanted.read(
            name,
            extras=named.extras if named else extras,
            specifier=specifier,
            link=url.text,
            direct=named is not None,
        )
    found = _absolute(path, named.extras if named else extras, wanted, named)
    return replace(found, link=url.text)


def _absolute(
    path: str, extras: tuple[str, ...], wanted: LineRemainder, named: NamedRequirement | None
) -> ReadRequirement:
    last = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    file = read_filename(last) if is_archive(path) else None
    name = named.name if named is not None else file.name if file is not None else None
    whole = f"{name or 'name'}{_brackets(extras)}"
    fixed = f"{whole}=={file.version}" if name and file is not None and file.version else None
    wanted.error(
        f"{path} is a path on one machine",
        "No other machine has it.",
        f"Write a path relative to the project, or the version: {fixed or f'{whole}==...'}",
        fixed=wanted.fixed(fixed) if fixed else None,
    )
    return wanted.read(
        name or last,
        origin="file" if is_archive(path) else "path",
        extras=extras,
        url=f"file://{path}",
        name_guessed=name is None,
        specifier=f"=={file.version}" if file is not None and file.wheel and named is None else "",
        link=f"file://{path}",
        direct=named is not None,
    )


def _project(
    extras: tuple[str, ...], wanted: LineRemainder, named: NamedRequirement | None
) -> ReadRequirement:
    wanted.note(
        "this is the project itself, not a dependency",
        "poetry install installs it together with its dependencies.",
        f"Its extras: poetry install --extras {' '.join(extras)!r}" if extras else "",
    )
    name = project_name(".", wanted.notes.neighbours) or (named.name if named is not None else "")
    return wanted.read(
        name, origin="project", extras=extras, path=".", url="file:.", link="file:.", direct=named is not None
    )


def _archive(
    path: str, extras: tuple[str, ...], wanted: LineRemainder, named: NamedRequirement | None
) -> ReadRequirement:
    file = read_filename(posixpath.basename(path))
    if not _is_file(path, wanted):
        wanted.error(
            f"{path} does not exist",
            "pip looks for it in the folder that it runs in: the project's folder.",
            "Put the file there, correct the path, or name a version of the package.",
        )
    if file is None and named is None:
        wanted.error(
            f"the file name {posixpath.basename(path)} does not name its package",
            "Poetry needs one.",
            f"Write: name @ file:{path}",
        )
    bare_version = file.version if file is not None and named is None else None
    return wanted.read(
        named.name if named is not None else file.name if file is not None else "",
        origin="file",
        extras=extras,
        specifier=f"=={bare_version}" if bare_version else "",
        path=path,
        url=f"file:{path}",
        link=f"file:{path}",
        direct=named is not None,
    )


def _folder(
    path: str, extras: tuple[str, ...], wanted: LineRemainder, named: NamedRequirement | None
) -> ReadRequirement:
    neighbours = wanted.notes.neighbours
    found = project_name(path, neighbours)
    if not neighbours.is_folder(path):
        start, end = reference(named), "" if named is not None else _brackets(extras)
        _tell_missing(path, start, end, wanted)
    elif not is_project(path, neighbours) and found is None and not wanted.editable:
        wanted.error(
            f"{path} is not a project: it has neither pyproject.toml nor setup.py",
            "pip refuses it.",
            "Correct the path.",
        )
    elif found is None and named is None:
        wanted.warning(
            f"the name {canonical(posixpath.basename(path))!r} is a guess from the folder",
            f"No file in {path} says the project's name; Poetry stops at the wrong one.",
        )
    name = named.name if named is not None else found or posixpath.basename(path)
    return wanted.read(
        name,
        origin="path",
        extras=extras,
        path=path,
        url=f"file:{path}",
        link=f"file:{path}",
        name_guessed=named is None and found is None,
        direct=named is not None,
    )


def _tell_missing(path: str, start: str, end: str, wanted: LineRemainder) -> None:
    """Tell that a folder is missing; ``start`` and ``end`` stand around it in the line."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(wanted.place.file), path))
    if beside != path and wanted.notes.neighbours.is_folder(beside):
        wanted.error(
            f"the folder {path} does not exist",
            f"pip looks for it in the folder that it runs in; {beside} is there.",
            f"Write: {start}./{beside}{end}",
            fixed=wanted.fixed(f"{start}./{beside}{end}"),
        )
        return
    wanted.error(
        f"the folder {path} does not exist",
        "pip looks for it in the folder that it runs in: the project's folder.",
        "Correct the path. If it is a git submodule, check it out first: git submodule update --init",
    )


def _is_file(path: str, wanted: LineRemainder) -> bool:
    folder, _, name = path.rpartition("/")
    return name in wanted.notes.neighbours.names(folder or ".")


def _brackets(extras: tuple[str, ...]) -> str:
    return f"[{','.join(extras)}]" if extras else ""


def project_name(folder: str, neighbours: Neighbours) -> str | None:
    """Return the name that the project in a folder gives itself, None where no file of it says one."""
    prefix = "" if folder == "." else f"{folder}/"
    own = neighbours.read(f"{prefix}pyproject.toml")
    return (
        (_of_pyproject(own.decode("utf-8", "replace")) if own is not None else None)
        or _named(setup_cfg_values(neighbours.read(f"{prefix}setup.cfg")))
        or _named(setup_py_values(neighbours.read(f"{prefix}setup.py")))
    )


def is_project(folder: str, neighbours: Neighbours) -> bool:
    """Tell whether pip would install a folder: it holds a pyproject.toml or a setup.py."""
    return not {"pyproject.toml", "setup.py"}.isdisjoint(neighbours.names(folder))


def _of_pyproject(text: str) -> str | None:
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError:
        return None
    for path in _TABLES:
        value: object = document
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _named(values: Mapping[str, object] | None) -> str | None:
    name = (values or {}).get("name")
    return name if isinstance(name, str) and name else None
