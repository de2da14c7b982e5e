"""The project of a command as Poetry reads it, copies of it to lock beside it, and its opinion of a planned text."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from poetry.core.pyproject.toml import PyProjectTOML
from poetry.factory import Factory

from poetry_aiops.errors import InputError
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from poetry.console.application import Application
    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.locking.staged_project import StagedProject


class PoetryProject:
    """What a run needs of Poetry: its view of the project, and locks of texts that are not written yet.

    ``folder`` is that of one of several projects; without it, it is the project that the command runs in.
    """

    def __init__(self, output: Output, application: Application, folder: Path | None = None) -> None:
        self._output = output
        self._application = application
        self._folder = folder
        self._own: Poetry | None = None

    @property
    def poetry(self) -> Poetry:
        """The project as Poetry reads it, once; raises RuntimeError or ValueError where it cannot."""
        if self._folder is None:
            return self._application.poetry
        if self._own is None:
            self._own = Factory().create_poetry(
                self._folder,
                io=self._output.io,
                disable_plugins=self._application._disable_plugins,  # noqa: SLF001 - as the application's own project
                disable_cache=self._application._disable_cache,  # noqa: SLF001
            )
        return self._own

    def read_again(self) -> None:
        """Let Poetry read the project anew the next time: its files may have changed."""
        self._own = None
        self._application.reset_poetry()

    def staged(self, root: Path, pyproject: str, lock: str | None) -> AbstractContextManager[StagedProject]:
        """Return a project with these texts, as if they were in ``root``; see :func:`staged_project`."""
        from poetry_aiops.locking.staged_project import staged_project

        return staged_project(root, pyproject, lock, self._application)

    def lock(self, staged: StagedProject, *, quiet: bool = False) -> int:
        """Lock a staged project as ``poetry lock`` would; see :func:`lock_staged`.

        ``quiet`` writes nothing of the solve, unless the user requested more (``-v``).
        """
        from poetry_aiops.locking.run import lock_staged

        output = self._output.silent() if quiet and not self._output.is_verbose else self._output
        return lock_staged(staged, output, self._application)

    def verify(self, staged: StagedProject) -> None:
        """Verify everything that can be installed from a staged project's lock; raises LockConflictError."""
        from poetry_aiops.locking.run import verify_staged

        verify_staged(staged, self._output)

    def without_styles(self, text: str) -> str:
        """Return a message of Poetry's without its tags for colours."""
        return self._output.without_styles(text)


def refuse_invalid(root: Path, text: str, before: str) -> None:
    """Raise InputError with all that `poetry check` or loading the project would say against ``text``.

    What only `poetry check` said against the file ``before``, too, is not the migration's and is no error here.
    """
    strict = _errors(text, strict=True)
    known = set(_errors(before, strict=True)) - set(_errors(text, strict=False)) if before else set()
    errors = [error for error in strict if error not in known]
    if not errors:
        try:
            _load(root, text)
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            errors = str(error).splitlines()
    if errors:
        raise InputError(
            "Poetry does not accept the pyproject.toml that was planned, so nothing was written",
            where="pyproject.toml",
            details=tuple(errors),
            hint="Correct what these lines name in pyproject.toml, then run this again.",
        )


def _errors(text: str, *, strict: bool) -> list[str]:
    found: list[str] = Factory.validate(parse_toml(text), strict=strict)["errors"]
    return found


def _load(root: Path, text: str) -> None:
    """Read the whole project as every command does, its relative paths from ``root``."""
    with tempfile.TemporaryDirectory(prefix="poetry-aiops-") as scratch:
        path = Path(scratch) / "pyproject.toml"
        path.write_text(text, encoding="utf-8", newline="")
        pyproject = PyProjectTOML(path)
        Factory.validate(pyproject.data)  # fills in Poetry's defaults, as for every command
        names = (pyproject.data.get("project", {}), pyproject.poetry_config)
        name, version = (
            next((str(table[key]) for table in names if table.get(key)), otherwise)
            for key, otherwise in (("name", "planned"), ("version", "0"))
        )
        Factory.configure_package(Factory.get_package(name, version), pyproject, root)
