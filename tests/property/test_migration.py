"""Whatever requirements say is read back from the pyproject.toml that is generated for them."""

from __future__ import annotations

import json
from functools import reduce
from itertools import product
from unittest.mock import patch

from hypothesis import assume, example, given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from poetry.core.constraints.version import VersionConstraint, parse_constraint
from tests.property.test_requirements import LINES, PLACES, SECRET, SOUP
from tests.support.examples import examples
from tests.support.migrations import Migration, migrated
from tests.support.neighbours import FILE, parsed

from poetry_aiops.errors import InputError
from poetry_aiops.migrate import report
from poetry_aiops.migrate.planning.ledger import tally
from poetry_aiops.migrate.planning.merge import holds
from poetry_aiops.migrate.reading import content
from poetry_aiops.project.targets import targets


VERSIONS = ["1.0", "1.4.2", "2.0", "2.1.post1", "3.0rc1", "0.9"]
CLAUSE = st.sampled_from(
    [f"{op}{version}" for op in ("==", ">=", "<", "!=", "<=", ">") for version in VERSIONS]
) | (st.sampled_from(["~=1.4", "==1.*", "!=2.*", "==2.1.post1", "==1.4.2+cpu", "===1.0", ">=1.0-5"]))
MARKERS = [
    'python_version < "3.12"',
    'python_version >= "3.12"',
    'sys_platform == "linux"',
    'sys_platform != "linux"',
    'platform_machine in "x86_64 AMD64" and sys_platform == "win32"',
    'python_version >= "3.9" or os_name == "nt"',
]
NAMES = ["six", "Django", "ruamel.yaml", "zope_interface", "a", "b"]
EXTRAS = ["socks", "Use_Chardet", "x.y"]


def requirement_line(name: str, extras: list[str], clauses: list[str], marker: str) -> str:
    brackets = f"[{','.join(extras)}]" if extras else ""
    return f"{name}{brackets}{','.join(clauses)}{f' ; {marker}' if marker else ''}"


LINE = st.builds(
    requirement_line,
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(EXTRAS), max_size=2, unique=True),
    st.lists(CLAUSE, max_size=2),
    st.sampled_from(["", "", "", *MARKERS]),
)
TAGGED = st.builds(
    lambda name, marker: f"{name}==1.4.2+cu128{f' ; {marker}' if marker else ''}",
    st.sampled_from(NAMES),
    st.sampled_from(["", *MARKERS]),
)
MACHINES = targets(lambda version: version.startswith(("3.11.", "3.12.")))
ANY = parse_constraint("*")
COMMENT = st.sampled_from(["", "", "  # why", '  # a "quoted" \\ back\x07 slash'])
Meaning = dict[tuple[str, str], tuple[frozenset[str], VersionConstraint]]
"""By name and marker: the extras and the versions that are asked for."""


def intersect(first: VersionConstraint, second: VersionConstraint) -> VersionConstraint:
    return first.intersect(second)


def joined(found: Meaning, requirement: Requirement) -> None:
    key = (canonicalize_name(requirement.name), str(requirement.marker or ""))
    extras, versions = found.get(key, (frozenset(), parse_constraint("*")))
    specifier = str(requirement.specifier).replace("===", "==")
    found[key] = (
        extras | {canonicalize_name(extra) for extra in requirement.extras},
        versions.intersect(parse_constraint(specifier or "*")),
    )


def meaning_of_lines(lines: list[str]) -> Meaning:
    found: Meaning = {}
    for line in lines:
        joined(found, Requirement(line))
    return found


def meaning_of_project(migration: Migration, group: str = "main") -> Meaning:
    requirements = migration.project.groups[group].requirements
    found = {
        (one.name, str(Marker(one.marker)) if one.marker else ""): (
            frozenset(one.extras),
            parse_constraint(one.constraint),
        )
        for one in requirements
    }
    assert len(found) == len(requirements), "two entries of one package under one marker"
    return found


@given(lines=st.lists(st.tuples(LINE, COMMENT), min_size=1, max_size=6), dev=st.lists(LINE, max_size=3))
@example(
    lines=[
        ('six[socks] ; python_version >= "3.12"', ""),
        ("six==1.0", ""),
        ('six==1.0,==1.4.2 ; python_version >= "3.12"', ""),
    ],
    dev=[],
)
@example(
    lines=[('b[x.y] ; python_version >= "3.12"', ""), ('b>=2.0,<1.0 ; python_version >= "3.12"', "")], dev=[]
)
@examples(60)
def test_what_requirements_ask_for_is_read_back(lines: list[tuple[str, str]], dev: list[str]) -> None:
    text = "".join(f"{line}{comment}\n" for line, comment in lines)
    migration = migrated({FILE: text, "requirements-dev.txt": "\n".join(dev)})
    assume(not migration.plan.errors)
    assert meaning_of_project(migration) == meaning_of_lines([line for line, _ in lines])
    if dev:
        assert meaning_of_project(migration, "dev") == meaning_of_lines(dev)


@given(lines=st.lists(LINE, min_size=1, max_size=4), tagged=st.lists(TAGGED, min_size=1, max_size=2))
@examples(60)
def test_every_machine_is_asked_for_the_same_where_one_build_has_a_source(
    lines: list[str], tagged: list[str]
) -> None:
    index = "--extra-index-url https://download.pytorch.org/whl/cu128\n"
    migration = migrated({FILE: index + "\n".join([*lines, *tagged])})
    assume(not migration.plan.errors)
    try:
        found = migration.project.main.requirements
    except InputError as error:
        assume("overlap" not in error.what)
        raise
    wanted = [(one, str(one.marker or "")) for one in map(Requirement, [*lines, *tagged])]
    for target, name in product(MACHINES, {one.name for one in found}):
        asked = [
            one for one, marker in wanted if canonicalize_name(one.name) == name and holds(marker, target)
        ]
        read = [one for one in found if one.name == name and holds(one.marker, target)]
        assert bool(asked) == bool(read)
        versions = [parse_constraint(str(one.specifier).replace("===", "==") or "*") for one in asked]
        assert reduce(intersect, versions, ANY) == reduce(
            intersect, [parse_constraint(one.constraint) for one in read], ANY
        )
        extras = {canonicalize_name(extra) for one in asked for extra in one.extras}
        assert extras == {extra for one in read for extra in one.extras}
        from_source = any("+cu128" in str(one.specifier) for one in asked)
        assert {one.source for one in read} <= ({"pytorch-cu128"} if from_source else {None})


@given(lines=st.lists(LINE, min_size=1, max_size=6))
@examples(60)
def test_poetrys_own_tables_say_the_same_as_the_standard_ones(lines: list[str]) -> None:
    old = '[tool.poetry]\nname = "x"\nversion = "1"\n\n[tool.poetry.dependencies]\npython = "^3.11"\n'
    migration = migrated({FILE: "\n".join(lines), "pyproject.toml": old})
    assume(not migration.plan.errors)
    assert meaning_of_project(migration) == meaning_of_lines(lines)


@given(lines=st.lists(LINE, min_size=1, max_size=5))
@examples(60)
def test_a_second_migration_changes_nothing(lines: list[str]) -> None:
    first = migrated({FILE: "\n".join(lines)})
    assume(not first.plan.errors)
    second = migrated({FILE: "\n".join(lines), "pyproject.toml": first.text})
    assert second.plan.errors == ()
    assert second.text == first.text


@given(
    lines=st.lists(LINE, min_size=1, max_size=4),
    there=st.lists(LINE, max_size=3),
    extra=st.lists(LINE, max_size=2),
)
@examples(60)
def test_what_a_file_installs_the_project_installs_whatever_it_asks_for_already(
    lines: list[str], there: list[str], extra: list[str]
) -> None:
    old = {
        "project": f"name = 'x'\nversion = '1'\nrequires-python = '>=3.11,<3.13'\ndependencies = {json.dumps(there)}",
        "project.optional-dependencies": f"fast = {json.dumps(extra)}",
    }
    text = "".join(f"[{name}]\n{table}\n" for name, table in old.items())
    migration = migrated({FILE: "\n".join(lines), "pyproject.toml": text})
    assume(not migration.plan.errors)
    required = [one for one in migration.project.main.requirements if not one.optional]
    for target, asked in product(MACHINES, map(Requirement, lines)):
        if not holds(str(asked.marker or ""), target):
            continue
        name = canonicalize_name(asked.name)
        here = [one for one in required if one.name == name and holds(one.marker, target)]
        assert here
        assert {canonicalize_name(one) for one in asked.extras} <= {one for r in here for one in r.extras}


@given(lines=st.lists(LINE, min_size=1, max_size=6))
@examples(60)
def test_relaxed_pins_allow_all_that_kept_pins_allow(lines: list[str]) -> None:
    files: dict[str, str | bytes] = {FILE: "\n".join(lines)}
    kept, relaxed = migrated(files), migrated(files, pins="relax")
    assert len(kept.plan.errors) == len(relaxed.plan.errors)
    assume(not kept.plan.errors)
    wide = meaning_of_project(relaxed)
    for key, (extras, versions) in meaning_of_project(kept).items():
        assert wide[key][0] == extras
        assert wide[key][1].allows_all(versions)


@given(files=st.lists(SOUP, min_size=1, max_size=3))
@examples(50)
def test_any_files_are_planned_and_every_line_is_accounted_for(files: list[str]) -> None:
    named: dict[str, str | bytes] = {
        name: text.encode("utf-8", "replace")
        for name, text in zip((FILE, "requirements-dev.txt", "constraints.txt"), files, strict=False)
    }
    migration = migrated(named)
    lines = [(file.path, line.number) for file in migration.tree.files.values() for line in file.lines]
    assert [(one.file, one.line) for one in migration.plan.outcomes] == lines
    assert sum(tally(migration.plan.outcomes).values()) == len(lines)
    if not migration.plan.errors:
        assert migration.document["project"]["name"] == "demo"


@given(secret=SECRET, place=st.sampled_from(PLACES), line=st.sampled_from(LINES))
@examples(60)
def test_a_secret_is_neither_reported_nor_written(secret: str, place: str, line: str) -> None:
    migration = migrated({FILE: line.format(place.format(secret)) + "\nsix==1.16.0\n"})
    plan = migration.plan
    shown = [
        json.dumps(report.plan_content(plan)),
        *report.problem_lines(plan.problems),
        *report.credential_lines(plan.credentials),
        "" if plan.errors else migration.text,
    ]
    assert not [text for text in shown if secret in text]


@given(
    start=st.sampled_from(
        ["six==1.16.0", "six", "a[b]>=1 ; python_version<'3.9'", "-e .", "./x", "six -", "x#y"]
    ),
    hashes=st.lists(
        st.sampled_from(
            [
                f" --hash=sha256:{'a' * 64}",
                f"  --hash=sha512:{'B1' * 8}",
                f" --hash sha256:{'c' * 8}",
                " --hash=md5:aa",
                " --hash=sha256:",
                " --hash='sha256:aa'",
                "\t--hash=sha256:dd",
                " --no-binary=x",
                " --hash=sha256:zz",
                " #c",
                "\\\n  --hash=sha384:ee ",
            ]
        ),
        max_size=4,
    ),
)
@examples(60)
def test_hashes_are_read_the_quick_way_as_the_slow_way(start: str, hashes: list[str]) -> None:
    text = start + "".join(hashes)
    quick = parsed(text)
    with patch.object(content, "split_hashes", lambda text: (text, ())):
        assert parsed(text) == quick
