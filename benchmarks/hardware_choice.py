"""Which build of torch `poetry hw-info`, uv and torchruntime choose for the same machines, side by side.

    python benchmarks/hardware_choice.py [--uv PROGRAM] [--torchruntime PYTHON]

Every machine is a handful of files, programs and variables. Ours reads them through detection's reader; uv is the
real program (from the package index unless ``--uv`` names one), started in a namespace in which the machine's files
lie over this one's and with the machine's programs on PATH. Where no namespace can be had, uv gets the programs alone
or gets the driver with ``UV_CUDA_DRIVER_VERSION``, and what neither can express follows the rules that uv
documents; the last column says which.

uv asks a stand-in for PyTorch's index: a proxy on 127.0.0.1 that offers, index by index, one wheel for each line of
torch in our catalogue of real builds. Any other address is refused, so nothing leaves the machine and nothing is
installed. torchruntime, in the environment of ``--torchruntime``, gets the machine's PCI ids, which is all that it looks
at; it answers with a build alone. Needs Linux and the program ``openssl`` (for the stand-in's certificate). Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import venv
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING


sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.unit.accelerators.machine import LINUX, SYS_DRIVER, WSL, Machine, kfd_node, nvidia_files, pci

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.detect import detect
from poetry_aiops.accelerators.reader import SourceText
from poetry_aiops.accelerators.select import select
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from poetry_aiops.accelerators.reader import PlatformFacts


INDEX_HOST = "download.pytorch.org"
OVERLAID = ("/sys/module", "/proc/driver", "/sys/bus/pci/devices")
FIRST_XPU_LINE = "2.5"
PROC_DRIVER = "/proc/driver/nvidia/version"
GCC = "GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)\n"
IN_NAMESPACE = "uv run on the machine's files and programs"
BY_PROGRAMS = "uv run with the machine's programs"
BY_VARIABLE = "uv run, told the driver"
OLD_GPU, CPU, CUDA_13 = "cu126, torch 2.14", "cpu, torch 2.15", "cu130, torch 2.15"
STOPS = "stops with an error"
BY_RULES = "not run: uv's documented rules"


@dataclass(frozen=True, slots=True)
class Case:
    """A machine, the builds that are right for it, and what uv's documentation says where uv cannot be run."""

    title: str
    right: str
    files: Mapping[str, str]
    programs: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    facts: PlatformFacts = LINUX
    driver: str | None = None
    by_rules: str = ""


def _nvidia(
    title: str, device: str, driver: str, right: str, environment: Mapping[str, str] | None = None
) -> Case:
    return Case(title, right, nvidia_files(driver, device), environment=environment or {}, driver=driver)


def _wsl(title: str, reported: str) -> Case:
    """Return a WSL machine: the driver is that of Windows, so only nvidia-smi tells it."""
    banner = (
        "| NVIDIA-SMI 580.65.05    Driver Version: 580.88    CUDA Version: 13.0 |\n"
        "|   0  NVIDIA GeForce RTX 3090    On  | 00000000:01:00.0  On |   N/A |\n"
    )
    programs = {
        "nvidia-smi --query-gpu=driver_version --format=csv,noheader": f"{reported}\n",
        "nvidia-smi --query-gpu": f"0, NVIDIA GeForce RTX 3090, {reported}, 8.6\n",
        "nvidia-smi -L": "GPU 0: NVIDIA GeForce RTX 3090 (UUID: GPU-1b2c3d4e-0000-1111-2222-333344445555)\n",
        "nvidia-smi": banner,
    }
    files = {"/dev/dxg": "", "/usr/lib/wsl/lib/nvidia-smi": "", "/usr/lib/wsl/lib/libcuda.so.1": ""}
    return Case(title, CUDA_13, files, programs, facts=WSL, by_rules=STOPS)


def _without(files: Mapping[str, str], *paths: str) -> dict[str, str]:
    return {path: text for path, text in files.items() if not path.startswith(paths)}


ODD_NVRM = f"NVRM version: NVIDIA UNIX x86_64 Kernel Module 580.65.06 Tue Aug 5 20:50:39 UTC 2025\n{GCC}"
RTX_3090 = nvidia_files("580.65.06", "2204")
RX_7900_XTX = {
    **pci("0000:03:00.0", "1002:744C", "amdgpu"),
    **kfd_node(1, gfx_target_version=110000, device_id=0x744C, location_id=0x300),
    "/dev/kfd": "",
    "/dev/dri/renderD128": "",
}
STRIX_HALO = {
    **pci("0000:c4:00.0", "1002:1586", "amdgpu"),
    **kfd_node(1, gfx_target_version=110501, device_id=0x1586, location_id=0xC400),
    "/dev/kfd": "",
    "/dev/dri/renderD128": "",
}
ARC_B580 = {**pci("0000:03:00.0", "8086:E20B", "xe"), "/dev/dri/renderD128": ""}
WITHHELD = {**_without(RTX_3090, "/dev/", "/usr/lib", "/proc/"), "/.dockerenv": ""}
SINGLE_SPACES = {**_without(RTX_3090, SYS_DRIVER), PROC_DRIVER: ODD_NVRM}
HD_4000 = {**pci("0000:00:02.0", "8086:0166", "i915"), "/dev/dri/renderD128": ""}
MASKED = {"CUDA_VISIBLE_DEVICES": "-1"}
CASES = (
    _nvidia("GTX 1080, driver 580", "1b80", "580.65.06", OLD_GPU),
    _nvidia("V100, driver 580", "1db4", "580.65.06", OLD_GPU),
    _nvidia("RTX 3090, driver 535", "2204", "535.183.01", OLD_GPU),
    _nvidia("A100, driver 535", "20b0", "535.183.01", OLD_GPU),
    _wsl("RTX 3090 in WSL, `nvidia-smi` prints `[N/A]`", "[N/A]"),
    _wsl("RTX 3090 in WSL, `nvidia-smi` prints `ERR!`", "ERR!"),
    Case("RTX 3090, driver 580, single spaces in the NVRM line", CUDA_13, SINGLE_SPACES, by_rules=STOPS),
    Case("Container on a GPU host, started without the GPU", CPU, WITHHELD, driver="580.65.06"),
    Case("Intel HD 4000", CPU, HD_4000, by_rules="xpu, torch 2.15"),
    Case("RX 7900 XTX without ROCm's programs", "rocm7.2, torch 2.14", RX_7900_XTX, by_rules=CPU),
    _nvidia("RTX 3090, driver 580, `CUDA_VISIBLE_DEVICES=-1`", "2204", "580.65.06", CPU, MASKED),
    _nvidia("RTX 5090, driver 575", "2b85", "575.57.08", "cu129, torch 2.13"),
    Case("Strix Halo without ROCm's programs", "rocm7.2, torch 2.14", STRIX_HALO, by_rules=CPU),
    Case("Arc B580", "xpu, torch 2.15", ARC_B580, by_rules="xpu, torch 2.15"),
    _nvidia("Control: RTX 4090, driver 595", "2684", "595.45.04", "cu132, torch 2.15"),
    Case("Control: no GPU", CPU, {}, by_rules=CPU),
)


def main() -> int:
    """Ask both for every machine and print the table."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--uv", help="a uv program; without it pip installs the newest for this run alone")
    options.add_argument("--torchruntime", metavar="PYTHON", help="a Python that has torchruntime")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name, _stand_in_index(Path(name)) as proxy:
        folder = Path(name)
        uv = Uv(chosen.uv or _newest_uv(folder / "uv"), folder, proxy)
        print(f"{uv.version()}; facts of ours as of {load_catalogue().as_of}\n")
        print("| Machine | Right | poetry hw-info | uv | torchruntime |\n|---|---|---|---|---|")
        right, ways = [0, 0, 0], []
        for case in CASES:
            theirs, how = uv.choice(case)
            answers = (ours(case), theirs, torchruntime(chosen.torchruntime, case))
            right = [count + _is_right(answer, case) for count, answer in zip(right, answers, strict=True)]
            cells = " | ".join(answer if _is_right(answer, case) else f"**{answer}**" for answer in answers)
            ways.append(how)
            print(f"| {case.title} | {case.right} | {cells} |", flush=True)
        print(
            f"\nRight of {len(CASES)}: hw-info {right[0]}, uv {right[1]}, torchruntime {right[2]} (builds alone)"
        )
        print("\nHow uv was asked:", "; ".join(f"{how} ({ways.count(how)})" for how in dict.fromkeys(ways)))
    return 0


def _is_right(answer: str, case: Case) -> bool:
    """Return whether an answer is the right one; torchruntime names no torch, so its build counts."""
    return answer == case.right or (", torch" not in answer and answer == case.right.partition(",")[0])


def torchruntime(python: str | None, case: Case) -> str:
    """Return the build that torchruntime takes for a machine's PCI ids."""
    if python is None:
        return "not asked"
    ids = re.findall(r"PCI_ID=([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})", "".join(case.files.values()))
    program = (
        "import sys; from torchruntime.device_db import get_device_infos as infos;"
        "from torchruntime.platform_detection import get_torch_platform as platform;"
        "print(platform(infos([tuple(word.split(':')) for word in sys.argv[1:]]), ['torch']))"
    )
    words = [f"{vendor}:{device}".lower() for vendor, device in ids]
    ended = subprocess.run(
        [python, "-c", program, *words], capture_output=True, text=True, timeout=60, check=False
    )
    return ended.stdout.split()[-1] if ended.stdout.strip() else STOPS


def ours(case: Case) -> str:
    """Return the build and the newest line of torch that our detection and choice arrive at."""
    answers = {key: SourceText(text, "ok") for key, text in case.programs.items()}
    catalogue = load_catalogue()
    host = detect(Machine(case.facts, case.files, answers, case.environment), catalogue).host
    selection = select(host, catalogue)
    newest = max((line for line, _ in _lines(selection.best)), key=version_key)
    return f"{selection.best}, torch {selection.torch_max or newest}"


def _lines(index: str) -> list[tuple[str, str]]:
    """Return the lines of torch that one of PyTorch's indexes holds, each with its version there."""
    found = []
    for line in load_catalogue().torch:
        xpu = index == "xpu" and version_key(line.line) >= version_key(FIRST_XPU_LINE)
        if index == "cpu" or xpu or index in {*line.cuda, *line.extra_cuda, *line.rocm}:
            found.append((line.line, f"{line.line}.0+{index}"))
    return found


@dataclass(frozen=True, slots=True)
class Uv:
    """The uv program, cut off from everything but the stand-in index."""

    program: str
    folder: Path
    proxy: str

    def version(self) -> str:
        """Return uv's name and version."""
        return self._run([], "--version").stdout.strip()

    def choice(self, case: Case) -> tuple[str, str]:
        """Return the build that uv would install on a machine, and how it was asked."""
        target = self.folder / "target"
        if not target.exists():
            venv.create(target, with_pip=False)
        command = ("pip", "install", "--dry-run", "--torch-backend=auto", "--python", str(target), "torch")
        wrapper = self._wrapper(case)
        if wrapper:
            return _read(self._run(wrapper, *command, **self._environment(case))), IN_NAMESPACE
        if case.programs and not Path(SYS_DRIVER).exists():
            return _read(self._run([], *command, **self._environment(case))), BY_PROGRAMS
        if case.driver:
            environment = {**self._environment(case), "UV_CUDA_DRIVER_VERSION": case.driver}
            return _read(self._run([], *command, **environment)), BY_VARIABLE
        return case.by_rules, BY_RULES

    def _run(
        self, wrapper: list[str], *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "UV_CACHE_DIR": str(self.folder / "cache"),
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_HTTP_RETRIES": "0",
            "SSL_CERT_FILE": str(self.folder / "authority.pem"),
            **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), self.proxy),
        }
        return subprocess.run(
            [*wrapper, self.program, *arguments],
            env={**own, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _environment(self, case: Case) -> dict[str, str]:
        programs = Path(tempfile.mkdtemp(dir=self.folder))
        by_name: dict[str, list[tuple[str, str]]] = {}
        for words, text in case.programs.items():
            name, _, arguments = words.partition(" ")
            by_name.setdefault(name, []).append((arguments, text))
        for name, answers in by_name.items():
            branches = "".join(f"'{arguments}'*) printf %s '{text}' ;;\n" for arguments, text in answers)
            (programs / name).write_text(f'#!/bin/sh\ncase "$*" in\n{branches}esac\n', "utf-8")
            (programs / name).chmod(0o755)
        return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **case.environment}

    def _wrapper(self, case: Case) -> list[str]:
        """Return what starts a program where the case's files lie over this machine's; empty if nothing can."""
        root = Path(tempfile.mkdtemp(dir=self.folder))
        for path in OVERLAID:
            (root / path[1:]).mkdir(parents=True)
        for path, text in (*case.files.items(), *_pci_details(case.files)):
            if path.startswith(OVERLAID):
                (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
                (root / path[1:]).write_text(text, "utf-8")
        mounts = " && ".join(f"mount --bind {root}{path} {path}" for path in OVERLAID)
        wrapper = [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            f'{mounts} && exec "$@"',
            "sh",
        ]
        if shutil.which("unshare") is None:
            return []
        probe = subprocess.run([*wrapper, "true"], capture_output=True, check=False)
        return wrapper if probe.returncode == 0 else []


def _pci_details(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return the two files beside a PCI function's ``uevent`` that uv reads."""
    for path, text in files.items():
        if path.endswith("/uevent"):
            reported = dict(line.split("=", 1) for line in text.splitlines())
            yield path.replace("uevent", "class"), f"0x{int(reported['PCI_CLASS'], 16):06x}\n"
            yield path.replace("uevent", "vendor"), f"0x{reported['PCI_ID'].split(':', 1)[0].lower()}\n"


def _read(ended: subprocess.CompletedProcess[str]) -> str:
    """Return what a dry run would install: ``cu126, torch 2.14``."""
    if found := re.search(r"\+ torch==(\d+\.\d+)\.\d+\+(\w+(?:\.\d+)*)", ended.stderr + ended.stdout):
        return f"{found.group(2)}, torch {found.group(1)}"
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    return f"error: {lines[-1].removeprefix('error: ').strip()[:100]}" if ended.returncode else "nothing"


def _newest_uv(folder: Path) -> str:
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    return str(folder / "bin" / "uv")


@contextmanager
def _stand_in_index(folder: Path) -> Iterator[str]:
    """Serve a proxy on 127.0.0.1 that answers for PyTorch's index and refuses everything else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.daemon_threads = True
    StandIn.context = _certificate(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class StandIn(BaseHTTPRequestHandler):
    """One connection: refused unless it is meant for PyTorch's index, which is answered from the catalogue."""

    context: ssl.SSLContext
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        """Answer for the index's host ourselves."""
        if self.path != f"{INDEX_HOST}:443":
            self.send_error(403)
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_GET(self) -> None:
        """Answer ``/whl/INDEX/torch/`` with links, and a link's ``.metadata`` with a bare wheel's."""
        parts = self.path.strip("/").split("/")
        if self.path.endswith(".metadata"):
            version = parts[-1].split("-")[1].replace("%2B", "+")
            self._answer(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n", "text/plain")
        elif parts[0] == "whl" and parts[2:] == ["torch"] and (held := _lines(parts[1])):
            names = [f"torch-{version.replace('+', '%2B')}-py3-none-any.whl" for _, version in held]
            links = [f'<a href="{name}" data-core-metadata="true">{name}</a>' for name in names]
            self._answer(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>", "text/html")
        else:
            self.send_error(404)

    def _answer(self, text: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _certificate(folder: Path) -> ssl.SSLContext:
    """Make an authority of this run's own, which only the started uv trusts, and a certificate by it."""
    authority = ["-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=stand-in"]
    index = ["-keyout", "index.key", "-out", "index.csr", "-subj", f"/CN={INDEX_HOST}"]
    key = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (folder / "names.txt").write_text(
        f"subjectAltName=DNS:{INDEX_HOST}\nbasicConstraints=CA:FALSE\n", "utf-8"
    )
    signing = [
        "openssl",
        "x509",
        "-req",
        "-in",
        "index.csr",
        "-CA",
        "authority.pem",
        "-CAkey",
        "authority.key",
    ]
    for command in (
        [*key, "-x509", "-days", "2", *authority],
        [*key, *index],
        [*signing, "-CAcreateserial", "-days", "2", "-extfile", "names.txt", "-out", "index.pem"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "index.pem", folder / "index.key")
    return context


if __name__ == "__main__":
    raise SystemExit(main())
