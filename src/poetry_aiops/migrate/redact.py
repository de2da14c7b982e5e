"""Takes credentials out of text that people see, and out of URLs that are written to pyproject.toml.

``${VAR}`` names a variable, not its value, and stays. The user ``git`` of an ssh address is no secret and stays.
Everything runs in time linear in the text.
"""

from __future__ import annotations

import re


HIDDEN = "****"

_URL = re.compile(r"(?<![A-Za-z0-9])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}:)?//(?P<rest>[^\s'\"<>`|]+)")
_VARIABLES = re.compile(r"(?:\$\{[A-Za-z0-9_]+\}|\$[A-Za-z_][A-Za-z0-9_]*|%[A-Za-z_][A-Za-z0-9_]*%|:)+\Z")
_TELLING = r"token|secret|passw|passphrase|pwd|api[-_.]?key|access[-_.]?key|account[-_.]?key|private[-_.]?key"
_PARAMETER = re.compile(
    rf"(?P<name>[?&;](?:[^=&#?;\s]{{0,60}}?(?:{_TELLING}|signature|credential|authorization)[^=&#?;\s]{{0,60}}|sig|auth|key|code|jwt|pass|password))="
    r"(?P<value>[^&#;\s'\"<>`]+)",
    re.IGNORECASE,
)
_SCHEMELESS = re.compile(r"(?<![\w.%+/@:-])[\w.%+-]{1,80}:(?P<password>[^\s/:@'\"]{1,200})@(?=[\w-]{1,80}\.)")
_ASSIGNED = re.compile(
    rf"(?P<name>(?:{_TELLING})(?:ord|rd)?[A-Za-z0-9_]{{0,20}}['\"]?[ \t]{{0,4}}[=:](?![=/])[ \t]{{0,4}}['\"]?)"
    r"(?P<value>(?!\$)[^\s'\"&]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\b(?P<name>bearer|basic)[ \t]{1,4}(?P<value>[A-Za-z0-9+/=_.~-]{8,})", re.IGNORECASE)
_KNOWN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|pypi-Ag[\w-]{16,}|hf_[A-Za-z0-9]{16,}"
    r"|AKIA[0-9A-Z]{12,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,}|npm_[A-Za-z0-9]{20,})"
)
_PORT = re.compile(r"[^:@\s]*:[0-9]*\Z")


def redact(text: str) -> str:
    """Return text with every user, password and token of a URL hidden; ``${VAR}`` is kept."""
    if "//" in text:
        text = _URL.sub(_hidden_url, text)
    if "=" in text:
        text = _PARAMETER.sub(_hidden_value, text)
    if "@" in text:
        text = _SCHEMELESS.sub(_hidden_password, text)
    if "=" in text or ":" in text:
        text = _ASSIGNED.sub(_hidden_assignment, text)
    if " " in text or "\t" in text:
        text = _HEADER.sub(lambda found: f"{found['name']} {HIDDEN}", text)
    return _KNOWN.sub(HIDDEN, text)


def without_credentials(url: str) -> tuple[str, str | None, str | None]:
    """Return a URL without user, password and secret parameters, then the user and password as written.

    The user of an ssh address without a password belongs to the address and stays.
    """
    scheme, found, rest = url.partition("//")
    userinfo, host = _split(rest) if found else ("", "")
    if not userinfo:
        return _without_parameters(url), None, None
    user, colon, password = userinfo.partition(":")
    keep = f"{user}@" if _is_ssh(scheme) and user else ""
    cleaned = _without_parameters(f"{scheme}//{keep}{host}")
    if keep and not colon:
        return cleaned, None, None
    return cleaned, user or None, password if colon else None


def has_credentials(url: str) -> bool:
    """Tell whether a URL holds a user, password or secret parameter, be it by ``${VAR}``."""
    return without_credentials(url)[0] != url


def _hidden_url(found: re.Match[str]) -> str:
    scheme = found["scheme"] or ""
    userinfo, host = _split(found["rest"])
    if not userinfo:
        return found[0]
    if _is_ssh(scheme) and userinfo == "git":
        return found[0]
    shown = userinfo if _VARIABLES.match(userinfo) else HIDDEN
    return f"{scheme}//{shown}@{host}"


def _split(rest: str) -> tuple[str, str]:
    """Return the user information and what comes after its ``@`` of a URL from its authority on."""
    end = re.search(r"[/?#\\]", rest)
    authority = rest[: end.start()] if end else rest
    userinfo, at, host = authority.rpartition("@")
    if at:
        return userinfo, host + rest[len(authority) :]
    if ":" in authority and not _PORT.match(authority) and "[" not in authority and "@" in rest:
        userinfo, _, host = rest.rpartition("@")  # a password with a slash that should have been encoded
        return userinfo, host
    return "", rest


def _is_ssh(scheme: str) -> bool:
    return "ssh" in scheme.lower()


def _hidden_value(found: re.Match[str]) -> str:
    shown = found["value"] if _VARIABLES.match(found["value"]) else HIDDEN
    return f"{found['name']}={shown}"


def _hidden_password(found: re.Match[str]) -> str:
    return found[0] if _VARIABLES.match(found["password"]) else f"{HIDDEN}@"


def _hidden_assignment(found: re.Match[str]) -> str:
    return f"{found['name']}{HIDDEN}"


def _without_parameters(url: str) -> str:
    if "=" not in url:
        return url
    cleaned = _PARAMETER.sub(lambda found: found["name"][0] + "\0", url)
    for dead, left in (("?\0&", "?"), ("?\0", ""), ("&\0", ""), (";\0", "")):
        cleaned = cleaned.replace(dead, left)
    return cleaned
