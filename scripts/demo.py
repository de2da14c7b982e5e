"""The main job, shown on this machine in under a minute: one lock, the right build for every machine.

    python scripts/demo.py [--full] [--keep] [--plain]

One line for each step; ``--full`` shows every command and what it writes.
Everything happens in a temporary folder with an index of its own on 127.0.0.1; nothing is downloaded and nothing of
yours is touched. Every step checks what it shows: exit code 1 says that something was not as promised.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.markers import default_environment


REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from scripts.demo_index import TORCH, demo_index, with_own_sources
from scripts.demo_stage import DemoError, How, Narrator, Stage
from tests.support.lockfile import Lockfile, read_lockfile
from tests.support.poetry_program import installed_packages


if TYPE_CHECKING:
    from tests.support.index import PackageIndex


EXAMPLE = REPOSITORY / "examples" / "chatbot"
BASE = ("main", "dev")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that the demo only describes, and what it must get."""

    title: str
    text: str
    target: str
    variant: str
    backend: str


MACHINES = (
    Machine(
        "What would a GTX 1080 get?",
        "A GPU of 2016 with a driver of 2025. The driver runs CUDA 13, but CUDA 13 builds hold no code for this GPU:\n"
        "the driver alone gives the wrong answer. --dry-run installs nothing.",
        "linux-x86_64,driver=580.65,gpu=GTX 1080",
        "ml-gpu",
        "cu126",
    ),
    Machine(
        "And an A100 whose driver cannot be updated?",
        "Driver 535 came with CUDA 12.2. It runs every CUDA 12 build, also newer ones, but none for CUDA 13.",
        "linux-x86_64,driver=535.54,gpu=A100",
        "ml-gpu",
        "cu126",
    ),
    Machine(
        "An RTX 5090?",
        "Blackwell GPUs need the CUDA 13 build: the CUDA 12.6 build holds no code for them.",
        "linux-x86_64,driver=590.48,gpu=RTX 5090",
        "ml-cu130",
        "cu130",
    ),
    Machine(
        "And an AMD Instinct MI300X?",
        "AMD GPUs are chosen by their architecture: each ROCm build holds code for some of them.",
        "rocm,gpu=MI300X",
        "ml-rocm",
        "rocm7.2",
    ),
)
STEPS = 6 + len(MACHINES)


def main() -> int:
    """Play the demo; returns the exit code."""
    options = _options()
    colours = sys.stdout.isatty() and not options.plain and "NO_COLOR" not in os.environ
    narrator = Narrator(sys.stdout, colours, STEPS, brief=not options.full)
    folder = Path(tempfile.mkdtemp(prefix="poetry-aiops-demo-")).resolve()
    try:
        with demo_index() as index:
            Demo(Stage(folder, narrator), index).play()
    except DemoError as error:
        narrator.bad(f"\nThe demo failed: {error}")
        narrator.end("Please report it with the output of `make demo-full`.")
        return 1
    finally:
        if options.keep:
            narrator.end(f"Everything was kept in {folder}; its package index is gone.")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Shows poetry-aiops on this machine, without any download.")
    parser.add_argument("--full", action="store_true", help="show every command and what it writes")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder and say where it is")
    parser.add_argument("--plain", action="store_true", help="no colours")
    return parser.parse_args()


class Demo:
    """The steps, in their order; each raises DemoError when its promise is not kept."""

    def __init__(self, stage: Stage, index: PackageIndex) -> None:
        self.stage = stage
        self.narrator = stage.narrator
        self.index = index
        self.project = stage.folder / "chatbot"
        self.teammate = stage.folder / "teammate"

    def play(self) -> None:
        started = time.monotonic()
        self.set_up()
        self.lock()
        self.look_at_this_machine()
        self.install_here()
        for machine in MACHINES:
            self.ask_for(machine)
        self.build_for_another_machine()
        self.install_without_the_plugin()
        self.sum_up(time.monotonic() - started)

    # -- the steps ----------------------------------------------------------------------------------------

    def set_up(self) -> None:
        self.narrator.step(
            "A chatbot that must run everywhere",
            "This is examples/chatbot, copied to a temporary folder. Its pyproject.toml declares one optional group for\n"
            "each kind of hardware; each wants another build of torch. This table says that they exclude each other:",
        )
        shutil.copytree(EXAMPLE, self.project, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
        pyproject = self.project / "pyproject.toml"
        text = pyproject.read_text(encoding="utf-8")
        self._show_table(text)
        pyproject.write_text(with_own_sources(text, self.index), encoding="utf-8")
        self.narrator.say(
            "\nThe real builds of torch are up to some gigabytes, so the demo serves stand-ins from an index of its own,\n"
            f"{self.index.root}: same names, versions and requirements, no content. Only the addresses of the sources\n"
            "were changed. Poetry's configuration, caches and environments are in the temporary folder, too."
        )

    def lock(self) -> None:
        self.narrator.step(
            "One lock for all of them",
            "Plain Poetry refuses groups that want different builds of one package. With the plugin, `poetry lock` solves\n"
            "each variant beside the shared packages and writes one ordinary poetry.lock.",
        )
        refusal = self.stage.poetry(self.project, "--no-plugins", "lock", how=How(expected_code=1))
        self._promise("torch" in refusal, "plain Poetry refuses these groups, the plugin locks them")
        self.stage.poetry(self.project, "lock")
        builds = self._lockfile().builds("torch")
        self._show_builds(builds)
        wanted = {TORCH, *(f"{TORCH}+{backend}" for backend in ("cpu", "cu126", "cu130", "rocm7.2"))}
        self._promise(set(builds) == wanted, f"the lock holds {len(wanted)} builds of torch side by side")
        self._promise(
            not self._doubled(), "no selection gets two builds of anything, on no system or Python version"
        )

    def look_at_this_machine(self) -> None:
        self.narrator.step(
            "What is this machine?",
            "`hw-info` reads drivers and devices, without any network, and says which build really runs here:",
        )
        output = self.stage.poetry(self.project, "hw-info")
        self._promise("Best build:" in output, "it has an answer for this machine")

    def install_here(self) -> None:
        self.narrator.step(
            "Install what fits this machine",
            "`hw-install` is Poetry's install plus the variant that fits, from the same lock:",
        )
        self.stage.poetry(self.project, "hw-install")
        record = json.loads((self.project / ".venv" / "poetry-aiops.json").read_text(encoding="utf-8"))
        variant = str(record["variant"])
        self._installed_exactly(self.project, variant)
        self.narrator.say(
            "\nIt also left `hw-check` in the environment: a container runs it at its start to compare the machine with the\n"
            "build that was installed. It needs neither Poetry nor the plugin there:"
        )
        self.stage.play(self._hw_check(), (), self.project)
        self.narrator.good(f"the installed build fits this machine ({variant})")

    def ask_for(self, machine: Machine) -> None:
        self.narrator.step(machine.title, machine.text)
        output = self.stage.poetry(
            self.project, "hw-install", "--dry-run", "--target", machine.target, how=How(hidden=_is_noise)
        )
        build = f"{TORCH}+{machine.backend}"
        self._promise(
            f"Using {machine.variant} ({machine.backend})" in output
            and re.search(rf"\btorch \((\S+ -> )?{re.escape(build)}\)", output) is not None,
            f"variant {machine.variant}, torch {build}",
        )

    def build_for_another_machine(self) -> None:
        self.narrator.step(
            "An image is built here and runs elsewhere",
            "A builder has no GPU, so the choice is given by hand. What the CPU build brought and the GPU build does not\n"
            "need is removed. Then the container is started on a machine whose GPU cannot be used, and hw-check says no:",
        )
        self.stage.poetry(self.project, "hw-install", "--hardware", "ml-gpu")
        self._installed_exactly(self.project, "ml-gpu")
        without_gpu = How(expected_code=1, variables=("CUDA_VISIBLE_DEVICES=-1",))
        self.stage.play(self._hw_check(), (), self.project, without_gpu)
        self.narrator.good("exit code 1 and the reason, before anything of the application runs")

    def install_without_the_plugin(self) -> None:
        self.narrator.step(
            "A colleague without the plugin",
            "The lock is an ordinary poetry.lock. Plain Poetry (--no-plugins) accepts it and installs any variant by the\n"
            "name of its group:",
        )
        self.teammate.mkdir()
        for name in ("pyproject.toml", "poetry.lock"):
            shutil.copy(self.project / name, self.teammate / name)
        self.stage.poetry(self.teammate, "--no-plugins", "check", "--lock")
        self.stage.poetry(self.teammate, "--no-plugins", "install", "--with", "ml-gpu")
        self._installed_exactly(self.teammate, "ml-gpu")

    def sum_up(self, seconds: float) -> None:
        self.narrator.end(
            f"{STEPS} steps, each checked, in {seconds:.0f} s, in a temporary folder with stand-in packages."
            " `make demo-full` shows every command."
        )
        self.narrator.say("\nWhat to try next:\n")
        for command, text in (
            ("poetry hw-info --explain", "every probe of this machine, and why each build was rejected"),
            ("nvidia-smi | poetry hw-info --target-file -", "the same for a machine whose output you paste"),
            ("examples/chatbot/", "the project of this demo with the real indexes; its README goes on"),
            ("docs/how-to/lock-variants.md", "how to declare variants in a project of yours"),
        ):
            self.narrator.say(f"  {command:<46} {text}")

    # -- checks -------------------------------------------------------------------------------------------

    def _promise(self, kept: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence where it is called
        if not kept:
            raise DemoError(f"not as promised: {text}.")
        self.narrator.good(text)

    def _installed_exactly(self, folder: Path, variant: str) -> None:
        machine = {**default_environment(), "extra": ""}
        wanted = self._lockfile().selected(
            *BASE, variant, machine={key: str(value) for key, value in machine.items()}
        )
        found = installed_packages(folder)
        self._promise(
            found == wanted,
            f"{len(found)} packages, exactly what the lock holds for {variant}: torch {found.get('torch', 'is missing')}",
        )
        nvidia = sorted(name for name in found if name.startswith("nvidia-"))
        self.narrator.good(f"NVIDIA libraries: {', '.join(nvidia) or 'none'}")

    def _doubled(self) -> set[str]:
        lock = self._lockfile()
        groups = {group for package in lock.packages for group in package.groups}
        return set().union(*(lock.doubled(*BASE, variant) for variant in groups - set(BASE)))

    def _lockfile(self) -> Lockfile:
        return read_lockfile(self.project / "poetry.lock")

    def _hw_check(self) -> Path:
        found = shutil.which(
            "hw-check", path=self.project / ".venv" / ("Scripts" if os.name == "nt" else "bin")
        )
        if found is None:
            raise DemoError("hw-install left no hw-check in the environment.")
        return Path(found)

    # -- showing ------------------------------------------------------------------------------------------

    def _show_table(self, text: str) -> None:
        table = re.search(r"^\[tool\.poetry-aiops\.hardware\.variants\]\n(?:.+\n)+", text, re.MULTILINE)
        if table is None:
            raise DemoError("examples/chatbot declares no hardware variants.")
        self.narrator.shown("")
        for line in table[0].splitlines():
            self.narrator.shown(line)

    def _show_builds(self, builds: dict[str, tuple[str, ...]]) -> None:
        self.narrator.say("\nThe builds of torch in it, and the group that each belongs to:")
        for version, groups in sorted(builds.items()):
            self.narrator.shown(f"torch {version:<16} {', '.join(groups)}")


def _is_noise(line: str) -> bool:
    """Say whether a line of a dry run reports no change, for a package other than torch."""
    return "Already installed" in line and " torch (" not in line


if __name__ == "__main__":
    sys.exit(main())
