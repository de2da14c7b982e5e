"""What a requirements file is for, as far as its name, its folder and its contents show.

For hardware the contents come first: an index or a local version says which build it is, a name says it loosely.

The names are those that projects use: ``requirements-dev.txt``, ``requirements/test.txt``, ``dev-requirements.in``,
``requirements_rocm6.3.txt``, ``constraints.txt``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.errors import UsageError
from poetry_aiops.migrate.planning.sources import BUILT_BY_PYTORCH
from poetry_aiops.migrate.reading.conda import is_environment
from poetry_aiops.project.backends import DEFAULT_BACKENDS, family_of, is_backend, nearest_backend
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.constraints import all_of
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.migrate.model import Reading, Tree


CONSTRAINTS: Final = "constraints"

RoleKind = Literal["main", "group", "variant", "constraints", "seed"]

_FILLER = frozenset(
    {"requirements", "requirement", "reqs", "req", "deps", "dependencies", "pip", "txt", "in", "only", "all"}
)
_CONDAS_FILLER = frozenset({"environment", "environments", "env", "conda"})
_MAIN_WORDS = frozenset({"base", "common", "core", "default", "install", "main", "minimal", "runtime", "app"})
PRODUCTION = frozenset({"prod", "production"})
_GROUPS: Final = {
    "dev": "dev",
    "develop": "dev",
    "development": "dev",
    "devel": "dev",
    "local": "dev",
    "test": "test",
    "tests": "test",
    "testing": "test",
    "doc": "docs",
    "docs": "docs",
    "documentation": "docs",
    "lint": "lint",
    "linting": "lint",
    "linter": "lint",
    "linters": "lint",
    "format": "lint",
    "style": "lint",
    "typing": "typing",
    "types": "typing",
    "mypy": "typing",
    "ci": "ci",
    "build": "build",
    "release": "release",
}
_PLACES = frozenset({"edge"})  # where something runs; which hardware that is, the name does not say
_MORE_HARDWARE = {"ipex": "xpu", "directml": None}
_CUDA_OF_TORCH = (
    ((2, 11), "cu130"),
    ((2, 8), "cu128"),
    ((2, 7), "cu126"),
    ((2, 5), "cu124"),
    ((2, 1), "cu121"),
    ((1, 13), "cu117"),
)
"""The CUDA of the torch builds that the default index has, from which release on.

Source: Requires-Dist of the Linux x86_64 wheels (nvidia-cuda-runtime-cu11 or -cu12, cuda-toolkit from 2.11 on), read on 2026-11-30
for every release from 1.13.0 to 2.14.0 but 2.0.0 and 2.7.0, whose metadata the index did not give; 1.11 and 1.12 name none.
"""
_RELEASE = re.compile(r"(\d+)\.(\d+)")
_LINUX, _WINDOWS, _MACOS = (f'sys_platform == "{name}"' for name in ("linux", "win32", "darwin"))
_MACHINES: Final = {
    "linux": _LINUX,
    "ubuntu": _LINUX,
    "debian": _LINUX,
    "windows": _WINDOWS,
    "win": _WINDOWS,
    "win32": _WINDOWS,
    "macos": _MACOS,
    "mac": _MACOS,
    "osx": _MACOS,
    "darwin": _MACOS,
    "arm64": 'platform_machine in "arm64 aarch64 ARM64"',
    "aarch64": 'platform_machine in "arm64 aarch64 ARM64"',
    "amd64": 'platform_machine in "x86_64 AMD64"',
    "x86": 'platform_machine in "x86_64 AMD64"',
}
"""Words that name an operating system or processor, as markers (PEP 508)."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9.]+")
_SEPARATOR = re.compile(r"[-_ ]+|\.(?!\d)|(?<!\d)\.")
_TAG = re.compile(r"\+(cu\d{3}|rocm\d+\.\d+(?:\.\d+)?|cpu|xpu)\b", re.IGNORECASE)
_INDEX_TAG = re.compile(r"/(cu\d{3}|rocm\d+\.\d+(?:\.\d+)?|cpu|xpu)(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Role:
    """What a file becomes.

    ``group`` is the group's canonical name (``main`` for the project's own dependencies), ``backend`` belongs to a
    ``variant``, ``pins`` is the file whose locked form a ``seed`` is, ``marker`` is the system that the name is for.
    ``reason`` says why; ``chosen`` that the user requested the group.
    """

    file: str
    kind: RoleKind
    group: str
    reason: str
    optional: bool = False
    backend: str | None = None
    pins: str | None = None
    marker: str = ""
    chosen: bool = False


def classify(tree: Tree, chosen: Mapping[str, str]) -> dict[str, Role]:
    """Return the role of every given file; ``chosen`` maps files to the group names that the user requested.

    Raises UsageError for a chosen file that is not among them.
    """
    unknown = sorted(set(chosen) - set(tree.readings))
    if unknown:
        raise UsageError(
            f"{unknown[0]} is not one of the files to migrate",
            where=f"--group {chosen[unknown[0]]}={unknown[0]}",
            hint=f"They are: {', '.join(tree.readings)}.",
        )
    roles: dict[str, Role] = {}
    for file, reading in tree.readings.items():
        if file in chosen:
            roles[file] = replace(_chosen_role(file, reading, chosen[file], tree), chosen=True)
        elif (source := _source_of(file, tree)) is not None:
            reason = f"its pins were compiled from {source}"
            roles[file] = Role(file, "seed", MAIN, reason, pins=source, marker=_marker(_words(file)))
        else:
            roles[file] = _role(file, reading, tree)
    return _settled(roles, tree)


def _role(file: str, reading: Reading, tree: Tree) -> Role:
    words = _words(file)
    hardware = _hardware_in(words)
    if hardware is not None:
        return replace(_variant(file, reading, tree, hardware), marker=_marker(words))
    named = named_role(file)
    is_other = named.kind == "group" and named.group not in {*_GROUPS.values(), *PRODUCTION}
    # of some packages there is a build for each kind of hardware
    built = is_other and any(
        line.requirement is not None
        and (line.requirement.name in BUILT_BY_PYTORCH or _TAG.search(line.requirement.specifier))
        for line in tree.files[file].lines
    )
    tags = tags_of(reading, tree) if built else ()
    if not tags:
        return named
    return replace(named, kind="variant", backend=tags[0], reason=f"its versions or index say {tags[0]}")


def named_role(file: str) -> Role:
    """Return what a file is for by its name alone, hardware left aside."""
    words = _words(file)
    return replace(_named(file, words), marker=_marker(words))


def _named(file: str, words: Sequence[str]) -> Role:
    if CONSTRAINTS in words or "constraint" in words:
        return Role(file, "constraints", CONSTRAINTS, "the name says that it only constrains", optional=True)
    rest = [word for word in words if word not in _MACHINES]
    if not rest or set(rest) <= _MAIN_WORDS:
        return Role(file, "main", MAIN, "everything needs it")
    for word in rest:
        if word in PRODUCTION:
            return Role(file, "group", word, "the name says production", optional=True)
    for word in rest:
        if word in _GROUPS:
            return Role(file, "group", _GROUPS[word], f'the name says "{word}"')
    group = _joined(rest) or "others"
    return Role(file, "group", normalised(group), f'the name says "{" ".join(rest)}"', optional=True)


def _marker(words: Iterable[str]) -> str:
    return all_of(*(_MACHINES[word] for word in words if word in _MACHINES))


def _chosen_role(file: str, reading: Reading, name: str, tree: Tree) -> Role:
    group = normalised(name)
    reason = "requested with --group"
    if not _NAME.fullmatch(group):
        raise UsageError(
            f"{name!r} cannot be the name of a group",
            where=f"--group {name}={file}",
            hint="Use letters, digits, dashes, dots and underscores.",
        )
    if group == MAIN:
        return Role(file, "main", MAIN, reason)
    if group == CONSTRAINTS:
        return Role(file, "constraints", CONSTRAINTS, reason, optional=True)
    said = _hardware_in(_SEPARATOR.split(name.lower()))
    hardware = said or _hardware_in(_words(file))
    if hardware is not None:
        exact = said if said is not None and is_backend(said) else _backend(reading, tree, hardware)[0]
        named = normalised(f"ml-{exact}") if is_backend(name) else group
        return Role(file, "variant", named, reason, optional=True, backend=exact)
    return Role(file, "group", group, reason, optional=group not in _GROUPS.values())


def _variant(file: str, reading: Reading, tree: Tree, hardware: str) -> Role:
    exact, how = _backend(reading, tree, hardware)
    words = [word for word in _words(file) if word not in _MACHINES]
    says_more = any(_hardware_in([word]) is None for word in words)
    group = _joined(words) if says_more else f"ml-{exact}"
    return Role(file, "variant", normalised(group), how, optional=True, backend=exact)


def _backend(reading: Reading, tree: Tree, hardware: str) -> tuple[str, str]:
    """Return the exact backend: the name's own, else what the versions and indexes say, else the usual one."""
    usual = nearest_backend(hardware) or hardware
    tags = tags_of(reading, tree)
    found = next((tag for tag in tags if family_of(tag) == family_of(usual)), None)
    if found is not None and found != hardware:
        return found, f'the name says "{hardware}", its versions or index say {found}'
    if is_backend(hardware):
        return hardware, f'the name says "{hardware}"'
    if usual == DEFAULT_BACKENDS["cuda"] and (own := _cuda_of_torch(reading)) is not None:
        return own, f'the name says "{hardware}"; {own} is what its torch is built for'
    return usual, f'the name says "{hardware}"; {usual} is the usual build, as nothing says which'


def _cuda_of_torch(reading: Reading) -> str | None:
    """Return the CUDA that a pinned torch's own build is made for."""
    pin = next((one.pin for one in reading.requirements if one.name == "torch" and one.pin), None)
    found = _RELEASE.match(pin or "")
    release = (int(found[1]), int(found[2])) if found else (99, 0)
    return next((cuda for first, cuda in _CUDA_OF_TORCH if first <= release), None) if found else None


def tags_of(reading: Reading, tree: Tree) -> tuple[str, ...]:
    """Return the backends that the versions, URLs and indexes of a file's own lines name, most frequent first."""
    found: list[str] = []
    for line in tree.files[reading.entry].lines:
        if line.requirement is not None:
            text = line.requirement.specifier + (line.requirement.url or "").replace("%2B", "+")
            found += _TAG.findall(text)
        for option in line.options:
            found += _INDEX_TAG.findall(option.value or "")
    return tuple(tag for tag, _ in Counter(tag.lower() for tag in found).most_common())


def _words(file: str) -> tuple[str, ...]:
    path = PurePosixPath(file)
    words = [word for word in _SEPARATOR.split(path.stem.lower()) if word]
    if is_environment(file):
        words = [word for word in words if word not in _CONDAS_FILLER]
    named = [word for word in words if word not in _FILLER]
    if not named and len(path.parts) > 1 and path.parent.name.lower() not in _FILLER:
        named = [word for word in _SEPARATOR.split(path.parent.name.lower()) if word not in _FILLER]
    return tuple(named)


def _hardware_in(words: Iterable[str]) -> str | None:
    """Return the word that names hardware, exact where it can be; an Intel Mac has no accelerator of its own."""
    kept = [word for word in words if word not in _FILLER and word not in _PLACES]
    if {"apple", "intel"} <= set(kept):
        return "cpu"
    found = [word for word in kept if word in _MORE_HARDWARE or nearest_backend(word) is not None]
    if not found:
        return None
    word = max(
        found, key=lambda one: is_backend(nearest_backend(one) or "") and any(c.isdigit() for c in one)
    )
    exact = nearest_backend(word)
    return exact if exact is not None and any(c.isdigit() for c in word) else _MORE_HARDWARE.get(word, word)


def _source_of(file: str, tree: Tree) -> str | None:
    """Return the ``.in`` file beside a ``.txt`` of the same name, when it is among the files."""
    path = PurePosixPath(file)
    source = str(path.with_suffix(".in"))
    return source if path.suffix == ".txt" and source in tree.files else None


def _settled(roles: dict[str, Role], tree: Tree) -> dict[str, Role]:
    """Decide what needs all files: production without a base is main, and two variants need two names."""
    has_main = any(role.kind == "main" for role in roles.values())
    for file, role in roles.items():
        included = any(file in reading.files for entry, reading in tree.readings.items() if entry != file)
        if has_main or role.kind != "group" or role.chosen or included:
            continue
        if role.group in PRODUCTION:
            reason = "production, and there is no other base"
        elif len(roles) == 1 and role.group not in _GROUPS.values():
            reason = "it is the only file"
        else:
            continue
        roles[file] = replace(role, kind="main", group=MAIN, optional=False, reason=reason)
    _distinguish_groups(roles, tree)
    names = Counter(role.group for role in roles.values() if role.kind == "variant")
    for file, role in roles.items():
        if role.kind == "variant" and not role.chosen and names[role.group] > 1:
            roles[file] = replace(role, group=normalised(f"ml-{_joined(_words(file))}"))
    for file, role in roles.items():
        if role.kind == "seed" and role.pins in roles:
            roles[file] = replace(role, group=roles[role.pins].group)
    return roles


def _distinguish_groups(roles: dict[str, Role], tree: Tree) -> None:
    """Give files that would share a group (docs-blog and docs-user) their whole names: pip installs each alone.

    Files of which one includes the other, or whose names mean the same (dev-tools and tools_dev), go together.
    """
    named = [role for role in roles.values() if role.kind == "group" and not role.chosen]
    for role in named:
        words = [word for word in _words(role.file) if word not in _MACHINES]
        together = [other.file for other in named if other.group == role.group and other is not role]
        is_one = any(
            set(_words(role.file)) == set(_words(other))
            or other in tree.readings[role.file].files
            or role.file in tree.readings[other].files
            for other in together
        )
        if words[1:] and together and not is_one:
            reason = f"{role.reason}, and another file's does as well"
            roles[role.file] = replace(role, group=normalised(_joined(words)), reason=reason)


def _joined(words: Iterable[str]) -> str:
    return _NOT_IN_NAMES.sub("-", "-".join(words)).strip("-")
