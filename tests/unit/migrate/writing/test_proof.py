"""Old pins against the new lock."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.convert import OldPin
from poetry_aiops.migrate.writing.causes import Causes
from poetry_aiops.migrate.writing.proof import Proof, prove
from poetry_aiops.project.model import Lock, LockedDependency, LockedFile, Package
from poetry_aiops.project.targets import targets


PLACE = Place("requirements.txt", 1)
MACHINES = targets(lambda version: version.startswith(("3.11.", "3.12.")))
OLD, NEW = 'python_version < "3.12"', 'python_version >= "3.12"'


def package(
    name: str,
    version: str,
    markers: str = "",
    hashes: tuple[str, ...] = (),
    edges: tuple[LockedDependency, ...] = (),
) -> Package:
    files = tuple(LockedFile(f"{name}-{number}.whl", one) for number, one in enumerate(hashes))
    return Package(
        name=name,
        pretty_name=name,
        version=version,
        description="",
        optional=False,
        python_versions="*",
        groups=("main",),
        markers=markers,
        files=files,
        edges=edges,
        extras=MappingProxyType({}),
        source=None,
    )


def proof(pins: list[OldPin], packages: list[Package], reason: str | None = None) -> Proof:
    lock = Lock("2.1", ">=3.11", "x", tuple(packages), MappingProxyType({}), Path("poetry.lock"))
    return prove(pins, MACHINES, Causes(lock, offered=lambda *_: reason))


def six(version: str = "1.16.0", marker: str = "", hashes: tuple[str, ...] = ()) -> OldPin:
    return OldPin("six", version, "main", PLACE, marker, hashes)


def causes(found: Proof) -> list[tuple[str, str | None, str | None]]:
    return [(one.old, one.new, one.cause) for one in found.differences]


def test_a_pin_in_the_lock_is_kept() -> None:
    found = proof([six()], [package("six", "1.16.0")])
    assert (found.total, found.kept, found.differences) == (1, 1, ())


def test_another_spelling_of_the_version_is_the_same() -> None:
    assert proof([six("1.16")], [package("six", "1.16.0")]).kept == 1
    assert proof([six("weird")], [package("six", "weird")]).kept == 1


def test_another_version_that_nothing_shows_a_cause_for_gets_none() -> None:
    found = proof([six()], [package("six", "1.17.0")])
    assert causes(found) == [("1.16.0", "1.17.0", None)]
    assert (found.kept, len(found.unexplained)) == (0, 1)


def test_the_package_that_rules_a_pin_out_is_named() -> None:
    edge = LockedDependency("six", ">=1.17", (), "", optional=False)
    found = proof([six()], [package("six", "1.17.0"), package("attrs", "23.1", edges=(edge,))])
    assert causes(found) == [("1.16.0", "1.17.0", "attrs 23.1 requires six >=1.17")]


def test_an_index_without_the_version_is_named() -> None:
    assert causes(proof([six()], [package("six", "1.17.0")], "no index offers six 1.16.0 any more")) == [
        ("1.16.0", "1.17.0", "no index offers six 1.16.0 any more")
    ]


def test_a_package_that_is_gone_is_told() -> None:
    assert causes(proof([six()], [])) == [("1.16.0", None, "no locked package requires it any more")]
    [(_, _, cause)] = causes(proof([six(marker='python_version < "3"')], []))
    assert str(cause).startswith("its marker holds nowhere with Python ")


def test_a_version_for_each_python_is_kept_where_its_marker_holds() -> None:
    locked = [package("six", "1.16.0", OLD), package("six", "1.17.0", NEW)]
    assert proof([six("1.16.0", OLD), six("1.17.0", NEW)], locked).kept == 2


def test_a_version_that_is_not_there_on_some_machine_is_a_difference() -> None:
    locked = [package("six", "1.16.0", OLD), package("six", "1.17.0", NEW)]
    assert causes(proof([six("1.16.0")], locked)) == [("1.16.0", "1.16.0, 1.17.0", None)]


def test_hashes_of_locked_files_are_the_same_files() -> None:
    found = proof(
        [six(hashes=("sha256:aa", "sha256:bb"))],
        [package("six", "1.16.0", hashes=("sha256:bb", "sha256:aa"))],
    )
    assert (found.hashes_total, found.foreign_hashes) == (2, ())


def test_a_hash_that_no_locked_file_has_is_foreign() -> None:
    found = proof(
        [six(hashes=("sha256:aa", "sha256:cc", "sha512:dd"))],
        [package("six", "1.16.0", hashes=("sha256:aa",))],
    )
    assert [(one.name, one.version, one.hash) for one in found.foreign_hashes] == [
        ("six", "1.16.0", "sha256:cc")
    ]


def test_hashes_of_versions_that_are_not_locked_are_not_compared() -> None:
    assert proof([six(hashes=("sha256:aa",))], [package("six", "1.17.0")]).hashes_total == 0
