"""What there is to report about the options of a line: refused ones, ignored ones, and what becomes of the others."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from poetry_aiops.migrate.reading.mistakes import split_requirements
from poetry_aiops.migrate.reading.named import canonical, is_requirement
from poetry_aiops.migrate.reading.options import BUILD_OPTIONS, STRONG_HASHES
from poetry_aiops.system.addresses import has_credentials, redact


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import LineKind
    from poetry_aiops.migrate.reading.notes import Notes
    from poetry_aiops.migrate.reading.options import GivenOption, LineOptions
    from poetry_aiops.migrate.reading.text import LogicalLine


_PER_REQUIREMENT = frozenset({"hash", "config-settings"}) | BUILD_OPTIONS
_GLOBAL_ANYWHERE = frozenset({"no-binary", "only-binary", "all-releases", "only-final"})
_INDEXES = frozenset({"index-url", "extra-index-url"})
_DASHES = ("- ", "-- ")
_EFFECTS = {
    "all-releases": "In Poetry each dependency has this setting: allow-prereleases.",
    "no-binary": "It becomes Poetry's setting installer.no-binary.",
    "no-index": "Poetry has no such switch; its sources are named in pyproject.toml.",
    "no-require-hashes": "Poetry always compares the hashes in poetry.lock.",
    "only-binary": "It becomes Poetry's setting installer.only-binary.",
    "only-final": "Poetry takes pre-releases only where a dependency allows them.",
    "pre": "It becomes allow-prereleases of the file's dependencies.",
    "prefer-binary": "Poetry takes the newest version and prefers its wheels.",
    "require-hashes": "Poetry always compares the hashes in poetry.lock.",
    "use-feature": "It switches a feature of pip; Poetry has no equivalent.",
}


def tell_bad_options(line: LogicalLine, arguments: str, options: LineOptions, notes: Notes) -> None:
    """Tell every option of a line that pip refuses."""
    for bad in options.bad:
        what, why, suggestion = (text.format(bad) for text in _PROBLEMS[bad.trouble])
        droppable = bad.trouble in {"command", "retired"}
        pieces = split_requirements(arguments) or ((arguments,) if arguments else ())
        fixed = None
        if droppable and len(options.bad) == 1 and line.text.count(bad.word) == 1 and len(pieces) < 2:  # noqa: PLR2004
            fixed = " ".join(line.text.replace(bad.word, "").split())
        notes.error(line.number, what, why, suggestion, fixed=fixed)


def tell_options(line: LogicalLine, kind: LineKind, options: LineOptions, notes: Notes) -> None:
    """Tell what becomes of the options of a line without a requirement."""
    if line.text.startswith(_DASHES) and not options.bad:
        _tell_dash(line, notes)
        return
    if kind in {"include", "constraint"}:
        _tell_beside_include(line, options, notes)
    else:
        for option in options.given:
            _tell_effect(line, option, notes)
        if len(options.values("find-links")) > 1:
            notes.warning(
                line.number,
                "pip reads only the first --find-links of a line",
                "",
                "Give each a line of its own.",
            )
    if options.leftover:
        tell_leftover(line, options, notes)


def tell_requirement_options(line: LogicalLine, arguments: str, options: LineOptions, notes: Notes) -> None:
    """Tell what becomes of the options after a requirement."""
    editables = options.values("editable")
    others = options.values("requirement") + options.values("constraint")
    if (arguments and editables) or len(editables) > 1 or others:
        _tell_several(line, [*([arguments] if arguments else []), *_spelled(options)], notes)
    if arguments and options.leftover:
        tell_leftover(line, options, notes, arguments)
    if all(option.name == "hash" for option in options.given) or split_requirements(arguments):
        return
    for option in options.given:
        if option.name in BUILD_OPTIONS:
            notes.warning(
                line.number,
                f"--{option.name} is no longer an option of pip",
                "Build settings replaced it.",
                "Poetry: installer.build-config-settings.<package>",
            )
        elif option.name == "config-settings":
            key, _, value = (option.value or "").partition("=")
            name = canonical(re.split(r"[^\w.-]", arguments, maxsplit=1)[0]) or "PACKAGE"
            notes.note(
                line.number,
                "--config-settings becomes Poetry's setting installer.build-config-settings",
                "Poetry keeps such settings outside pyproject.toml.",
                f"""`poetry config --local installer.build-config-settings.{name} '{{"{key}": "{value}"}}'`""",
            )
        elif option.name in _GLOBAL_ANYWHERE:
            _tell_effect(line, option, notes)
        elif option.name not in _PER_REQUIREMENT | {"editable", "requirement", "constraint"}:
            _tell_ignored(line, option, notes)


def tell_leftover(line: LogicalLine, options: LineOptions, notes: Notes, arguments: str = "") -> None:
    """Tell the words behind the options of a line: pip drops them without a word."""
    if options.bad:
        return
    if not options.given and not arguments:
        _tell_dash(line, notes)
        return
    text = " ".join(options.leftover)
    if text.startswith(";"):
        _report_marker(line, text, options, notes, is_requirement_line=bool(arguments))
        return
    kept = [" ".join([arguments, *_spelled(options)])] if arguments else _spelled(options)
    notes.error(
        line.number,
        f"{text!r} follows an option",
        "pip ignores it silently.",
        f"Give it a line of its own: {text}",
        fixed="\n".join([*kept, text]) if is_requirement(text) else None,  # words may be anything
    )


def _report_marker(
    line: LogicalLine, text: str, options: LineOptions, notes: Notes, *, is_requirement_line: bool
) -> None:
    """Report a marker behind an option, which pip drops, so that the option holds on every machine."""
    last = options.given[-1].name if options.given else ""
    if is_requirement_line:
        where, effect, advice = (
            "an option",
            "It installs the requirement",
            "Write the marker right after the requirement.",
        )
    elif last == "editable":
        where, effect = "an editable", "It installs the requirement"
        advice = "Write the marker into the requirement: -e 'name @ git+https://... ; marker'"
    else:
        where, effect = f"--{last}", "The option applies"
        advice = "Write markers after requirements; an option applies on every machine."
    notes.warning(
        line.number, f"pip ignores the marker {text!r} after {where}", f"{effect} everywhere.", advice
    )


def _tell_dash(line: LogicalLine, notes: Notes) -> None:
    text = line.text
    while text.startswith(_DASHES):
        text = text.partition(" ")[2].lstrip()
    alone = not text.strip("-")
    notes.error(
        line.number,
        f"{line.text[:80]!r} begins with a dash that begins no option",
        "It looks like a list of YAML or Markdown.",
        "Remove the line." if alone else f"Write: {text}",
        fixed="" if alone else text,
    )


def _tell_beside_include(line: LogicalLine, options: LineOptions, notes: Notes) -> None:
    targets = [option for option in options.given if option.name in {"requirement", "constraint"}]
    if len(targets) > 1:
        _tell_several(line, _spelled(options), notes)
        return
    beside = [f"--{option.name}" for option in options.given if option not in targets]
    if beside:
        notes.warning(
            line.number,
            f"pip ignores {', '.join(beside)} beside --{targets[0].name}",
            "",
            "Give each a line of its own.",
        )


def _tell_several(line: LogicalLine, pieces: list[str], notes: Notes) -> None:
    notes.error(
        line.number,
        f"{len(pieces)} things on one line: {', '.join(pieces)}",
        "pip reads only one of them.",
        "Give each a line of its own.",
        fixed="\n".join(pieces),
    )


def _tell_effect(line: LogicalLine, option: GivenOption, notes: Notes) -> None:
    value = option.value or ""
    if option.name in _INDEXES | {"find-links"} and has_credentials(value):
        notes.warning(
            line.number,
            f"the address of --{option.name} holds credentials: {redact(value)}",
            "They are not written to pyproject.toml.",
            "Give them to Poetry outside of the project: `poetry config http-basic.<source> <user>`, or POETRY_HTTP_BASIC_<SOURCE>_USERNAME and _PASSWORD.",
        )
    elif option.name == "find-links" and "://" not in value:
        notes.warning(
            line.number,
            f"--find-links {value} is a folder",
            "Poetry takes packages from indexes and addresses, not from folders of archives.",
            f"Name the file as a dependency: name @ file:{value.rstrip('/')}/...",
        )
    elif option.name == "trusted-host":
        notes.warning(
            line.number,
            f"--trusted-host {value} is not carried over",
            "Which certificates to trust is a setting of each user.",
            "Set `poetry config certificates.<source>.cert` to the certificate, or to false to trust any.",
        )
    elif option.name in _EFFECTS:
        shown = f"--{option.name}{f' {value}' if option.value is not None else ''}"
        notes.note(line.number, shown, _EFFECTS[option.name])
    elif option.name == "hash":
        notes.warning(line.number, "--hash without a requirement", "pip ignores it.", "Remove the line.")


def _tell_ignored(line: LogicalLine, option: GivenOption, notes: Notes) -> None:
    what = f"pip ignores --{option.name} after a requirement"
    if option.name in _INDEXES and has_credentials(option.value or ""):
        notes.warning(
            line.number, what, "Its credentials are not written anywhere.", "Give it a line of its own."
        )
    elif option.name in _INDEXES | {"find-links"}:
        notes.warning(
            line.number,
            what,
            "It becomes the source of this package.",
            "Give it a line of its own if all packages are meant.",
        )
    else:
        notes.warning(line.number, what, "", "Give it a line of its own.")


def _spelled(options: LineOptions) -> list[str]:
    return [
        f"{option.spelled}{'=' if option.spelled.startswith('--') else ' '}{_quoted(option.value)}"
        if option.value is not None
        else option.spelled
        for option in options.given
    ]


def _quoted(value: str) -> str:
    return shlex.quote(value) if " " in value else value


_REFUSED = "pip refuses the file."
_PROBLEMS = {
    "unknown": ("{0.word} is not an option that pip accepts in a file", _REFUSED, "Remove it."),
    "command": ("{0.word} is an option of the command pip install, not of a requirements file", _REFUSED, "Remove it."),
    "retired": ("{0.word} is an option of old versions of pip", "pip refuses the file; nothing is left to do for it.", "Remove it."),
    "ambiguous": ("{0.word} can mean {0.detail}", _REFUSED, "Write the option in full."),
    "no value": ("{0.word} has no value", _REFUSED, "Write: --{0.detail} VALUE"),
    "value": ("{0.word}: --{0.detail} takes no value", _REFUSED, "Write: --{0.detail}"),
    "quote": ("a quote is not closed: {0.word}", _REFUSED, "Close it."),
    "hash": ("{0.word} is not a hash that pip accepts", "", f"Write: --hash={STRONG_HASHES[0]}:... ({', '.join(STRONG_HASHES)})"),
    "settings": ("{0.word} has no value", _REFUSED, "Write: --config-settings KEY=VALUE"),
}  # fmt: skip
"""What is wrong, why and what to write, by the trouble of an option."""
