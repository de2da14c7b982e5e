"""The Dockerfile: one stage that installs and one that runs for each image, all from one lock."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from poetry_aiops.project.backends import family_of
from poetry_aiops.scaffold.local import WORKDIR
from poetry_aiops.scaffold.model import DEVELOPMENT, PRODUCTION
from poetry_aiops.scaffold.quoting import exec_form, quoted
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.scaffold.model import Base, Image, LocalPackage, Plan


USER: Final = 10001
"""A user that no base image has, so that no file of theirs becomes the app's."""

_RUN_WITH: Final = {
    "cpu": "",
    "cuda": "  run with: --gpus all",
    "rocm": "  run with: --device /dev/kfd --device /dev/dri --group-add video",
    "xpu": "  run with: --device /dev/dri",
    "jetson": "  run with: --runtime nvidia, on the device (or docker build --platform linux/arm64)",
}
_PIP_SETTINGS: Final = "--mount=type=secret,id=pip-conf,target=/etc/pip.conf"
_LOGINS: Final = "--mount=type=secret,id=poetry-auth,target=/root/.config/pypoetry/auth.toml"


def dockerfile(plan: Plan, file: str = "Dockerfile") -> str:
    """Return the Dockerfile's text; ``file`` is the name that it will have."""
    parts = [list(_head(plan, file)), list(_arguments(plan))]
    for base in plan.bases:
        parts += [list(_python_stage(base)), list(_poetry_stage(base, plan)), list(_locked_stage(base, plan))]
    parts += [list(_build_stage(image, plan)) for image in plan.images]
    parts.append(list(_development_stage(plan)))
    parts += [list(_runtime_stage(base, plan)) for base in plan.bases]
    parts += [list(_image_stage(image, plan)) for image in plan.images]
    if plan.hardware:
        parts.append(
            [
                f"# -- what `docker build .` makes: {plan.default.stage} --",
                f"FROM {plan.default.stage} AS {PRODUCTION}",
            ]
        )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


# -- the head -------------------------------------------------------------------------------------------


def _head(plan: Plan, file: str) -> Iterator[str]:
    name = "" if file == "Dockerfile" else f" --file {shlex.quote(file)}"
    yield "# syntax=docker/dockerfile:1"
    yield "#"
    yield f"# Images of {one_line(plan.project)}. Written by `{one_line(plan.written_by)}`; yours to edit."
    yield "#"
    stages = [image.stage for image in plan.images] if plan.hardware else []
    width = max(map(len, [*stages, PRODUCTION, DEVELOPMENT]))
    if plan.hardware:
        for image in plan.images:
            hint = _RUN_WITH.get(family_of(str(image.backend)), "")
            yield f"#   docker build{name} --target {image.stage:<{width}} .{hint}"
    else:
        yield f"#   docker build{name} --target {PRODUCTION:<{width}} ."
    yield f"#   docker build{name} --target {DEVELOPMENT:<{width}} .  with Poetry and every tool"
    for context, folder in plan.contexts.items():
        yield f"# Every build also needs --build-context {context}={one_line(folder)}, which is outside the project."
    if plan.contexts:
        yield "# The .dockerignore of this project does not apply there: a copy of it in that folder keeps secrets out."
    if plan.logins:
        yield "# Package sources that ask for a login: --secret id=poetry-auth,src=$HOME/.config/pypoetry/auth.toml"
    yield "# A pip of your own settings (a mirror): --secret id=pip-conf,src=/etc/pip.conf"
    if plan.hardware:
        yield "#"
        yield "# The builder has no GPU, so every stage names its variant; `hw-check` compares it with the machine when a"
        yield "# container starts, and ends it with the reason where it does not fit."
    for text in plan.left_out:
        yield f"# Not here: {one_line(text)}."


def _arguments(plan: Plan) -> Iterator[str]:
    yield f"ARG PYTHON_VERSION={plan.versions.python}"
    yield f"ARG POETRY_VERSION={plan.versions.poetry}"
    if plan.plugin:
        yield f"ARG AIOPS_VERSION={plan.versions.plugin}"


# -- what the images stand on ---------------------------------------------------------------------------


def _python_stage(base: Base) -> Iterator[str]:
    """Begin with the base image, its system packages and the app's user; every other stage comes from it."""
    yield f"# -- {base.stage('python')}: the base image, its system packages and the user --"
    yield f"FROM {base.image} AS {base.stage('python')}"
    packages = [*([] if base.brings_python else ["python3"]), *base.packages]
    user = (f"groupadd --gid {USER} app", f"useradd --uid {USER} --gid app --create-home app")
    if packages:
        yield from _apt(packages, *user)
    else:
        yield f"RUN {user[0]} \\"
        yield f"    && {user[1]}"
    yield f"WORKDIR {WORKDIR}"


def _poetry_stage(base: Base, plan: Plan) -> Iterator[str]:
    yield f"# -- {base.stage('poetry')}: Poetry in an environment of its own, which no shipped image holds --"
    yield f"FROM {base.stage('python')} AS {base.stage('poetry')}"
    yield "ARG POETRY_VERSION"
    wanted = '"poetry==${POETRY_VERSION}"'
    if plan.plugin:
        yield "ARG AIOPS_VERSION"
        wanted += ' "poetry-aiops==${AIOPS_VERSION}"'
    yield "ENV POETRY_NO_INTERACTION=1 \\"
    yield "    POETRY_KEYRING_ENABLED=false \\"
    yield "    POETRY_VIRTUALENVS_IN_PROJECT=true \\"
    yield "    POETRY_VIRTUALENVS_OPTIONS_NO_PIP=true"
    if not base.brings_python:
        yield from _apt(["python3-venv"])
    yield "# hadolint ignore=DL3042 # the cache is a mount and no part of the image"
    yield "RUN --mount=type=cache,target=/root/.cache/pip \\"
    yield f"    {_PIP_SETTINGS} \\"
    yield "    python3 -m venv /opt/poetry \\"
    yield f"    && /opt/poetry/bin/pip install --disable-pip-version-check {wanted} \\"
    yield "    && ln -s /opt/poetry/bin/poetry /usr/local/bin/poetry"


def _locked_stage(base: Base, plan: Plan) -> Iterator[str]:
    """Copy what the lock says, before any source: it changes seldom, so its layers are kept."""
    yield f"# -- {base.stage('locked')}: the lock; what follows is built again only when it changes --"
    yield f"FROM {base.stage('poetry')} AS {base.stage('locked')}"
    if plan.compiled:
        yield f"# poetry.lock has no wheel for {one_line(', '.join(plan.compiled))}; the compiler stays in this stage."
        extra = [] if base.brings_python else ["python3-dev"]
        yield from _apt(["build-essential", *extra])
    files = ["pyproject.toml", "poetry.lock", *(["poetry.toml"] if plan.settings else [])]
    yield f"COPY {' '.join(files)} ./"
    for package in plan.local:
        yield from _copy_local(package)


def _copy_local(package: LocalPackage) -> Iterator[str]:
    if package.context:
        yield "# hadolint ignore=DL3022 # a build context, which the head of this file names"
    source = f"--from={package.context} " if package.context else ""
    yield f"COPY {source}[{quoted(package.source)}, {quoted(package.target)}]"


# -- installing -----------------------------------------------------------------------------------------


def _build_stage(image: Image, plan: Plan) -> Iterator[str]:
    what = f"{image.variant} ({image.backend})" if image.variant else "main"
    yield f"# -- {image.build}: installs {what} --"
    yield f"FROM {image.base.stage('locked')} AS {image.build}"
    yield "RUN --mount=type=cache,target=/root/.cache/pypoetry,sharing=locked \\"
    yield from _secrets(plan)
    yield f"    {_install(plan)} {' '.join(image.arguments)} --no-root --compile"
    if plan.package_mode:
        yield "COPY . ."
        yield from _own_wheel(plan)


def _install(plan: Plan) -> str:
    return "poetry hw-install" if plan.hardware else "poetry install"


def _secrets(plan: Plan) -> Iterator[str]:
    if plan.logins:
        yield f"    {_LOGINS} \\"


def _own_wheel(plan: Plan) -> Iterator[str]:
    """Install the project itself as a wheel: an editable one would need its sources at run time."""
    if plan.versioned_by:
        yield "# .git is not in the build context, so the version comes from outside: --build-arg APP_VERSION=1.2.3"
        yield "ARG APP_VERSION=0.0.0"
        yield "ENV " + " ".join(f"{name}=${{APP_VERSION}}" for name in plan.versioned_by)
    yield "RUN --mount=type=cache,target=/root/.cache/pip \\"
    yield f"    {_PIP_SETTINGS} \\"
    yield "    poetry build --format wheel --output /tmp/dist \\"
    yield f"    && /opt/poetry/bin/pip --python {WORKDIR}/.venv/bin/python install --no-deps --no-index /tmp/dist/*.whl"


def _development_stage(plan: Plan) -> Iterator[str]:
    """Make a machine to work on; its environment lies outside of the folder over which Compose mounts the sources."""
    base = plan.default.base
    cache = f"--mount=type=cache,target=/home/app/.cache/pypoetry,uid={USER},gid={USER},sharing=locked"
    groups = "--profile development " if plan.hardware else ""
    yield f"# -- {DEVELOPMENT}: Poetry and every group that is not optional; mount the sources over {WORKDIR} --"
    yield f"FROM {base.stage('locked')} AS {DEVELOPMENT}"
    yield "ENV VIRTUAL_ENV=/opt/venv \\"
    yield "    PATH=/opt/venv/bin:$PATH \\"
    yield "    POETRY_VIRTUALENVS_IN_PROJECT=false"
    yield "RUN python3 -m venv --without-pip /opt/venv \\"
    yield "    && mkdir -p /home/app/.cache \\"
    yield f"    && chown -R {USER}:{USER} /opt/venv /home/app {WORKDIR}"
    yield f"USER {USER}:{USER}"
    if plan.hardware:
        yield "# Another variant: --build-arg POETRY_AIOPS_HARDWARE=NAME"
        yield f"ARG POETRY_AIOPS_HARDWARE={plan.default.variant}"
    yield f"RUN {cache} \\"
    if plan.logins:
        yield f"    {_LOGINS.replace('/root', '/home/app')},uid={USER} \\"
    yield f"    {_install(plan)} {groups}--no-root"
    yield f"COPY --chown={USER}:{USER} . ."
    if plan.package_mode:
        yield "RUN poetry install --only-root"
    yield from _listening(plan)
    yield f"CMD {exec_form(plan.command)}"


# -- running --------------------------------------------------------------------------------------------


def _runtime_stage(base: Base, plan: Plan) -> Iterator[str]:
    yield f"# -- {base.stage('runtime')}: how every image runs --"
    yield f"FROM {base.stage('python')} AS {base.stage('runtime')}"
    yield f"ENV PATH={WORKDIR}/.venv/bin:$PATH \\"
    yield "    PYTHONDONTWRITEBYTECODE=1 \\"
    yield "    PYTHONUNBUFFERED=1"
    yield f"USER {USER}:{USER}"
    yield from _listening(plan)
    if plan.hardware:
        yield "# Compares the machine with the build, then becomes the command. Past it: docker run --entrypoint COMMAND"
        yield 'ENTRYPOINT ["hw-check", "--quiet", "--"]'
    yield f"CMD {exec_form(plan.command)}"


def _listening(plan: Plan) -> Iterator[str]:
    if plan.port:
        probe = f"import socket; socket.create_connection(('127.0.0.1', {plan.port}), 5).close()"
        yield f"EXPOSE {plan.port}"
        yield "HEALTHCHECK --start-period=60s --interval=30s --timeout=10s \\"
        yield f"    CMD {exec_form(['python', '-c', probe])}"


def _image_stage(image: Image, plan: Plan) -> Iterator[str]:
    yield f"# -- {image.stage}: {one_line(image.reason)} --" if image.reason else f"# -- {image.stage} --"
    yield f"FROM {image.base.stage('runtime')} AS {image.stage}"
    if family_of(str(image.backend)) == "cuda":
        yield "ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility"
    yield f"COPY --from={image.build} {WORKDIR}/.venv {WORKDIR}/.venv"
    for package in plan.local:
        if package.editable:
            yield f"COPY --from={image.build} [{quoted(package.target)}, {quoted(package.target)}]"
    if not plan.package_mode:
        yield "COPY . ."


def _apt(packages: list[str], *then: str) -> Iterator[str]:
    yield "# hadolint ignore=DL3008 # the distribution's own security updates are wanted"
    yield "RUN apt-get update \\"
    yield f"    && apt-get install --yes --no-install-recommends {' '.join(packages)} \\"
    yield "    && rm -rf /var/lib/apt/lists/*" + (" \\" if then else "")
    for number, command in enumerate(then, 1):
        yield f"    && {command}" + (" \\" if number < len(then) else "")
