"""What the pyproject.toml of a stranger can never do, whatever it says."""

from __future__ import annotations

import ast
import re

import pytest
from tests.support.every import for_each
from tests.support.sources import SOURCE, trees

from poetry_aiops.config import read_config
from poetry_aiops.errors import ConfigError
from poetry_aiops.export.settings import read_settings
from poetry_aiops.health.policy import read_policy


# Keys that would let a project start programs, choose whom to ask or to tell, or switch a check off.
KEYS = (
    "notify",
    "webhook",
    "advisories",
    "osv-url",
    "url",
    "command",
    "probes",
    "python",
    "public-sources",
    "report-dir",
)


@for_each("key", KEYS)
def test_a_project_cannot_choose_whom_to_tell_or_to_ask_or_what_to_start(key: str) -> None:
    for reading in (
        lambda: read_config({key: "x"}),
        lambda: read_config({"hardware": {"variants": {"a": "cpu", "b": "cu126"}, key: "x"}}),
        lambda: read_policy({"health": {key: "x"}}),
        lambda: read_settings({key: "x"}),
    ):
        with pytest.raises(ConfigError, match=r"is not a known key|cannot be set in pyproject"):
            reading()


def calls_of(tree: ast.Module) -> set[str]:
    """Return the calls of a module that are written ``module.function(...)``, and where a shell is asked for."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    functions = (call.func for call in calls if isinstance(call.func, ast.Attribute))
    named = {ast.unparse(function) for function in functions if isinstance(function.value, ast.Name)}
    return named | {"a shell" for call in calls for word in call.keywords if word.arg == "shell"}


def test_programs_are_started_in_three_places_only_and_never_through_a_shell() -> None:
    starts = re.compile(
        r"subprocess\.(?:Popen|run|call|check_\w+)|os\.(?:system|popen|exec\w+|(?:posix_)?spawn\w+)|a shell"
    )
    found = {
        (path.relative_to(SOURCE).as_posix(), call)
        for path, tree in trees().items()
        for call in calls_of(tree)
        if starts.fullmatch(call)
    }
    assert found <= {
        ("system/process.py", "subprocess.Popen"),
        ("data/hw_check.py", "os.execvp"),
        ("data/hw_check.py", "os.posix_spawn"),
        ("data/hw_check.py", "subprocess.Popen"),
        ("data/verify_framework.py", "subprocess.run"),
    }


def test_nothing_is_unpickled_evaluated_or_unpacked_to_the_disk() -> None:
    risky = re.compile(r"\bpickle\b|\bmarshal\b|\beval\(|(?<![.\w])exec\(|extractall|yaml\.load|\bshelve\b")
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if risky.search(path.read_text("utf-8"))
    }
    assert found == set()
