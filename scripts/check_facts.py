"""Compare the dated facts with what the package index serves today; needs the network.

python scripts/check_facts.py               Poetry's default index; exit 1 with every difference, 3 when a page cannot be read
python scripts/check_facts.py --index URL   another index

What is compared: of every line of torch its Pythons and its oldest glibc, by the tags of its wheels; the newest line; of
every framework whether the facts admit its newest release; and whether the packages that the facts name are there.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version


ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "src" / "poetry_aiops" / "data"
JSON = "application/vnd.pypi.simple.v1+json"
SECONDS = 60
OLD_GLIBC = "2.17"
"""What the wheels of torch need whose tags promise still less (manylinux1 and manylinux2014)."""

sys.path.insert(0, str(ROOT / "src"))

from poetry_aiops.index.source import default_index
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

Wheels = dict[Version, list[tuple[str, str]]]
"""Interpreter and platform of every wheel of a release; a release without wheels has none."""


def main() -> int:
    """Print every difference; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", default=f"{default_index()}/simple", help="the address of a simple index")
    options = parser.parse_args()
    accelerators = tomllib.loads((DATA / "accelerators.toml").read_text(encoding="utf-8"))
    frameworks = tomllib.loads((DATA / "frameworks.toml").read_text(encoding="utf-8"))
    try:
        found = list(differences(accelerators, frameworks, lambda name: wheels(options.index, name)))
    except OSError as error:
        print(f"the index cannot be read: {error}")
        return 3
    for difference in found:
        print(difference)
    return int(bool(found))


def differences(
    accelerators: Mapping[str, Any], frameworks: Mapping[str, Any], served: Callable[[str], Wheels | None]
) -> Iterator[str]:
    """Return what the facts say otherwise than the index; ``served`` gives the wheels of a package, None for none."""
    yield from _torch(accelerators, served("torch") or {})
    for row in frameworks["frameworks"]:
        releases = [version for version in served(row["name"]) or {} if not version.is_prerelease]
        limits = [row.get("constraint", ""), f"<{row['below']}" if "below" in row else ""]
        admitted = SpecifierSet(",".join(limit for limit in limits if limit))
        if releases and max(releases) not in admitted:
            yield f"{row['name']}: the facts admit {admitted}, the index has {max(releases)}"
    named = {row["package"] for row in frameworks["builds"] if row.get("package")}
    yield from (
        f"{name}: the facts name it, the index has no such package"
        for name in sorted(named)
        if served(name) is None
    )


def _torch(accelerators: Mapping[str, Any], releases: Wheels) -> Iterator[str]:
    lines: dict[str, list[tuple[str, str]]] = {}
    for version, tags in releases.items():
        if not version.is_prerelease:
            lines.setdefault(f"{version.major}.{version.minor}", []).extend(tags)
    rows = {row["line"]: row for row in accelerators["torch"]}
    newest = max(rows, key=version_key)
    yield from (
        f"torch {line}: the index has it, the facts end with {newest}"
        for line in lines
        if version_key(line) > version_key(newest)
    )
    for line, row in rows.items():
        pythons = sorted(
            {python for tag, _ in lines.get(line, ()) if (python := _python(tag))}, key=version_key
        )
        if not pythons:
            yield f"torch {line}: the index has no wheels of it"
        elif [pythons[0], pythons[-1]] != row["python"]:
            yield f"torch {line}: the facts say Python {row['python']}, the wheels {[pythons[0], pythons[-1]]}"
        floors = {
            _glibc(platform)
            for _, platform in lines.get(line, ())
            if re.match(r"\w*linux\w*_x86_64$", platform)
        }
        if floors and min(floors, key=version_key) != row["glibc"]:
            yield f"torch {line}: the facts say glibc {row['glibc']}, the wheels {min(floors, key=version_key)}"


def _python(interpreter: str) -> str | None:
    found = re.fullmatch(r"cp(\d)(\d{1,2})", interpreter)
    return f"{found[1]}.{found[2]}" if found else None


def _glibc(platform: str) -> str:
    found = re.match(r"manylinux_(\d)_(\d{1,2})_", platform)
    reported = f"{found[1]}.{found[2]}" if found else OLD_GLIBC
    return max(reported, OLD_GLIBC, key=version_key)


def wheels(index: str, name: str) -> Wheels | None:
    """Return the wheels of a package by release; None when the index does not have it. Raises OSError."""
    address = f"{index.rstrip('/')}/{canonicalize_name(name)}/"
    if not address.startswith(("https://", "http://")):
        raise OSError(f"{index} is no web address")
    request = urllib.request.Request(address, headers={"Accept": JSON})  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - checked above
            page = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise
    except ValueError as error:
        raise OSError(f"{address} is no JSON page of a simple index") from error
    return by_release(file["filename"] for file in page["files"] if not file.get("yanked"))


def by_release(filenames: Iterator[str]) -> Wheels:
    """Return interpreter and platform of wheels by their release; other files are left out."""
    found: Wheels = {}
    for filename in filenames:
        try:
            _, version, _, tags = parse_wheel_filename(filename)
        except (InvalidWheelFilename, ValueError):
            continue
        found.setdefault(Version(version.public), []).extend((tag.interpreter, tag.platform) for tag in tags)
    return found


if __name__ == "__main__":
    sys.exit(main())
