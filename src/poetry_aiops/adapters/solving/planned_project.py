"""Poetry's own opinion of a pyproject.toml that is not written yet."""

from __future__ import annotations

import tempfile

from pathlib import Path

from poetry.core.pyproject.toml import PyProjectTOML
from poetry.factory import Factory

from poetry_aiops.errors import InputError
from poetry_aiops.project.toml import parse_toml


def refuse_invalid(root: Path, text: str, before: str) -> None:
    """Raise InputError with all that `poetry check` or loading the project would say against ``text``.

    What only `poetry check` said against the file ``before``, too, is not the migration's and is no error here.
    """
    strict = _errors(text, strict=True)
    known = set(_errors(before, strict=True)) - set(_errors(text, strict=False)) if before else set()
    errors = [error for error in strict if error not in known]
    if not errors:
        try:
            _load(root, text)
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            errors = str(error).splitlines()
    if errors:
        raise InputError(
            "Poetry does not accept the pyproject.toml that was planned, so nothing was written",
            where="pyproject.toml",
            details=tuple(errors),
            hint="Correct what these lines name in pyproject.toml, then run this again.",
        )


def _errors(text: str, *, strict: bool) -> list[str]:
    found: list[str] = Factory.validate(parse_toml(text), strict=strict)["errors"]
    return found


def _load(root: Path, text: str) -> None:
    """Read the whole project as every command does, its relative paths from ``root``."""
    with tempfile.TemporaryDirectory(prefix="poetry-aiops-") as scratch:
        path = Path(scratch) / "pyproject.toml"
        path.write_text(text, encoding="utf-8", newline="")
        pyproject = PyProjectTOML(path)
        Factory.validate(pyproject.data)  # fills in Poetry's defaults, as for every command
        names = (pyproject.data.get("project", {}), pyproject.poetry_config)
        name, version = (
            next((str(table[key]) for table in names if table.get(key)), otherwise)
            for key, otherwise in (("name", "planned"), ("version", "0"))
        )
        Factory.configure_package(Factory.get_package(name, version), pyproject, root)
