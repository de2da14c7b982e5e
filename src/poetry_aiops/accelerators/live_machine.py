"""The live machine behind :class:`poetry_aiops.accelerators.reader.Reader`."""

from __future__ import annotations

import glob
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.reader import NVML_CHILD, PYTHON, TEXT_LIMIT, PlatformFacts, SourceText
from poetry_aiops.system.process import run_limited
from poetry_aiops.system.text import decode


if TYPE_CHECKING:
    from collections.abc import Sequence


CHILD: Final = Path(__file__).parent / "probes" / "nvml_child.py"
MUSL_LOADERS: Final = "/lib/ld-musl-*.so.1"


class LiveReader:
    """Reads this machine: files, names, programs with a time limit, environment, the interpreter's facts."""

    def platform(self) -> PlatformFacts:
        """Return what the interpreter knows; nothing is started for it."""
        version = ".".join(str(part) for part in sys.version_info[:3])
        if sys.platform == "win32":
            machine = os.environ.get("PROCESSOR_ARCHITEW6432") or os.environ.get("PROCESSOR_ARCHITECTURE", "")
            return PlatformFacts("Windows", machine, version)
        uname = os.uname()
        mac = _mac_version() if sys.platform == "darwin" else ""
        libc = _libc() if sys.platform == "linux" else None
        return PlatformFacts(uname.sysname, uname.machine, version, libc, uname.release, mac, uname.nodename)

    def environment(self, name: str) -> str | None:
        """Return one environment variable."""
        return os.environ.get(name)

    def read_text(self, path: str) -> SourceText:
        """Return a file's text, decoded whatever it is."""
        try:
            with Path(path).open("rb") as file:
                return SourceText(decode(file.read(TEXT_LIMIT)), "ok")
        except (FileNotFoundError, NotADirectoryError):
            return SourceText(None, "missing")
        except PermissionError:
            return SourceText(None, "denied")
        except (OSError, ValueError):
            return SourceText(None, "error")

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return the paths that match a pattern, in their natural order."""
        try:
            return tuple(sorted(glob.glob(pattern), key=_natural))  # noqa: PTH207 - absolute patterns, as given
        except OSError:
            return ()

    def exists(self, path: str) -> bool:
        """Return whether a path exists."""
        return os.path.lexists(path)

    def run(self, argv: Sequence[str], timeout: float) -> SourceText:
        """Run a program, with the placeholders of ``reader`` filled in."""
        filled = [{PYTHON: sys.executable, NVML_CHILD: str(CHILD)}.get(word, word) for word in argv]
        ended = run_limited(filled, timeout, {**os.environ, "LC_ALL": "C", "LANGUAGE": "C"})
        text = decode(ended.output)[:TEXT_LIMIT]
        return SourceText(text or None, ended.outcome)


def _natural(path: str) -> tuple[tuple[int, str], ...]:
    """Return a sort key in which ``nodes/10`` comes after ``nodes/9``."""
    return tuple(
        (len(part), part) if part.isdigit() else (0, part) for part in path.replace(".", "/").split("/")
    )


def _libc() -> str | None:
    try:
        reported = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        reported = None
    if reported:
        return reported
    return "musl" if glob.glob(MUSL_LOADERS) else None  # noqa: PTH207 - an absolute pattern


def _mac_version() -> str:
    import platform

    return platform.mac_ver()[0]
