"""Commands of Poetry whose options, subcommands or settings are gone, rewritten with the facts of the data file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.model import OldCommand


if TYPE_CHECKING:
    from poetry_aiops.migrate.legacy.facts import OldForm
    from poetry_aiops.migrate.legacy.programs import Call


EXPORT: Final = "poetry-plugin-export"
PLUGINS: Final = (EXPORT, "poetry-plugin-shell", "requires-plugins")
"""What a file may name so that a command is there that Poetry 2.0 no longer brings."""

_TWO_WORDS: Final = frozenset({"self", "plugin", "source", "cache", "debug", "env"})
_OPTIONS_WITH_VALUE: Final = frozenset({"-C", "-P", "--directory", "--project"})
_INVERTED: Final = {"true": "false", "false": "true", "1": "0", "0": "1"}


def poetry_finding(call: Call, plugins: frozenset[str]) -> OldCommand | None:
    """Return what is old about a call of Poetry; ``plugins`` are those of ``PLUGINS`` that the file names."""
    values, at = call.arguments, 0
    while values[at:] and values[at].startswith("-"):
        at += 2 if values[at] in _OPTIONS_WITH_VALUE else 1
    if not values[at:]:
        return None
    has_second = values[at] in _TWO_WORDS and not "".join(values[at + 1 : at + 2] or "-").startswith("-")
    end = at + 2 if has_second else at + 1
    name, words = " ".join(values[at:end]), [word.raw for word in values]
    for old in load_legacy_facts().commands:
        if old.name == name and old.plugin not in plugins:
            today = " ".join([old.instead, *(words[end:] if old.keep_rest else ())])
            return OldCommand("poetry-command", old.why(f"`poetry {name}`"), today, old.confidence)
    key, *set_to = [str(value) for value in values[at + 1 :] if not value.startswith("-")] or [""]
    for old in load_legacy_facts().settings if name == "config" else ():
        if old.name == key:
            new = [_INVERTED.get(value.lower(), value) if old.inverted else value for value in set_to]
            options = [value for value in values[at + 1 :] if value.startswith("--")]
            today = " ".join(["poetry config", *options, old.instead, *new]) if old.instead else ""
            return OldCommand("poetry-setting", old.why(f"the setting {old.name}"), today, old.confidence)
    return _without_old_options(words[:at], name, words[end:], plugins)


def _without_old_options(
    before: list[str], name: str, rest: list[str], plugins: frozenset[str]
) -> OldCommand | None:
    rule, command, why, sure = "poetry-option", name, [], True
    for old in load_legacy_facts().options:
        replaced = _replaced(rest, old) if name in old.commands else None
        if replaced is not None:
            rest = replaced
            command = " ".join([*command.split()[:-1], old.subcommand]) if old.subcommand else command
            why.append(old.why(f"`{old.name}`"))
            sure = sure and old.tried
    joined = _joined_groups(rest) if name != "export" else rest
    if joined != rest:
        rule, rest = "poetry-only-with", joined
        why.append(
            "with `--only` Poetry ignores `--with` and `--without`, and says so (tried on 2.1.4 to 2.5.1)"
        )
    if name == "export" and not plugins & {EXPORT, "requires-plugins"}:
        rule, sure = "poetry-export", False
        why.append(
            "Poetry 2.0 no longer includes `export`: run `poetry self add poetry-plugin-export` first, "
            "or let `poetry sync-reqs` write the file"
        )
    today = " ".join(["poetry", *before, command, *rest])
    return OldCommand(rule, "; ".join(why), today, "certain" if sure else "likely") if why else None


def _replaced(words: list[str], old: OldForm) -> list[str] | None:
    """Return the words with today's form in place of the first old one, None where there is none."""
    option, _, wanted = old.name.partition(" ")
    for at, word in enumerate(words):
        name, joined, value = word.partition("=")
        following = words[at + 1] if not joined and at + 1 < len(words) else ""
        if name != option or (wanted and (value or following).strip("\"'").lower() != wanted):
            continue
        takes = old.instead.endswith("=")
        instead = (old.instead + (value or following) if takes else old.instead).split()
        if instead[:1] == ["--only"] and "--only" in " ".join(words):
            instead = []
        return [*words[:at], *instead, *words[at + (2 if following and (takes or wanted) else 1) :]]
    return None


def _joined_groups(words: list[str]) -> list[str]:
    """Return the words with ``--only main --with edge``, of which Poetry ignores the second, as one ``--only``."""
    groups: dict[str, list[str]] = {"--only": [], "--with": [], "--without": []}
    rest: list[str] = []
    left = iter(words)
    for word in left:
        name, joined, value = word.partition("=")
        if name in groups:
            groups[name] += (value if joined else next(left, "")).strip("\"'").split(",")
        else:
            rest.append(word)
    if not groups["--only"] or not (groups["--with"] or groups["--without"]):
        return words
    return ["--only", ",".join(dict.fromkeys([*groups["--only"], *groups["--with"]])), *rest]
