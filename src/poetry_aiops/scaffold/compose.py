"""The Compose file: the app on the stage that BUILD_TARGET names, and one service for each kind of GPU."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.project.backends import family_of
from poetry_aiops.project.checks import normalised
from poetry_aiops.scaffold.local import WORKDIR
from poetry_aiops.scaffold.model import DEVELOPMENT, PRODUCTION
from poetry_aiops.scaffold.quoting import for_compose, quoted
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.scaffold.model import Image, Plan


_NO_NAME = re.compile(r"[^a-z0-9_.-]+")
_DEVICES: Final = {
    "cuda": (
        "deploy:",
        "  resources:",
        "    reservations:",
        "      devices:",
        "        - driver: nvidia",
        "          count: all",
        "          capabilities: [gpu]",
    ),
    "rocm": (
        "devices:",
        "  - /dev/kfd",
        "  - /dev/dri",
        "group_add: # the host's groups of these devices: getent group video render",
        '  - "${VIDEO_GID:-44}"',
        '  - "${RENDER_GID:-992}"',
    ),
    "xpu": (
        "devices:",
        "  - /dev/dri",
        "group_add: # the host's group of this device: getent group render",
        '  - "${RENDER_GID:-992}"',
    ),
    "jetson": ("runtime: nvidia",),
}


def compose(plan: Plan, dockerfile: str = "Dockerfile", *, depth: int = 0) -> str:
    """Return the text of compose.yaml.

    ``dockerfile`` is what it builds from, relative to the project; ``depth`` is how many folders below the project
    the file lies, because its paths are relative to itself.
    """
    up = "/".join([".."] * depth) or "."
    lines = [*_head(plan), f"name: {quoted(_name(plan))}", ""]
    lines += [*_shared(plan, dockerfile, up), "", "services:"]
    lines += _indented(_app(plan))
    for image in plan.images:
        if image.backend and family_of(image.backend) != "cpu":
            lines += ["", *_indented(_gpu(plan, image))]
    lines += ["", *_indented(_development(plan, up))]
    return "\n".join(lines) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    yield f"# {one_line(plan.project)} in containers. Written by `{one_line(plan.written_by)}`; yours to edit."
    yield "#"
    yield "#   docker compose up --build                            the app, as the stage production"
    if plan.hardware:
        other = next((one.stage for one in plan.images if one is not plan.default), plan.default.stage)
        yield f"#   BUILD_TARGET={other} docker compose up --build       the same on another stage, without devices"
    for image in plan.images:
        if image.backend and family_of(image.backend) in _DEVICES:
            yield f"#   docker compose up --build {image.stage:<26} with its devices"
    yield f"#   docker compose run --rm {DEVELOPMENT:<28} the sources mounted, with Poetry"
    yield ""


def _shared(plan: Plan, dockerfile: str, up: str) -> Iterator[str]:
    yield "x-app: &app"
    yield "  init: true"
    yield "  restart: unless-stopped"
    yield "  cap_drop: [ALL]"
    yield '  security_opt: ["no-new-privileges:true"]'
    if plan.port:
        yield f'  ports: ["{plan.port}:{plan.port}"]'
    yield ""
    yield "x-build: &build"
    yield f"  context: {up}"
    yield f"  dockerfile: {quoted(dockerfile)}"
    if plan.contexts:
        yield "  additional_contexts:"
        yield from (
            f"    {name}: {for_compose(posixpath.normpath(posixpath.join(up, folder)))}"
            for name, folder in plan.contexts.items()
        )
    if plan.logins:
        yield "  secrets: [poetry-auth]"
        yield ""
        yield "secrets:"
        yield "  poetry-auth: # logins for package sources; empty by default, never part of an image"
        yield '    file: "${POETRY_AUTH_FILE:-/dev/null}"'


def _app(plan: Plan) -> Iterator[str]:
    yield "app:"
    yield "  <<: *app"
    yield from _build("${BUILD_TARGET:-" + PRODUCTION + "}", plan)


def _gpu(plan: Plan, image: Image) -> Iterator[str]:
    yield f"{image.stage}:"
    yield "  <<: *app"
    yield f"  profiles: [{image.stage}]"
    yield from _build(image.stage, plan)
    if image.backend == "jetson":
        yield "  platform: linux/arm64"
    yield from (f"  {line}" for line in _DEVICES[family_of(str(image.backend))])


def _development(plan: Plan, up: str) -> Iterator[str]:
    yield f"{DEVELOPMENT}:"
    yield "  <<: *app"
    yield '  restart: "no"'
    yield f"  profiles: [{DEVELOPMENT}]"
    yield from _build(DEVELOPMENT, plan)
    yield "  volumes:"
    yield f"    - {up}:{WORKDIR}"
    yield "  stdin_open: true"
    yield "  tty: true"


def _build(target: str, plan: Plan) -> Iterator[str]:
    yield "  build:"
    yield "    <<: *build"
    yield f"    target: {target}"
    yield f'  image: {quoted(_name(plan) + ":")[:-1]}{target}"'


def _name(plan: Plan) -> str:
    """Return the project's name in the signs that Compose and registries take; a ``$`` would be a variable."""
    return _NO_NAME.sub("-", normalised(plan.project)).strip("-._") or "app"


def _indented(lines: Iterator[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]
