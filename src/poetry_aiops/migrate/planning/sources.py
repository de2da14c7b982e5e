"""From pip's index options to Poetry's package sources: which index a requirement comes from, and what to report.

pip asks every index for every package; a Poetry source of priority ``explicit`` is asked only for the packages that
name it, so that a package of the same name elsewhere cannot slip in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from poetry_aiops.migrate.model import Problem
from poetry_aiops.migrate.reading.urls import parse_url
from poetry_aiops.project.backends import is_backend
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import Source
from poetry_aiops.system.addresses import taken_apart


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.migrate.model import Option, Place, Reading, ReadRequirement


INDEX_OPTIONS: Final = frozenset({"index-url", "pypi-url", "extra-index-url", "find-links"})
BUILT_BY_PYTORCH = frozenset(
    {
        "torch",
        "torchvision",
        "torchaudio",
        "torchtext",
        "torchdata",
        "torchao",
        "torchtune",
        "torchcodec",
        "torchrec",
        "fbgemm-gpu",
        "pytorch-triton",
        "pytorch-triton-rocm",
        "pytorch-triton-xpu",
        "triton-rocm",
        "triton-xpu",
        "xformers",
    }
)
"""What PyTorch's own indexes build (their project lists, November 2026); the rest there are mere copies."""
VARIABLE: Final = re.compile(r"\$\{[A-Z0-9_]+\}")
"""What pip replaces by the value of an environment variable."""
_TAG = re.compile(r"\+(?P<tag>[A-Za-z][A-Za-z0-9.]*)")


MOST_INDEXES = 50
"""No project has as many; more are refused, because every one costs a look at all the others."""


@dataclass(frozen=True, slots=True)
class PypiNames:
    """The addresses under which the default index is known, without a slash at their end."""

    addresses: frozenset[str]

    def is_default(self, url: str) -> bool:
        return url.rstrip("/") in self.addresses


@dataclass(frozen=True, slots=True)
class Index:
    """One address that pip would ask; ``backend`` is the hardware that its path names."""

    url: str
    name: str
    place: Place
    backend: str | None
    page: bool = False
    """A page of links (``--find-links``) and no index."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A source whose address held a user or a password; ``variables`` are environment variables that held them.

    The user is not kept: many an address has its token there.
    """

    source: str
    place: Place
    variables: tuple[str, ...]


@dataclass
class Sources:
    """Collects the sources of a plan; ``priorities`` grows while requirements are attributed."""

    default: PypiNames
    existing: tuple[Source, ...] = ()
    torch_index: str | None = None
    """Address pattern of PyTorch's indexes with ``{backend}``, for versions with a tag and no index beside them."""
    indexes: dict[str, Index] = field(default_factory=dict)
    priorities: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, Credentials] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _first_refused: Place | None = None

    # -- reading options ---------------------------------------------------------------------------------

    def index(self, option: Option) -> Index | None:
        """Return the index that an option names, None for the default one and for local folders."""
        url, user, password = taken_apart(option.value or "")
        if self.default.is_default(url) or not url.lower().startswith(("http:", "https:")):
            return None
        known = self.indexes.get(url.rstrip("/"))
        if known is None and (problem := self._refusal(option, url)) is not None:
            if (problem.place, problem.what) not in {(one.place, one.what) for one in self.problems}:
                self.problems.append(problem)
            return None
        if known is None:
            is_page = option.name == "find-links"
            known = Index(url, self._name(url), option.place, backend_in(url), page=is_page)
            self.indexes[url.rstrip("/")] = known
        if user or password:
            variables = tuple(re.findall(r"\$\{([A-Z0-9_]+)\}", f"{user or ''} {password or ''}"))
            self.credentials.setdefault(known.name, Credentials(known.name, option.place, variables))
        return known

    def _refusal(self, option: Option, url: str) -> Problem | None:
        """Return why an address cannot become a source."""
        if parse_url(url) is None:
            what, why = f"this is no address: {url}", "A bracket in its host has no partner."
            return Problem("error", option.place, what, why=why, suggestion="Correct it.")
        if VARIABLE.search(url):
            return Problem(
                "error",
                option.place,
                f"the address of --{option.name} holds a variable: {url}",
                why="pip expands it at run time, Poetry does not.",
                suggestion="Write the address itself; only credentials may stay outside of the project.",
            )
        if len(self.indexes) < MOST_INDEXES:
            return None
        self._first_refused = self._first_refused or option.place
        return Problem(
            "error",
            self._first_refused,
            f"this is index number {MOST_INDEXES + 1}, and {MOST_INDEXES} can be read",
            why="pip would search every one of them for every package.",
            suggestion="Name only the indexes that are needed.",
        )

    def _name(self, url: str) -> str:
        same = next((one.name for one in self.existing if one.url.rstrip("/") == url.rstrip("/")), None)
        if same is not None:
            return same
        taken = {index.name for index in self.indexes.values()} | {
            normalised(one.name) for one in self.existing
        }
        name = source_name(url)
        candidates = [name, source_name(url, whole=True), *(f"{name}-{number}" for number in range(2, 100))]
        return next(candidate for candidate in candidates if candidate not in taken)

    # -- attributing -------------------------------------------------------------------------------------

    def attribute(self, requirement: ReadRequirement, reading: Reading) -> str | None:
        """Return the name of the source that a requirement has to name, None where any will do."""
        if requirement.origin != "index":
            return None
        own = self._own_index(requirement)
        if own is not None:
            return self._explicit(own)
        offered = [
            index
            for option in reading.options
            if option.name in INDEX_OPTIONS and (index := self.index(option)) is not None
        ]
        tagged = _TAG.search(requirement.specifier)
        tag = tagged["tag"].lower() if tagged else None
        found = _by_tag(tag, offered) if tag else None
        if found is None and requirement.name in BUILT_BY_PYTORCH:
            found = next((index for index in offered if index.backend is not None), None)
            if found is None and tag and is_backend(tag) and self.torch_index is not None:
                url = self.torch_index.replace("{backend}", tag)
                index = Index(url, self._name(url), requirement.place, backend_in(url))
                found = self.indexes.setdefault(url, index)
        return self._explicit(found) if found else None

    def _own_index(self, requirement: ReadRequirement) -> Index | None:
        for option in requirement.options:
            if option.name in {"index-url", "pypi-url", "extra-index-url"}:
                index = self.index(option)
                if index is not None:
                    self._warn(
                        option.place,
                        f"pip ignores --{option.name} on the line of a requirement",
                        why=f"Here {requirement.name} is taken from that index, as the line means.",
                    )
                    return index
        return None

    def _explicit(self, index: Index) -> str:
        self.priorities.setdefault(index.name, "explicit")
        return index.name

    # -- what is left ------------------------------------------------------------------------------------

    def settle(self, readings: Mapping[str, Reading], main: Iterable[str]) -> tuple[str, ...]:
        """Give every index a priority; returns the entries whose own requirements need their main index named.

        An index that replaces the default one for the whole project becomes ``primary``; an extra one that no
        requirement names becomes ``supplemental``, with a warning, as pip would ask it for everything.
        """
        replacing = {
            entry: index
            for entry, reading in readings.items()
            for option in reading.options
            if option.name in {"index-url", "pypi-url"} and (index := self.index(option)) is not None
        }
        mains = {index.name for entry, index in replacing.items() if entry in set(main)} or (
            {index.name for index in replacing.values()} if len(readings) == 1 else set()
        )
        apart = []
        for entry, index in replacing.items():
            if index.backend is not None:
                self._explicit(index)
                self._warn(
                    index.place,
                    f"{index.name} is the index of one kind of hardware",
                    why="Only what PyTorch builds is taken from it; everything else comes from the default index.",
                )
            elif mains == {index.name}:
                self.priorities[index.name] = "primary"
            else:
                apart.append(entry)
        for reading in readings.values():
            for option in reading.dropped:
                self._warn(
                    option.place,
                    f"pip drops --{option.name} {taken_apart(option.value or '')[0]}",
                    why="A later --index-url replaces the indexes before it, so it is not written either.",
                )
            self._supplement(reading)
        there = {normalised(source.name): source.priority for source in self.existing}
        for index in self.indexes.values():
            wanted, has = self.priorities.get(index.name), there.get(normalised(index.name))
            if has == "explicit" and wanted in {"primary", "supplemental"}:
                self._warn(
                    index.place,
                    f"pyproject.toml has {index.name} as an explicit source; it stays so",
                    why="pip searches it for every package, Poetry only for those that name it.",
                    suggestion=f'Where that is meant, change it to priority = "{wanted}".',
                )
        return tuple(apart)

    def _supplement(self, reading: Reading) -> None:
        """Make an extra index that no requirement names a supplemental source."""
        for option in reading.options:
            index = self.index(option) if option.name in {"extra-index-url", "find-links"} else None
            if index is None or index.name in self.priorities:
                continue
            self.priorities[index.name] = "supplemental"
            self._warn(
                index.place,
                f"no requirement says that it comes from {index.name}",
                why="As a supplemental source Poetry asks it for every package that the other sources do not have.",
                suggestion=f'Where you know the packages, give them `source = "{index.name}"` and make it explicit.',
            )

    def written(self) -> tuple[Source, ...]:
        """Return the new sources, those of the project left out."""
        there = {normalised(source.name) for source in self.existing}
        return tuple(
            Source(index.name, index.url, self.priorities[index.name])
            for index in self.indexes.values()
            if index.name in self.priorities and normalised(index.name) not in there
        )

    def _warn(self, place: Place, what: str, *, why: str, suggestion: str = "") -> None:
        self.problems.append(Problem("warning", place, what, why=why, suggestion=suggestion))


def backend_in(url: str) -> str | None:
    """Return the backend that a part of an address's path names: ``.../whl/cu128`` -> ``cu128``."""
    return next((part for part in urlsplit(url).path.lower().split("/") if is_backend(part)), None)


def source_name(url: str, *, whole: bool = False) -> str:
    """Return a source's name: the host with dashes, or ``pytorch-`` and the path for PyTorch's indexes."""
    parts = urlsplit(url)
    host = (parts.hostname or "index").removeprefix("www.")
    steps = [step for step in parts.path.split("/") if step not in {"", "simple", "whl", "pypi"}]
    if host.endswith("pytorch.org"):
        return normalised(
            "-".join(["pytorch", *(step.removesuffix(".html").replace("_", "-") for step in steps)])
        )
    tail = steps if whole else []
    return normalised("-".join([host.replace(".", "-"), *tail]).strip("-")) or "index"


def _by_tag(tag: str, offered: list[Index]) -> Index | None:
    exact = [index for index in offered if index.backend == tag or f"/{tag}" in index.url.lower()]
    pages = [index for index in offered if index.page]
    candidates = exact or pages or (offered if len(offered) == 1 and offered[0].backend is None else [])
    return candidates[0] if candidates else None
