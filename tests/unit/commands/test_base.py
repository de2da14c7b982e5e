"""What the common base of our commands makes of errors that nothing expected."""

from __future__ import annotations

import io
import json
import math
import re

from pathlib import Path
from typing import TYPE_CHECKING
from typing import ClassVar

import pytest

from cleo.io.inputs.argv_input import ArgvInput
from cleo.io.io import IO
from cleo.io.outputs.output import Verbosity
from cleo.io.outputs.stream_output import StreamOutput
from poetry.console.application import Application
from poetry.factory import Factory
from poetry.repositories.exceptions import PackageNotFoundError
from requests.exceptions import ConnectionError as NoConnectionError
from tests.support.schemas import conforming

from poetry_aiops.commands.base import AiopsCommand
from poetry_aiops.commands.base import format_option


if TYPE_CHECKING:
    from collections.abc import Callable

    from cleo.io.inputs.option import Option


class Failing(AiopsCommand):
    name = "failing"
    formats = ("text", "json")
    options: ClassVar[list[Option]] = [format_option("text", "json")]
    fail: Callable[[], object]

    def handle(self) -> int:
        self.fail()
        return 0


def run(fail: Callable[[], object], *arguments: str, verbose: bool = False) -> tuple[int, str, str]:
    """Run a command that fails; return its exit code and both outputs."""
    command = Failing()
    command.fail = fail
    command.set_application(Application())
    raws = io.BytesIO(), io.BytesIO()
    outputs = [StreamOutput(io.TextIOWrapper(raw, "utf-8", write_through=True)) for raw in raws]
    out = IO(ArgvInput(["poetry", "failing", *arguments]), *outputs)
    if verbose:
        out.set_verbosity(Verbosity.VERBOSE)
    command.merge_application_definition()
    out.input.bind(command.definition)
    code = command.run(out)
    return code, raws[0].getvalue().decode(), raws[1].getvalue().decode()


def mistake() -> None:
    json.loads('{"at": "https://me:hunter2@host/"}')["https://me:hunter2@host/"]


@pytest.mark.parametrize("fail", [mistake, lambda: math.sqrt("4"), lambda: Path("nowhere").read_bytes()])  # type: ignore[arg-type]
def test_a_mistake_is_never_the_answer_no_but_one_line_to_report(fail: Callable[[], object]) -> None:
    code, stdout, stderr = run(fail)
    line, hint = stderr.splitlines()
    assert (code, stdout) == (70, "")
    assert line.startswith("internal error: ")
    assert re.search(r"\w+\.py:\d+ in \w+; poetry-aiops \S+, Poetry \S+, Python 3\.\d+", line)
    assert "report this line" in hint


def test_the_line_holds_no_password() -> None:
    assert "hunter2" not in run(mistake)[2]
    assert "hunter2" not in run(mistake, verbose=True)[2]


def test_the_traceback_is_shown_on_request() -> None:
    assert "in handle" not in run(mistake)[2]
    assert "in handle" in run(mistake, verbose=True)[2]


def test_a_document_says_it_too() -> None:
    code, stdout, _ = run(mistake, "--format", "json")
    document = conforming(stdout)
    assert (code, document["exit_code"]) == (70, 70)


def test_what_poetry_describes_itself_stays_poetrys(tmp_path: Path) -> None:
    def not_found() -> None:
        raise PackageNotFoundError("Package nothing not found.")

    with pytest.raises(PackageNotFoundError):
        run(not_found)
    with pytest.raises(RuntimeError, match=r"could not find a pyproject\.toml"):
        run(lambda: Factory.locate(tmp_path))


def test_a_broken_connection_is_incomplete() -> None:
    def unreachable() -> None:
        raise NoConnectionError("https://me:hunter2@host/simple/")

    code, _, stderr = run(unreachable)
    assert code == 3
    assert "hunter2" not in stderr
