"""What a run of the mutation tool left behind: each fault, where it stands, and whether the tests noticed."""

from __future__ import annotations

import ast
import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


End = Literal["killed", "survived", "untested", "timeout", "not run"]
Place: TypeAlias = "tuple[str, str]"
_ENDS: dict[int | None, End] = {
    0: "survived",
    1: "killed",
    3: "killed",
    5: "untested",
    33: "untested",
    None: "not run",
}
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True, slots=True)
class Fault:
    """One change to one function: ``key`` is the tool's name for it, ``before`` and ``after`` the lines that differ."""

    key: str
    function: str
    before: str
    after: str
    end: End

    @property
    def place(self) -> Place:
        """What tells this fault from all others and stays the same while the function does."""
        return self.function, self.after

    @property
    def is_wording(self) -> bool:
        """Whether no more than the words or the case of a text of several words changed."""
        pairs = zip(_LITERAL.findall(self.before), _LITERAL.findall(self.after), strict=False)
        changed = [(old, new) for old, new in pairs if old != new]
        if len(changed) != 1 or _LITERAL.sub("", self.before) != _LITERAL.sub("", self.after):
            return False
        old, new = changed[0]
        return " " in old and new.replace("XX", "").lower() == old.lower()


def faults_in(folder: Path) -> list[Fault]:
    """Return all faults of the run in ``folder``, file by file."""
    mutated = folder / "mutants"
    return [fault for meta in sorted(mutated.rglob("*.meta")) for fault in _of_file(meta, mutated)]


def judgements(file: Path) -> dict[Place, str]:
    """Return why a surviving fault is no gap in the tests, by its place."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    return {(function, after): why for function, faults in document.items() for after, why in faults.items()}


def _of_file(meta: Path, mutated: Path) -> Iterator[Fault]:
    source = meta.with_suffix("")
    text = source.read_text(encoding="utf-8")
    lines, functions = text.splitlines(), {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = lines[node.lineno - 1 : node.end_lineno]
    where = source.relative_to(mutated / "src" / "poetry_aiops").as_posix()
    for key, code in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
        name = key.rpartition(".")[2]
        plain = name.rpartition("__mutmut_")[0]
        before, after = _difference(functions[f"{plain}__mutmut_orig"], functions[name])
        function = f"{where} {re.sub(r'^x_', '', plain).removeprefix('xǁ').replace('ǁ', '.')}"
        yield Fault(key, function, before, after, _ENDS.get(code, "timeout"))


def _difference(old: list[str], new: list[str]) -> tuple[str, str]:
    """Return the lines that differ, each side joined to one line; the first line holds the name and is left out."""
    matcher = difflib.SequenceMatcher(None, old[1:], new[1:], autojunk=False)
    gone, come = [], []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            gone += old[1 + a : 1 + b]
            come += new[1 + c : 1 + d]
    return " ".join(line.strip() for line in gone), " ".join(line.strip() for line in come)
