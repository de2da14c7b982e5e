from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.export.locked import edge, package, project

from poetry_aiops.export.model import GroupSelection, Pin
from poetry_aiops.export.via import parents


if TYPE_CHECKING:
    from poetry_aiops.project.model import Package


def via(selection: GroupSelection, *packages: Package) -> dict[str, tuple[str, ...]]:
    found = parents([Pin(one) for one in packages], selection, project())
    return {f"{name}=={version}": titles for (name, version, _), titles in found.items()}


def test_the_project_and_its_groups_are_named_as_pip_compile_and_uv_do() -> None:
    found = via(GroupSelection(("main", "dev")), package("alpha"), package("pytest", edges=(edge("alpha"),)))
    assert found == {
        "alpha==1.0": ("chatbot (pyproject.toml)", "pytest"),
        "pytest==1.0": ("chatbot (pyproject.toml:dev)",),
    }


def test_an_extra_of_the_project_asks_only_when_it_is_selected() -> None:
    assert via(GroupSelection(("main",)), package("turbo")) == {}
    assert via(GroupSelection(("main",), ("speed",)), package("turbo")) == {
        "turbo==1.0": ("chatbot[speed] (pyproject.toml)",)
    }


def test_an_optional_dependency_counts_only_when_somebody_asks_for_its_extra() -> None:
    requests = package(
        "requests", edges=(edge("pysocks", optional=True),), extras={"socks": ("PySocks (>=1.5)",)}
    )
    plain = package("alpha", edges=(edge("requests"),))
    asking = package("alpha", edges=(edge("requests", extras=("socks",)),))
    assert "pysocks==1.0" not in via(GroupSelection(("main",)), plain, requests, package("pysocks"))
    assert via(GroupSelection(("main",)), asking, requests, package("pysocks"))["pysocks==1.0"] == (
        "requests",
    )


def test_of_two_versions_each_names_the_parents_that_accept_it() -> None:
    old, new = package("numpy", "1.26.4"), package("numpy", "2.2.0")
    first = package("first", edges=(edge("numpy", constraint="<2"),))
    second = package("second", edges=(edge("numpy", constraint=">=2"),))
    found = via(GroupSelection(("main",)), old, new, first, second)
    assert found == {"numpy==1.26.4": ("first",), "numpy==2.2.0": ("second",)}


def test_an_extra_brings_what_it_names_and_not_what_begins_alike() -> None:
    edges = (edge("oauth", optional=True), edge("oauthlib", optional=True))
    client = package("client", edges=edges, extras={"login": ("OAuthLib (>=3)",)})
    asking = package("alpha", edges=(edge("client", extras=("login",)),))
    found = via(GroupSelection(("main",)), asking, client, package("oauth"), package("oauthlib"))
    assert found["oauthlib==1.0"] == ("client",)
    assert "oauth==1.0" not in found


def test_an_extra_that_names_its_own_package_brings_what_those_extras_bring() -> None:
    client = package(
        "client",
        edges=(edge("rich", optional=True),),
        extras={"all": ("client[cli]",), "cli": ("rich (>=13)",)},
    )
    asking = package("alpha", edges=(edge("client", extras=("all",)),))
    assert via(GroupSelection(("main",)), asking, client, package("rich"))["rich==1.0"] == ("client",)
