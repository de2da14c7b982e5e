"""Which indexes a requirements file has to name, and how: never more than its packages need, never a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from poetry_aiops.system.addresses import has_credentials, public_address


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.export.model import Pin
    from poetry_aiops.project.model import Project


_PRIORITIES: Final = ("default", "primary", "secondary", "supplemental", "explicit")
_PLAIN_HTTP = re.compile(r"http://(?P<host>[^/]+)")
_NOT_IN_ADDRESSES = re.compile(r"[\s\x00-\x20\x7f]")
_HERE = re.compile(r"(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?")


@dataclass(frozen=True, slots=True)
class Indexes:
    """The indexes that pip asks: ``default`` (``""`` for its own one) and ``extra`` beside it."""

    default: str = ""
    extra: tuple[str, ...] = ()
    settled: bool = False
    """A file of this layer has packages from the default index, so that it cannot be another one any more."""

    def lines_after(self, base: Indexes) -> list[str]:
        """Return the option lines that a file needs which includes one with ``base`` before."""
        lines = [f"--index-url {address(self.default)}"] if self.default != base.default else []
        return [*lines, *(f"--extra-index-url {address(url)}" for url in self.extra if url not in base.extra)]


def indexes_of(pins: Iterable[Pin], project: Project, base: Indexes, default_index: str) -> Indexes:
    """Return the indexes for ``pins`` in a file that includes one with ``base``.

    pip's own default index is left out where no package comes from it. ``--index-url`` can be said only once, because
    a later one would drop the indexes of an included file: what the base says stays.
    """
    listed = [pin for pin in pins if pin.origin == "index"]
    needed = _urls(listed, project)
    if any(pin.package.source is None for pin in listed):
        if base.settled and base.default:
            needed = [default_index, *needed]
        default = base.default
    else:
        default = base.default if base.settled else next(iter(needed), "")
    extra = tuple(dict.fromkeys([*base.extra, *(url for url in needed if url != default)]))
    return Indexes(default, extra, settled=base.settled or bool(listed))


def index_notes(pins: Iterable[Pin], *, hashed: bool, indexes: Indexes) -> list[str]:
    """Return what the reader of a file has to know about its indexes."""
    notes = []
    written = dict.fromkeys(
        pin.package.source.url for pin in pins if pin.origin == "index" and pin.package.source
    )
    logins = {public_address(url) for url in written if has_credentials(url)}
    for url in dict.fromkeys(map(public_address, written)):
        if url in logins:
            notes.append(
                f"{url} requires a password, which is not written here: give it to pip (keyring, .netrc)."
            )
        insecure = _PLAIN_HTTP.match(url)
        if insecure and not _HERE.fullmatch(insecure["host"]):
            notes.append(f"{url} is not HTTPS: pip requires `--trusted-host {insecure['host']}`.")
    if indexes.extra and not hashed:
        notes.append(
            "There are several indexes and no hashes: pip takes a version from any index that offers it."
        )
    return notes


def _urls(pins: Iterable[Pin], project: Project) -> list[str]:
    """Return the addresses that the pins come from, the project's most important source first."""
    order = {
        source.name.casefold(): (_PRIORITIES.index(source.priority), place)
        for place, source in enumerate(project.sources)
        if source.priority in _PRIORITIES
    }
    last = (len(_PRIORITIES), 0)
    found: dict[str, tuple[int, int]] = {}
    for pin in pins:
        if pin.package.source is not None:
            name = (pin.package.source.reference or "").casefold()
            found[public_address(pin.package.source.url)] = order.get(name, last)
    return [url for url, _ in sorted(found.items(), key=lambda item: (item[1], item[0]))]


def address(url: str) -> str:
    """Return an address in which no blank or line end begins something new."""
    return _NOT_IN_ADDRESSES.sub(lambda found: quote(found[0]), url)
