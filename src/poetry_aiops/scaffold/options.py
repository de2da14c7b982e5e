"""The options of the command line, parsed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.scaffold.quoting import image_name
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


SLIM: Final = "slim"
VENDOR: Final = "vendor"
_WRITTEN_BY: Final = re.compile(r"Written by `(poetry scaffold [^`]*)`")
_LAST_PORT: Final = 65535
_DEBIAN: Final = re.compile(r"[a-z0-9][a-z0-9.+-]+")


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
    extras: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()
    pin_digests: bool = False
    check: bool = False
    dockerfile: str | None = None

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """The options that decide what the files say, as they were written."""
        named = (
            ("command", self.command),
            ("port", self.port),
            ("python", self.python),
            *(("base", one) for one in self.bases),
            *(("extras", one) for one in self.extras),
            *(("apt", one) for one in self.apt),
            ("dockerfile", self.dockerfile),
            ("output", self.output),
        )
        return tuple((f"--{name}", text) for name, text in named if text is not None)

    @property
    def command_line(self) -> str:
        """The command that writes the same again."""
        words = [word for option in self.given for word in option]
        words += ["--pin-digests"] if self.pin_digests else []
        return shlex.join(("poetry", "scaffold", self.kind, *words))

    def with_recorded(self, text: str, kind: str) -> ScaffoldRequest:
        """Return this request with the options that the head of a scaffolded file records, where it names none itself.

        ``text`` is the file's; one of another kind, or that cannot be read, records nothing.
        """
        head = _WRITTEN_BY.search(text)
        try:
            words = shlex.split(head[1]) if head else []
        except ValueError:
            return self
        if words[:3] != ["poetry", "scaffold", kind]:
            return self
        recorded: dict[str, list[str]] = {}
        for name, value in pairwise(words[3:]):
            if name.startswith("--"):
                recorded.setdefault(name[2:], []).append(value)
        lists = {"bases": "base", "extras": "extras", "apt": "apt"}
        values: dict[str, Any] = {
            key: tuple(recorded.get(name, ())) for key, name in lists.items() if not getattr(self, key)
        }
        for key in ("command", "port", "python", "dockerfile"):
            if getattr(self, key) is None and key in recorded:
                values[key] = recorded[key][-1]
        return replace(self, **values, pin_digests=self.pin_digests or "--pin-digests" in words)


@dataclass(frozen=True, slots=True)
class ScaffoldOptions:
    """The options, parsed: ``bases`` maps a variant to ``slim``, ``vendor`` or the name of an image."""

    command: tuple[str, ...] | None = None
    port: int | None = None
    python: str | None = None
    bases: Mapping[str, str] | None = None
    extras: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()

    def base_of(self, variant: str | None) -> str | None:
        return (self.bases or {}).get(variant or "")


def asked(request: ScaffoldRequest, variants: Iterable[str]) -> ScaffoldOptions:
    """Return the options, parsed; raises UsageError for the first that cannot be read."""
    known = tuple(variants)
    bases = dict(_base(text, known) for text in request.bases)
    extras = tuple(dict.fromkeys(normalised(name) for text in request.extras for name in _names(text)))
    apt = tuple(dict.fromkeys(_debian(name) for text in request.apt for name in _names(text)))
    return ScaffoldOptions(_command(request.command), _port(request.port), request.python, bases, extras, apt)


def _names(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _debian(name: str) -> str:
    if not _DEBIAN.fullmatch(name):
        raise UsageError(
            f"{one_line(name)!r} is not the name of a Debian package",
            where="--apt",
            hint="Write for example --apt ffmpeg.",
        )
    return name


def _command(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(
            str(error).lower().replace("no closing quotation", "missing closing quote"),
            where="--command",
            hint='Write it as in a shell, for example --command "python -m app".',
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
