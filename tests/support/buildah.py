"""buildah: images are built and run by root without a daemon, in a storage of their own and with chroot isolation.

With POETRY_AIOPS_INSTALL_BUILDAH=1 missing programs are installed by apt-get. The images lie below ``.venvs/`` and are
kept between runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.processes import captured


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


PROGRAMS = ("buildah", "debootstrap")
TIMEOUT = 900.0  # seconds; a step takes a few, the first apt-get on a busy machine many
RACE = (
    "sealing memfd copy: Device or resource busy"  # its copy of itself was still open: nothing has been run
)
ATTEMPTS = 5
PASSED_ON = ("PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Done:
    """What one call did; ``output`` holds both streams."""

    code: int
    output: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """What an image says about how it is run."""

    user: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    healthcheck: tuple[str, ...]
    history: str


def why_not() -> str | None:
    """Return why no images can be built here, None when they can; installs the programs where that was asked for."""
    if os.name != "posix" or os.geteuid() != 0:
        return "images are built by root here"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing and os.environ.get("POETRY_AIOPS_INSTALL_BUILDAH") == "1" and shutil.which("apt-get"):
        subprocess.run(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update", "-q"], check=False, timeout=300)
        command = [
            "apt-get",
            "-o",
            "DPkg::Lock::Timeout=300",
            "install",
            "-qy",
            "--no-install-recommends",
            *PROGRAMS,
        ]
        subprocess.run(command, check=True, timeout=600)
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"no {' and no '.join(missing)}: install them, or set POETRY_AIOPS_INSTALL_BUILDAH=1"
    return None


@dataclass(frozen=True, slots=True)
class Buildah:
    """The program with a storage below ``folder``.

    ``volumes`` are mounted while an image is built (``/here:/there:ro``) and remain in none.
    """

    folder: Path
    driver: str
    volumes: tuple[str, ...] = ()

    @classmethod
    def below(cls, folder: Path) -> Buildah:
        """Return the program with the first storage driver that works: overlay shares files between layers."""
        for driver in ("overlay", "vfs"):
            (folder / driver / "tmp").mkdir(parents=True, exist_ok=True)
            if cls(folder, driver).call("info").code == 0:
                return cls(folder, driver)
        raise RuntimeError(f"buildah has no storage in {folder}: {cls(folder, 'vfs').call('info').output}")

    @property
    def state(self) -> Path:
        """Return where buildah notes what is mounted: like the mounts, it does not outlive this machine's next start."""
        name = hashlib.sha256(str(self.folder / self.driver).encode()).hexdigest()[:12]
        return Path("/run") / f"poetry-aiops-{name}"

    def unmount(self) -> None:
        """Unmount what builds have left mounted, so that the folder can be deleted; nothing may be using it."""
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
        places = [mount.split()[1] for mount in mounts]
        for place in sorted(filter(lambda place: place.startswith(f"{self.folder}/"), places), reverse=True):
            subprocess.run(["umount", place], check=True, timeout=60)
        shutil.rmtree(self.state, ignore_errors=True)

    def with_volumes(self, *volumes: str) -> Buildah:
        return replace(self, volumes=volumes)

    def call(self, *arguments: str, cwd: Path | None = None) -> Done:
        """Run ``buildah ARGUMENTS``."""
        place = self.folder / self.driver
        own = [
            "--storage-driver",
            self.driver,
            "--root",
            str(place / "storage"),
            "--runroot",
            str(self.state),
        ]
        environment = {
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            "HOME": str(place),
            "TMPDIR": str(place / "tmp"),  # where cache mounts are kept
            "LANG": "C.UTF-8",
            "BUILDAH_ISOLATION": "chroot",
        }
        started = time.monotonic()
        for _ in range(ATTEMPTS):
            code, output = captured(
                ["buildah", *own, *arguments], cwd=cwd or self.folder, env=environment, timeout=TIMEOUT
            )
            if RACE not in output:
                break
        return Done(code, output, time.monotonic() - started)

    def must(self, *arguments: str) -> str:
        """Run ``buildah ARGUMENTS``, fail when the exit code is not 0, and return the output."""
        done = self.call(*arguments)
        assert done.code == 0, f"buildah {' '.join(arguments)} -> {done.code}\n{done.output[-6000:]}"
        return done.output.strip()

    def build(
        self,
        context: Path,
        tag: str,
        target: str,
        secrets: Mapping[str, Path] | None = None,
        contexts: Mapping[str, Path] | None = None,
    ) -> Done:
        """Build a folder's Dockerfile up to a stage; ``contexts`` are its additional build contexts.

        The format is Docker's, as the other one has no HEALTHCHECK.
        """
        words = ["build", "--layers", "--pull=never", "--format=docker", f"--target={target}", f"--tag={tag}"]
        words += [f"--volume={volume}" for volume in self.volumes]
        words += [f"--secret=id={name},src={path}" for name, path in (secrets or {}).items()]
        words += [f"--build-context={name}={path}" for name, path in (contexts or {}).items()]
        return self.call(*words, str(context))

    def exists(self, image: str) -> bool:
        return self.call("inspect", "--type", "image", image).code == 0

    def settings(self, image: str) -> ImageSettings:
        found = json.loads(self.must("inspect", "--type", "image", image))["Docker"]
        config = found["config"]
        return ImageSettings(
            user=config.get("User", ""),
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            healthcheck=tuple((config.get("Healthcheck") or {}).get("Test", ())[1:]),
            history=json.dumps(found),
        )

    @contextlib.contextmanager
    def container(self, image: str) -> Iterator[str]:
        """Make a container, return its name and remove it afterwards."""
        name = self.must("from", "--pull=never", "--quiet", image)
        try:
            yield name
        finally:
            self.must("rm", name)

    def run(self, image: str, *command: str, entrypoint: bool = True) -> Done:
        """Run a command in an image as ``docker run`` does: behind its entry point, and its own command by default."""
        settings = self.settings(image)
        front = settings.entrypoint if entrypoint else ()
        with self.container(image) as name:
            return self.call("run", name, "--", *front, *(command or settings.command))

    @contextlib.contextmanager
    def files(self, image: str) -> Iterator[Path]:
        """Return the folder that holds an image's files, as one tree."""
        with self.container(image) as name:
            yield Path(self.must("mount", name))

    def archive(self, image: str, file: Path) -> bytes:
        """Return all that would be pushed of an image, uncompressed: every layer, the configuration, the history."""
        self.must("push", "--quiet", image, f"docker-archive:{file}")
        content = file.read_bytes()
        file.unlink()
        return content
