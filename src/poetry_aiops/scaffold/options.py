"""What was asked for on the command line, taken apart."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.scaffold.quoting import image_name


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


SLIM: Final = "slim"
VENDOR: Final = "vendor"
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class ScaffoldRequest:
    """What ``poetry scaffold`` is to do: the options as they were written, and where the project is."""

    kind: str
    pyproject: Path
    output: str | None = None
    dry_run: bool = False
    force: bool = False
    command: str | None = None
    port: str | None = None
    python: str | None = None
    bases: tuple[str, ...] = ()
    dockerfile: str | None = None

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """The options that decide what the files say, as they were written."""
        named = (
            ("command", self.command),
            ("port", self.port),
            ("python", self.python),
            *(("base", one) for one in self.bases),
            ("dockerfile", self.dockerfile),
            ("output", self.output),
        )
        return tuple((f"--{name}", text) for name, text in named if text is not None)


@dataclass(frozen=True, slots=True)
class Asked:
    """The wishes: ``bases`` maps a variant to ``slim``, ``vendor`` or the name of an image."""

    command: tuple[str, ...] | None = None
    port: int | None = None
    python: str | None = None
    bases: Mapping[str, str] | None = None

    def base_of(self, variant: str | None) -> str | None:
        return (self.bases or {}).get(variant or "")


def asked(request: ScaffoldRequest, variants: Iterable[str]) -> Asked:
    """Return the wishes; raises UsageError for the first that cannot be read."""
    known = tuple(variants)
    bases = dict(_base(text, known) for text in request.bases)
    return Asked(_command(request.command), _port(request.port), request.python, bases)


def _command(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(
            f"the command cannot be parsed: {str(error).lower()}",
            where="--command",
            hint="Write it as in a shell, with every quote closed.",
        ) from None
    if not words:
        raise UsageError("the command is empty", where="--command", hint='Write for example "python -m app".')
    return words


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= _LAST_PORT):
        raise UsageError(f"{text!r} is not a port", where="--port", hint=f"Name one from 1 to {_LAST_PORT}.")
    return int(text)


def _base(text: str, variants: tuple[str, ...]) -> tuple[str, str]:
    variant, equals, image = text.partition("=")
    name = normalised(variant)
    if not equals or not image:
        raise UsageError(
            f"{text!r} is not VARIANT=IMAGE",
            where="--base",
            hint="Write ml-gpu=vendor, ml-gpu=slim or the name of an image.",
        )
    if name not in variants:
        hint = did_you_mean(name, variants) or (
            f"The variants are {', '.join(variants)}."
            if variants
            else "This project has no hardware variants."
        )
        raise UsageError(f'there is no hardware variant "{variant}"', where="--base", hint=hint)
    return name, image_name(image, "--base")
