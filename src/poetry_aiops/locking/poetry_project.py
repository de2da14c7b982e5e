"""The project of a command as Poetry reads it, and copies of it to lock beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry.factory import Factory


if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

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
