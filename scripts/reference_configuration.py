"""Every key of ``[tool.poetry-aiops]`` with what it takes and its default, asked of the readers; and the variables.

What a key takes is found out by giving it something wrong: the reader then says what it must be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.reference_text import code, table

from poetry_aiops import config
from poetry_aiops.errors import ConfigError
from poetry_aiops.export import settings
from poetry_aiops.export.model import FilePlan, GroupSelection
from poetry_aiops.health import exploits, fix_solving, ignores, policy, popularity
from poetry_aiops.health.advisories import download as advisory_download
from poetry_aiops.health.advisories import osv_protocol
from poetry_aiops.health.feeds import KEPT_DAYS, PYPI_VARIABLE
from poetry_aiops.health.request import MAX_AGE_VARIABLE, ZIP_DAYS
from poetry_aiops.index.access import TRUSTED_VARIABLE


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


SOURCE = Path(__file__).resolve().parent.parent / "src" / "poetry_aiops"
VARIABLE = re.compile(r"POETRY_AIOPS_[A-Z_]+")
_VARIANTS = {"ml-cpu": "cpu", "ml-gpu": "cu126"}
_IGNORE = {"id": "CVE-1", "reason": "none"}
_MUST_BE = re.compile(r"must be (.+?), but is")
_CHOICES = re.compile(r"(?:Write one of|Known signals are):? (.+?)\.")


@dataclass(frozen=True, slots=True)
class Section:
    """One table: its place, the heading that explains it, its keys, its reader, and what an empty table gives."""

    path: str
    anchor: str
    keys: Iterable[str]
    read: Callable[[Mapping[str, object]], object]
    defaults: Mapping[str, object]


def keys() -> str:
    """Return one table with every key."""
    rows = [
        (f"[`{section.path}{key}`](#{section.anchor})", _takes(section, key), _default(section, key))
        for section in _sections()
        for key in sorted(section.keys)
    ]
    return table(("Key", "Takes", "Default"), rows)


def variables() -> str:
    """Return the environment variables of ours; raises ValueError when the code reads one that is not described."""
    meanings = _meanings()
    source = "\n".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py")))
    unknown = set(VARIABLE.findall(source)) - meanings.keys() - {"POETRY_AIOPS_"}
    if unknown:
        raise ValueError(f"not described: {', '.join(sorted(unknown))}")
    return table(("Variable", "Meaning"), [(code(name), text) for name, text in meanings.items()])


def _sections() -> list[Section]:
    hardware = config.HardwareConfig(())
    profile = config.read_config({"profiles": {"own": {}}}).profiles["own"]
    export, health = settings.read_settings({}), policy.read_policy({})
    file = FilePlan("a.txt", "requirements", GroupSelection(("main",), ()), None, None, "")
    return [
        Section(
            "hardware.",
            "toolpoetry-aiopshardware",
            [key for key in config._HARDWARE_KEYS if key != "variants"],
            lambda given: config.read_config({"hardware": {"variants": _VARIANTS, **given}}),
            _values(hardware),
        ),
        Section(
            "profiles.NAME.",
            "toolpoetry-aiopsprofilesname",
            config._PROFILE_KEYS,
            lambda given: config.read_config({"profiles": {"own": given}}),
            _values(profile),
        ),
        Section("export.", "toolpoetry-aiopsexport", settings.KEYS, settings.read_settings, _values(export)),
        Section(
            "export.files.PATH.",
            "toolpoetry-aiopsexportfiles",
            settings.FILE_KEYS,
            lambda given: settings.read_settings({"files": {"a.txt": given}}),
            _values(file) | _values(file.selection) | {"format": None},
        ),
        Section(
            "health.",
            "toolpoetry-aiopshealth",
            policy._KEYS,
            lambda given: policy.read_policy({"health": given}),
            _values(health),
        ),
        Section(
            "health.licenses.",
            "toolpoetry-aiopshealth",
            policy._LICENCE_KEYS,
            lambda given: policy.read_policy({"health": {"licenses": given}}),
            _values(health.licences),
        ),
        Section(
            "health.ignores[].",
            "toolpoetry-aiopshealth",
            policy._IGNORE_KEYS,
            lambda given: policy.read_policy({"health": {"ignores": [{**_IGNORE, **given}]}}),
            _values(ignores.Ignore("", "")),
        ),
    ]


def _values(settings_object: Any) -> dict[str, object]:  # noqa: ANN401 - any frozen value
    names = getattr(settings_object, "_fields", None) or [field.name for field in fields(settings_object)]
    return {name.replace("_", "-"): getattr(settings_object, name) for name in names}


def _takes(section: Section, key: str) -> str:
    must = _MUST_BE.search(_complaint(section, key, time()))
    if must is None:
        raise ValueError(f"{section.path}{key}: the reader does not say what it must be")
    kind = must[1].removesuffix(" in quotes")
    wrong: object = {"text": "?", "a list": ["?"]}.get(kind)
    choices = _CHOICES.search(_complaint(section, key, wrong)) if wrong else None
    if kind == "a number":
        kind += (
            f" from 0 to {highest[1]}"
            if (highest := re.search(r"and (\d+),", _complaint(section, key, -1)))
            else ""
        )
    if key == "expires":
        return "a day"
    if choices is None:
        return kind
    return f"{kind}: {', '.join(code(word) for word in choices[1].split(', '))}"


def _complaint(section: Section, key: str, value: object) -> str:
    try:
        section.read({key: value})
    except ConfigError as error:
        return str(error)
    return ""


def _default(section: Section, key: str) -> str:
    if key in _IGNORE and section.path == "health.ignores[].":
        return "needed"
    value = section.defaults.get(key)
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, tuple | frozenset):
        listed = ", ".join(f'"{entry}"' for entry in value)
        return code("{}" if key == "files" else f"[{listed}]")
    return code(f'"{value}"' if isinstance(value, str) else f"{value}")


def _meanings() -> dict[str, str]:
    seconds = fix_solving.solve_seconds({})
    return {
        "POETRY_AIOPS_HARDWARE": "as `--hardware`, for image builds and CI; nothing is remembered for it",
        "POETRY_AIOPS_VERSION": "in the files of `poetry scaffold`: the version of this plugin that an image or a workflow"
        " installs; a build argument of the Dockerfile",
        "POETRY_AIOPS_TORCH_INDEX": "a mirror of `https://download.pytorch.org/whl`, written into the sources by `poetry hw-add`",
        osv_protocol.VARIABLE: f"the OSV service of `poetry health`, `{osv_protocol.DEFAULT_URL}` by default",
        PYPI_VARIABLE: "the package index whose JSON `poetry health --service pypi` reads; Poetry's default index, or its"
        " mirror, by default",
        advisory_download.VARIABLE: "the zip that `poetry health --update-advisories` fetches,"
        f" `{advisory_download.DEFAULT_URL}` by default",
        "POETRY_AIOPS_PUBLIC_SOURCES": "names or hosts of sources that only mirror a public index, separated by commas (`pypi` for what"
        " is a mirror of PyPI): their packages' names may be sent to services",
        MAX_AGE_VARIABLE: f"advisories that are older leave the audit open (`7d`, `12h`); {ZIP_DAYS} days by default for a zip,"
        f" {KEPT_DAYS} for a fetched database, none for a folder or a record",
        TRUSTED_VARIABLE: "hosts inside this machine or network (`127.0.0.1`, `10.0.0.8:8080`), separated by commas, that"
        " `poetry health` and `poetry graph --sizes` may ask although only a project names them",
        exploits.KEV_VARIABLE: f"CISA's catalogue of exploited vulnerabilities for `exploited = true`, `{exploits.KEV_URL}` by default",
        exploits.EPSS_VARIABLE: f"the probabilities of exploitation for `exploited = true`, `{exploits.EPSS_URL}` by default",
        popularity.LIST_VARIABLE: f"the list of the most used packages for `popularity`, `{popularity.TOP_PACKAGES}` by default;"
        " `none` leaves it out",
        fix_solving.SECONDS_VARIABLE: f"how long one solve of `poetry health --fix` may take, {seconds:.0f} by default",
        "SOURCE_DATE_EPOCH": "the time in a report, in seconds since 1970; what has expired is judged by the real clock",
    }
