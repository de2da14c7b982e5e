"""``poetry sync-reqs --wheelhouse``: the locked files of one selection, for one machine, in one folder."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.markers import default_environment
from packaging.tags import platform_tags
from poetry.core.constraints.version import Version
from poetry.utils.env import EnvManager

from poetry_aiops.config import NONE, read_config
from poetry_aiops.errors import IncompleteError, NegativeAnswerError, UsageError
from poetry_aiops.export.header import read_header
from poetry_aiops.export.locked_files import default_index, find_addresses
from poetry_aiops.export.model import GroupSelection
from poetry_aiops.export.selection import PoetryExport
from poetry_aiops.export.wheelhouse import (
    REQUIREMENTS_FILE,
    choose_files,
    wheel_target,
    wheelhouse_requirements,
)
from poetry_aiops.export.wheelhouse_download import Fetcher, connection
from poetry_aiops.export.writing import exported, read_bundle
from poetry_aiops.locking.api import Installed, Terms, verify_locked
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.pyproject import aiops_table
from poetry_aiops.system.addresses import public_address
from poetry_aiops.system.files import reported, write_atomically
from poetry_aiops.system.reading import ANYWHERE, read_file
from poetry_aiops.system.run_lock import run_lock


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.export.model import Address, FileKey
    from poetry_aiops.export.run import SyncRequest
    from poetry_aiops.export.wheelhouse import ChosenFile, Wheelhouse
    from poetry_aiops.export.wheelhouse_download import Outcome
    from poetry_aiops.export.writing import Bundle


_LOCK = ".lock"
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled wheelhouse, as the JSON document reports it."""

    folder: Path
    wheelhouse: Wheelhouse
    selection: GroupSelection
    outcomes: dict[str, Outcome]
    lock_sha256: str

    def as_document(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "target": self.wheelhouse.target.machine.name,
            "groups": list(self.selection.groups),
            "extras": list(self.selection.extras),
            "requirements": REQUIREMENTS_FILE,
            "files": [
                {
                    "name": chosen.file.name,
                    "hash": chosen.file.hash,
                    "package": chosen.pin.package.name,
                    "version": chosen.pin.package.version,
                    "outcome": self.outcomes[chosen.file.name],
                }
                for chosen in self.wheelhouse.files
            ],
            "left_out": [
                {"package": pin.package.name, "reason": reason} for pin, reason in self.wheelhouse.left_out
            ],
        }


def fill(request: SyncRequest, output: Output, poetry: Poetry) -> Filled:
    """Fetch what is missing; raises AiopsError, and what was fetched until then stays."""
    path = request.pyproject
    bundle = read_bundle(path)
    export = PoetryExport(poetry)
    export.refuse_stale()
    selection = _selection(bundle, request.hardware, poetry)
    if bundle.hardware and bundle.variants.chosen(selection):
        installed = Installed.of(selection.groups, selection.extras)
        verify_locked(export.lock, [installed], Terms.of(bundle.project, bundle.hardware))
    allowed = poetry.package.python_constraint.allows
    target = wheel_target(
        request.platform,
        request.python or _own_python(poetry),
        lambda python: allowed(Version.parse(python)),
        tags=tuple(platform_tags()),
        environment={key: str(value) for key, value in default_environment().items()},
    )
    wheelhouse = choose_files(export.pins(selection), target, sdists=request.sdists)
    folder = Path(str(request.wheelhouse))
    if not request.force:
        _refuse_to_overwrite(folder / REQUIREMENTS_FILE)
    text = wheelhouse_requirements(
        wheelhouse, selection, exported(bundle, export, default_index(poetry.pool))
    )
    with _alone_in(folder):
        outcomes = _fetch(poetry, output, wheelhouse, folder, force=request.force)
        write_atomically(folder / REQUIREMENTS_FILE, text.encode())
    filled = Filled(folder, wheelhouse, selection, outcomes, export.digest)
    _tell(output, filled)
    return filled


def _selection(bundle: Bundle, hardware: str | None, poetry: Poetry) -> GroupSelection:
    """Return main and the variant that ``--hardware`` names, by itself or by its backend."""
    variants = bundle.variants
    if hardware == NONE or not (variants.names or hardware):
        return GroupSelection((MAIN,))
    config = read_config(aiops_table(poetry.pyproject.data)).hardware
    by_backend = {one.backend: one.group for one in config.variants} if config else {}
    choices = [*variants.names, *by_backend, NONE]
    asked = normalised(hardware) if hardware else ""
    name = asked if asked in variants.names else by_backend.get(hardware or "", "")
    if not name:
        what = (
            f'there is no hardware variant "{hardware}"' if hardware else "the project has hardware variants"
        )
        hint = did_you_mean(hardware or "", choices) or f"Name one of: {', '.join(choices)}."
        raise UsageError(what, where="--hardware", hint=hint)
    return variants.selection(name)


def _refuse_to_overwrite(path: Path) -> None:
    """Raise NegativeAnswerError for a requirements file in the folder that is not our own untouched work."""
    if not path.exists():
        return
    text = read_file(path, within=ANYWHERE).decode("utf-8", "replace")
    header = read_header(text)
    if header is None or header.path != REQUIREMENTS_FILE or not header.is_untouched(text):
        raise NegativeAnswerError(
            "this file was not written by poetry sync-reqs or was edited since, and the wheelhouse needs its name",
            where=str(path),
            hint="Name another folder, or overwrite the file with --force.",
        )


def _own_python(poetry: Poetry) -> str:
    """Return the Python of the project's environment, or the one that Poetry itself runs on."""
    return ".".join(map(str, EnvManager(poetry).get().version_info[:2]))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Make the folder and keep other runs out of it: two of them would write one file together."""
    where = f"--wheelhouse {folder}"
    with reported("the folder cannot be written", where, "Name a folder that can be written."):
        folder.mkdir(parents=True, exist_ok=True)
        with run_lock(folder / _LOCK, datetime.now(UTC), "folder"):
            try:
                yield
            finally:
                with suppress(OSError):  # Windows: it is open
                    (folder / _LOCK).unlink()


def _fetch(
    poetry: Poetry, output: Output, wheelhouse: Wheelhouse, folder: Path, *, force: bool
) -> dict[str, Outcome]:
    addresses = _addresses(poetry, wheelhouse, folder, force=force)
    total = sum(one.size or 0 for one in addresses.values())
    done = 0

    def fetched(count: int) -> None:
        nonlocal done
        done += count
        output.progress("Fetching (MB)", done // _MEGABYTE, total // _MEGABYTE)

    fetcher = Fetcher(connection(poetry), folder, fetched, force=force)
    root = poetry.pyproject_path.parent
    return {one.file.name: _fetch_one(fetcher, one, addresses, root) for one in wheelhouse.files}


def _fetch_one(
    fetcher: Fetcher, chosen: ChosenFile, addresses: dict[FileKey, Address], root: Path
) -> Outcome:
    source = chosen.pin.package.source
    if source is not None and chosen.pin.origin == "file":
        return fetcher.copy(chosen.file, root / source.url)
    if source is not None and chosen.pin.origin == "url":
        return fetcher.fetch(chosen.file, source.url)
    address = addresses.get((chosen.file.name, chosen.file.hash))
    return fetcher.fetch(chosen.file, address.url if address else "")


def _addresses(
    poetry: Poetry, wheelhouse: Wheelhouse, folder: Path, *, force: bool
) -> dict[FileKey, Address]:
    """Ask the indexes for the missing files; raises IncompleteError for those they do not name."""
    wanted = [
        (one.pin.package, one.file)
        for one in wheelhouse.files
        if one.pin.origin == "index" and (force or not (folder / one.file.name).exists())
    ]
    found, problems = find_addresses(poetry.pool, wanted, cached=False)
    lost = [
        file.name for _, file in wanted if not (known := found.get((file.name, file.hash))) or not known.url
    ]
    if lost:
        raise IncompleteError(
            f"{len(lost)} files of poetry.lock cannot be found on their indexes",
            details=tuple(problems) or tuple(public_address(name) for name in lost),
            hint="Run the same command again when the index answers; if a release is gone, `poetry update` takes another.",
        )
    return found


def _tell(output: Output, filled: Filled) -> None:
    wheelhouse = filled.wheelhouse
    fetched = sum(outcome != "present" for outcome in filled.outcomes.values())
    output.line(
        f"{len(wheelhouse.files)} files for {wheelhouse.target.machine.name} are in {filled.folder}"
        f" ({fetched} fetched, {len(wheelhouse.files) - fetched} were there)."
    )
    output.line(f"Install them: pip install --no-index -r {filled.folder / REQUIREMENTS_FILE}")
    for pin, reason in wheelhouse.left_out:
        output.warning(f"{pin.package.name} is not among them: it is {reason}.")
    archives = [one.file.name for one in wheelhouse.files if not one.file.name.endswith(".whl")]
    if archives:
        output.warning(
            f"source archives need their build tools when they are installed: {', '.join(archives)}."
        )
