"""The record and the ``hw-check`` program inside an environment: read, written, forgotten."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError
from poetry_aiops.locking.record import FILE_NAME, from_json
from poetry_aiops.system.files import write_atomically
from poetry_aiops.system.process import run_limited
from poetry_aiops.system.reading import ANYWHERE, read_file


if TYPE_CHECKING:
    from poetry_aiops.locking.record import InstallRecord


PROGRAM: Final = "hw-check"
MODULE: Final = "hw_check"
SOURCE: Final = Path(__file__).parents[1] / "data" / "hw_check.py"
SHEBANG_LIMIT: Final = 127
"""The longest first line in bytes that every Linux kernel reads; newer ones and macOS read more."""

_STARTER = f'''"""Start {MODULE}.py, the module beside this program, whose bytecode Python keeps."""
import os
import sys

sys.path.append(os.path.dirname(os.path.realpath(__file__)))
try:
    from {MODULE} import main
except ImportError:
    sys.stderr.write("{PROGRAM}: {MODULE}.py is not beside this program. Run `poetry hw-install`; it writes both.\\n")
    sys.exit(2)
sys.exit(main())
'''
_COMPILE = """
import py_compile, sys
py_compile.compile(sys.argv[1], invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
"""
_COMPILE_SECONDS = 30.0
_OPTIONS = "-IS"  # neither the environment's variables nor its .pth files have a say in a check
_EXECUTABLE = 0o755
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class RecordReading:
    """What is in an environment: a record, or why there is none; both ``None`` where none was written."""

    record: InstallRecord | None
    problem: str | None = None


def look_for_record(env_path: Path) -> RecordReading:
    """Return the record of an environment or what is wrong with it; never raises."""
    path = record_path(env_path)
    try:
        text = read_file(path, within=ANYWHERE, limit=_LARGEST).decode()
        return RecordReading(from_json(text, where=str(path)))
    except (FileNotFoundError, NotADirectoryError):
        return RecordReading(None)
    except InputError as error:
        return RecordReading(None, "; ".join((f"{path}: {error.what}", *error.details)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        return RecordReading(None, f"{path} cannot be read: {reason}")


def read_record(env_path: Path) -> InstallRecord | None:
    """Return the record of an environment, ``None`` when there is none or it is broken; never raises."""
    return look_for_record(env_path).record


def record_path(env_path: Path) -> Path:
    """Return where an environment's record is."""
    return env_path / FILE_NAME


def write_record(env_path: Path, scripts_dir: Path, python: Path, record: InstallRecord) -> tuple[Path, ...]:
    """Write the record and the program ``hw-check`` into an environment; return the files.

    ``python`` is the environment's interpreter. Raises OSError when a folder cannot be written.
    """
    path = record_path(env_path)
    write_atomically(path, record.to_json().encode())
    scripts_dir.mkdir(parents=True, exist_ok=True)
    return (path, *_write_program(scripts_dir, python))


# -- the program ----------------------------------------------------------------------------------------


def _write_program(scripts_dir: Path, python: Path) -> tuple[Path, ...]:
    """Write the module and what starts it; its bytecode is cached for any date of the file, as images change dates."""
    module = scripts_dir / f"{MODULE}.py"
    write_atomically(module, SOURCE.read_bytes())
    if sys.platform == "win32":
        program = scripts_dir / f"{PROGRAM}.cmd"
        write_atomically(program, windows_starter(str(scripts_dir), str(python)).encode())
    else:
        program = scripts_dir / PROGRAM
        write_atomically(program, posix_head(os.fspath(python)) + _STARTER.encode(), _EXECUTABLE)
        run_limited((os.fspath(python), _OPTIONS, "-c", _COMPILE, os.fspath(module)), _COMPILE_SECONDS)
    return (program, module)


def posix_head(python: str) -> bytes:
    """Return the first lines of a program for an interpreter.

    A path that a kernel cannot take in a first line goes through ``/bin/sh``: what the shell runs is the
    beginning of the program's docstring to Python.
    """
    plain = f"#!{python} {_OPTIONS}\n".encode(errors="surrogateescape")
    if len(plain) <= SHEBANG_LIMIT and not any(char.isspace() for char in python) and _is_text(python):
        return plain
    return f"#!/bin/sh\n'''exec' {_quoted(python)} {_OPTIONS} \"$0\" \"$@\"\n' ''' \\\n".encode()


def _quoted(python: str) -> str:
    """Return a path for the shell that is harmless in Python's string; a strange one by its place beside us."""
    if _is_text(python) and "\\" not in python and "'" not in python:
        return f"'{python}'"
    return '"${0%/*}/python"'


def _is_text(path: str) -> bool:
    return path.isprintable()


def windows_starter(scripts_dir: str, python: str) -> str:
    """Return the ``.cmd`` file that starts the program; an interpreter beside it is found by its place."""
    folder, _, name = python.rpartition("\\")
    known = (
        f"%~dp0{name}" if folder.lower() == scripts_dir.rstrip("\\").lower() else python.replace("%", "%%")
    )
    return f'@"{known}" {_OPTIONS} "%~dp0{MODULE}.py" %*\r\n'
