"""The .dockerignore: what no image needs, and what must never get into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.scaffold.quoting import comment


if TYPE_CHECKING:
    from poetry_aiops.scaffold.model import Plan


_ALWAYS = """\
# Secrets: whatever is copied once stays in a layer.
.env
.env.*
!.env.example
**/.netrc
**/auth.toml
**/*.pem
**/*.key
**/.aws
**/.ssh

# History, environments, caches and reports.
.git
.github
.venv
.poetry
.migration_backup
dependency_reports
**/__pycache__
**/*.py[cod]
**/*.egg-info
**/.ipynb_checkpoints
.mypy_cache
.pytest_cache
.ruff_cache
.tox
.nox
.coverage
htmlcov
build
dist
wheelhouse

# What builds the images is not needed inside.
.dockerignore
**/Dockerfile*
**/compose*.y*ml
**/docker-compose*.y*ml
*.bak*
"""


def dockerignore(plan: Plan) -> str:
    """Return the text; a folder that the lock installs from is let in again, whatever it is called."""
    kept = [package.source for package in plan.local if package.context is None]
    lines = [f"!{path}" for path in kept if path.partition("/")[0] in {"build", "dist", "wheelhouse"}]
    tail = "\n".join(["", "# poetry.lock installs from here.", *lines, ""]) if lines else ""
    return f"# Written by `{comment(plan.written_by)}`; yours to edit.\n\n{_ALWAYS}{tail}"
