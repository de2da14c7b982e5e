"""Commands of Poetry whose options, subcommands or settings are gone, rewritten with the facts of the data file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.model import Finding
from poetry_aiops.migrate.legacy.programs import positional


if TYPE_CHECKING:
    from poetry_aiops.migrate.legacy.facts import OldForm
    from poetry_aiops.migrate.legacy.model import Confidence
    from poetry_aiops.migrate.legacy.programs import Call


EXPORT: Final = "poetry-plugin-export"
PLUGINS: Final = (EXPORT, "poetry-plugin-shell", "requires-plugins")
"""What a file may name so that a command is there that Poetry 2.0 no longer brings."""

_TWO_WORDS: Final = frozenset({"self", "plugin", "source", "cache", "debug", "env"})


def poetry_finding(call: Call, plugins: frozenset[str]) -> Finding | None:
    """Return what is old about a call of Poetry; ``plugins`` are those of ``PLUGINS`` that the file names."""
    at = positional(call.arguments)
    if at is None:
        return None
    words = [word.raw for word in call.arguments]
    values = [word.value for word in call.arguments]
    name = values[at]
    if name in _TWO_WORDS and at + 1 < len(values) and not values[at + 1].startswith("-"):
        name = f"{name} {values[at + 1]}"
    before, rest = words[:at], words[at + len(name.split()) :]
    found = _gone(name, rest, plugins) or _setting(name, values[at + 1 :])
    if found is not None:
        return found
    return _Rewriting(name, before, rest, plugins).finding()


def _gone(name: str, rest: list[str], plugins: frozenset[str]) -> Finding | None:
    for old in load_legacy_facts().subcommands:
        if old.name != name or old.plugin in plugins:
            continue
        today = " ".join([*old.instead, *(rest if old.keep_rest else ())])
        return Finding("poetry-command", _why(f"`poetry {name}`", old), today, _sure(old))
    return None


def _setting(name: str, values: list[str]) -> Finding | None:
    if name != "config":
        return None
    words = [value for value in values if not value.startswith("-")]
    for old in load_legacy_facts().settings:
        if not words or words[0] != old.name:
            continue
        why = _why(f"the setting {old.name}", old)
        new = [_inverted(word) if old.inverted else word for word in words[1:]]
        options = [value for value in values if value.startswith("--")]
        today = " ".join(["poetry config", *options, *old.instead, *new]) if any(old.instead) else ""
        return Finding("poetry-setting", why, today, _sure(old))
    return None


def _inverted(value: str) -> str:
    return {"true": "false", "false": "true", "1": "0", "0": "1"}.get(value.lower(), value)


class _Rewriting:
    """One call of Poetry with every old option taken out of it."""

    def __init__(self, name: str, before: list[str], rest: list[str], plugins: frozenset[str]) -> None:
        self.name = name
        self.command = name
        self.before = before
        self.rest = list(rest)
        self.plugins = plugins
        self.why: list[str] = []
        self.sure = True
        self.rule = "poetry-option"

    def finding(self) -> Finding | None:
        for old in load_legacy_facts().options:
            if self.name in old.commands:
                self._apply(old)
        self._join_groups()
        self._export()
        if not self.why:
            return None
        today = " ".join(["poetry", *self.before, self.command, *self.rest])
        return Finding(self.rule, "; ".join(self.why), today, "certain" if self.sure else "likely")

    def _apply(self, old: OldForm) -> None:
        at = self._find(old)
        if at is None:
            return
        value = self.rest[at].partition("=")[2] if old.value is None and "=" in self.rest[at] else ""
        end = at + 1
        instead = [word for word in old.instead if word]
        if old.value is not None:
            end += "=" not in self.rest[at]
        elif old.joined:
            value = value or (self.rest[at + 1] if at + 1 < len(self.rest) else "")
            end += "=" not in self.rest[at]
            instead[-1] += value
        if instead[:1] == ["--only"] and "--only" in " ".join(self.rest):
            instead = []
        self.rest[at:end] = instead
        if old.subcommand:
            self.command = " ".join([*self.command.split()[:-1], old.subcommand])
        self.why.append(_why(f"`{old.name}{f' {old.value}' if old.value else ''}`", old))
        self.sure = self.sure and old.tried

    def _find(self, old: OldForm) -> int | None:
        for at, word in enumerate(self.rest):
            name, equals, value = word.partition("=")
            if name != old.name:
                continue
            if old.value is None:
                return at
            given = value if equals else self.rest[at + 1] if at + 1 < len(self.rest) else ""
            if given.strip("\"'").lower() == old.value:
                return at
        return None

    def _join_groups(self) -> None:
        """``--only main --with edge``: Poetry says that it ignores the second; both belong into ``--only``."""
        only: list[str] = []
        with_: list[str] = []
        rest: list[str] = []
        without = False
        at = 0
        while at < len(self.rest):
            name, value, end = _group_option(self.rest, at)
            if name in {"--only", "--with"} and value:
                (only if name == "--only" else with_).extend(value.strip("\"'").split(","))
            elif name == "--without" and value:
                without = True
            else:
                rest.append(name)
            at = end
        if not only or not (with_ or without) or self.name == "export":
            return
        self.rest = ["--only", ",".join(dict.fromkeys([*only, *with_])), *rest]
        self.why.append(
            "with `--only` Poetry ignores `--with` and `--without`, and says so (tried on 2.1.4 to 2.5.1)"
        )
        self.rule = "poetry-only-with"

    def _export(self) -> None:
        if self.name != "export" or self.plugins & {EXPORT, "requires-plugins"}:
            return
        self.why.append(
            "Poetry 2.0 no longer brings `export`: run `poetry self add poetry-plugin-export` first, "
            "or let `poetry sync-reqs` write the file"
        )
        self.rule = "poetry-export"
        self.sure = False


def _group_option(words: list[str], at: int) -> tuple[str, str | None, int]:
    name, equals, value = words[at].partition("=")
    if name not in {"--only", "--with", "--without"}:
        return words[at], None, at + 1
    if equals:
        return name, value, at + 1
    return name, words[at + 1] if at + 1 < len(words) else None, at + 2


def _why(what: str, fact: OldForm) -> str:
    since = f" since Poetry {fact.since}" if fact.since else " in Poetry 2"
    said = {
        "removed": f"{what} is gone{since}: the command ends with an error",
        "deprecated": f"{what} is deprecated{since}: it works with a warning",
        "ignored": f"{what} does nothing any more{since}",
    }[fact.fate]
    tried = "" if fact.tried else f" (not tried here; {fact.source})"
    return said + (f"; {fact.note}" if fact.note else "") + tried


def _sure(fact: OldForm) -> Confidence:
    return "certain" if fact.tried else "likely"
