"""Check data/accelerators.toml, and write it back in its one canonical form.

python scripts/check_accelerators.py            check; exit 1 with every fault found
python scripts/check_accelerators.py --write    check, then rewrite the file in canonical order
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import fastjsonschema


ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "src" / "poetry_aiops" / "data"
CATALOGUE = DATA / "accelerators.toml"
SCHEMA = DATA / "schemas" / "accelerators.json"
WRAP = 110
Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | bool | date"

sys.path.insert(0, str(ROOT / "src"))

from poetry_aiops.accelerators.catalogue import Catalogue
from poetry_aiops.system.text import version_key


def main() -> int:
    """Run the check that the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="rewrite the file in canonical order")
    parser.add_argument("file", nargs="?", type=Path, default=CATALOGUE)
    options = parser.parse_args()
    text = options.file.read_text(encoding="utf-8")
    faults = check(text)
    for fault in faults:
        print(f"{options.file}: {fault}")
    if faults:
        return 1
    document = tomllib.loads(text)
    canonical = dump(document)
    if canonical != text:
        if not options.write:
            print(f"{options.file}: not in canonical order; run with --write")
            return 1
        options.file.write_text(canonical, encoding="utf-8")
    return 0


def check(text: str) -> list[str]:
    """Return every fault of the catalogue's text; empty when it is good."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [f"no TOML: {error}"]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    try:
        fastjsonschema.validate(schema, json_like(document))
    except fastjsonschema.JsonSchemaValueException as error:
        return [f"against the schema: {error.message}"]
    catalogue = Catalogue(json_like(document))
    return [
        *_unknown_sources(document),
        *_floors(catalogue),
        *_builds(catalogue),
        *_overlapping_ids(document),
    ]


def json_like(value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
    if isinstance(value, dict):
        return {key: json_like(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_like(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _unknown_sources(document: dict[str, Any]) -> list[str]:
    known = {source["id"] for source in document["sources"]}
    return [
        f"{table}: source {row['source']!r} is not listed under [[sources]]"
        for table, rows in document.items()
        if isinstance(rows, list)
        for row in rows
        if isinstance(row, dict) and row.get("source", next(iter(known))) not in known
    ]


def _floors(catalogue: Catalogue) -> list[str]:
    """Return where a newer CUDA wants an older driver."""
    faults = []
    floors = sorted(catalogue.driver_floors, key=lambda floor: floor.cuda_major)
    rows = [(str(floor.cuda_major), floor.linux, floor.windows) for floor in floors]
    toolkits = sorted(catalogue.toolkits, key=lambda kit: (version_key(kit.cuda), kit.update))
    rows_of_toolkits = [(f"{kit.cuda}U{kit.update}", kit.linux, kit.windows) for kit in toolkits]
    for table, listed in (("driver_floors", rows), ("toolkits", rows_of_toolkits)):
        for column in (1, 2):
            known = [(row[0], value) for row in listed if (value := row[column])]
            faults += [
                f"{table}: CUDA {later} wants driver {high}, older than {low} of CUDA {earlier}"
                for (earlier, low), (later, high) in pairwise(known)
                if version_key(high) < version_key(low)
            ]
    return faults


def _builds(catalogue: Catalogue) -> list[str]:
    """Return the builds of torch lines that have no list of architectures."""
    faults = []
    rocm = {index.name for index in catalogue.rocm_indexes}
    for line in catalogue.torch:
        faults += [
            f"torch {line.line}: no x86_64 architectures for {name} under [[cuda_arches]]"
            for name in (*line.cuda, *line.extra_cuda)
            if not catalogue.cuda_architectures(name, line.line, "x86_64")
        ]
        faults += [
            f"torch {line.line}: index {name} is not listed under [[rocm_indexes]]"
            for name in line.rocm
            if name not in rocm
        ]
    return faults


def _overlapping_ids(document: dict[str, Any]) -> list[str]:
    """Return the PCI ids that stand for two chips."""
    faults = []
    for table in ("nvidia_chips", "amd_chips", "intel_gpus"):
        spans = sorted(
            (int(span[:4], 16), int(span[-4:], 16), row["chip"])
            for row in document[table]
            for span in row["pci"]
        )
        faults += [
            f"{table}: {other} ({low:04x}) lies within the ids of {chip}"
            for (_, end, chip), (low, _, other) in pairwise(spans)
            if low <= end
        ]
    return faults


def dump(document: dict[str, Any]) -> str:
    """Return the catalogue as canonical TOML: scalars first, then tables in the schema's order."""
    order = list(json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"])
    head = [
        "# What runs on what: dated facts with their sources, never constants in code.",
        "# Checked and rewritten by scripts/check_accelerators.py; comments below this line are not kept.",
        "",
    ]
    body = [
        f"{key} = {_value(document[key])}" for key in order if not isinstance(document.get(key, []), list)
    ]
    for key in order:
        for row in document.get(key, []) if isinstance(document.get(key), list) else []:
            body += ["", f"[[{key}]]"]
            body += [f"{name} = {_value(value)}" for name, value in row.items()]
    return "\n".join([*head, *body]) + "\n"


def _value(value: Data) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        flat = "[" + ", ".join(_value(item) for item in value) + "]"
        return flat if len(flat) < WRAP - 12 else _wrapped(value)
    return json.dumps(value, ensure_ascii=False)


def _wrapped(values: list[Data]) -> str:
    rows, row = [], ""
    for value in values:
        piece = f"{_value(value)}, "
        if len(row) + len(piece) > WRAP - 4:
            rows.append(row.rstrip())
            row = ""
        row += piece
    return "[\n" + "".join(f"  {line}\n" for line in [*rows, row.rstrip()]) + "]"


if __name__ == "__main__":
    sys.exit(main())
