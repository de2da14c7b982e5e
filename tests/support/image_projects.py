"""Projects from which images are built and run, and stand-ins for their packages that do what the projects ask for."""

from __future__ import annotations

import base64
import shutil
import threading
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

from scripts.demo_index import MAIN_INDEX, demo_index, with_own_sources
from tests.support.index_server import IndexServer, _Handler
from tests.support.poetries import REPOSITORY
from tests.support.wheels import SOURCE_BACKEND, build_sdist


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex


# -- packages -------------------------------------------------------------------------------------------

TORCH = """
class tensor:
    def __init__(self, values, device):
        self.values = values

    def __matmul__(self, other):
        return tensor([sum(a * b for a, b in zip(row, other.values)) for row in self.values], None)

    def tolist(self):
        return self.values


class accelerator:
    is_available = staticmethod(lambda: False)
"""
PYDANTIC = """
class BaseModel:
    def __init__(self, **values):
        self.__dict__.update(values)


def StringConstraints(**limits):
    return limits
"""
FASTAPI = """
class FastAPI:
    def __init__(self, title):
        self.routes = {}

    def _route(self, method, path):
        def keep(function):
            self.routes[method, path] = function
            return function

        return keep

    def get(self, path):
        return self._route("GET", path)

    def post(self, path):
        return self._route("POST", path)
"""
UVICORN = '''
import http.server
import importlib
import json
import socketserver
import sys
import types


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers until something was posted."""

    def answer(self, method):
        function = app.routes[method, self.path]
        if method == "POST":
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = vars(function(types.SimpleNamespace(**sent)))
            self.server.posted = True
        else:
            said = function()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def log_message(self, *words):
        pass


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    app = getattr(importlib.import_module(module), name)
    server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler)
    server.timeout, server.posted = 60, False
    server.handle_timeout = sys.exit
    while not server.posted:
        server.handle_request()
'''
# As the wheel without its own library: the import fails where the system lacks libsndfile.
SOUNDFILE = """
import ctypes

_version = ctypes.CDLL("libsndfile.so.1").sf_version_string
_version.restype = ctypes.c_char_p
library = _version().decode()
"""
BODIES = {"torch": TORCH, "pydantic": PYDANTIC, "fastapi": FASTAPI, "uvicorn": UVICORN}

# `cc` must be there, and a library that it made lies in the wheel.
COMPILING_BACKEND = (
    SOURCE_BACKEND
    + """

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    import subprocess
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "libquick.so", "quick.c"], check=True)
    record = "quick-1.0.dist-info/RECORD"
    with zipfile.ZipFile(WHEEL) as old, zipfile.ZipFile(pathlib.Path(wheel_directory, WHEEL.name), "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b"libquick.so,,\\n" if name == record else b""))
        new.write("libquick.so")
    return WHEEL.name
"""
)
QUICK = """
import ctypes
import pathlib

answer = ctypes.CDLL(pathlib.Path(__file__).with_name("libquick.so")).answer
"""
QUICK_C = "int answer(void) { return 42; }\n"


def images_index() -> PackageIndex:
    """Return the index of the demo with packages that work, and some more; it is not started yet."""
    index = demo_index(BODIES)
    sources = {"backend.py": COMPILING_BACKEND, "quick.c": QUICK_C}
    index.publish_file(MAIN_INDEX, build_sdist("quick", "1.0", body=QUICK, files=sources))
    index.publish(MAIN_INDEX, "onnxruntime-gpu", "1.32.0", ["numpy"])
    index.publish(MAIN_INDEX, "soundfile", "0.13.1", body=SOUNDFILE)
    return index


# -- projects -------------------------------------------------------------------------------------------

SHOP = """\
[project]
name = "shop"
version = "1.0.0"
license = {{ file = "LICENSE" }}
requires-python = ">=3.11,<4.0"
dependencies = ["h11 (>=0.16)"]

[project.scripts]
shop = "shop:main"

[dependency-groups]
dev = ["pytest"]

[tool.poetry.requires-plugins]
poetry-aiops = ">=0.1"

[[tool.poetry.source]]
name = "vault"
url = "{vault}"
priority = "primary"

[build-system]
requires = ["poetry-core>=2.0"]
build-backend = "poetry.core.masonry.api"
"""
SHOP_MODULE = """\
import h11


def main():
    print("open with h11", h11.__version__)
"""

COUNTER = """\
[project]
name = "counter"
version = "1.0.0"
requires-python = ">=3.11,<4.0"
dependencies = ["quick (==1.0)"]

[tool.poetry]
package-mode = false

[tool.poetry.requires-plugins]
poetry-aiops = ">=0.1"

[[tool.poetry.source]]
name = "stand-ins"
url = "{main}"
priority = "primary"
"""

VISION = """\
[project]
name = "vision"
version = "1.0.0"
requires-python = ">=3.11,<4.0"

[project.scripts]
vision = "vision:main"

[dependency-groups]
ml-cpu = ["onnxruntime"]
ml-gpu = ["onnxruntime-gpu"]

[tool.poetry.group.ml-cpu]
optional = true

[tool.poetry.group.ml-gpu]
optional = true

[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ml-gpu = "cu126"

[[tool.poetry.source]]
name = "stand-ins"
url = "{main}"
priority = "primary"

[build-system]
requires = ["poetry-core>=2.0"]
build-backend = "poetry.core.masonry.api"
"""
VISION_MODULE = """\
from importlib import metadata


def main():
    print(sorted(found.name for found in metadata.distributions()))
"""


TRANSCRIBE = """\
[project]
name = "transcribe"
version = "1.0.0"
requires-python = ">=3.11,<4.0"
dependencies = ["soundfile"]

[project.scripts]
transcribe = "transcribe.cli:main"

[tool.poetry]
packages = [{{ include = "transcribe", from = "src" }}]

[[tool.poetry.source]]
name = "stand-ins"
url = "{main}"
priority = "primary"

[build-system]
requires = ["poetry-core>=2.0"]
build-backend = "poetry.core.masonry.api"
"""
CLI_MODULE = """\
import soundfile


def main():
    print("read with", soundfile.library)
"""

WORKER = """\
[project]
name = "worker"
version = "1.0.0"
requires-python = ">=3.11,<4.0"
dependencies = ["h11", "common", "queues"]

[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
common = {{ path = "../../libs/common", develop = true }}
queues = {{ path = "vendored/queues" }}

[[tool.poetry.source]]
name = "stand-ins"
url = "{main}"
priority = "primary"
"""
LIBRARY = """\
[project]
name = "{name}"
version = "1.0.0"
requires-python = ">=3.11"

[build-system]
requires = ["poetry-core>=2.0"]
build-backend = "poetry.core.masonry.api"
"""


def write_transcribe(folder: Path, **addresses: str) -> None:
    """Write a program for the command line with its package below ``src``."""
    write_project(folder, TRANSCRIBE, **addresses)
    package = folder / "src" / "transcribe"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(CLI_MODULE, encoding="utf-8")


def write_worker(folder: Path, **addresses: str) -> None:
    """Write a service of a repository with one library of its own and one that every service shares."""
    write_project(folder, WORKER, **addresses)
    (folder / "worker").mkdir()
    (folder / "worker" / "__main__.py").write_text(
        "import common\nimport queues\n\nprint(common.NAME, queues.NAME)\n", encoding="utf-8"
    )
    for library in (folder.parents[1] / "libs" / "common", folder / "vendored" / "queues"):
        library.mkdir(parents=True)
        (library / "pyproject.toml").write_text(LIBRARY.format(name=library.name), encoding="utf-8")
        (library / f"{library.name}.py").write_text(f'NAME = "{library.name}"\n', encoding="utf-8")


def write_chatbot(folder: Path, index: PackageIndex) -> None:
    """Copy examples/chatbot, with the served index in place of the real ones."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__", "Dockerfile", ".dockerignore")
    shutil.copytree(REPOSITORY / "examples" / "chatbot", folder, ignore=ignored)
    pyproject = folder / "pyproject.toml"
    pyproject.write_text(with_own_sources(pyproject.read_text(encoding="utf-8"), index), encoding="utf-8")


MARK = "belongs-into-no-image"
OUTSIDE = (
    ".env",
    ".env.production",
    ".git/config",
    ".venv/pyvenv.cfg",
    "auth.toml",
    "keys/server.key",
    "keys/id_ed25519",
    "conf/.env",
    "conf/.env.local",
    "conf/prod.env",
    "conf/deep/er/auth.toml",
    "conf/deep/er/.pypirc",
    "conf/deep/er/.netrc",
    "conf/deep/pip.conf",
    "conf/deep/.aws/credentials",
    "conf/deep/.kube/config",
    "vendored/.git/config",
    "service/.venv/pyvenv.cfg",
)
"""Files in a folder that is built, most of them in folders of it; each holds MARK."""


def write_outside(folder: Path) -> None:
    """Write what lies in a project's folder and belongs into no image."""
    for name in OUTSIDE:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{MARK} {name}\n", encoding="utf-8")


def write_project(folder: Path, pyproject: str, module: str = "", **addresses: str) -> None:
    """Write a project with one module of its own name, where there is one, and a licence."""
    folder.mkdir(parents=True)
    (folder / "LICENSE").write_text("All rights reserved.\n", encoding="utf-8")
    (folder / "pyproject.toml").write_text(pyproject.format(**addresses), encoding="utf-8")
    if module:
        (folder / f"{folder.name}.py").write_text(module, encoding="utf-8")


# -- an index behind a login ------------------------------------------------------------------------------

USER, PASSWORD = "keeper", "s3cret-of-the-vault"


class _Guarded(_Handler):
    def _answer(self, *, with_body: bool) -> None:
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {login}":
            super()._answer(with_body=with_body)
            return
        self.send_response(HTTPStatus.UNAUTHORIZED)
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()


class Vault(IndexServer):
    """The main index once more, for those who log in."""

    def __init__(self, index: PackageIndex) -> None:
        ThreadingHTTPServer.__init__(self, ("127.0.0.1", 0), _Guarded)
        self.index = index
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{MAIN_INDEX}/simple/"
