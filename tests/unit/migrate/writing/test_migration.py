"""A migration in words and as a document, without a secret."""

from __future__ import annotations

import json

from tests.support.migrations import migrated
from tests.support.neighbours import FILE

from poetry_aiops.migrate import report
from poetry_aiops.migrate.model import Place, Problem
from poetry_aiops.migrate.writing.proof import Difference, ForeignHash, Proof


PLACE = Place(FILE, 3)
PROOF = Proof(
    3,
    2,
    (Difference("six", "1.16.0", "1.17.0", "attrs 23 requires six >=1.17", PLACE),),
    2,
    (ForeignHash("idna", "3.4", "sha256:aa", PLACE),),
)


def test_each_file_has_a_line_that_says_what_it_becomes_and_why() -> None:
    migration = migrated(
        {
            FILE: "six\n",
            "requirements-dev.txt": "pytest\n",
            "requirements-x.txt": "idna\n",
            "requirements-cpu.txt": "torch\n",
            "requirements-cu126.txt": "torch\n",
            "constraints.txt": "six<2\n",
            "reqs/a.in": "a\n",
            "reqs/a.txt": "a==1\n",
        }
    )
    lines = report.role_lines(migration.plan.roles.values())
    assert lines == [
        "  requirements.txt        main                        everything needs it",
        '  requirements-dev.txt    group dev                   the name says "dev"',
        '  requirements-x.txt      optional group x            the name says "x"',
        '  requirements-cpu.txt    variant ml-cpu (cpu)        the name says "cpu"',
        '  requirements-cu126.txt  variant ml-cu126 (cu126)    the name says "cu126"',
        "  constraints.txt         optional group constraints  the name says that it only constrains",
        '  reqs/a.in               optional group a            the name says "a"',
        "  reqs/a.txt              pins for a                  its pins were compiled from reqs/a.in",
    ]


def test_without_files_there_are_no_lines() -> None:
    assert report.role_lines([]) == []


def test_a_problem_is_told_with_its_place_its_reason_and_the_way_out() -> None:
    problem = Problem("error", PLACE, "bad", "because", "do this", fixed="six==1\nidna", last=5)
    assert report.problem_lines([problem]) == [
        "requirements.txt:3-5: bad",
        "  because",
        "  do this",
        "  --fix writes: six==1",
        "  --fix writes: idna",
    ]
    assert report.problem_lines([Problem("note", Place(FILE), "x", fixed="")]) == [
        "requirements.txt: x",
        "  --fix writes: (no line)",
    ]


def test_the_account_is_one_line() -> None:
    plan = migrated({FILE: "six\n# c\nsix==1\n"}).plan
    assert report.ledger_line(plan.outcomes) == "3 lines: 2 migrated, 1 noted"
    assert report.ledger_line([]) == "0 lines: nothing"


def test_the_proof_names_every_difference() -> None:
    assert report.proof_lines(PROOF) == [
        "2 of 3 old pins are in poetry.lock as they were",
        "1 of 2 old hashes match locked files",
        "  six 1.16.0 -> 1.17.0: attrs 23 requires six >=1.17 (requirements.txt:3)",
    ]
    gone = Proof(1, 0, (Difference("six", "1", None, "why", PLACE),), 0, ())
    assert report.proof_lines(gone)[1] == "  six 1 -> not locked: why (requirements.txt:3)"


def test_the_proof_is_a_document() -> None:
    content = report.proof_content(PROOF, ())
    assert content["pins_kept"] == 2
    assert content["differences"][0]["new"] == "1.17.0"
    assert content["foreign_hashes"][0]["hash"] == "sha256:aa"
    assert report.proof_content(None, ())["pins_kept"] is None


def test_credentials_are_told_by_their_source_and_variables_alone() -> None:
    plan = migrated({FILE: "-i https://tok3n:${PW}@a.b-c.example/simple\nsix\n"}).plan
    assert report.credential_lines(plan.credentials) == [
        "requirements.txt:1: the credentials of a-b-c-example were left out of pyproject.toml",
        "  For yourself: `poetry config http-basic.a-b-c-example USER PASSWORD`",
        "  For CI: set POETRY_HTTP_BASIC_A_B_C_EXAMPLE_USERNAME and POETRY_HTTP_BASIC_A_B_C_EXAMPLE_PASSWORD from PW",
    ]


def test_the_document_has_every_line_and_requirement_once() -> None:
    migration = migrated(
        {FILE: "-c c.txt\nSix==1.16.0 ; os_name == 'nt'  # why\n", "c.txt": "idna<4\n"}, FILE
    )
    content = report.plan_content(migration.plan)
    assert [(one["file"], one["line"], one["kind"], one["outcome"]) for one in content["lines"]] == [
        (FILE, 1, "constraint", "migrated"),
        (FILE, 2, "requirement", "migrated"),
        ("c.txt", 1, "requirement", "migrated"),
    ]
    assert content["lines"][1]["raw"] == "Six==1.16.0 ; os_name == 'nt'  # why"
    assert content["requirements"] == [
        {
            "name": "six",
            "name_guessed": False,
            "extras": [],
            "specifier": "==1.16.0",
            "marker": 'os_name == "nt"',
            "url": None,
            "editable": False,
            "hashes": [],
            "file": FILE,
            "line": 2,
            "group": "main",
        }
    ]
    assert [one["name"] for one in content["constraints"]] == ["idna"]
    assert sum(content["tally"].values()) == len(content["lines"])


def test_no_secret_is_in_the_document() -> None:
    text = (
        "--index-url https://us3r:s3cret@a.example/simple\na @ git+https://s3cret@h.example/a.git\n"
        "# password=s3cret\nb @ https://h.example/b-1.0.zip?token=s3cret\nhttps://x:s3cret@h.example/c\n"
    )
    plan = migrated({FILE: text}).plan
    assert plan.errors
    shown = json.dumps(report.plan_content(plan)) + "".join(report.problem_lines(plan.problems))
    assert "s3cret" not in shown


def test_the_identity_is_told_with_where_it_comes_from() -> None:
    migration = migrated({FILE: "six\n", ".python-version": "3.12\n"})
    assert migration.identity.requires_python == ">=3.12,<3.13"
    assert migration.identity.reason == ".python-version says so"
