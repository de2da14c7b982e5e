"""The dated facts of ``data/accelerators.toml``: drivers, builds, architectures and device ids.

Facts are never constants in code; ``scripts/check_accelerators.py`` checks the file.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from platformdirs import user_cache_path

from poetry_aiops.project.backends import release_of
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


_NOISE = r"\((?:r|tm|c)\)|[®™]|nvidia corporation|\bnvidia\b|\bamd(?: ati)?\b|advanced micro devices,? inc\.?|\[amd/ati\]"
_CUT = r"\.\.\.?\s{0,20}$|…\s{0,20}$"


STALE_AFTER_DAYS = 60
FACTS = Path(__file__).parent.parent / "data" / "accelerators.toml"


Row = TypeVar("Row")


class DriverFloor(Record):
    """The oldest driver that runs any toolkit of one CUDA major version."""

    cuda_major: int
    linux: str
    windows: str


class Toolkit(Record):
    """The driver that came with one CUDA toolkit; ``update`` is its update number."""

    cuda: str
    linux: str
    windows: str | None = None
    update: int = 0


class TorchLine(Record):
    """One minor release of torch: the indexes that hold it, its Python range and its glibc floor.

    ``extra_cuda`` are builds for Linux alone that exist beside the advertised ones; ``rocm_known`` is false
    when it is not yet verified which ROCm builds there are.
    """

    line: str
    cuda: tuple[str, ...]
    rocm: tuple[str, ...]
    python: tuple[str, str]
    glibc: str
    extra_cuda: tuple[str, ...] = ()
    rocm_known: bool = True
    manylinux_2_28: tuple[str, ...] = ()
    """The indexes whose wheels of this line want glibc 2.28, where the others want less."""

    def glibc_on(self, backend: str) -> str:
        """Return the oldest glibc that runs this line's wheels of an index."""
        return "2.28" if backend in self.manylinux_2_28 else self.glibc


class CudaArches(Record):
    """The compute capabilities that the builds of one index hold, for a range of torch lines."""

    backend: str
    machine: str
    since: str
    until: str
    arches: tuple[str, ...]


class RocmIndex(Record):
    """One index of ROCm builds, the gfx architectures that really run with it (empty when not known), and its systems."""

    name: str
    gfx: tuple[str, ...]
    systems: tuple[str, ...] = ("linux",)


class GfxNote(Record):
    """What to say about an AMD architecture; ``automatic`` false: never chosen unless it is requested."""

    gfx: str
    automatic: bool
    note: str


class JetsonRelease(Record):
    """One major release of Jetson Linux; ``sbsa`` true: ordinary aarch64 wheels run there too."""

    l4t_major: int
    jetpack: str
    cuda: str
    sbsa: bool


class MacRule(Record):
    """From which torch line on wheels want a macOS release, per architecture (``newest`` caps the line)."""

    arch: str
    since: str
    macos: str
    newest: str | None = None


class FrameworkCuda(Record):
    """The CUDA major version that one framework's package (with an extra) brings along."""

    package: str
    cuda_major: int
    extra: str | None = None


def rows_of(kind: Callable[..., Row], table: Iterable[Mapping[str, Any]], **keys: str) -> tuple[Row, ...]:
    """Return a table as rows; ``keys`` maps fields to keys of another name. A row's source is no field."""
    named = {key: field for field, key in keys.items()}
    return tuple(
        kind(
            **{
                named.get(key, key): tuple(value) if isinstance(value, list) else value
                for key, value in row.items()
                if key != "source"
            }
        )
        for row in table
    )


def _rows(table: str, kind: Callable[..., Row], **keys: str) -> cached_property[tuple[Row, ...]]:
    return cached_property(lambda catalogue: rows_of(kind, catalogue.tables[table], **keys))


def _ids(table: str, value: str) -> cached_property[tuple[tuple[int, int, str], ...]]:
    """Return the spans of PCI ids of a table's rows, each with the row's value."""
    return cached_property(
        lambda catalogue: tuple(
            (int(span[:4], 16), int(span[-4:], 16), row[value])
            for row in catalogue.tables[table]
            for span in row["pci"]
        )
    )


def _names(table: str, value: str) -> cached_property[NameTable]:
    """Return the patterns of names of a table's rows, each with the row's value."""
    return cached_property(
        lambda catalogue: NameTable((row[value], row["names"]) for row in catalogue.tables[table])
    )


class Catalogue:
    """All facts, each table made into rows when it is first used, as most machines need few of them.

    ``tables`` is a parsed ``accelerators.toml``, or one that parses its tables one by one.
    """

    fetched_from: str | None = None
    """The address of a table that the user fetched; None for the package's own."""
    newer: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType({})
    """What :mod:`~poetry_aiops.accelerators.beyond` added, with what it is judged like; ``""``: for every backend."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self.tables = tables

    def replaced(self, **tables: object) -> Catalogue:
        """Return the catalogue with other rows in some of its tables."""
        other = Catalogue(self.tables)
        vars(other).update(vars(self) | tables)
        return other

    def read(self) -> Catalogue:
        """Return the catalogue with every table read; raises LookupError, TypeError or ValueError where one is broken."""
        for name, table in vars(Catalogue).items():
            if isinstance(table, cached_property):
                getattr(self, name)
        return self

    @cached_property
    def as_of(self) -> date:
        """The date of the youngest look at the facts."""
        return date.fromisoformat(str(self.tables["as_of"]))

    driver_floors = _rows("driver_floors", DriverFloor)
    toolkits = _rows("toolkits", Toolkit)
    torch = _rows("torch", TorchLine)
    cuda_arches = _rows("cuda_arches", CudaArches, backend="index")
    rocm_indexes = _rows("rocm_indexes", RocmIndex)
    jetson_releases = _rows("jetson_releases", JetsonRelease)
    jetson_boards = _names("jetson_boards", "compute_capability")
    mac_rules = _rows("mac_rules", MacRule)
    frameworks = _rows("frameworks", FrameworkCuda)
    nvidia_ids = _ids("nvidia_chips", "compute_capability")
    nvidia_names = _names("nvidia_names", "compute_capability")
    nvidia_legacy = _rows("nvidia_legacy", lambda **row: (row["below"], row["last_driver"]))
    """Below which compute capability GPUs have a last driver branch, and which; the open kernel module drives none of them."""
    amd_ids = _ids("amd_chips", "gfx")
    amd_names = _names("amd_names", "gfx")
    intel_ids = _ids("intel_gpus", "chip")

    @cached_property
    def cuda_indexes(self) -> tuple[str, ...]:
        """The indexes of CUDA builds, the oldest CUDA first."""
        names = {name for row in self.torch for name in (*row.cuda, *row.extra_cuda)}
        return tuple(sorted(names, key=lambda name: version_key(release_of(name))))

    @cached_property
    def gfx_notes(self) -> tuple[GfxNote, ...]:
        return tuple(
            GfxNote(gfx, r["automatic"], r["note"]) for r in self.tables["gfx_notes"] for gfx in r["gfx"]
        )

    @cached_property
    def nvidia_chips(self) -> Mapping[str, str]:
        return {r["chip"]: r["compute_capability"] for r in self.tables["nvidia_chips"]}

    @cached_property
    def nvidia_oldest_drivers(self) -> Mapping[str, str]:
        return {r["compute_capability"]: r["driver"] for r in self.tables["nvidia_oldest_drivers"]}

    @cached_property
    def amd_chips(self) -> NameTable:
        return NameTable((r["gfx"], [r["chip"].lower()]) for r in self.tables["amd_chips"])

    @cached_property
    def intel_names(self) -> tuple[str, ...]:
        return tuple(name for row in self.tables["intel_gpus"] for name in row["names"])

    def compute_capability(self, device_id: str | None, chip: str | None, name: str | None) -> str | None:
        """Return an NVIDIA GPU's compute capability by its PCI id, else its chip, else its name."""
        return (
            _by_id(self.nvidia_ids, device_id)
            or (self.nvidia_chips.get(chip.upper()) if chip else None)
            or self.nvidia_names.find(name)
        )

    def gfx(self, device_id: str | None, chip: str | None, name: str | None) -> str | None:
        """Return an AMD GPU's architecture by its PCI id, else its chip, else its name."""
        return (
            _by_id(self.amd_ids, device_id)
            or self.amd_chips.find(chip)
            or self.amd_names.find(name)
            or self.amd_names.find(f"Radeon {name}")
            or self.amd_chips.find(name)
        )

    def jetson_cuda(self, l4t: str | None) -> str | None:
        """Return the CUDA that a release of Jetson Linux brings along where ordinary CUDA builds run; else ``None``."""
        release = self.jetson_release(l4t) if l4t else None
        return release.cuda if release and release.sbsa else None

    def jetson_release(self, l4t: str) -> JetsonRelease | None:
        """Return the facts of a release of Jetson Linux; one after the last row inherits from it."""
        rows = [row for row in self.jetson_releases if row.l4t_major <= version_key(l4t)[0]]
        return max(rows, key=lambda row: row.l4t_major, default=None)

    def supports_intel(self, device_id: str | None, chip: str | None, name: str | None) -> bool:
        """Return whether torch's XPU builds support an Intel GPU; a PCI id decides before its chip and its name."""
        if device_id:
            return _by_id(self.intel_ids, device_id) is not None
        plain = f"{chip or ''} {name or ''}".lower().replace("(r)", "").replace("(tm)", "")
        return any(known in " ".join(plain.split()) for known in self.intel_names)

    def cuda_architectures(self, index: str, line: str, machine: str) -> tuple[str, ...]:
        """Return the compute capabilities in one index's build of a torch line; empty when not known."""
        key = version_key(line)
        for row in self.cuda_arches:
            inside = version_key(row.since) <= key <= version_key(row.until)
            if row.backend == index and row.machine == machine and inside:
                return row.arches
        return ()

    def max_cuda(self, driver: str, *, windows: bool) -> str | None:
        """Return the newest CUDA that came with a driver, by the table of toolkits; ``580.65`` means 580.65.06."""
        key = version_key(driver)
        return max(
            (
                kit.cuda
                for kit in self.toolkits
                if version_key(_column(kit, windows=windows))[: len(key)] <= key
            ),
            key=version_key,
            default=None,
        )

    def newest_toolkit(self, *, windows: bool) -> tuple[str, str]:
        """Return the newest CUDA of the table of toolkits and the driver that came with it."""
        kit = max(self.toolkits, key=lambda row: (version_key(row.cuda), row.update))
        return kit.cuda, _column(kit, windows=windows)

    def note(self, backend: str) -> str | None:
        """Return what to say of a backend that was judged without facts of its own, else ``None``."""
        pairs = (*self.newer.get(backend, ()), *self.newer.get("", ()))
        if not pairs:
            return None
        subjects, models = (" and ".join(texts) for texts in zip(*pairs, strict=True))
        verb = "is" if len(pairs) == 1 else "are"
        return f"{subjects} {verb} newer than the facts of {self.as_of.isoformat()}: treated like {models}"

    def age_warning(self, today: date) -> str | None:
        """Return a warning when the facts are older than ``STALE_AFTER_DAYS``, else ``None``."""
        days = (today - self.as_of).days
        if days <= STALE_AFTER_DAYS:
            return None
        return f"The facts about drivers and builds are {days} days old ({self.as_of.isoformat()}); newer releases are missing. Update poetry-aiops, or run `poetry hw-info --update-facts URL`."


def _column(kit: Toolkit, *, windows: bool) -> str:
    return (kit.windows or kit.linux) if windows else kit.linux


def _by_id(table: tuple[tuple[int, int, str], ...], device_id: str | None) -> str | None:
    if device_id is None:
        return None
    wanted = int(device_id, 16)
    return next((value for low, high, value in table if low <= wanted <= high), None)


def updated_facts() -> Path:
    """Return where ``hw-info --update-facts`` keeps a newer table: in Poetry's default cache."""
    folder = os.environ.get("POETRY_CACHE_DIR") or user_cache_path("pypoetry", appauthor=False)
    return Path(folder) / "poetry-aiops" / "accelerators.json"


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that comes with the package, or the newer one that the user fetched."""
    own = Catalogue(_TomlTables(FACTS.read_text(encoding="utf-8")))
    try:
        document = json.loads(updated_facts().read_text(encoding="utf-8"))
        newer = Catalogue(document).read().replaced(fetched_from=str(document["fetched_from"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return own  # there is none, or a broken one
    return newer if newer.as_of > own.as_of else own


class _TomlTables(dict[str, Any]):
    """A TOML text of arrays of tables below a head, each array parsed when it is first used: 12 ms for all of them."""

    def __init__(self, text: str) -> None:
        head, *self._rows = re.split(r"(?m)^(?=\[\[)", text)
        super().__init__(tomllib.loads(head))

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - whatever the file holds
        rows = "".join(row for row in self._rows if row.startswith(f"[[{name}]]"))
        self[name] = tomllib.loads(rows)[name]
        return self[name]


class NameTable:
    """Patterns of names with their value; ``#`` means a digit, a leading ``*`` for any beginning.

    The longest pattern that begins the name wins; ``*`` patterns are tried first. A name that was cut
    off (``NVIDIA GeForce RTX 40...``) is answered only when every pattern it may go on to agrees.
    """

    def __init__(self, rows: Iterable[tuple[str, Iterable[str]]]) -> None:
        pairs = [(pattern, value) for value, patterns in rows for pattern in patterns]
        self._inner = [(pattern[1:], value) for pattern, value in pairs if pattern.startswith("*")]
        self._heads = sorted(
            ((pattern, value) for pattern, value in pairs if not pattern.startswith("*")),
            key=lambda pair: (-len(pair[0]), pair[0].count("#")),
        )

    def find(self, name: str | None) -> str | None:
        """Return the value for a name, ``None`` when it is not known or not clear."""
        if not name:
            return None
        plain, cut = _plain(name)
        for piece, value in self._inner:
            if piece in plain:
                return value
        head, whole = next((pair for pair in self._heads if _begins(plain, pair[0])), ("", None))
        if not cut:
            return whole
        values = {
            value for pattern, value in self._heads if len(pattern) > len(plain) and _begins(pattern, plain)
        }
        if whole and (not values or len(head) == len(plain)):  # else the cut name goes on to a longer pattern
            values.add(whole)
        return values.pop() if len(values) == 1 else None


def _plain(name: str) -> tuple[str, bool]:
    lowered = re.sub(_NOISE, " ", name.lower()[:200])
    lowered = re.sub(
        r"\brtx(?=[a-z]?\d)", "rtx ", lowered
    )  # profiles of vGPU: rtxa6000-48q, rtx 6000-ada-48q
    lowered = lowered.replace("-ada", " ada")
    cut = re.search(_CUT, lowered)
    return " ".join((lowered[: cut.start()] if cut else lowered).split()), cut is not None


def _begins(text: str, head: str) -> bool:
    """Return whether a text begins with a head; ``#`` on either side matches a digit."""
    return len(text) >= len(head) and all(_same(a, b) for a, b in zip(text, head, strict=False))


def _same(a: str, b: str) -> bool:
    return a == b or ("#" in {a, b} and (a.isdigit() or b.isdigit()))
