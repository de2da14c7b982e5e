"""The requirement of a line: by name, by URL or by path, as pip distinguishes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker
from packaging.requirements import InvalidRequirement
from packaging.version import InvalidVersion, Version

from poetry_aiops.migrate.reading.local import is_local, looks_like_path, read_file_url, read_path
from poetry_aiops.migrate.reading.mistakes import explain, explain_marker
from poetry_aiops.migrate.reading.named import parse_marker, parse_named, reference
from poetry_aiops.migrate.reading.repository import read_repository, tell_credentials
from poetry_aiops.migrate.reading.urls import (
    ARCHIVES,
    is_archive,
    is_url,
    on_a_forge,
    parse_egg,
    parse_url,
    read_filename,
    repository_name,
)


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import ReadRequirement
    from poetry_aiops.migrate.reading.named import NamedRequirement
    from poetry_aiops.migrate.reading.urls import Url
    from poetry_aiops.migrate.reading.wanted import LineRemainder


_EXTRA_MARKER = re.compile(
    r"\bextras?\b(?=\s*(?:[=!<>~]|(?:not\s+)?in\b))|[\"']\s*(?:==|!=|(?:not\s+)?in)\s*extras?\b"
)
_SCP = re.compile(r"(?:git\+)?[\w.-]+@[\w.-]+:(?!//)")
_NO_PACKAGES = {"python": "requires-python", "python3": "requires-python", "python2": "requires-python"}


def is_unremarkable(named: NamedRequirement) -> bool:
    """Tell whether a plain requirement is one of the index about which there is nothing to report."""
    name = named.name.lower()
    return name not in _NO_PACKAGES and (named.specifier != "" or not is_archive(name))


def plain_marker(text: str) -> str | None:
    """Return a marker in packaging's spelling, None where it is none or there is something to report about it."""
    try:
        marker = parse_marker(text) if text else ""
    except InvalidMarker:
        return None
    return None if "extra" in marker else marker


def split_marker(text: str) -> tuple[str, str]:
    """Return a requirement and its marker; pip splits a URL at ``; `` and anything else at the first ``;``."""
    if is_url(text):
        found, separator, marker = text.partition("; ")
        if not separator and found.endswith(";"):
            return found[:-1].strip(), ""
        return found.strip(), marker.strip()
    found, _, marker = text.partition(";")
    return found.strip(), marker.strip()


def read_requirement(text: str, wanted: LineRemainder) -> ReadRequirement | None:
    """Return the requirement without its marker, None where there is none and a problem says why."""
    if is_url(text):
        return _read_url(text, wanted, None)
    if wanted.editable:
        return _read_editable(text, wanted)
    if (looks_like_path(text) or "." in text) and is_local(text, wanted):
        return read_path(text, wanted)
    return _read_named(text, wanted)


def read_marker(text: str, requirement: str, wanted: LineRemainder) -> str | None:
    """Return a marker in packaging's spelling, None where it is none and a problem says why."""
    try:
        marker = parse_marker(text)
    except InvalidMarker as error:
        meant = explain_marker(text, str(error))
        fixed = None if meant.fixed is None else wanted.fixed(f"{requirement} ; {meant.fixed}")
        wanted.error(meant.what, meant.why, meant.suggestion, fixed=fixed)
        return None
    if _EXTRA_MARKER.search(marker):
        wanted.error(
            f"the marker {marker} is never true in a requirements file",
            "pip installs nothing for it: extras belong to packages.",
            "Put the line into a file of its own; it becomes a group.",
        )
    return marker


def _read_named(text: str, wanted: LineRemainder) -> ReadRequirement | None:
    if _SCP.match(text):
        _tell_short_form(text, wanted, None)
        return None
    try:
        named = parse_named(text)
    except (InvalidRequirement, RecursionError) as error:
        meant = explain(text, str(error))
        fixed = None
        if meant.fixed is not None:
            several = meant.fixed.split("\n")
            fixed = wanted.fixed_several(several) if several[1:] else wanted.fixed(meant.fixed)
        wanted.error(meant.what, meant.why, meant.suggestion, fixed=fixed)
        return None
    if named.url is not None:
        return _read_direct(named, wanted)
    _tell_specifier(named, wanted)
    return wanted.read(named.name, extras=named.extras, specifier=named.specifier)


def _tell_specifier(named: NamedRequirement, wanted: LineRemainder) -> None:
    other = _NO_PACKAGES.get(named.name.lower())
    if other:
        wanted.error(
            f"{named.name} is not a package of the index",
            "The version of Python is a property of the project, not a dependency.",
            f"Remove the line and write into pyproject.toml: {other} = {named.specifier or '>=3.10'!r}",
            fixed="",
        )
    for clause in named.specifier.split(","):
        version = clause.lstrip("=!<>~")
        if clause.startswith("==="):
            try:
                Version(version)
            except InvalidVersion:
                wanted.error(
                    f"=== with {version!r}, which is not a PEP 440 version",
                    "Poetry cannot require it.",
                    f"Name a version that the index has: {named.name}==...",
                )
            else:
                wanted.note(f"=== is written as == for {named.name}", "Poetry does not know ===.")
        elif "-" in clause:
            wanted.note(f"{version} is the post release {Version(version)}")


def _read_direct(named: NamedRequirement, wanted: LineRemainder) -> ReadRequirement | None:
    address = named.url or ""
    if is_url(address):
        return _read_url(address, wanted, named)
    if _SCP.match(address):
        _tell_short_form(address, wanted, named)
        return None
    if looks_like_path(address):
        wanted.warning(
            f"a path after @: {address}",
            "pip takes URLs there only; it is read as a path relative to the project.",
        )
        return read_path(address, wanted, named)
    wanted.error(
        f"{address} is not a URL",
        "A URL has to follow the @.",
        f"Write: {named.name} @ https://...",
    )
    return None


def _read_editable(text: str, wanted: LineRemainder) -> ReadRequirement | None:
    if _SCP.match(text):
        _tell_short_form(text, wanted, None)
        return None
    try:
        named = parse_named(text)
    except (InvalidRequirement, RecursionError):
        named = None
    if named is not None and named.url is not None:
        return _read_direct(named, wanted)
    scheme = text.partition(":")[0].lower()
    if scheme in {"git", "hg", "svn", "bzr"} and ":" in text:
        return _read_url(f"{scheme}+{text}", wanted, None)
    if is_local(text, wanted):
        return read_path(text, wanted)
    wanted.error(
        f"{text} is neither a folder of the project nor an address of a repository",
        "Those two can be editable.",
        "Correct the path, or write: -e git+https://...#egg=name",
    )
    return None


def _read_url(text: str, wanted: LineRemainder, named: NamedRequirement | None) -> ReadRequirement | None:
    url = parse_url(text)
    if url is None:
        wanted.error(f"{text} is not a complete URL", "Its host cannot be read.", "Correct the address.")
        return None
    if url.is_vcs:
        return read_repository(url, wanted, named)
    if wanted.editable and url.scheme != "file":
        wanted.error(
            "an archive cannot be editable",
            "pip refuses it.",
            f"Remove -e: {url.text}",
            fixed=f"{url.text}{wanted.rest}",
        )
    if url.hashes:
        wanted.note("the hash in the URL is compared with the one in poetry.lock")
    if url.scheme == "file":
        return read_file_url(url, wanted, named)
    return _read_archive(url, wanted, named)


def _read_archive(url: Url, wanted: LineRemainder, named: NamedRequirement | None) -> ReadRequirement:
    tell_credentials(url.bare, wanted)
    file = read_filename(url.filename) if url.is_archive else None
    egg = parse_egg(url.egg) if url.egg else None
    name, guessed = "", False
    if named is not None:
        name = named.name
    elif file is not None:
        name = file.name
    elif egg is not None:
        name = egg.name
    else:
        name, guessed = _unnamed(url, wanted)
    plain = named is None and file is not None and file.version is not None
    folder = f"#subdirectory={url.subdirectory}" if url.subdirectory else ""
    return wanted.read(
        name,
        origin="url",
        extras=named.extras if named is not None else (),
        specifier=f"=={file.version}" if plain and file is not None else "",
        url=url.bare + folder,
        subdirectory=url.subdirectory,
        name_guessed=guessed,
        hashes=url.hashes,
        link=url.text,
        direct=named is not None,
    )


def _unnamed(url: Url, wanted: LineRemainder) -> tuple[str, bool]:
    guess = repository_name(url) if on_a_forge(url) else None
    if guess is not None and url.is_archive:
        wanted.warning(
            f"the name {guess!r} is a guess from the address",
            "The project in the archive may have another name; Poetry stops at the wrong name.",
            f"Write its name: {guess} @ {url.text}",
        )
        return guess, True
    if guess is not None:
        wanted.error(
            "the address of a repository without git+",
            "pip would download a web page.",
            f"Write: {guess} @ git+{url.text}",
            fixed=wanted.fixed(f"{guess} @ git+{url.text}"),
        )
        return guess, True
    kinds = (
        f"no archive ({', '.join(ARCHIVES[:4])}, ...)"
        if not url.is_archive
        else "an archive that does not name its package"
    )
    wanted.error(f"{url.text} is {kinds}", "Poetry needs a name.", f"Write: name @ {url.text}")
    return "", True


def _tell_short_form(address: str, wanted: LineRemainder, named: NamedRequirement | None) -> None:
    host, _, path = address.removeprefix("git+").partition(":")
    better = f"git+ssh://{host}/{path.lstrip('/')}"
    whole = reference(named) + better
    wanted.error(
        f"{address} is git's own short form of an address",
        "pip takes URLs only.",
        f"Write: {whole}",
        fixed=wanted.fixed(whole),
    )
