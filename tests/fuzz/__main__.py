"""Throw broken inputs at one of our parsers until the time is up, and keep those that come out as a traceback.

    python -m tests.fuzz --parser requirements --seconds 600 [--findings FOLDER] [--plain]
    python -m tests.fuzz --parser lock --long
    python -m tests.fuzz --parser lock FILE ...

With atheris (``pip install atheris``; it has wheels for Linux and Python 3.11 to 3.13) inputs are led by the code that
they reach; without it, or with ``--plain``, they are changed blindly. ``--long`` tries each word of the format a
megabyte long instead. FILE is an input that was kept: it is tried once. The exit code is 1 when anything was found.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import time

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import NAMES
from tests.fuzz.seeds import seeds
from tests.fuzz.seeds import tokens
from tests.fuzz.trial import Trial


if TYPE_CHECKING:
    from collections.abc import Sequence


LONGEST = 20_000
MEGABYTE = 1_000_000
MEMORY_MB = 2_048


def main() -> int:
    """Read the options and run what they ask for."""
    options = argparse.ArgumentParser(
        "tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--parser", required=True, choices=NAMES)
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--findings", type=Path, default=Path("fuzz-findings"), help="where inputs are kept")
    options.add_argument("--plain", action="store_true", help="do not use atheris")
    options.add_argument("--long", action="store_true", help="try long repetitions instead")
    options.add_argument("--led", type=Path, help=argparse.SUPPRESS)
    options.add_argument("files", nargs="*", type=Path)
    chosen = options.parse_args()
    if chosen.led:
        return _led(chosen)
    if chosen.files:
        return _told(_trial(chosen), [path.read_bytes() for path in chosen.files])
    if chosen.long:
        return _told(_trial(chosen), _long_inputs(chosen.parser))
    if chosen.plain or importlib.util.find_spec("atheris") is None:
        if not chosen.plain:
            print("atheris is not installed (pip install atheris), so inputs are changed blindly.")
        return _blind(chosen)
    return _with_atheris(chosen)


def _trial(chosen: argparse.Namespace) -> Trial:
    parsers = importlib.import_module("tests.fuzz.parsers").PARSERS
    return Trial(chosen.parser, parsers[chosen.parser], chosen.findings)


def _told(trial: Trial, inputs: Sequence[bytes]) -> int:
    for data in inputs:
        trial.run(data)
    for signature, what in trial.found.items():
        print(f"{signature}\n{what}")
    print(f"{len(inputs)} inputs, {len(trial.found)} findings")
    return 1 if trial.found else 0


def _long_inputs(parser: str) -> list[bytes]:
    """Return every word of the format repeated to a megabyte, alone and inside of a real input."""
    seed = max(seeds(parser), key=len)
    middle = seed.find(b"\n", len(seed) // 2) + 1
    found = []
    for token in (token.encode("utf-8", "replace") for token in tokens(parser)):
        long = (token * (MEGABYTE // len(token)))[:MEGABYTE]
        found += [long, seed[:middle] + long + seed[middle:]]
    return found


# -- without atheris ------------------------------------------------------------------------------------


def _blind(chosen: argparse.Namespace) -> int:
    trial, random = _trial(chosen), Random(0)
    known, words = seeds(chosen.parser), _words(chosen.parser)
    end, count = time.monotonic() + chosen.seconds, 0
    while time.monotonic() < end:
        trial.run(mutated(random.choice(known), words, random))
        count += 1
    print(f"{chosen.parser}: {chosen.seconds} s, {count} inputs, {len(trial.found)} findings")
    return 1 if trial.found else 0


def _words(parser: str) -> list[bytes]:
    return [token.encode("utf-8", "replace") for token in tokens(parser)]


# -- with atheris ---------------------------------------------------------------------------------------


def _with_atheris(chosen: argparse.Namespace) -> int:
    """Run libFuzzer in a process of its own, which it ends itself, and tell its figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        for number, seed in enumerate(seeds(chosen.parser)):
            (folder / "corpus" / f"{number:05}").write_bytes(seed)
        command = [sys.executable, "-m", "tests.fuzz", "--parser", chosen.parser, "--led", name]
        command += ["--seconds", str(chosen.seconds), "--findings", str(chosen.findings)]
        start = time.monotonic()
        with (folder / "log").open("wb") as log:
            code = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
        text = (folder / "log").read_text("utf-8", errors="replace")
    reached = re.findall(r"cov: (\d+)", text)
    count = re.findall(r"stat::number_of_executed_units: (\d+)", text) or re.findall(r"^#(\d+)", text, re.M)
    memory = re.findall(r"stat::peak_rss_mb: +(\d+)", text)
    kept = sorted(chosen.findings.glob(f"{chosen.parser}-*.txt"))
    print(
        f"{chosen.parser}: {time.monotonic() - start:.0f} s, {(count or ['?'])[-1]} inputs,"
        f" {(reached or ['?'])[-1]} edges of code, at most {(memory or ['?'])[-1]} MB, {len(kept)} findings"
    )
    for path in kept:
        print(f"  {path}: {path.read_text('utf-8').splitlines()[0]}")
    if code:
        print(text[-3000:])
    return 1 if kept or code else 0


def _led(chosen: argparse.Namespace) -> int:
    import atheris  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - optional, and only for Linux

    with atheris.instrument_imports(include=["poetry_aiops"]):
        trial = _trial(chosen)
    words = _words(chosen.parser)
    dictionary = chosen.led / "dictionary"
    dictionary.write_text("".join(f'"{_quoted(word)}"\n' for word in words if len(word) < 60), "ascii")  # noqa: PLR2004

    def changed(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:  # noqa: PLR2004 - half of the time
            return bytes(atheris.Mutate(data, most))
        return mutated(data, words, random)[:most]

    arguments = [
        "tests.fuzz",
        f"-max_total_time={chosen.seconds}",
        f"-dict={dictionary}",
        f"-max_len={LONGEST}",
        f"-rss_limit_mb={MEMORY_MB}",
        "-timeout=60",
        "-print_final_stats=1",
        f"-artifact_prefix={chosen.led}/",
        str(chosen.led / "corpus"),
    ]
    atheris.Setup(arguments, trial.run, custom_mutator=changed)
    atheris.Fuzz()
    return 0


def _quoted(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
