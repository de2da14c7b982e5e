"""``[tool.poetry-aiops.export]`` -> ExportSettings; everything that is wrong is reported in one error with key paths."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import ConfigError
from poetry_aiops.export.model import FORMATS, FilePlan, Format, GroupSelection
from poetry_aiops.project.checks import Checker, did_you_mean, normalised
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Mapping


EXPORT: Final = "[tool.poetry-aiops.export]"
_FILES: Final = "[tool.poetry-aiops.export.files]"
KINDS: Final = ("base", "dev", "prod", "variants", "constraints", "pylock")
"""The kinds of files of the default bundle, as ``defaults`` lists them."""
KEYS: Final = ("auto", "hashes", "defaults", "files")
FILE_KEYS: Final = ("groups", "extras", "format", "base", "hashes")
_NOT_OURS = ("pyproject.toml", "poetry.lock", "poetry.toml")
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What the project configures: ``auto`` updates the files after every lock.

    ``hashes`` is None for: wherever pip can check them. ``defaults`` are the kinds of the default bundle that are
    written, None for those that the project has a use for; ``files`` are the project's own files.
    """

    auto: bool = False
    hashes: bool | None = None
    defaults: tuple[str, ...] | None = None
    files: tuple[FilePlan, ...] = ()


def read_settings(table: object) -> ExportSettings:
    """Return the settings in the table ``[tool.poetry-aiops.export]`` (``{}`` when it is absent).

    Raises ConfigError that names every wrong entry by its key path.
    """
    checker = Checker()
    settings = settings_from(table, checker)
    checker.fail(
        ConfigError, EXPORT, "{count} entries cannot be used", "Correct these entries in pyproject.toml."
    )
    return settings


def settings_from(value: object, checker: Checker) -> ExportSettings:
    """Return the settings in ``value`` and leave what is wrong with ``checker``."""
    table = checker.table(value, EXPORT)
    checker.known_keys(table, KEYS, EXPORT)
    files = _files(table.get("files", {}), checker)
    return ExportSettings(
        auto=checker.flag(table.get("auto", False), f"{EXPORT} auto"),
        hashes=_hashes(table, EXPORT, checker),
        defaults=_defaults(table.get("defaults", True), checker),
        files=files,
    )


def _defaults(value: object, checker: Checker) -> tuple[str, ...] | None:
    where = f"{EXPORT} defaults"
    if not isinstance(value, list):
        return None if checker.flag(value, where) else ()
    kinds = checker.texts(value, where)
    for kind in kinds:
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS) or f"Known kinds are {', '.join(KINDS)}."
            checker.report(where, f'"{kind}" is not a kind of file', hint)
    return kinds


def _files(value: object, checker: Checker) -> tuple[FilePlan, ...]:
    plans = [
        _file(path, entry, f"{_FILES} {path}", checker)
        for path, entry in checker.table(value, _FILES).items()
    ]
    seen: dict[str, str] = {}
    for plan in plans:
        other = seen.setdefault(plan.path.casefold(), plan.key_path)
        if other != plan.key_path:
            checker.report(plan.key_path, f"this is the same file as {other}", "Keep one of the two.")
    return tuple(plans)


def _file(written: str, value: object, where: str, checker: Checker) -> FilePlan:
    table = checker.table(value, where)
    checker.known_keys(table, FILE_KEYS, where)
    path = _inside(written, where, checker)
    kind = _format(table, path, where, checker)
    groups = _names(table.get("groups", [MAIN]), f"{where} groups", checker)
    if not groups and "groups" in table:
        checker.report(f"{where} groups", "does not name a group", 'Write for example groups = ["main"].')
    base = table.get("base")
    if base is not None and kind != "requirements":
        checker.report(f"{where} base", "only a requirements file can include another one", "Remove it.")
    return FilePlan(
        path=path,
        format=kind,
        selection=GroupSelection(groups, _names(table.get("extras", []), f"{where} extras", checker)),
        base=None if base is None else _inside(checker.text(base, f"{where} base"), f"{where} base", checker),
        hashes=_hashes(table, where, checker),
        key_path=where,
    )


def _inside(written: str, where: str, checker: Checker) -> str:
    """Return a path of the project in its plain form, and remember one that leads out of it.

    This reads the text alone; what symbolic links do is for the one who writes.
    """
    path = posixpath.normpath(written.replace("\\", "/")) if written else ""
    windows = PureWindowsPath(written)
    outside = path.startswith(("/", "../")) or path in {"", ".", ".."} or windows.drive or windows.root
    if outside:
        hint = "Give the path of a file in the project, relative to pyproject.toml."
        checker.report(where, f'"{written}" is not a file inside the project', hint)
    elif path.casefold() in _NOT_OURS or path.split("/")[0] == ".git":
        checker.report(where, f'"{written}" cannot be written by {EXPORT}', "Give the file another name.")
    return path


def _format(table: Mapping[str, object], path: str, where: str, checker: Checker) -> Format:
    name = posixpath.basename(path)
    guessed: Format = (
        "pylock"
        if name.endswith(".toml")
        else ("constraints" if name.startswith("constraints") else "requirements")
    )
    asked = checker.text(table.get("format", guessed), f"{where} format")
    found = next((one for one in FORMATS if one == asked), None)
    if found is None:
        if asked:
            hint = did_you_mean(asked, FORMATS) or f"Write one of: {', '.join(FORMATS)}."
            checker.report(f"{where} format", f'"{asked}" is not a format', hint)
        return guessed
    if found == "pylock" and not _PYLOCK.fullmatch(name):
        hint = "PEP 751 knows pylock.toml and pylock.NAME.toml, with a NAME without dots."
        checker.report(where, f'"{name}" is not a name for a pylock file', hint)
    return found


def _hashes(table: Mapping[str, object], where: str, checker: Checker) -> bool | None:
    return checker.flag(table["hashes"], f"{where} hashes") if "hashes" in table else None


def _names(value: object, where: str, checker: Checker) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normalised(name) for name in checker.texts(value, where)))
