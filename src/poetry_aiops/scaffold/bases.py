"""Which image a variant is based on, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from poetry_aiops.project.backends import family_of
from poetry_aiops.scaffold.model import BaseImage
from poetry_aiops.scaffold.options import SLIM, VENDOR


if TYPE_CHECKING:
    from collections.abc import Collection

    from poetry_aiops.config import Variant
    from poetry_aiops.scaffold.facts import ImageFacts
    from poetry_aiops.scaffold.options import ScaffoldOptions


_PYTHONS_OWN = ("python:", "docker.io/python:", "docker.io/library/python:")


@dataclass(frozen=True, slots=True)
class ChosenBase:
    """A base, why it was taken, and what the user should be warned of."""

    base: BaseImage
    reason: str = ""
    warning: str = ""


def choose_base(
    variant: Variant | None, packages: Collection[str], python: str, asked: ScaffoldOptions, facts: ImageFacts
) -> ChosenBase:
    """Return the base of a variant's image: the requested one, else Python's where the wheels bring the rest."""
    if variant is None:
        return ChosenBase(BaseImage("", facts.slim, brings_python=True))
    name, backend = variant.group, variant.backend
    wish = asked.base_of(name)
    if wish is not None and wish not in {SLIM, VENDOR}:
        brings_python = wish.startswith(_PYTHONS_OWN)
        return ChosenBase(BaseImage(name, wish, brings_python=brings_python), "requested with --base")
    bringer = facts.brings_its_libraries(backend, packages)
    if wish == SLIM or (wish is None and bringer is not None):
        return _slim(name, backend, bringer, facts)
    return _vendor(name, backend, python, facts, asked=wish == VENDOR)


def _slim(variant: str, backend: str, bringer: str | None, facts: ImageFacts) -> ChosenBase:
    system = facts.system.get(backend)
    if system is not None:
        return ChosenBase(
            BaseImage(variant, facts.slim, brings_python=True, packages=system.packages), system.why
        )
    base = BaseImage("", facts.slim, brings_python=True)
    if not bringer or family_of(backend) == "jetson":
        return ChosenBase(base)
    return ChosenBase(base, f"{bringer} includes its GPU libraries, so Python's image is enough")


def _vendor(variant: str, backend: str, python: str, facts: ImageFacts, *, asked: bool) -> ChosenBase:
    vendor = facts.vendor(backend)
    if vendor is None:
        return ChosenBase(
            BaseImage("", facts.slim, brings_python=True),
            warning=f"{variant}: no image of the vendor is known for {backend}, so it is based on Python's own;"
            f" name one with --base {variant}=IMAGE if the packages need the vendor's libraries",
        )
    why = "requested with --base" if asked else "no locked package includes the GPU's libraries"
    chosen = ChosenBase(BaseImage(variant, vendor.image, brings_python=False), f"the vendor's image: {why}")
    if vendor.python == python:
        return chosen
    return replace(
        chosen,
        warning=f"{variant}: {vendor.image} has Python {vendor.python}, and the other images {python};"
        f" `--python {vendor.python}` makes them alike, and --base {variant}=IMAGE names another image",
    )
