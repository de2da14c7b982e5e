"""Every error that a user can meet: what failed, where, and what to do next.

Each class carries the exit code that the command contract gives it:

====  =========================================================================
code  meaning
====  =========================================================================
1     the answer is no: a gate failed, findings, drift, an installation failed
2     wrong usage, configuration or input
3     incomplete: a source could not be reached or read
70    an internal error: a mistake in this plugin, with one line to report
====  =========================================================================
"""

from __future__ import annotations

from typing import ClassVar


class AiopsError(Exception):
    """A failure that the user sees as a message, never as a traceback.

    ``what`` says what is wrong in one sentence, ``where`` points to it (``file:line``, a key path such as
    ``[tool.poetry-aiops.hardware.variants] ml-gpu``, or an option), ``hint`` says what to do next, and
    ``details`` are further lines that are shown indented.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.details = details

    def lines(self) -> list[str]:
        """Return the message as plain text lines, without any markup."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return [
            head,
            *(f"  {detail}" for detail in self.details),
            *([self.hint] if self.hint else []),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())


class NegativeAnswerError(AiopsError):
    """The command did its work and the answer is no (exit code 1)."""

    exit_code: ClassVar[int] = 1


class UsageError(AiopsError):
    """Options or arguments that cannot be followed (exit code 2)."""

    exit_code: ClassVar[int] = 2


class ConfigError(AiopsError):
    """A wrong entry in pyproject.toml; ``where`` is its key path (exit code 2)."""

    exit_code: ClassVar[int] = 2


class InputError(AiopsError):
    """A file of the user that cannot be read as what it should be (exit code 2)."""

    exit_code: ClassVar[int] = 2


class LockConflictError(AiopsError):
    """No single poetry.lock can serve every hardware variant (exit code 2)."""

    exit_code: ClassVar[int] = 2


class IncompleteError(AiopsError):
    """A source could not be reached or read, so that any answer would be a guess (exit code 3)."""

    exit_code: ClassVar[int] = 3


class InternalError(AiopsError):
    """A mistake in this plugin; the message is the line to report (exit code 70)."""

    exit_code: ClassVar[int] = 70
