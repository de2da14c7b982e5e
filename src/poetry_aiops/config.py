"""``[tool.poetry-aiops]`` -> frozen dataclasses; everything that is wrong is reported in one error with key paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

from poetry_aiops.errors import ConfigError
from poetry_aiops.project.backends import nearest_backend
from poetry_aiops.project.checks import Checker, did_you_mean, normalised
from poetry_aiops.project.targets import PLATFORM_NAMES
from poetry_aiops.system.record import Record


Mixed = Literal["cover-all", "newest"]

TABLE: Final = "[tool.poetry-aiops]"
HARDWARE: Final = "[tool.poetry-aiops.hardware]"
VARIANTS: Final = "[tool.poetry-aiops.hardware.variants]"
CONSTRAINTS: Final = "config/dependencies/constraints.txt"
"""The constraints that ``poetry sync-reqs`` writes by default."""
AUTO: Final = "auto"
NONE: Final = "none"

_READ_ELSEWHERE = ("export", "graph", "health", "migrate", "scaffold")
_TABLES = ("hardware", "profiles", *_READ_ELSEWHERE)
_HARDWARE_KEYS = ("provides", "provided-none", "mixed", "platforms", "variants")
_PROFILE_KEYS = ("groups", "variant")
_NAME = re.compile(r"[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9]", re.IGNORECASE)

_OWN_BACKEND = re.compile(r"(?!(?:cu|cuda|rocm)[\d._-]*$)[a-z][a-z0-9._-]*")
"""Any other accelerator (tpu, gaudi, ascend): it is installed by its variant's name and never chosen automatically."""
_BACKENDS_IN_WORDS = (
    "Backends are cpu, mps, xpu, jetson, cuNNN (cu126, cu130) and rocmN.N (rocm6.4, rocm7.2), or for any other"
    " accelerator a word of your own (tpu, gaudi)."
)


class Variant(Record):
    """A group that excludes the other variants, and the backend that its builds are made for.

    ``group`` is in canonical form, ``key_path`` names the entry as the user wrote it.
    """

    group: str
    backend: str
    key_path: str


class HardwareConfig(Record):
    """The hardware variants in file order.

    ``provides`` are the package names that only variants supply; None asks to infer them. ``mixed`` says how one
    backend is chosen for unlike GPUs in one machine. ``platforms`` are those that the project is for (``linux-x86_64``,
    or a whole system: ``macos``), all when empty. Of the names in ``provided_none`` an absence is meant.
    """

    variants: tuple[Variant, ...]
    provides: frozenset[str] | None = None
    mixed: Mixed = "cover-all"
    platforms: tuple[str, ...] = ()
    provided_none: frozenset[str] = frozenset()


class Profile(Record):
    """A named choice of groups; ``variant`` is ``auto``, ``none`` or the group of a variant."""

    name: str
    groups: tuple[str, ...]
    variant: str


class Config(Record):
    """All of ``[tool.poetry-aiops]`` that is read here; ``hardware`` is None without its table."""

    hardware: HardwareConfig | None
    profiles: Mapping[str, Profile]


def read_config(tool_table: object) -> Config:
    """Return the configuration in the table ``[tool.poetry-aiops]`` (an empty one when it is absent).

    Raises ConfigError that names every wrong entry by its key path.
    """
    reader = _ConfigReader()
    config = reader.config(tool_table)
    hint = "Correct these entries in pyproject.toml."
    reader.checker.fail(ConfigError, TABLE, "{count} entries cannot be used", hint)
    return config


class _ConfigReader:
    def __init__(self) -> None:
        self.checker = Checker()

    def config(self, value: object) -> Config:
        table = self.checker.table(value, TABLE)
        self.checker.known_keys(table, _TABLES, TABLE)
        hardware = self._hardware(table["hardware"]) if "hardware" in table else None
        return Config(hardware, MappingProxyType(self._profiles(table.get("profiles", {}), hardware)))

    def _hardware(self, value: object) -> HardwareConfig:
        table = self.checker.table(value, HARDWARE)
        self.checker.known_keys(table, _HARDWARE_KEYS, HARDWARE)
        variants = self._variants(table.get("variants", {})) if isinstance(value, Mapping) else ()
        provides = self._packages(table, "provides") if "provides" in table else None
        return HardwareConfig(
            variants,
            provides,
            self._mixed(table.get("mixed", "cover-all")),
            self._platforms(table.get("platforms", [])),
            self._packages(table, "provided-none"),
        )

    def _variants(self, value: object) -> tuple[Variant, ...]:
        problems = len(self.checker.problems)
        table = self.checker.table(value, VARIANTS)
        if not table and len(self.checker.problems) == problems:
            hint = 'List each with its backend: ml-cpu = "cpu" and ml-gpu = "cu126".'
            self.checker.report(VARIANTS, "names no variants", hint)
        return tuple(self._distinct([self._variant(name, backend) for name, backend in table.items()]))

    def _variant(self, name: str, backend: object) -> Variant:
        where = f"{VARIANTS} {name}"
        self._name(name, where, "group")
        if normalised(name) in {AUTO, NONE}:
            self.checker.report(
                where, f'"{name}" is a reserved word of --hardware', "Give the group another name."
            )
        if isinstance(backend, Mapping):
            hint = f'Write the backend as text: {name} = "cpu"; a group name with a dot needs quotes.'
            self.checker.report(where, "must be the name of a backend, but is a table", hint)
            return Variant(normalised(name), "", where)
        text = self.checker.text(backend, where)
        nearest = nearest_backend(text)
        if isinstance(backend, str) and nearest != text and (nearest or not _OWN_BACKEND.fullmatch(text)):
            hint = f'Write "{nearest}" for example. ' if nearest else ""
            what = f'"{text}" is not the exact name of a backend'
            self.checker.report(where, what, hint + _BACKENDS_IN_WORDS)
        return Variant(normalised(name), text, where)

    def _distinct(self, variants: list[Variant]) -> list[Variant]:
        first: dict[str, Variant] = {}
        for variant in variants:
            other = first.setdefault(variant.group, variant)
            if other is not variant:
                hint = f"It is also {other.key_path}; keep one of the two."
                self.checker.report(variant.key_path, f'the group "{variant.group}" is named twice', hint)
        return list(first.values())

    def _platforms(self, value: object) -> tuple[str, ...]:
        where = f"{HARDWARE} platforms"
        names = self.checker.texts(value, where)
        known = (*dict.fromkeys(name.partition("-")[0] for name in PLATFORM_NAMES), *PLATFORM_NAMES)
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known) or f"Write some of: {', '.join(known)}."
                self.checker.report(where, f'"{name}" is not a platform', hint)
        return names

    def _packages(self, table: Mapping[str, object], key: str) -> frozenset[str]:
        where = f"{HARDWARE} {key}"
        names = self.checker.texts(table.get(key, []), where)
        for name in names:
            self._name(name, where, "package")
        return frozenset(normalised(name) for name in names)

    def _mixed(self, value: object) -> Mixed:
        where = f"{HARDWARE} mixed"
        text = self.checker.text(value, where)
        choices: tuple[Mixed, ...] = get_args(Mixed)
        for choice in choices:
            if text == choice:
                return choice
        if isinstance(value, str):
            hint = did_you_mean(text, choices) or f"Write one of: {', '.join(choices)}."
            self.checker.report(where, f'"{text}" is not a valid choice', hint)
        return "cover-all"

    def _profiles(self, value: object, hardware: HardwareConfig | None) -> dict[str, Profile]:
        where = "[tool.poetry-aiops.profiles]"
        variants = tuple(variant.group for variant in hardware.variants) if hardware else ()
        profiles = self.checker.table(value, where)
        return {name: self._profile(name, entry, variants) for name, entry in profiles.items()}

    def _profile(self, name: str, value: object, variants: tuple[str, ...]) -> Profile:
        where = f"[tool.poetry-aiops.profiles.{name}]"
        table = self.checker.table(value, where)
        self.checker.known_keys(table, _PROFILE_KEYS, where)
        groups = self.checker.texts(table.get("groups", ["main"]), f"{where} groups")
        for group in groups:
            self._name(group, f"{where} groups", "group")
        names = tuple(dict.fromkeys(normalised(group) for group in groups))
        variant = self._chosen(table.get("variant", AUTO), variants, f"{where} variant")
        self._no_other_variant(names, variant, variants, where)
        return Profile(name, names, variant)

    def _chosen(self, value: object, variants: tuple[str, ...], where: str) -> str:
        text = self.checker.text(value, where)
        chosen = normalised(text)
        if isinstance(value, str) and chosen not in {AUTO, NONE, *variants}:
            choices = ", ".join([AUTO, NONE, *variants])
            hint = did_you_mean(chosen, [AUTO, NONE, *variants]) or f"Write one of: {choices}."
            if not variants:
                hint = f"No variants are declared in {VARIANTS}. {hint}"
            self.checker.report(where, f'there is no variant "{text}"', hint)
        return chosen

    def _no_other_variant(
        self, groups: tuple[str, ...], variant: str, variants: tuple[str, ...], where: str
    ) -> None:
        for group in groups:
            if group in variants and group != variant:
                hint = f'Take it out of the groups and write variant = "{group}".'
                self.checker.report(f"{where} groups", f'"{group}" is a hardware variant', hint)

    def _name(self, name: str, where: str, kind: str) -> None:
        if not _NAME.fullmatch(name):
            hint = "Names are letters, digits, dot, dash and underscore, and begin and end with a letter or digit."
            self.checker.report(where, f'"{name}" is not the name of a {kind}', hint)
