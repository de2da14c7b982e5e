"""What a build or a workflow would fail on, tried on the project before its files are written."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement
from poetry.core.factory import Factory
from poetry.core.masonry.builders.wheel import WheelBuilder
from poetry.packages.locker import Locker

from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.scaffold.start import at
from poetry_aiops.system.process import run_limited
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_SECONDS = 60.0


def refuse_stale_lock(pyproject: Path, document: Mapping[str, object]) -> None:
    """Raise UsageError when pyproject.toml requires something else than the lock holds: no install would run."""
    tool = document.get("tool")
    if not (isinstance(tool, Mapping) and "poetry" in tool) and "project" not in document:
        return
    if not Locker(pyproject.with_name("poetry.lock"), dict(document)).is_fresh():
        raise UsageError(
            "poetry.lock does not match what pyproject.toml requires, so no install in an image or a workflow would run",
            where="poetry.lock",
            hint="Run `poetry lock` first.",
        )


def refuse_outside(pyproject: Path, document: Mapping[str, object]) -> None:
    """Raise UsageError for a file that Poetry reads or packages and that is outside the build context, by a link too."""
    root = pyproject.parent.resolve()
    outside = [one for one in _named_files(document) if not (root / one).resolve().is_relative_to(root)]
    if outside:
        raise UsageError(
            f"{one_line(outside[0])} is outside the build context, which is the project's folder",
            where=pyproject.name,
            details=tuple(f"{one_line(one)} is outside as well" for one in outside[1:]),
            hint="Move it below pyproject.toml, or make a package a path dependency, which has a build context of its own.",
        )


def packaged_modules(pyproject: Path, document: Mapping[str, object]) -> frozenset[str] | None:
    """Return the modules at the top of the project's wheel; None where another build backend decides.

    This asks poetry-core which files the wheel would hold. Raises UsageError when it cannot be built from what is in
    the project's folder.
    """
    backend = at(document, "build-system", "build-backend")
    if backend is not None and not str(backend).startswith("poetry."):
        return None
    try:
        builder = WheelBuilder(Factory().create_poetry(pyproject.parent))
        files = builder.find_files_to_add()
        builder.get_metadata_content()
    except (ValueError, RuntimeError, OSError, InvalidRequirement) as error:
        reason = one_line(str(error).strip().partition("\n")[0]) or type(error).__name__
        raise UsageError(
            f"`poetry build` would fail in the image: {reason}",
            where=pyproject.name,
            hint="Correct `packages` in [tool.poetry], or set `package-mode = false` where nothing is to be packaged.",
        ) from error
    return frozenset(file.relative_to_target_root().parts[0].removesuffix(".py") for file in files)


def _named_files(document: Mapping[str, object]) -> Iterator[str]:
    """Yield the paths of packages, includes, readme and licence files as pyproject.toml has them."""
    for key in ("packages", "include"):
        entries = at(document, "tool", "poetry", key)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping):
                folder, name = entry.get("from", ""), entry.get("include", entry.get("path", ""))
                yield posixpath.join(str(folder), str(name))
            else:
                yield str(entry)
    readmes = (at(document, "project", "readme"), at(document, "tool", "poetry", "readme"))
    for named in (*readmes, at(document, "project", "license", "file")):
        names = named.get("file") if isinstance(named, Mapping) else named
        yield from (str(one) for one in (names if isinstance(names, list) else [names]) if one)


def digest_of(image: str) -> str:
    """Return the digest (``sha256:...``) that an image's registry has for it now.

    docker, crane or skopeo asks, with the logins that it has. Raises UsageError without any of them, IncompleteError
    when the registry does not answer.
    """
    name = image
    if "/" not in name:
        name = f"library/{name}"
    if not any(sign in name.partition("/")[0] for sign in ".:"):
        name = f"docker.io/{name}"
    reasons = []
    for command in (
        ("docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest}}"),
        ("crane", "digest", image),
        ("skopeo", "inspect", "--raw", f"docker://{name}"),
    ):
        finished = run_limited(command, _SECONDS)
        if finished.outcome == "missing":
            continue
        digest = _digest_in(command[0], finished.output) if finished.outcome == "ok" else ""
        if digest:
            return digest
        reasons.append(
            f"{command[0]}: {one_line(finished.output.decode(errors='replace').strip()) or finished.outcome}"
        )
    if reasons:
        raise IncompleteError(
            f"the digest of {image} could not be read",
            where="--pin-digests",
            details=tuple(reasons),
            hint="Try again when the registry answers, or leave out --pin-digests.",
        )
    raise UsageError(
        "reading a digest needs docker (with buildx), crane or skopeo, and none of them is installed",
        where="--pin-digests",
        hint="Install one of them, or leave out --pin-digests.",
    )


def _digest_in(program: str, output: bytes) -> str:
    if program == "skopeo":
        return f"sha256:{hashlib.sha256(output).hexdigest()}"
    text = output.decode(errors="replace").strip()
    if program == "docker":
        try:
            manifest: Any = json.loads(text)
        except ValueError:
            return ""
        text = str(manifest.get("digest", "")) if isinstance(manifest, dict) else ""
    return text if text.startswith("sha256:") and len(text) == 71 else ""  # noqa: PLR2004 - 64 digits
