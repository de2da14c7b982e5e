"""Stand-ins for the images that a generated Dockerfile stands on, made by debootstrap from this machine's mirror.

``python:*`` has a Python at the place where Python's own images have theirs; every other image is a Debian without
Python. What a build needs of this machine (its settings of apt, and the wheels of Poetry and of this plugin for pip)
is mounted while it runs: nothing of it is in an image.
"""

from __future__ import annotations

import contextlib
import hashlib
import platform
import re
import shutil
import string
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from tests.support.buildah import Buildah
from tests.support.poetries import FOLDER, REPOSITORY


if TYPE_CHECKING:
    from collections.abc import Iterator


SUITE, PYTHON = "trixie", "3.13"
"""The suite that the stand-ins are made of, and the minor of its Python."""

RECIPE = 2  # counted up with every change of how the two images below are made, as they are kept between runs
SYSTEM = f"localhost/stand-in/system:{SUITE}-{RECIPE}"
WITH_PYTHON = f"localhost/stand-in/python:{SUITE}-{RECIPE}"
LARGEST = 4 * 10**9  # bytes of storage; beyond it everything but the two images above is built anew

# As the official images of Debian and Ubuntu have it: a cache of apt is emptied at once.
DOCKER_CLEAN = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
"""
ADD_PYTHON = f"""\
set -e
apt-get update -q
apt-get install -qy --no-install-recommends python3 python3-venv
rm -rf /var/lib/apt/lists/*
ln -s /usr/bin/python{PYTHON} /usr/local/bin/python3
ln -s python3 /usr/local/bin/python
"""
NOT_IN_SLIM = (
    "var/cache/apt/archives",
    "var/lib/apt/lists",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
)
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class BaseImages:
    """The stand-ins, and the program that builds from them."""

    buildah: Buildah
    wheels: Path
    """The folder with the wheels of Poetry and of this plugin."""
    pip_settings: Path
    """The pip.conf that finds the wheels of Poetry and of this plugin while an image is built."""

    @classmethod
    @contextlib.contextmanager
    def in_use(cls) -> Iterator[BaseImages]:
        """Return the stand-ins, made when they are not there yet; the last of several users tidies up."""
        import fcntl

        folder = FOLDER / "images"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            made = cls._made(folder)
            yield made
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                made.buildah.unmount()

    @classmethod
    def _made(cls, folder: Path) -> BaseImages:
        with FileLock(folder / "lock"):
            buildah = Buildah.below(folder)
            _make_room(buildah)
            apt = f"{_apt_settings(folder)}:/etc/apt/apt.conf.d/90-this-machine:ro"
            if not buildah.exists(SYSTEM):
                _make_system(buildah)
            if not buildah.exists(WITH_PYTHON):
                _add_python(buildah, apt)
            wheels = _wheels(folder)
            for image in (SYSTEM, WITH_PYTHON):
                _label(buildah, image, wheels.name)
            volumes = (apt, f"{wheels}:/opt/wheels:ro")
            return cls(buildah.with_volumes(*volumes), wheels, _pip_settings(folder))

    def stand_in(self, dockerfile: str) -> tuple[str, ...]:
        """Give the stand-ins the names that a Dockerfile's stages stand on; return the names."""
        names = tuple(dict.fromkeys(foreign_images(dockerfile)))
        for name in names:
            image = WITH_PYTHON if name.startswith("python:") else SYSTEM
            registry = {0: "docker.io/library/", 1: "docker.io/"}.get(name.count("/"), "")
            self.buildah.must("tag", f"{image}-{self.wheels.name}", registry + name)
        return names

    def lock(self) -> FileLock:
        """Return the lock under which stages are built that other projects share."""
        return FileLock(self.buildah.folder / "shared-stages.lock")


def foreign_images(dockerfile: str) -> Iterator[str]:
    """Yield each image that a Dockerfile names and does not build itself."""
    given: dict[str, str] = {}
    stages: set[str] = set()
    for line in dockerfile.splitlines():
        if (argument := re.match(r"ARG\s+(\w+)=(\S*)", line)) and not stages:
            given[argument[1]] = argument[2].strip('"')
        if found := re.match(r"FROM\s+(?:--\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?", line, re.IGNORECASE):
            name = string.Template(found[1]).safe_substitute(given)
            if name not in stages:
                yield name
            stages.add(found[2] or "")


def _make_system(buildah: Buildah) -> None:
    root = buildah.folder / "root"
    shutil.rmtree(root, ignore_errors=True)
    # In a namespace of mounts of its own: a run that is cut off leaves no /proc in a folder that is deleted next time.
    own_mounts = ["unshare", "--mount", "--propagation", "private"]
    options = ["--variant=minbase", "--include=ca-certificates"]
    command = [*own_mounts, "debootstrap", *options, SUITE, str(root), _mirror()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=1200, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for name in NOT_IN_SLIM:
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).mkdir()
    (root / "etc/apt/apt.conf.d/docker-clean").write_text(DOCKER_CLEAN, encoding="utf-8")
    container = buildah.must("from", "scratch")
    buildah.must("add", "--quiet", container, str(root), "/")
    buildah.must("config", "--cmd", "bash", "--env", PATH, container)
    buildah.must("commit", "--quiet", "--rm", container, SYSTEM)
    shutil.rmtree(root)


def _add_python(buildah: Buildah, apt: str) -> None:
    container = buildah.must("from", "--pull=never", "--quiet", SYSTEM)
    buildah.must("run", f"--volume={apt}", container, "--", "sh", "-c", ADD_PYTHON)
    buildah.must("config", "--cmd", "python3", container)
    buildah.must("commit", "--quiet", "--rm", container, WITH_PYTHON)


def _label(buildah: Buildah, image: str, label: str) -> None:
    """Make an image of which everything is built anew when the wheels change: a volume's content counts for no cache."""
    if not buildah.exists(f"{image}-{label}"):
        container = buildah.must("from", "--pull=never", "--quiet", image)
        buildah.must("config", "--label", f"wheels={label}", container)
        buildah.must("commit", "--quiet", "--rm", container, f"{image}-{label}")


def _make_room(buildah: Buildah) -> None:
    sizes = subprocess.run(["du", "-sb", buildah.folder], capture_output=True, encoding="utf-8", check=False)
    if int(sizes.stdout.split()[0]) > LARGEST:
        listed = buildah.must("images", "--noheading", "--format", "{{.ID}} {{.Name}}:{{.Tag}}").splitlines()
        kept = {line.split()[0] for line in listed if line.split()[-1] in {SYSTEM, WITH_PYTHON}}
        buildah.must("rmi", "--force", *{line.split()[0] for line in listed} - kept)
        buildah.must("rmi", "--prune", "--force")


# -- what is this machine's -------------------------------------------------------------------------------


def _mirror() -> str:
    """Return the mirror that this machine's apt takes its own release from."""
    release = platform.freedesktop_os_release()
    assert release["ID"] == "debian", f"the stand-ins are made on Debian, and this is {release['ID']}"
    suite = release["VERSION_CODENAME"]
    places = Path("/etc/apt")
    for file in [places / "sources.list", *sorted(places.glob("sources.list.d/*"))]:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        for block in re.split(r"\n\s*\n", text):
            uris = re.search(r"^URIs:\s*(\S+)", block, re.MULTILINE)
            if uris and re.search(rf"^Suites:.*\b{suite}(\s|$)", block, re.MULTILINE):
                return uris[1]
        if found := re.search(rf"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+{suite}\s", text, re.MULTILINE):
            return found[1]
    raise AssertionError(f"this machine's apt names no mirror of {suite}")


def _apt_settings(folder: Path) -> Path:
    """Write what this machine's apt has to say about proxies and about its mirror's dates."""
    dump = subprocess.run(
        ["apt-config", "dump", "Acquire"], capture_output=True, encoding="utf-8", check=True
    )
    lines = [line for line in dump.stdout.splitlines() if re.match(r"Acquire::(https?|Check-)", line)]
    file = folder / "apt.conf"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _pip_settings(folder: Path) -> Path:
    file = folder / "pip.conf"
    file.write_text("[global]\nno-index = true\nfind-links = /opt/wheels\n", encoding="utf-8")
    return file


def _wheels(folder: Path) -> Path:
    """Return a folder with the wheels of this environment's Poetry and of this plugin, fetched as pip is set up here."""
    poetry = metadata.version("poetry")
    sources = [REPOSITORY / "pyproject.toml", *sorted((REPOSITORY / "src").rglob("*"))]
    content = b"".join(file.read_bytes() for file in sources if file.is_file() and file.suffix != ".pyc")
    label = hashlib.sha256(f"{poetry} {PYTHON} {platform.machine()}".encode() + content).hexdigest()[:12]
    made = folder / "wheels" / label
    if not made.exists():
        shutil.rmtree(made.parent, ignore_errors=True)
        made.parent.mkdir()
        parts = made.with_name("parts")
        pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "wheel", "--no-deps", "-w", parts, REPOSITORY], check=True, timeout=600)
        machine = [f"--platform=manylinux{tag}_{platform.machine()}" for tag in ("2014", "_2_17", "_2_28")]
        target = ["--only-binary=:all:", f"--python-version={PYTHON}", *machine]
        (plugin,) = parts.glob("poetry_aiops-*.whl")
        subprocess.run(
            [*pip, "download", *target, "--dest", parts, str(plugin), f"poetry=={poetry}"],
            check=True,
            timeout=600,
        )
        parts.rename(made)
    return made
