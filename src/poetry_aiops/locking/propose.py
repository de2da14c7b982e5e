"""The table to propose where plain Poetry cannot lock a project: which groups require other builds of one package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poetry_aiops.config import VARIANTS, HardwareConfig, Variant
from poetry_aiops.locking.model import build_tag
from poetry_aiops.project.backends import DEFAULT_BACKENDS, nearest_backend


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.project.model import Group, Project, Requirement


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_EXACT = re.compile(r"(?<![a-z0-9.])(cpu|xpu|cu\d{3}|rocm\d+\.\d+(?:\.\d+)?)(?![a-z0-9])")
_WORD = re.compile(
    r"(?<![a-z0-9])(cuda[\d.]*|cu\d{2}|rocm[\d.]*|gpu|nvidia|amd|mps|metal|apple|intel)(?![a-z0-9])"
)
_AMD_RELEASE = re.compile(r"rocm-rel-(\d+\.\d+(?:\.\d+)?)")


def propose(project: Project) -> HardwareConfig | None:
    """Return the optional groups that require other builds of one package, None when a table of them would not help.

    The build is what a source, an address or a build tag (``+cpu``) selects. The backend is the one that these name,
    else what the group's name says. Raises InputError for groups that include each other in a circle.
    """
    builds = {name: _builds(project.requirements_of(name)) for name in project.groups}
    rivals = {
        one
        for one, own in builds.items()
        for other in builds.values()
        if any(own[name] != other[name] for name in own.keys() & other.keys())
    }
    chosen = [
        project.groups[name] for name in builds if name in rivals and not rivals & set(project.included(name))
    ]
    backends = {group.name: _backend(project, group) for group in chosen if group.optional}
    variants = tuple(
        Variant(name, backend, f"{VARIANTS} {name}") for name, backend in backends.items() if backend
    )
    helps = len(variants) == len(chosen) and len({one.backend for one in variants}) > 1
    return HardwareConfig(variants) if helps else None


def as_toml(config: HardwareConfig) -> str:
    """Return the table of variants to paste into pyproject.toml; reading it gives the variants of ``config`` again."""
    return "\n".join([VARIANTS, *(f'{_key(one.group)} = "{one.backend}"' for one in config.variants)]) + "\n"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else f'"{name}"'


def _builds(requirements: Iterable[Requirement]) -> dict[str, set[tuple[str, str, str]]]:
    """Return what selects the build of each package: source, address and build tag."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    for one in requirements:
        build = (one.source or "", one.location or "", build_tag(one.constraint))
        found.setdefault(one.name, set()).add(build)
    return found


def _backend(project: Project, group: Group) -> str | None:
    """Return the backend that the sources, addresses and tags of a group name, else the one that its own name says."""
    requirements = project.requirements_of(group.name)
    texts = [*_texts(project, requirements), group.pretty_name.lower()]
    found = (nearest_backend(word) for text in texts for word in _words(text))
    of_torch = (DEFAULT_BACKENDS["cuda"] for one in requirements if one.name == "torch" and not one.source)
    return next(filter(None, (*found, *of_torch)), None)


def _texts(project: Project, requirements: Iterable[Requirement]) -> list[str]:
    sources = {source.name.lower(): source.url or "" for source in project.sources}
    found = []
    for one in requirements:
        name = (one.source or "").lower()
        found += [
            sources.get(name, "").lower(),
            (one.location or "").lower(),
            build_tag(one.constraint),
            name,
        ]
    return sorted(found, key=lambda text: not _EXACT.search(text))


def _words(text: str) -> list[str]:
    """Return the words that name hardware, those first that name it exactly; what is for a Jetson says so first."""
    exact = _EXACT.findall(_AMD_RELEASE.sub(r"rocm\1", text))
    return [
        *(["jetson"] if "jetson" in text else []),
        *reversed(exact),
        *(w.strip(".") for w in _WORD.findall(text)),
    ]
