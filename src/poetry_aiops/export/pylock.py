"""pylock.toml (PEP 751) for one selection, from any lock format and without asking an index anew.

poetry.lock names files and hashes, but not their addresses, and PEP 751 wants an address for each of them. So the
addresses of a pylock that we wrote before are taken over for files with the same hash, and only what is new has to be
requested.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from poetry_aiops.errors import InputError
from poetry_aiops.export.header import with_header
from poetry_aiops.export.model import Address, Rendered, relative_to_file
from poetry_aiops.export.requirements_text import about, unhashable
from poetry_aiops.project.constraints import as_pep440, python_marker
from poetry_aiops.project.edit_text import toml_text
from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.export.model import Exported, FileKey, FilePlan, Pin
    from poetry_aiops.project.model import LockedFile, PackageSource


TOOL: Final = "poetry-aiops"
_FILE = re.compile(
    r'\{name = "(?P<name>[^"\\]+)", url = "(?P<url>[^"\\]+)"(?:, upload-time = (?P<time>[0-9T:.Z+-]+))?'
    r'(?:, size = (?P<size>\d+))?, hashes = \{(?P<kind>\w+) = "(?P<digest>[0-9a-f]+)"\}\}'
)
_SDISTS: Final = (".tar.gz", ".zip")
_GONE: Final = "# The index does not offer"
_GONE_LINE = re.compile(rf"^{_GONE} (\S+) (\w+:[0-9a-f]+)$", re.MULTILINE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")

Table = dict[str, Any]


def render_pylock(plan: FilePlan, exported: Exported) -> Rendered:
    """Return the pylock of a selection; files without a known address are left out and named in ``missing``."""
    document, missing = pylock_document(plan, exported)
    pins = exported.select(plan.selection)
    files = sorted((file for _, file in files_needing_addresses(pins)), key=lambda file: file.name)
    gone = dict.fromkeys(
        f"{_GONE} {file.name} {file.hash}"
        for file in files
        if (known := exported.addresses.get((file.name, file.hash))) is not None and not known.url
    )
    body = "\n".join([pylock_text(document), *(["", *gone] if gone else [])])
    reasons = "; ".join(unhashable(pins))
    limit = f"For uv; pip refuses a pylock in which it cannot check all hashes: {reasons}."
    notes = (limit,) if reasons else ()
    text = with_header(plan.path, exported.lock_digest, [*about(plan.selection, exported), *notes], body)
    return Rendered(plan, text, notes, tuple(missing), document)


def pylock_document(plan: FilePlan, exported: Exported) -> tuple[Table, list[FileKey]]:
    """Return the document as plain tables, and the files whose address is not known."""
    missing: list[FileKey] = []
    pins = sorted(
        exported.select(plan.selection), key=lambda p: (p.package.name, p.package.version, p.marker)
    )
    packages = [_package(pin, plan.path, exported, missing) for pin in pins]
    document: Table = {"lock-version": "1.0"}
    document.update(_python(exported.project.python))
    document["created-by"] = TOOL
    document["packages"] = packages
    document["tool"] = {
        TOOL: {
            "groups": list(plan.selection.groups),
            "extras": list(plan.selection.extras),
            "poetry-lock-sha256": exported.lock_digest,
        }
    }
    return document, missing


def files_needing_addresses(pins: Iterable[Pin]) -> list[tuple[Pin, LockedFile]]:
    """Return the files of the pins that come from an index."""
    return [
        (pin, file)
        for pin in pins
        if pin.origin == "index"
        for file in pin.package.files
        if file.name.endswith((".whl", *_SDISTS))
    ]


def known_addresses(text: str) -> dict[FileKey, Address]:
    """Return the addresses in a pylock that we wrote; other people's files are not read this way.

    A file that the index did not offer has the empty address.
    """
    gone = {(name, digest): Address("") for name, digest in _GONE_LINE.findall(text)}
    return gone | {
        (name, f"{kind}:{digest}"): Address(url, int(size) if size else None, time or None)
        for name, url, time, size, kind, digest in _FILE.findall(text)
    }


# -- tables ---------------------------------------------------------------------------------------------


def _python(constraint: str) -> Table:
    try:
        specifier = as_pep440(constraint)
    except InputError:
        return {}
    if specifier is None:
        return {"environments": [python_marker(constraint)]}  # requires-python cannot say "or"
    return {"requires-python": _sorted(SpecifierSet(specifier))} if specifier else {}


def _sorted(specifier: SpecifierSet) -> str:
    return ",".join(sorted(map(str, specifier), reverse=True))


def _package(pin: Pin, path: str, exported: Exported, missing: list[FileKey]) -> Table:
    package, source = pin.package, pin.package.source
    table: Table = {"name": package.name}
    if pin.origin != "directory":  # its version is what the folder says when it is installed
        table["version"] = package.version
    if pin.marker:
        table["marker"] = pin.marker
    with suppress(InvalidSpecifier):  # Poetry's "or"; the marker says the same
        if package.python_versions.strip() not in {"", "*"}:
            table["requires-python"] = _sorted(SpecifierSet(package.python_versions))
    if source is None or pin.origin == "index":
        if index := public_address(source.url) if source else exported.default_index:
            table["index"] = index
        table.update(_index_files(pin, exported.addresses, missing))
    else:
        table.update(_from_elsewhere(pin, source, path))
    return table


def _from_elsewhere(pin: Pin, source: PackageSource, path: str) -> Table:
    part = {"subdirectory": source.subdirectory} if source.subdirectory else {}
    if pin.origin == "directory":
        folder: Table = {"path": relative_to_file(path, source.url), **part}
        return {"directory": folder | ({"editable": True} if pin.package.develop else {})}
    if pin.origin == "git":
        commit = source.resolved_reference or source.reference or ""
        asked = {"requested-revision": source.reference} if source.reference else {}
        return {
            "vcs": {
                "type": "git",
                "url": public_address(source.url),
                **asked,
                "commit-id": commit,
                **part,
            }
        }
    hashes = dict(file.hash.split(":", 1) for file in pin.package.files if ":" in file.hash)
    where = {"path": relative_to_file(path, source.url)} if pin.origin == "file" else {}
    address = where or {"url": public_address(source.url)}
    return {"archive": {**address, "hashes": hashes, **part}}


def _index_files(pin: Pin, addresses: Mapping[FileKey, Address], missing: list[FileKey]) -> Table:
    wheels, table = [], Table()
    for _, file in sorted(files_needing_addresses([pin]), key=lambda one: one[1].name):
        address = addresses.get((file.name, file.hash))
        if address is None or not address.url:
            missing += [(file.name, file.hash)] if address is None else []
            continue
        entry: Table = {"name": file.name, "url": public_address(address.url)}
        if address.upload_time and _TIME.fullmatch(address.upload_time):
            entry["upload-time"] = address.upload_time
        if address.size is not None:
            entry["size"] = address.size
        kind, _, digest = file.hash.rpartition(":")
        entry["hashes"] = {kind or "sha256": digest}
        if file.name.endswith(".whl"):
            wheels.append(entry)
        else:
            table["sdist"] = entry
    if wheels:
        table["wheels"] = wheels
    return table


# -- text -----------------------------------------------------------------------------------------------


def pylock_text(document: Table) -> str:
    """Return the document as TOML, each file on a line of its own so that a diff shows what changed."""
    lines = [f"{key} = {_value(key, document[key])}" for key in document if key not in {"packages", "tool"}]
    if not document["packages"]:
        lines.append("packages = []")
    for package in document["packages"]:
        lines += ["", "[[packages]]"]
        for key, value in package.items():
            if key == "wheels":
                lines += ["wheels = [", *(f"    {_value('', wheel)}," for wheel in value), "]"]
            else:
                lines.append(f"{key} = {_value(key, value)}")
    lines += ["", f"[tool.{TOOL}]"]
    lines += [f"{key} = {_value(key, value)}" for key, value in document["tool"][TOOL].items()]
    return "\n".join(lines)


def _value(key: str, value: object) -> str:
    if isinstance(value, str) and key != "upload-time":
        return toml_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_value(name, one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value("", one) for one in value) + "]"
    return str(value)


def what_is_wrong(document: Mapping[str, Any]) -> str | None:
    """Return why the document is no valid pylock (PEP 751), None when it is or when that is unknown.

    Times may be text, as ``datetime.fromisoformat`` reads them.
    """
    try:
        from packaging.pylock import Pylock, PylockValidationError
    except ImportError:
        return None
    try:
        Pylock.from_dict(_with_times(document))  # checks everything; validate() would do it a second time
    except PylockValidationError as error:
        return str(error)
    return None


def _with_times(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any TOML value
    if isinstance(value, list):
        return [_with_times(one) for one in value]
    if isinstance(value, dict):
        return {name: _with_times(one, name) for name, one in value.items()}
    return datetime.fromisoformat(value) if key == "upload-time" else value
