"""One class name, one meaning: no two modules define a class of the same name, be one of them private."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.support.sources import SOURCE, trees


def test_each_class_name_is_defined_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees().items():
        for statement in tree.body:
            if isinstance(statement, ast.ClassDef):
                places[statement.name.lstrip("_")].append(path.relative_to(SOURCE).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
