"""The parts of a URL that pip reads: scheme, path, revision, fragment, and the name that a file name gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version


ARCHIVES = (
    ".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma",
)  # fmt: skip
VCS_SCHEMES = frozenset(
    {
        "bzr+http", "bzr+https", "bzr+ssh", "bzr+sftp", "bzr+ftp", "bzr+lp", "bzr+file", "git+http", "git+https",
        "git+ssh", "git+git", "git+file", "hg+file", "hg+http", "hg+https", "hg+ssh", "hg+static-http", "svn+ssh",
        "svn+http", "svn+https", "svn+svn", "svn+file",
    }
)  # fmt: skip
URL_SCHEMES = VCS_SCHEMES | {"http", "https", "file", "ftp"}

_NAME = re.compile(r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9])")
_EGG = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[(?P<extras>[^\]]*)\])?(?P<rest>.*)"
)
_HASH = re.compile(r"[#&](sha(?:1|224|256|384|512)|md5)=([A-Fa-f0-9]+)")
_ARCHIVE_STEM = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*?)-v?(?P<version>[0-9][A-Za-z0-9.!+_-]*)")
_KNOWN_FRAGMENTS = (
    "egg=",
    "subdirectory=",
    "sha1=",
    "sha224=",
    "sha256=",
    "sha384=",
    "sha512=",
    "md5=",
    "name=",
)
_FORGES = ("github.com", "gitlab.com", "codeload.github.com", "bitbucket.org")


@dataclass(frozen=True, slots=True)
class Url:
    """A URL parsed; ``text`` is the whole of it, ``path`` is decoded, ``stray`` a fragment that says nothing."""

    text: str
    scheme: str
    netloc: str
    path: str
    bare: str
    egg: str | None
    subdirectory: str | None
    hashes: tuple[str, ...]
    stray: str

    @property
    def filename(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]

    @property
    def host(self) -> str:
        return self.netloc.rpartition("@")[2].partition(":")[0].lower()

    @property
    def is_vcs(self) -> bool:
        return self.scheme in VCS_SCHEMES

    @property
    def is_archive(self) -> bool:
        return self.filename.lower().endswith(ARCHIVES)


@dataclass(frozen=True, slots=True)
class Egg:
    """What ``#egg=`` says; ``strict`` is what pip 25 and later take: a name and nothing else."""

    name: str
    extras: tuple[str, ...]
    strict: bool


@dataclass(frozen=True, slots=True)
class FileName:
    """A project's name and version as a wheel's or archive's file name gives them."""

    name: str
    version: str | None
    wheel: bool


def is_url(text: str) -> bool:
    """Tell whether pip takes a text for a URL: by its scheme alone."""
    scheme, colon, _ = text.partition(":")
    return bool(colon) and scheme.lower() in URL_SCHEMES


def is_archive(path: str) -> bool:
    """Tell whether a file name is that of an archive that pip installs."""
    return path.lower().endswith(ARCHIVES)


def parse_url(text: str) -> Url | None:
    """Return the parts of a URL, None where it is none (a bracket without its partner in the host)."""
    try:
        parts = urlsplit(text)
        bare = urlunsplit(parts._replace(fragment=""))
    except ValueError:
        return None
    fragment = parts.fragment
    return Url(
        text=text,
        scheme=parts.scheme.lower(),
        netloc=parts.netloc,
        path=unquote(parts.path),
        bare=bare,
        egg=_parameter(text, "egg"),
        subdirectory=_parameter(text, "subdirectory"),
        hashes=tuple(f"{algorithm}:{digest.lower()}" for algorithm, digest in _HASH.findall(text)),
        stray="" if not fragment or fragment.startswith(_KNOWN_FRAGMENTS) else fragment,
    )


def parse_egg(text: str) -> Egg | None:
    """Return the name and extras in ``#egg=``, None where it begins with no name."""
    found = _EGG.fullmatch(unquote(text))
    if found is None:
        return None
    extras = tuple(extra.strip() for extra in (found["extras"] or "").split(",") if extra.strip())
    return Egg(found["name"], extras, strict=_NAME.fullmatch(text) is not None)


def split_revision(url: Url) -> tuple[str, str | None]:
    """Return a repository's address without ``git+``, revision and fragment, and the revision.

    As in pip, the revision is what follows the last ``@`` of the path.
    """
    parts = urlsplit(url.text)
    path, at, revision = parts.path.rpartition("@")
    scheme = parts.scheme.partition("+")[2]
    address = urlunsplit((scheme, parts.netloc, path if at else parts.path, parts.query, ""))
    return address, revision if at else None


def read_filename(filename: str) -> FileName | None:
    """Return what a file name says about the project in it, None where it says no name."""
    if filename.lower().endswith(".whl"):
        try:
            name, version, _, _ = parse_wheel_filename(filename)
        except (InvalidWheelFilename, InvalidVersion):
            return None
        return FileName(name, str(version), wheel=True)
    try:
        name, version = parse_sdist_filename(filename)
    except (InvalidSdistFilename, InvalidVersion):
        return _read_stem(filename)
    return FileName(name, str(version), wheel=False)


def repository_name(url: Url) -> str | None:
    """Return the name of a repository: the last part of its path, without ``.git`` and revision."""
    parts = [
        part
        for part in url.path.rpartition("@")[0 if url.is_vcs and "@" in url.path else 2].split("/")
        if part
    ]
    if url.host in _FORGES and not url.is_vcs:
        parts = parts[:2] if len(parts) >= 2 else []  # noqa: PLR2004 - owner and repository
    if not parts:
        return None
    name = parts[-1].removesuffix(".git")
    return name if _NAME.fullmatch(name) else None


def on_a_forge(url: Url) -> bool:
    """Tell whether a URL leads to a well-known host of repositories."""
    return url.host in _FORGES


def _parameter(text: str, name: str) -> str | None:
    found = re.search(rf"[#&]{name}=([^&]*)", text)
    return found[1] if found else None


def _read_stem(filename: str) -> FileName | None:
    stem = next((filename[: -len(end)] for end in ARCHIVES if filename.lower().endswith(end)), filename)
    found = _ARCHIVE_STEM.fullmatch(stem)
    if found is None:
        return None
    try:
        version: str | None = str(Version(found["version"]))
    except InvalidVersion:
        version = None
    return FileName(found["name"], version, wheel=False)
