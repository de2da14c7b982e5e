"""``git+https://...``: repositories, with what pip makes of revision, ``#egg=`` and ``#subdirectory=``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poetry_aiops.migrate.reading.named import canonical, reference
from poetry_aiops.migrate.reading.urls import parse_egg, repository_name, split_revision
from poetry_aiops.system.addresses import has_credentials, redact, taken_apart


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import ReadRequirement
    from poetry_aiops.migrate.reading.named import NamedRequirement
    from poetry_aiops.migrate.reading.urls import Url
    from poetry_aiops.migrate.reading.wanted import LineRemainder


_SCP = re.compile(r"^(?P<start>(?:git\+)?ssh://[^/:@]+@[^/:@]+):(?P<path>(?![0-9]+/)[^/].*)$")


def read_repository(url: Url, wanted: LineRemainder, named: NamedRequirement | None) -> ReadRequirement:
    """Return a requirement that is a repository; what keeps it from migrating is reported."""
    address, revision = split_revision(url)
    name, extras, guessed = _name(url, wanted, named)
    _tell_scheme(url, wanted, revision, reference(named))
    if url.stray:
        wanted.warning(
            f"#{url.stray} is not a revision: pip ignores it and takes the newest commit",
            "A revision follows an @.",
            f"If {url.stray!r} is meant: {redact(taken_apart(url.bare)[0].rstrip('/'))}@{url.stray}",
        )
    tell_credentials(address, wanted)
    if _is_closed(url):
        address = address.replace("git://", "https://", 1)
    subdirectory = url.subdirectory.strip("/") if url.subdirectory else None
    return wanted.read(
        name,
        origin="git" if url.scheme.startswith("git+") else "url",
        extras=extras,
        url=address.rstrip("/") if url.scheme.startswith("git+") else url.text,
        revision=revision or None,
        subdirectory=subdirectory or None,
        name_guessed=guessed,
        link=url.text,
        direct=named is not None,
    )


def tell_credentials(address: str, wanted: LineRemainder) -> None:
    """Warn about a user, password or token in a URL: they are never written anywhere."""
    if has_credentials(address):
        wanted.warning(
            f"the address holds credentials: {redact(address)}",
            "They are not written to pyproject.toml.",
            "Give them to Poetry or git outside of the project: `poetry config http-basic...`, or a git credential helper.",
        )


def _name(
    url: Url, wanted: LineRemainder, named: NamedRequirement | None
) -> tuple[str, tuple[str, ...], bool]:
    if named is not None:
        return named.name, named.extras, False
    egg = parse_egg(url.egg) if url.egg else None
    if egg is not None:
        extras = tuple(sorted(egg.extras))
        if not egg.strict:
            shown = f"{egg.name}[{','.join(extras)}]" if extras else egg.name
            wanted.warning(
                f"#egg={url.egg} is more than a name",
                "pip 25 and later refuse it; the name is used, a version after it is not.",
                f"Write: {shown} @ {redact(_without_egg(url.text))}",
            )
        return egg.name, extras, False
    return _guessed(url, wanted), (), True


def _guessed(url: Url, wanted: LineRemainder) -> str:
    guess = repository_name(url)
    if guess is None:
        wanted.error(f"no name for {url.text}", "Poetry needs one.", f"Write: name @ {redact(url.text)}")
        return ""
    if wanted.editable:
        mark = "&" if "#" in url.text else "#"
        wanted.error(
            f"no name for the editable {url.text}",
            "pip refuses it since version 25.",
            f"Add the project's name, if it is {guess!r}: {redact(url.text)}{mark}egg={guess}",
            fixed=wanted.fixed(f"{url.text}{mark}egg={guess}"),
        )
    else:
        wanted.warning(
            f"the name {canonical(guess)!r} is a guess from the repository's address",
            "The project in it may have another name; Poetry stops at the wrong name.",
            f"Write its name: {guess} @ {redact(url.text)}",
        )
    return guess


def _is_closed(url: Url) -> bool:
    """Tell whether an address is one of GitHub's that it no longer answers."""
    return url.scheme == "git+git" and url.host in {"github.com", "www.github.com"}


def _tell_scheme(url: Url, wanted: LineRemainder, revision: str | None, start: str) -> None:
    if not url.scheme.startswith("git+"):
        wanted.error(
            f"{url.scheme.partition('+')[0]} repositories cannot be dependencies in Poetry",
            "Poetry knows git only.",
            "Name a release of the package, or an address of a git mirror or an archive.",
        )
    if revision == "":
        wanted.error(
            "an @ without a revision after it",
            "pip refuses it.",
            "Name a branch, tag or commit after the @, or remove it.",
            fixed=wanted.fixed(start + url.text.replace("@#", "#", 1).removesuffix("@")),
        )
    scp = _SCP.match(url.text)
    if scp is not None:
        better = f"{scp['start']}/{scp['path']}"
        wanted.error(
            "a colon between host and path",
            "An ssh:// address has a slash there; git takes what follows the colon for a port.",
            f"Write: {better}",
            fixed=wanted.fixed(start + better),
        )
    if _is_closed(url):
        wanted.warning(
            "git:// addresses no longer work on GitHub (since 2022)",
            "It is read as https://.",
            f"Write: {redact(url.text.replace('git+git://', 'git+https://', 1))}",
        )
    if url.scheme == "git+file":
        wanted.error(
            "a repository on this machine",
            "No other machine has it.",
            "Name an address that other machines reach, or a path inside the project.",
        )


def _without_egg(text: str) -> str:
    address, _, fragment = text.partition("#")
    kept = [part for part in fragment.split("&") if not part.startswith("egg=")]
    return f"{address}#{'&'.join(kept)}" if kept else address
