"""Who may be asked, and with which login: decided by what the user configured, never by what a project names.

Poetry keeps logins by the name of a source, and the project chooses the name and the address behind it; its poetry.toml
may even add to Poetry's configuration. So a login goes only to an address that the user's own configuration names
(``repositories.NAME.url`` or ``POETRY_REPOSITORIES_NAME_URL``), or comes from a keyring entry of that very address
or host.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shlex
import socket
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from poetry import locations
from poetry.config.config import Config
from poetry.toml.file import TOMLFile
from poetry.utils.authenticator import AuthenticatorRepositoryConfig
from poetry.utils.password_manager import HTTPAuthCredential, PasswordManager
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


TRUSTED_VARIABLE: Final = "POETRY_AIOPS_TRUSTED_ADDRESSES"
MIRROR_VARIABLE: Final = "POETRY_PYPI_MIRROR_URL"
_PORTS: Final = {"http": 80, "https": 443}
_REPOSITORY = re.compile(r"POETRY_REPOSITORIES_(?P<name>.+)_URL")
_END: Final = re.compile(r"/(?:\+?simple|legacy)/*\Z")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

Origin = tuple[str, str, int]


@lru_cache(maxsize=4096)
def origin_of(url: str) -> Origin:
    """Return scheme, host and port of an address as requests reads it; ``("", "", 0)`` for what is none."""
    try:
        parts = parse_url(url)
    except LocationParseError:
        return "", "", 0
    scheme = (parts.scheme or "").lower()
    return scheme, (parts.host or "").lower().rstrip("."), parts.port or _PORTS.get(scheme, 0)


def settling_line(name: str, url: str) -> str:
    """Return the command with which the user confirms that a source's address may have their login."""
    return f"poetry config repositories.{shlex.quote(name)} {shlex.quote(public_address(url))}"


def user_configuration() -> Config:
    """Return Poetry's configuration of the user: its files and the environment, without the project's poetry.toml."""
    config = Config()
    for name in ("config.toml", "auth.toml"):
        file = TOMLFile(locations.CONFIG_DIR / name)
        if file.exists():
            config.merge(file.read())
    return config


def mirror_of(config: Config) -> str:
    """Return the address that the plugin poetry-plugin-pypi-mirror asks in place of PyPI, ``""`` without one."""
    plugins = config.raw().get("plugins")
    table = plugins.get("pypi_mirror") if isinstance(plugins, dict) else None
    return os.environ.get(MIRROR_VARIABLE) or str(table.get("url") or "" if isinstance(table, dict) else "")


class UserAccess:
    """What the user's own configuration says about addresses.

    ``names`` are the project's sources: how their variables are spelled depends on them. ``config`` is the
    user's (:func:`user_configuration`).
    """

    def __init__(self, names: Iterable[str], config: Config | None = None) -> None:
        self.config = config or user_configuration()
        self.addresses = _configured(names, self.config.raw().get("repositories") or {})
        self._passwords = PasswordManager(self.config)
        self._logins: dict[tuple[str, ...], HTTPAuthCredential] = {}

    def name_for(self, url: str) -> str:
        """Return the name of the user's repository whose address leads to ``url``, ``""`` without one."""
        origin, path = origin_of(url), _path(url)
        if ".." in path.split("/"):
            return ""
        fitting = {
            _END.sub("", _path(address).rstrip("/")) + "/": name
            for name, address in reversed(self.addresses.items())
            if origin_of(address) == origin != ("", "", 0)
        }
        found = max((root for root in fitting if f"{path}/".startswith(root)), key=len, default=None)
        return "" if found is None else fitting[found]

    def login(self, url: str, index: str = "") -> HTTPAuthCredential:
        """Return the login for a request; ``index`` is the address of the index that the request belongs to."""
        if name := self.name_for(url):
            key: tuple[str, ...] = (name, self.addresses[name])
            if key not in self._logins:
                repository = AuthenticatorRepositoryConfig(*key)
                self._logins[key] = repository.get_http_credentials(self._passwords)
            return self._logins[key]
        scheme, host, _ = origin = origin_of(url)
        key = (index,) if index and origin_of(index) == origin else ()
        if scheme == "https" or (is_inside(host) and not key):
            key = (
                *key,
                parse_url(url).netloc or host,
            )  # a host's entry is for no scheme: never sent in the clear
        if key not in self._logins:
            use = bool(key) and self._passwords.use_keyring
            self._logins[key] = self._passwords.get_credential(*key) if use else HTTPAuthCredential()
        return self._logins[key]

    def may_ask(self, url: str) -> bool:
        """Whether an address may be asked: not one inside this machine or network that only a project names."""
        origin = origin_of(url)
        return (
            not is_inside(origin[1])
            or origin in self._origins
            or not self._trusted.isdisjoint(_names(origin))
        )

    @cached_property
    def _origins(self) -> frozenset[Origin]:
        return frozenset(map(origin_of, (*self.addresses.values(), mirror_of(self.config)))) - {("", "", 0)}

    @cached_property
    def _trusted(self) -> frozenset[str]:
        words = os.environ.get(TRUSTED_VARIABLE, "").split(",")
        return frozenset(word.strip().lower().strip("[]") for word in words if word.strip())


def is_inside(host: str) -> bool:
    """Tell whether a host is ``localhost`` or an IP address that is not on the public internet; names are not resolved."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    ip = _ip(host.strip("[]").partition("%")[0])
    return ip is not None and (not ip.is_global or ip.is_multicast)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is, in any spelling that systems connect to (``127.1``, ``0x7f000001``)."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host)) if host[:1].isdecimal() else None
        except OSError:
            return None
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip


def _names(origin: Origin) -> set[str]:
    _, host, port = origin
    bare = host.strip("[]")
    return {bare, f"{host}:{port}", f"{bare}]:{port}"}


def _path(url: str) -> str:
    try:
        return unquote(parse_url(url).path or "/")
    except LocationParseError:
        return "/"


def _configured(names: Iterable[str], table: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the user's addresses by name; a variable beats the file, as in Poetry."""
    found = {name: str(one.get("url") or "") for name, one in table.items()}
    known = {_spelled(name): name for name in (*names, *found)}
    for variable, url in os.environ.items():
        if match := _REPOSITORY.fullmatch(variable):
            spelled = match["name"]
            found[known.get(spelled, spelled.lower().replace("_", "-"))] = url
    return {name: url for name, url in found.items() if url}


def _spelled(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
