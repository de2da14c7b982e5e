"""Licences: read from the index's metadata files, judged by a policy, and shown by SBOM and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.health_shop import by_name


if TYPE_CHECKING:
    from tests.support.health_shop import Shop


ACCEPTED = 'allow = ["Apache-2.0", "MIT", "Zlib"]'


def test_a_policy_refuses_and_what_nobody_can_tell_is_open(shop: Shop) -> None:
    shop.add_licences(ACCEPTED)
    shown = by_name(shop.document(code=1))
    assert {name: shown[name]["license"] for name in ("webapi", "toolkit", "parser", "tester")} == {
        "webapi": "Apache-2.0",
        "toolkit": "GPL-3.0-or-later AND Zlib",
        "parser": None,
        "tester": "MIT",
    }

    run = shop.document("--offline", "--metric", "depth", "--without", "inner", code=1)

    assert [(one["kind"], one["package"]) for one in run["gate"]["violations"]] == [("licence", "toolkit")]
    (question,) = run["gate"]["incomplete"]
    assert question.startswith("licences: parser: its metadata says ")
    annotated = shop.look("--offline", "--metric", "depth", "--without", "inner", "--format", "github")
    assert (
        "title=toolkit 1.0 - licence::toolkit 1.0: the licence GPL-3.0-or-later AND Zlib" in annotated.stdout
    )

    shop.add_licences(
        'deny = ["GPL-2.0"]\nknown = { parser = "BSD-3-Clause", house-secret = "MIT", house-helper = "MIT" }'
    )
    assert shop.document("--offline", "--metric", "depth", code=0)["gate"]["incomplete"] == []


def test_an_sbom_has_them_without_a_policy(shop: Shop) -> None:
    bom = json.loads(shop.look("--format", "cyclonedx").stdout)
    licences = {one["name"]: one.get("licenses") for one in bom["components"]}
    assert licences["webapi"] == [{"license": {"id": "Apache-2.0"}}]
    assert licences["toolkit"] == [{"expression": "GPL-3.0-or-later AND Zlib"}]
    assert licences["parser"] is None
