"""Check whether this machine fits the build that `poetry hw-install` put into this environment.

Runs at container start with the standard library of Python 3.8 or newer. Exit codes: 0 it fits, 1 it does not
(the reason and the way out are printed), 2 there is no usable record. With `-- COMMAND`, a machine that fits goes
on with the command in place of this program (126 or 127 when that cannot be started), as an entry point of an image.
"""

from __future__ import annotations

import os
import sys


TYPE_CHECKING = (
    False  # typing, re, json, glob and subprocess would each double the time of a container's start
)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, TextIO


SCHEMA = "poetry-aiops/record/1"
RECORD = "poetry-aiops.json"
TIME_LIMIT = 5.0
ARCHES = {"amd64": "x86_64", "AMD64": "x86_64", "arm64": "aarch64", "ARM64": "aarch64"}
OTHER = (
    "Or install a build for this machine: run `poetry hw-install --hardware auto` on it, or set "
    "POETRY_AIOPS_HARDWARE where the image is built (cpu runs everywhere)."
)
GIVE_NVIDIA = (
    "Start the container with the GPU: `docker run --gpus all`, a device reservation (driver: nvidia) in Compose, "
    "or a limit nvidia.com/gpu in Kubernetes."
)
GIVE_AMD = "Start the container with `--device /dev/kfd --device /dev/dri --group-add video`."


class MisfitError(Exception):
    """The machine does not fit: why, and what to do about it."""

    def __init__(self, why: str, *fixes: str) -> None:
        super().__init__(why)
        self.why = why
        self.fixes = [*fixes, OTHER]


class RecordError(Exception):
    """There is no record, or it cannot be used."""


class Machine:
    """What this process can see of the machine; ``root`` replaces the root folder."""

    def __init__(self, root: str = "/") -> None:
        self.root = root
        self.env = dict(os.environ)
        self.os = {"linux": "linux", "win32": "windows", "darwin": "macos"}.get(sys.platform, "other")
        self.mac_version = ""
        if self.os == "linux":
            machine = os.uname().machine
        else:
            import platform

            machine = platform.machine()
            self.mac_version = platform.mac_ver()[0] if self.os == "macos" else ""
        self.arch = ARCHES.get(machine, machine)
        self.wsl = self.os == "linux" and self.has("dev/dxg")

    def names(self, folder: str, start: str = "") -> list[str]:
        """Return the paths of what is in a folder and begins with ``start``."""
        try:
            found = os.listdir(os.path.join(self.root, folder))  # noqa: PTH118, PTH208 - pathlib costs 20 ms
        except OSError:
            return []
        return sorted(f"{folder}/{name}" for name in found if name.startswith(start))

    def has(self, path: str) -> bool:
        return os.path.exists(os.path.join(self.root, path))  # noqa: PTH110, PTH118 - as above

    def text(self, path: str) -> str:
        try:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:  # noqa: PTH118, PTH123
                return file.read()
        except OSError:
            return ""

    def in_container(self) -> bool:
        named = "KUBERNETES_SERVICE_HOST" in self.env or self.env.get("container")
        marked = self.has(".dockerenv") or self.has("run/.containerenv")
        groups = self.text("proc/1/cgroup")
        return bool(
            named or marked or any(word in groups for word in ("docker", "kubepods", "libpod", "lxc"))
        )


def key(version: str) -> list[int]:
    """Return the numbers of a text in their order, four at most."""
    digits = "".join(char if char in "0123456789" else " " for char in version[:200])
    return [int(part[:9]) for part in digits.split()[:4]]


def dotted(text: str, *counts: int) -> bool:
    """Return whether a text is numbers with dots between them, as many as one of the counts."""
    parts = text.split(".")
    return len(parts) in counts and all(part.isascii() and part.isdigit() for part in parts)


def printable(text: str) -> str:
    return "".join(char if " " <= char <= "~" or char == "\n" else "?" for char in text)


def run(argv: list[str]) -> tuple[str, str]:
    """Return a program's output and ``ok``, ``failed``, ``missing`` or ``timeout``; it is killed at the limit."""
    if os.name != "posix":
        return run_on_windows(argv)
    import select
    import time

    out, end = os.pipe()
    null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    streams = [(os.POSIX_SPAWN_DUP2, end, stream) for stream in (1, 2)]
    try:
        process = os.posix_spawn(argv[0], argv, os.environ, file_actions=[null, *streams], setpgroup=0)
    except (OSError, ValueError):
        os.close(out)
        return "", "missing"
    finally:
        os.close(end)
    output, ended, limit = b"", False, time.monotonic() + TIME_LIMIT
    while not ended and time.monotonic() < limit:
        if select.select([out], [], [], max(0.0, limit - time.monotonic()))[0]:
            block = os.read(out, 65536)
            output, ended = output + block, not block
    os.close(out)
    while ended and time.monotonic() < limit:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return output.decode("utf-8", "replace"), "failed" if status else "ok"
        time.sleep(0.002)
    os.killpg(process, 9)  # what hangs in the kernel is left behind, not waited for
    return "", "timeout"


def run_on_windows(argv: list[str]) -> tuple[str, str]:
    import subprocess

    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    try:
        process = subprocess.Popen(argv, stdin=none, stdout=pipe, stderr=subprocess.STDOUT)  # noqa: S603
        output = process.communicate(timeout=TIME_LIMIT)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        process.kill()
        return "", "timeout"
    except (OSError, ValueError):
        return "", "missing"
    return output, "failed" if process.returncode else "ok"


def find_record() -> str:
    """Return the record of the environment that this program is in."""
    paths = (os.path.abspath(__file__), os.path.realpath(__file__))  # noqa: PTH100
    folders = [os.path.dirname(os.path.dirname(path)) for path in paths]  # noqa: PTH120
    for folder in (*folders, sys.prefix):
        if os.path.isfile(os.path.join(folder, RECORD)):  # noqa: PTH113, PTH118
            return os.path.join(folder, RECORD)  # noqa: PTH118
    raise RecordError(f"there is no {RECORD} in this environment")


def parsed(text: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """Return what ``json.loads`` returns; what its scanner in C does not take, json itself reads or refuses."""
    try:
        from _json import make_scanner

        value, end = make_scanner(Scanning)(text, 0)  # type: ignore[arg-type]
        if not text[end:].strip(" \t\r\n"):
            return value
    except Exception:  # noqa: BLE001, S110 - another Python's scanner, or a text that is none: json decides
        pass
    import json

    return json.loads(text)


class Scanning:
    """What the scanner asks its caller for, as ``json.JSONDecoder`` answers."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float


def load_record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a record whose values have the right types."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs 20 ms
            record = parsed(file.read().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{path} cannot be read as JSON ({type(error).__name__})") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise RecordError(f"{path} is not a record of poetry-aiops ({SCHEMA})")
    if record.get("incomplete"):
        raise RecordError(f"{path} says that the installation is incomplete: hw-install did not finish")
    needs = record.get("needs")
    if not isinstance(needs, dict) or needs.get("kind") not in list(CHECKS):
        raise RecordError(f"{path} does not say what the build needs")
    texts = [record.get(name) for name in ("variant", "backend", "os", "arch")]
    texts += [needs.get(name) for name in ("cuda", "driver_linux", "driver_windows", "macos")]
    lists = [needs.get(name) or [] for name in ("compute_capabilities", "gfx", "pci")]
    texts += [text for values in lists for text in (values if isinstance(values, list) else [0])]
    release = needs.get("jetson_linux") or 0
    if not isinstance(release, int) or not all(isinstance(text, (str, type(None))) for text in texts):
        raise RecordError(f"{path} holds values of the wrong type")
    return record


def compare(record: dict[str, Any], machine: Machine) -> str:
    """Return what was seen on a machine that fits a record."""
    arch = record.get("arch") or machine.arch
    made_for = (record.get("os") or machine.os, ARCHES.get(arch, arch))
    if made_for != (machine.os, machine.arch):
        here = f"{machine.os} {machine.arch}"
        raise MisfitError(f"the environment was made for {' '.join(made_for)}, and this is {here}")
    return CHECKS[record["needs"]["kind"]](record["needs"], machine)


def look_for_masks(machine: Machine, *variables: str) -> None:
    """Refuse a variable that hides every device: the first word that means nothing ends its list."""
    for name in variables:
        value = machine.env.get(name, "0")
        first = value.split(",")[0].strip()
        if not (dotted(first, 1) or (first[:4] in ("GPU-", "MIG-") and first[4:])):
            raise MisfitError(f"{name}={value[:60]!r} hides every GPU", "Unset it, or name a device.")


def check_cuda(needs: dict[str, Any], machine: Machine) -> str:
    jetson = jetson_release(machine)
    if jetson is not None and jetson < (needs.get("jetson_linux") or 0):
        raise MisfitError("this is a Jetson, whose GPU needs NVIDIA's builds for JetPack")
    look_for_masks(machine, "CUDA_VISIBLE_DEVICES")
    driver = loaded_driver(machine)
    own_nodes = machine.os == "linux" and not machine.wsl
    if own_nodes and not (driver and any(name[10:11].isdigit() for name in machine.names("dev", "nvidia"))):
        no_gpu(driver, machine)
    gpus, reported = ask_nvidia_smi()
    driver = driver or reported
    if not driver:
        no_gpu(driver, machine)
    first = machine.env.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    if gpus and first.isdigit() and int(first[:9]) >= len(gpus):
        raise MisfitError(
            f"CUDA_VISIBLE_DEVICES names GPU {first[:9]}, and there are {len(gpus)}", "Correct it."
        )
    floor = needs.get("driver_linux" if own_nodes else "driver_windows")
    bridged = ""
    if floor and key(driver) < key(floor):
        why = f"the NVIDIA driver is {driver}, and CUDA {needs.get('cuda')} needs {floor} or newer"
        bridged = forward_compatibility(gpus, floor, why, machine)
    return f"{covered(gpus, needs.get('compute_capabilities') or [])}, driver {driver}{bridged}"


def forward_compatibility(gpus: list[tuple[str, str]], floor: str, why: str, machine: Machine) -> str:
    """Return that NVIDIA's package cuda-compat replaces a newer driver; refuse where it does not.

    It brings the libcuda of a newer driver (``/usr/local/cuda/compat``) and runs on data-center GPUs alone. The NVIDIA
    Container Toolkit, or an entry of LD_LIBRARY_PATH, makes programs load it.
    """
    upgrade = f"Upgrade the host's driver to at least {floor}."
    folders = machine.names("usr/local", "cuda")
    paths = [path for folder in folders for path in machine.names(f"{folder}/compat", "libcuda.so.")]
    versions = {path.rpartition(".so.")[2]: f"/{path.rpartition('/')[0]}" for path in paths}
    newest = max((version for version in versions if "." in version), key=key, default="")
    if machine.os != "linux" or machine.wsl or not newest or key(newest) < key(floor):
        raise MisfitError(why, upgrade)
    found = f"{why}; cuda-compat {newest} is here"
    desktop = [name for name, _ in gpus if any(line in name for line in ("GeForce", "TITAN", "Quadro"))]
    if desktop:
        raise MisfitError(f"{found}, which runs on data-center GPUs and not on {desktop[0]}", upgrade)
    loaded_from = [machine.env.get("LD_LIBRARY_PATH", ""), *machine.names("etc/ld.so.conf.d")]
    if not any("compat" in place for place in loaded_from):
        fix = f"Put {versions[newest]} first in LD_LIBRARY_PATH, or use a current NVIDIA Container Toolkit."
        raise MisfitError(f"{found}, but no program loads it", fix, upgrade)
    return f" with cuda-compat {newest}"


def loaded_driver(machine: Machine) -> str:
    """Return the version of the loaded kernel module, empty without one."""
    version = machine.text("sys/module/nvidia/version").strip()
    if dotted(version, 2, 3, 4):
        return version
    banner = machine.text("proc/driver/nvidia/version").partition("NVRM version:")[2].partition("\n")[0]
    words = banner.partition("Kernel Module")[2].split()
    return next((word for word in words if dotted(word, 2, 3) and word.index(".") >= 3), "")  # noqa: PLR2004


def no_gpu(driver: str, machine: Machine) -> NoReturn:
    """Say why no NVIDIA device is to be seen."""
    withheld = machine.env.get("NVIDIA_VISIBLE_DEVICES", "all")
    if withheld.strip() in ("", "none", "void"):
        why = f"NVIDIA_VISIBLE_DEVICES={withheld!r} hides the GPUs from this container"
        raise MisfitError(why, "Set it to all, or to the devices to use.", GIVE_NVIDIA)
    if driver and machine.in_container():
        raise MisfitError(
            f"this container has no access to a GPU (the host's driver is {driver})", GIVE_NVIDIA
        )
    if driver:
        why = f"the NVIDIA driver {driver} is loaded, but there is no device /dev/nvidia0"
        raise MisfitError(why, "Run `sudo nvidia-modprobe -u -c=0`, or nvidia-smi once as root.")
    fix = GIVE_NVIDIA if machine.in_container() else "If there is an NVIDIA GPU, install NVIDIA's driver."
    raise MisfitError("no NVIDIA GPU was found", fix)


def ask_nvidia_smi() -> tuple[list[tuple[str, str]], str]:
    """Return name and compute capability of every GPU, and the driver, as far as nvidia-smi reports them."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    name = "nvidia-smi" if os.name == "posix" else "nvidia-smi.exe"
    paths = [os.path.join(folder, name) for folder in folders if os.path.isabs(folder)]  # noqa: PTH117, PTH118
    found = (path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK))  # noqa: PTH113
    program = next(found, "/usr/lib/wsl/lib/nvidia-smi")
    text, outcome = run([program, "--query-gpu=driver_version,compute_cap,name", "--format=csv,noheader"])
    if "version mismatch" in text:
        raise MisfitError("the driver's library and kernel module differ in version", "Reboot the host.")
    if "No devices were found" in text:
        raise MisfitError("the NVIDIA driver finds no device", "Look for NVRM in the host's kernel log.")
    lines = text.splitlines() if outcome == "ok" else []
    cells = [[cell.strip() for cell in line.split(",", 2)] for line in lines]
    rows = [row for row in cells if len(row) == 3 and dotted(row[0], 2, 3, 4)]  # noqa: PLR2004
    return [(name, capability) for _, capability, name in rows], rows[0][0] if rows else ""


def covered(gpus: list[tuple[str, str]], arches: list[str]) -> str:
    """Compare compute capabilities: code runs on the same major version with an equal or a higher minor one."""
    seen = ", ".join(dict.fromkeys(f"{name} (compute capability {capability})" for name, capability in gpus))
    known = [key(capability) for _, capability in gpus if dotted(capability, 2)]
    idle = [c for c in known if not any(key(arch)[:1] == c[:1] and key(arch) <= c for arch in arches)]
    if arches and known and len(idle) == len(known):
        fix = "Install a variant whose build holds code for this GPU; `poetry hw-info` names it."
        raise MisfitError(f"the build holds code for {', '.join(arches)}, and this machine has {seen}", fix)
    if not known:
        return "an NVIDIA GPU whose compute capability nvidia-smi did not report, so it was not compared"
    return seen + (f" ({len(idle)} of {len(known)} GPUs cannot run this build)" if arches and idle else "")


def check_rocm(needs: dict[str, Any], machine: Machine) -> str:
    look_for_masks(machine, "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")
    found, node = amd_gpus(machine), machine.has("dev/kfd")
    if (machine.wsl or machine.os == "windows") and not found:
        return "Windows does not report the architecture of an AMD GPU, so it was not compared"
    if not node or not found:
        fix = GIVE_AMD if machine.in_container() else "Load AMD's driver: `sudo modprobe amdgpu`."
        raise MisfitError(f"no AMD GPU is ready to compute{'' if node else ' (/dev/kfd is missing)'}", fix)
    if not os.access(os.path.join(machine.root, "dev/kfd"), os.R_OK | os.W_OK):  # noqa: PTH118
        raise MisfitError("this user may not open /dev/kfd", "Add the user to the groups render and video.")
    forced = machine.env.get("HSA_OVERRIDE_GFX_VERSION", "")
    used = ["gfx{}{:x}{:x}".format(*key(forced))] if dotted(forced, 3) else found
    arches = needs.get("gfx") or []
    if arches and not set(used) & set(arches):
        raise MisfitError(f"the build holds code for {', '.join(arches)}, this machine has {', '.join(used)}")
    return f"AMD GPU {', '.join(used)}"


def amd_gpus(machine: Machine) -> list[str]:
    """Return the gfx names of the kernel's compute nodes, without the CPUs: 90010 is gfx90a."""
    found = []
    for place in machine.names("sys/class/kfd/kfd/topology/nodes"):
        lines = machine.text(f"{place}/properties").splitlines()
        node = {words[0]: words[1] for words in map(str.split, lines) if len(words) == 2}  # noqa: PLR2004
        version = node.get("gfx_target_version", "")
        target = int(version[:18]) if dotted(version, 1) else 0
        if node.get("vendor_id") == "4098" and target:
            found.append(f"gfx{target // 10000}{target // 100 % 100:x}{target % 100:x}")
    return list(dict.fromkeys(found))


def check_mps(needs: dict[str, Any], machine: Machine) -> str:
    floor = needs.get("macos")
    if (machine.os, machine.arch) != ("macos", "aarch64"):
        raise MisfitError("MPS is for Macs with Apple silicon")
    if floor and machine.mac_version and key(machine.mac_version) < key(floor):
        why = f"this is macOS {machine.mac_version}, and the build needs {floor} or newer"
        raise MisfitError(why, f"Upgrade macOS to at least {floor}.")
    return f"Apple silicon, macOS {machine.mac_version}"


def check_xpu(needs: dict[str, Any], machine: Machine) -> str:
    if machine.os != "linux" or machine.wsl:
        return "an Intel GPU can be compared on Linux only"
    found = []
    for device in machine.names("sys/bus/pci/devices"):
        vendor, kind, model = (
            machine.text(f"{device}/{name}").strip() for name in ("vendor", "class", "device")
        )
        found += [model[2:].lower()] if vendor == "0x8086" and kind.startswith("0x03") else []
    spans = [(span[:4], span[-4:]) for span in needs.get("pci") or []]
    fitting = [model for model in found if not spans or any(low <= model <= high for low, high in spans)]
    if not fitting:
        named = f"Intel GPU {', '.join(found)}, which the XPU build does not support"
        raise MisfitError(f"this machine has {named if found else 'no Intel GPU'}")
    if not machine.names("dev/dri", "renderD"):
        raise MisfitError(
            "there is no /dev/dri/renderD* node", "Start the container with `--device /dev/dri`."
        )
    return f"Intel GPU {', '.join(fitting)}"


def jetson_release(machine: Machine) -> int | None:
    """Return the major release of Jetson Linux, 0 when a Jetson does not report it, ``None`` elsewhere."""
    head, found, _ = machine.text("etc/nv_tegra_release").partition(" (release)")
    release = head.rpartition("R")[2]
    if found and dotted(release, 1):
        return int(release[:3])
    return 0 if "Jetson" in machine.text("proc/device-tree/model") else None


def check_jetson(_needs: dict[str, Any], machine: Machine) -> str:
    release, fix = jetson_release(machine), "On a Jetson start the container with `--runtime nvidia`."
    if release is None:
        raise MisfitError("this is not a Jetson, or its container runs without NVIDIA's runtime", fix)
    nodes = ("dev/nvhost-gpu", "dev/nvgpu", "dev/nvmap", "dev/nvidia0")
    if not any(map(machine.has, nodes)):
        raise MisfitError("this container has no access to the Jetson's GPU", fix)
    return f"Jetson Linux {release or 'of an unknown release'}"


CHECKS: dict[str, Callable[[dict[str, Any], Machine], str]] = {
    "cuda": check_cuda,
    "rocm": check_rocm,
    "mps": check_mps,
    "xpu": check_xpu,
    "jetson": check_jetson,
    "cpu": lambda _needs, machine: f"the CPU build runs everywhere, including {machine.os} {machine.arch}",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    end = given.index("--") if "--" in given else len(given)
    options, command = parse(given[:end]), given[end + 1 :]
    record: dict[str, Any] = {}
    try:
        record = load_record(options.record or find_record())
        code, text, fixes = 0, compare(record, Machine(options.root or "/")), []
    except MisfitError as error:
        code, text, fixes = 1, error.why, error.fixes
    except RecordError as error:
        code, text, fixes = 2, str(error), ["Run `poetry hw-install`; it writes the record."]
    tell(code, text, fixes, record, options)
    return go_on(command) if command and code == 0 else code


class Options:
    """The options of one call."""

    def __init__(self) -> None:
        self.record: str | None = None
        self.root: str | None = None
        self.quiet = False
        self.json = False


def parse(words: list[str]) -> Options:
    """Return the options; argparse, which costs half of a Python's start, only for help, mistakes and ``--root=DIR``."""
    options, rest = Options(), iter(words)
    for word in rest:
        value = next(rest, "") if word in ("--record", "--root") else ""
        if word in ("--quiet", "--json") or (value and not value.startswith("-")):
            setattr(options, word[2:], value or True)
        else:
            break
    else:
        return options
    import argparse

    parser = argparse.ArgumentParser("hw-check", description="Compare this machine with the installed build.")
    parser.add_argument("--record", metavar="FILE", help="compare with this record")
    parser.add_argument("--root", metavar="DIR", help="look for files under another root folder")
    parser.add_argument("--quiet", action="store_true", help="print nothing when the machine fits")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.epilog = (
        "With `-- COMMAND [ARGUMENT ...]` at the end, a machine that fits goes on with that command."
    )
    return parser.parse_args(words, Options())


def go_on(command: list[str]) -> int:
    """Become the command; returns only when it cannot be started, with the exit code that a shell has for it."""
    import _signal  # type: ignore[import-not-found] # signal makes enums of its names first

    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them, and what is ignored stays so in the command
        if hasattr(_signal, name):
            _signal.signal(getattr(_signal, name), _signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the image's own command
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        say(printable(f"hw-check: {command[0]} cannot be started: {reason}."), sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


def tell(code: int, text: str, fixes: list[str], record: dict[str, Any], options: Options) -> None:
    """Print the answer: what fits to standard output, what does not to standard error."""
    variant, backend = record.get("variant"), record.get("backend")
    name = f"{variant} ({backend})" if variant else "the installed build"
    says = {0: f"{name} fits this machine: ", 1: f"{name} does not fit this machine: ", 2: ""}[code]
    if options.json:
        import json

        answer = {"fits": {0: True, 1: False}.get(code), "variant": variant, "backend": backend, "text": text}
        say(json.dumps({"schema": "poetry-aiops/hw-check/1", **answer, "fixes": fixes}, indent=2), sys.stdout)
    elif code or not options.quiet:
        lines = "\n  ".join([f"hw-check: {says}{text}.", *fixes])
        say(printable(lines), sys.stderr if code else sys.stdout)


def say(text: str, stream: TextIO | None) -> None:
    """Write a text, past the buffer that Python flushes at its end: no lost reader or full disk changes the answer.

    The stream itself stays as it is, for the command.
    """
    data = f"{text}\n".replace("\n", os.linesep).encode("ascii", "replace")
    try:
        while stream is not None and data:
            data = data[os.write(stream.fileno(), data) :]
    except OSError:
        pass


if __name__ == "__main__":
    sys.exit(main())
