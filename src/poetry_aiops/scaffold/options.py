"""The options of the command line, as they were written and parsed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.scaffold.quoting import image_name
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


SLIM: Final = "slim"
VENDOR: Final = "vendor"
WISHES: Final = ("command", "port", "python", "base", "extras", "apt", "dockerfile", "output")
"""The options that decide what the files say."""

_WRITTEN_BY: Final = re.compile(r"Written by `(poetry scaffold [^`]*)`")
_LAST_PORT: Final = 65535
_DEBIAN: Final = re.compile(r"[a-z0-9][a-z0-9.+-]+")


@dataclass(frozen=True, slots=True)
class ScaffoldRequest:
    """What ``poetry scaffold`` is to do, and where the project is.

    ``wishes`` are the options of :data:`WISHES` that were given, as they were written.
    """

    kind: str
    pyproject: Path
    wishes: Mapping[str, tuple[str, ...]]
    dry_run: bool = False
    force: bool = False
    pin_digests: bool = False
    check: bool = False

    def wish(self, name: str) -> str | None:
        """Return what an option says; None without it."""
        return self.wishes[name][-1] if name in self.wishes else None

    @property
    def command_line(self) -> str:
        """The command that writes the same again."""
        pairs = [(f"--{name}", text) for name, texts in self.wishes.items() for text in texts]
        words = [word for pair in pairs for word in pair] + ["--pin-digests"] * self.pin_digests
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
        recorded = {
            name: [value for word, value in pairwise(words) if word == f"--{name}"] for name in WISHES
        }
        recorded["output"] = []
        wishes = {name: self.wishes.get(name) or tuple(recorded[name]) for name in WISHES}
        wishes = {name: texts for name, texts in wishes.items() if texts}
        return replace(self, wishes=wishes, pin_digests=self.pin_digests or "--pin-digests" in words)


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
    bases = dict(_base(text, known) for text in request.wishes.get("base", ()))
    extras = dict.fromkeys(normalised(name) for name in _names(request, "extras"))
    apt = dict.fromkeys(_debian(name) for name in _names(request, "apt"))
    command, port = _command(request.wish("command")), _port(request.wish("port"))
    return ScaffoldOptions(command, port, request.wish("python"), bases, tuple(extras), tuple(apt))


def _names(request: ScaffoldRequest, option: str) -> list[str]:
    return " ".join(request.wishes.get(option, ())).replace(",", " ").split()


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
