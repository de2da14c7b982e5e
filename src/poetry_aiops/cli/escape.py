"""The one escaper: foreign text made inert for each kind of output.

Names, constraints and messages of a lock or of an index come from other people. Each function begins with
:mod:`poetry_aiops.system.text`, which takes the hidden characters out, and adds what its format needs.
"""

from __future__ import annotations

import re
from typing import Final

from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.text import one_line, without_hidden


LONGEST: Final = 600  # characters of one foreign text in a table

_WEB_ADDRESS: Final = r"(?i)https?://[A-Za-z0-9._\-\[\]:]+(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]*)?"
_MARKDOWN: Final = r"[\\`*_{}\[\]#>!|~$]|(?<=:)/"
_BLOCK: Final = r"^(?:[-+=:]|\d+(?=[.)]))"
_COMMAND: Final = r"(?<!\S)::"
_LINES: Final = "\n\t" + "".join(map(chr, range(0xDC80, 0xDD00)))


def web_address(text: str) -> str | None:
    """Return an address that may become a link: http or https, visible ASCII, and no userinfo."""
    return text if re.fullmatch(_WEB_ADDRESS, text) and len(text) <= LONGEST else None


def clipped(text: str, longest: int = LONGEST) -> str:
    """Return the text on one line without hidden characters, cut with an ellipsis where it is too long."""
    clean = redact_addresses(one_line(text))
    return clean if len(clean) <= longest else f"{clean[: longest - 3]}..."


def for_log(text: str) -> str:
    """Return text of any lines for a terminal or a log that a build service reads.

    Services take ``::`` at the start of a line and ``##[`` anywhere for their own commands; a blank breaks both. The
    bytes of a file name that is no UTF-8 stay: the streams write them as escapes.
    """
    return re.sub(_COMMAND, ": :", without_hidden(text, _LINES)).replace("##[", "## [")


def for_terminal(text: str, longest: int = LONGEST) -> str:
    """Return a text for one line of a terminal or a log."""
    return for_log(clipped(text, longest))


def for_markdown(text: str, longest: int = LONGEST) -> str:
    """Return the text for GitHub's Markdown: no markup, no table border, no address that becomes a link, no mention."""
    clean = for_terminal(text, longest).replace("&", "&amp;").replace("<", "&lt;")
    escaped = re.sub(_MARKDOWN, lambda match: f"\\{match[0]}", clean)
    escaped = re.sub(
        _BLOCK, lambda match: f"{match[0]}<!-- -->" if match[0].isdigit() else f"\\{match[0]}", escaped
    )
    # GitHub finds mentions and "www" addresses after it has resolved escapes; an empty comment parts the text.
    parted = escaped.replace("@", "@<!-- -->")
    return re.sub(r"(?i)\bwww(?=\.)", "www<!-- -->", parted)


def markdown_code(text: str) -> str:
    """Return the text as a code span that stays one inside a table; longer fences hold backticks."""
    clean = for_terminal(text).replace("|", "\\|")
    if not clean:
        return ""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", clean)), default=0) + 1)
    gap = " " if "`" in clean else ""
    return f"{fence}{gap}{clean}{gap}{fence}"


def markdown_block(lines: tuple[str, ...], language: str) -> list[str]:
    """Return a fenced block whose content cannot close it."""
    clean = [_kept_indent(line) for line in lines]
    longest = max((len(run) for line in clean for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *clean, fence]


def for_sarif(text: str, longest: int = LONGEST) -> str:
    """Return the text for a SARIF message, in which ``[words](address)`` would be a link (SARIF 2.1.0, 3.11.6)."""
    return clipped(text, longest).replace("](", "] (")


def for_github(text: str, longest: int = LONGEST) -> str:
    """Return the text as the message of a workflow command: ``%``, CR and LF escaped as GitHub's toolkit does."""
    return for_terminal(text, longest).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str, longest: int = LONGEST) -> str:
    """Return the text as a property of a workflow command: a message in which ``:`` and ``,`` are escaped as well."""
    return for_github(text, longest).replace(":", "%3A").replace(",", "%2C")


def _kept_indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))] + for_terminal(line.strip())
