"""The one redactor: takes logins, tokens and signatures out of addresses and out of text that holds addresses.

An address is public in its scheme, host, port and path. Its userinfo goes in every spelling; of its query and fragment
only what is known to be harmless stays. ``${VAR}`` names a variable, not its value, and stays; so does the user of
an ssh address, which says where to log in. Everything runs in time linear in the text.
"""

from __future__ import annotations

import re
from typing import Final


HIDDEN: Final = "****"

_START: Final = r"(?:[A-Za-z][A-Za-z0-9+.-]{0,30}:)?//"
_URL: Final = (
    r"(?<![A-Za-z0-9])(?P<start>(?:[A-Za-z][A-Za-z0-9+.-]{0,30}:)?//)"
    # A password may hold blanks and quotes: up to its "@" everything belongs to it, unless the colon is a port's.
    r"(?P<rest>(?:[^\s/@:'\"\[]{0,200}:(?![0-9]*(?:[/?#]|[).,;:!]*(?:[\s'\"<>`|]|\Z)))[^\n@]{0,200}@)?"
    r"[^\s'\"<>`|]+)"
)
_AUTHORITY_END: Final = r"[/?#\\]"
_PORT: Final = r"(?::(?:[0-9]*|\$\{\w+\}))?"
_HOST: Final = rf"(?:[^:\[\]]*\.[^:\[\]]*|localhost|\[.*){_PORT}"
_BEFORE_PORT: Final = rf"[^:]*{_PORT}"
_HOST_AFTER: Final = (
    r"(?<!\.git)@(?=(?:localhost|\[[0-9A-Fa-f:.]+\]|(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[\w-]{1,63}\.)+[A-Za-z]{2,63})"
    r"\.?(?:[:/?#]|\Z))"
)
_VARIABLES: Final = r"(?:\$\{[A-Za-z0-9_]+\}|\$[A-Za-z_][A-Za-z0-9_]*|%[A-Za-z_][A-Za-z0-9_]*%|:)+\Z"
_TELLING: Final = (
    r"token|secret|passw|passphrase|pwd|api[-_.]?key|access[-_.]?key|account[-_.]?key|private[-_.]?key"
)
_PARAMETER: Final = (
    rf"(?i)(?P<name>;(?:[^=&#?;\s]{{0,60}}?(?:{_TELLING}|signature|credential|authorization)[^=&#?;\s]{{0,60}}|sig|auth|key|code|jwt|pass|password|jsessionid))="
    r"(?P<value>[^&#;/\s'\"<>`]+)"
)
_HARMLESS_PARAMETER: Final = (
    r"(?i)(?:raw|dl|download|inline|ref|ref_type|format|archive|version|id)=[\w.,/+~-]{0,64}"
)
_HARMLESS_FRAGMENT: Final = r"(?i)egg=[\w.\[\],!=<>~+-]*|subdirectory=[\w./+~ -]*|(?:md5|sha\d{1,3})=[0-9A-Fa-f]*|L\d{1,7}|v?\d+(?:\.\d+)+"
_WITHOUT_SCHEME: Final = (
    r"(?<![\w.%+/@:-])(?P<user>[\w.%+-]{1,80}):(?!/|[0-9]+/)(?P<password>[^\s@'\"]{1,200})@(?=[\w-]{1,80}\.)"
)
_SCP_USER: Final = (
    r"(?<![\w.%+/@:-])(?!(?:git\+)?git@)[\w.%+-]{1,80}@(?=(?:[\w-]{1,63}\.)+[\w-]{1,63}:[\w.~/])"
)
_ASSIGNED: Final = (
    rf"(?i)(?P<name>(?:{_TELLING})(?:ord|rd)?[A-Za-z0-9_]{{0,20}}['\"]?[ \t]{{0,4}}[=:](?![=/])[ \t]{{0,4}}['\"]?)"
    r"(?P<value>(?!\$)[^\s'\"&]+)"
)
_HEADER: Final = r"(?i)\b(?P<name>bearer|basic)[ \t]{1,4}(?P<value>[A-Za-z0-9+/=_.~-]{8,})"
_KNOWN: Final = (
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|pypi-Ag[\w-]{16,}|hf_[A-Za-z0-9]{16,}"
    r"|AKIA[0-9A-Z]{12,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,}|npm_[A-Za-z0-9]{20,})"
)


def redact(text: str) -> str:
    """Return text of foreign files fit to be shown: addresses as below, and no assigned or well-known token."""
    text = redact_addresses(text)
    if "=" in text or ":" in text:
        text = re.sub(_ASSIGNED, lambda found: f"{found['name']}{HIDDEN}", text)
    if " " in text or "\t" in text:
        text = re.sub(_HEADER, lambda found: f"{found['name']} {HIDDEN}", text)
    return re.sub(_KNOWN, HIDDEN, text)


def redact_addresses(text: str) -> str:
    """Return text in which every address has ``****`` for what is not public in it; other words stay."""
    if "//" in text:
        text = re.sub(_URL, _hidden, text)
    if "@" in text:
        text = re.sub(_WITHOUT_SCHEME, _hidden_password, text)
        text = re.sub(_SCP_USER, f"{HIDDEN}@", text)
    return text


def public_address(url: str) -> str:
    """Return one address without what is not public in it; it still leads to the same place."""
    return taken_apart(url)[0]


def taken_apart(url: str) -> tuple[str, str | None, str | None]:
    """Return the public part of one address, then its user and password as written, None where it has none.

    The user of an ssh address without a password belongs to the address and stays.
    """
    start = re.match(_START, url)
    if start is None:
        found = re.match(_WITHOUT_SCHEME, url)
        return (
            (_tail(url[found.end() :], hide=False), found["user"], found["password"])
            if found
            else (url, None, None)
        )
    userinfo, rest = _split(url[start.end() :])
    user, colon, password = userinfo.partition(":")
    keep = f"{user}@" if user and "ssh" in start[0].lower() else ""
    cleaned = f"{start[0]}{keep}{_tail(rest, hide=False)}"
    if keep and not colon:
        return cleaned, None, None
    return cleaned, user or None, password if colon else None


def has_credentials(url: str) -> bool:
    """Tell whether an address holds anything that is not public, be it by ``${VAR}``."""
    return public_address(url) != url


def _hidden(found: re.Match[str]) -> str:
    address = found["rest"].rstrip(").,;:!")  # the punctuation of the sentence
    userinfo, rest = _split(address)
    is_harmless = re.match(_VARIABLES, userinfo) or (userinfo == "git" and "ssh" in found["start"].lower())
    shown = f"{userinfo if is_harmless else HIDDEN}@" if userinfo else ""
    return f"{found['start']}{shown}{_tail(rest, hide=True)}{found['rest'][len(address) :]}"


def _hidden_password(found: re.Match[str]) -> str:
    return found[0] if re.match(_VARIABLES, found["password"]) else f"{HIDDEN}@"


def _split(rest: str) -> tuple[str, str]:
    """Return the userinfo and what comes after its ``@`` of an address from its authority on.

    Passwords with ``/``, ``?``, ``#`` or ``@`` that should have been encoded are userinfo as well: what stands before
    the first slash and cannot be a host is none.
    """
    authority = _authority(rest)
    userinfo, at, host = authority.rpartition("@")
    if at:
        rest = host + rest[len(authority) :]
        authority = host
    ends = (
        [] if re.fullmatch(_HOST, authority) else [found.start() for found in re.finditer(_HOST_AFTER, rest)]
    )
    if ends:
        more, rest = rest[: ends[-1]], rest[ends[-1] + 1 :]
        return (f"{userinfo}@{more}" if at else more), rest
    if at or "[" in authority or re.fullmatch(_BEFORE_PORT, authority):
        return userinfo, rest
    if "@" in rest:
        more, _, rest = rest.rpartition("@")
        return more, rest
    more, _, host = re.sub("%40", "@", authority).rpartition(
        "@"
    )  # an encoded "@", or else a port that is none
    return (more, host + rest[len(authority) :]) if more else (authority, rest[len(authority) :])


def _authority(rest: str) -> str:
    end = re.search(_AUTHORITY_END, rest)
    return rest[: end.start()] if end else rest


def _tail(rest: str, *, hide: bool) -> str:
    """Return host and path, with what is harmless in query and fragment; the others hidden or left out."""
    before, mark, fragment = rest.partition("#")
    path, question, query = before.partition("?")
    if ";" in path:
        path = re.sub(_PARAMETER, lambda found: f"{found['name']}={HIDDEN}" if hide else "", path)
    shown = path + _parts(question, re.split("[&;]", query), _HARMLESS_PARAMETER, hide=hide)
    return shown + _parts(mark, fragment.split("&"), _HARMLESS_FRAGMENT, hide=hide)


def _parts(mark: str, parts: list[str], harmless: str, *, hide: bool) -> str:
    kept = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not part or re.fullmatch(harmless, part) or re.match(_VARIABLES, value):
            kept.append(part)
        elif hide:
            kept.append(f"{name}={HIDDEN}" if equals else HIDDEN)
    return f"{mark}{'&'.join(kept)}" if any(kept) or (hide and mark) else ""
