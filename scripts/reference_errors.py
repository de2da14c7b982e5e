"""The exit codes and the errors behind them, from errors.py."""

from __future__ import annotations

import inspect
import re

from scripts.reference_text import MADE, code, table

from poetry_aiops import errors


HEAD = f"""\
# Exit codes and errors

Every command of this plugin ends with one of these codes. What each means for one command stands with it in [Commands](cli.md).

{MADE.format(source="`errors.py`")}
"""
ERRORS = """\
## The errors

An error message says what is wrong and where (a file with its line, a key, an option), details, and what to do next. It is
never a traceback; with `-v` an internal error shows its own. With `--format json`, it is a document, too: [error](documents.md#error).

## When the reader goes away

`poetry health | head`, a pager that is closed and a log collector that ends change no exit code: the command comes to its end,
writes its files, and ends with the code of its result. The output after the reader has gone is dropped. The same holds for Poetry's own
commands in a project with declared hardware variants; everywhere else they are as without this plugin, where a closed pipe ends
the command with `0`. Where standard output or standard error is closed before the start (`>&-`), Poetry itself ends with `1` before it
loads a plugin. A full disk is no reader that went away: the command then fails. `hw-check` does the same, and hands the command after
`--` the default handling of SIGPIPE and SIGXFSZ.
"""
_ROW = re.compile(r"^(\d+) +(\S.*)$", re.MULTILINE)


def page() -> str:
    """Return the page."""
    codes = [
        (code(0), "done"),
        *((code(number), text) for number, text in _ROW.findall(errors.__doc__ or "")),
    ]
    rows = [
        (code(kind.__name__), code(kind.exit_code), _sentence(kind))
        for kind in sorted(_kinds(), key=lambda kind: (kind.exit_code, kind.__name__))
    ]
    return "\n".join(
        [HEAD, table(("Code", "Meaning"), codes), ERRORS, table(("Error", "Code", "When"), rows)]
    )


def _kinds() -> list[type[errors.AiopsError]]:
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    return [kind for kind in found if issubclass(kind, errors.AiopsError) and kind is not errors.AiopsError]


def _sentence(kind: type[errors.AiopsError]) -> str:
    first = inspect.getdoc(kind) or ""
    return re.sub(r"\s*\(exit code \d+\)\.?$|``", "", first.splitlines()[0]).rstrip(".")
