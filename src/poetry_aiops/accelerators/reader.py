"""How probes look at a machine: an interface that the live machine, a recording and tests implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Sequence


PYTHON: Final = "{python}"
"""The running interpreter, in an argument list."""

NVML_CHILD: Final = "{nvml_child}"
"""The path of the program that asks NVML, in an argument list."""

TEXT_LIMIT: Final = 2_000_000
"""No probe reads more characters than this from one source."""


class PlatformFacts(Record):
    """What the interpreter knows without looking further.

    ``system`` is ``Linux``, ``Windows`` or ``Darwin``; ``machine`` is as the system spells it; ``release``
    is the kernel release; ``mac_version`` the macOS version (empty elsewhere); ``node`` the host name.
    """

    system: str
    machine: str
    python: str
    libc: str | None = None
    release: str = ""
    mac_version: str = ""
    node: str = ""


class SourceText(Record):
    """The text that a file or a program gave, and how that went.

    ``outcome`` is ``ok``, ``missing``, ``denied``, ``error``, ``timeout`` or ``exit N``; a program that
    fails may still have said why, so ``text`` can be there with any outcome.
    """

    text: str | None
    outcome: str


class Reader(Protocol):
    """Everything that detection may ask of a machine; no method raises."""

    def platform(self) -> PlatformFacts:
        """Return what the interpreter knows of the machine."""

    def environment(self, name: str) -> str | None:
        """Return the value of an environment variable, ``None`` when it is not set."""

    def read_text(self, path: str) -> SourceText:
        """Return the text of a file, at most ``TEXT_LIMIT`` characters of it."""

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return the paths that match, sorted; empty when there is none."""

    def exists(self, path: str) -> bool:
        """Return whether a path exists, whatever it is."""

    def run(self, argv: Sequence[str], timeout: float) -> SourceText:
        """Run a program for at most ``timeout`` seconds and return both of its output streams."""
