"""The files themselves: the templates of this package, filled in with foreign text that stays text."""

from __future__ import annotations

import posixpath
import re
import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from poetry_aiops.project.backends import family_of
from poetry_aiops.project.checks import normalised
from poetry_aiops.scaffold.model import DEVELOPMENT, EDGE, PRODUCTION
from poetry_aiops.scaffold.quoting import exec_form, for_compose, quoted
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from poetry_aiops.scaffold.facts import Actions
    from poetry_aiops.scaffold.model import ScaffoldPlan


USER: Final = 10001
"""A user that no base image has, so that no file of theirs becomes the app's."""

FITS: Final = "Fits the project sha256:"
"""What begins the line of a file's head that holds :attr:`Plan.digest`."""

_RUN_WITH: Final = {
    "cuda": "  run with: --gpus all",
    "rocm": "  run with: --device /dev/kfd --device /dev/dri --group-add video",
    "xpu": "  run with: --device /dev/dri",
    "jetson": "  run with: --runtime nvidia, on the device",
}
_RUNNERS: Final = {"mps": "macos-latest", "jetson": "ubuntu-24.04-arm"}
_JINJAS_SIGNS: Final = ("{%", "%}", "{{", "}}", "{#", "#}")
_OWN_SIGNS: Final = ("@%", "%@", "@{", "}@", "@#", "#@")
_NO_NAME: Final = re.compile(r"[^a-z0-9_.-]+")


def dockerfile(plan: ScaffoldPlan, file: str = "Dockerfile") -> str:
    """Return the Dockerfile; ``file`` is the name that it will have."""
    named = () if file == "Dockerfile" else ("--file", file)
    return _render("Dockerfile.j2", plan, build=build_command(plan, *named))


def build_command(plan: ScaffoldPlan, *words: str) -> str:
    """Return ``docker build`` with the options that every build of this project needs, and ``words``."""
    contexts = (("--build-context", f"{name}={folder}") for name, folder in plan.contexts.items())
    options = (
        *words,
        *(["--ssh", "default"] if plan.ssh else []),
        *(word for pair in contexts for word in pair),
    )
    return one_line(shlex.join(("docker", "build", *options)))


def dockerignore(plan: ScaffoldPlan) -> str:
    """Return the .dockerignore; a folder that the lock installs from is let in again, but no secret in it."""
    kept = [package.source for package in plan.local if package.context is None]
    return _render(
        "dockerignore.j2",
        plan,
        let_in=[path for path in kept if path.partition("/")[0] in {"build", "dist", "wheelhouse"}],
    )


def compose(plan: ScaffoldPlan, dockerfile: str = "Dockerfile", *, depth: int = 0) -> str:
    """Return compose.yaml.

    ``dockerfile`` is what it builds from, relative to the project; ``depth`` is how many folders below the project
    the file is, because its paths are relative to itself.
    """
    up = "/".join([".."] * depth) or "."
    contexts = {name: posixpath.normpath(posixpath.join(up, path)) for name, path in plan.contexts.items()}
    name = _NO_NAME.sub("-", normalised(plan.project)).strip("-._") or "app"
    return _render("compose.yaml.j2", plan, up=up, dockerfile=dockerfile, contexts=contexts, name=name)


def workflow(plan: ScaffoldPlan, actions: Actions, folder: str = "") -> str:
    """Return the workflow of every push and pull request.

    ``folder`` is the project's, seen from the root of the repository, empty where they are the same.
    """
    return _render("poetry.yml.j2", plan, uses=actions.uses, **_places(folder))


def update_workflow(
    plan: ScaffoldPlan, actions: Actions, folder: str = "", checks: str = "poetry.yml"
) -> str:
    """Return the weekly workflow: it audits the lock, updates it, and opens a pull request that ``checks`` tests."""
    branch = "poetry-update" + (f"-{_NO_NAME.sub('-', folder.lower()).strip('-._')}" if folder else "")
    return _render(
        "poetry-update.yml.j2", plan, uses=actions.uses, checks=checks, branch=branch, **_places(folder)
    )


def _places(folder: str) -> dict[str, str]:
    return {"folder": folder, "prefix": f"{folder}/" if folder else ""}


def _render(template: str, plan: ScaffoldPlan, **values: Any) -> str:  # noqa: ANN401 - what the template needs
    return (
        _environment(is_workflow=template.endswith(".yml.j2"))
        .get_template(template)
        .render(plan=plan, **values)
    )


@cache
def _environment(*, is_workflow: bool) -> Environment:
    """Return the templates' environment; those of workflows leave ``{{`` to GitHub."""
    own = _OWN_SIGNS if is_workflow else _JINJAS_SIGNS
    environment = Environment(
        *own,
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - no HTML: each format has its filter
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        comment=one_line,
        json=quoted,
        words=exec_form,
        compose=for_compose,
        family=lambda one: family_of(str(one)),
    )
    environment.globals.update(
        USER=USER, PRODUCTION=PRODUCTION, DEVELOPMENT=DEVELOPMENT, EDGE=EDGE, FITS=FITS,
        RUN_WITH=_RUN_WITH, RUNNERS=_RUNNERS,
    )  # fmt: skip
    return environment
