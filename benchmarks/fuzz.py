"""Throw broken inputs at one of our parsers until the time is up, and keep those that come out as a traceback.

    python benchmarks/fuzz.py --parser requirements --seconds 600 [--findings FOLDER] [--plain]
    python benchmarks/fuzz.py --parser lock --long
    python benchmarks/fuzz.py --parser lock FILE ...

With atheris (``pip install atheris``; it has wheels for Linux and Python 3.11 to 3.13) inputs are led by the code that
they reach; without it, or with ``--plain``, they are changed blindly. ``--long`` tries words and lines of the format
repeated up to a megabyte instead. FILE is an input that was kept: it is tried once. The exit code is 1 when anything was found.
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


sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import NAMES, seeds, tokens
from tests.fuzz.trial import Trial


LONGEST = 20_000
HUNDRED_KILOBYTES = 100_000
MEGABYTE = 1_000_000
SLOWEST = 5
WORDS = 60
SHORT = 300
WORD = 60
MEMORY_MB = 2_048


def main() -> int:
    """Read the options and run what they ask for."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
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
        trial = _trial(chosen)
        for path in chosen.files:
            trial.run(path.read_bytes())
        return _told(trial, len(chosen.files))
    if chosen.long:
        return _long(chosen)
    if chosen.plain or importlib.util.find_spec("atheris") is None:
        if not chosen.plain:
            print("atheris is not installed (pip install atheris), so inputs are changed blindly.")
        return _blind(chosen)
    return _with_atheris(chosen)


def _trial(chosen: argparse.Namespace) -> Trial:
    parsers = importlib.import_module("tests.fuzz.parsers").PARSERS
    return Trial(chosen.parser, parsers[chosen.parser], chosen.findings)


def _told(trial: Trial, count: int) -> int:
    for signature, what in trial.found.items():
        print(f"{signature}\n{what}")
    print(f"{trial.name}: {count} inputs, {len(trial.found)} findings")
    return 1 if trial.found else 0


def _long(chosen: argparse.Namespace) -> int:
    """Try repetitions of 100 kB, then those that took longest again with a megabyte."""
    trial = _trial(chosen)
    pieces = _pieces(chosen.parser)
    spent = {piece: trial.run(_repeated(piece, HUNDRED_KILOBYTES)) for piece in pieces}
    slowest = sorted(pieces, key=lambda piece: -spent[piece])[:SLOWEST]
    trial.seconds *= MEGABYTE / HUNDRED_KILOBYTES
    for piece in slowest:
        seconds = trial.run(_repeated(piece, MEGABYTE))
        print(f"{spent[piece]:6.2f} s for 100 kB, {seconds:6.2f} s for 1 MB: {piece[:60]!r}", flush=True)
    return _told(trial, len(pieces) + len(slowest))


def _pieces(parser: str) -> list[bytes]:
    """Return the words of a format, and lines of real inputs."""
    lines = {line + b"\n" for seed in seeds(parser) for line in seed.splitlines() if 1 < len(line) < SHORT}
    return [*tokens(parser)[:WORDS], *sorted(lines)[:: max(1, len(lines) // WORDS)]]


def _repeated(piece: bytes, size: int) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


# -- without atheris ------------------------------------------------------------------------------------


def _blind(chosen: argparse.Namespace) -> int:
    trial, random = _trial(chosen), Random(0)  # noqa: S311 - no secrets
    known, words = seeds(chosen.parser), tokens(chosen.parser)
    end, count = time.monotonic() + chosen.seconds, 0
    while time.monotonic() < end:
        trial.run(mutated(random.choice(known), words, random))
        count += 1
    print(f"{chosen.parser}: {chosen.seconds} s, {count} inputs, {len(trial.found)} findings")
    return 1 if trial.found else 0


# -- with atheris ---------------------------------------------------------------------------------------


def _with_atheris(chosen: argparse.Namespace) -> int:
    """Run libFuzzer in a process of its own, which it ends itself, and tell its figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        for number, seed in enumerate(seeds(chosen.parser)):
            (folder / "corpus" / f"{number:05}").write_bytes(seed)
        command = [sys.executable, __file__, "--parser", chosen.parser, "--led", name]
        command += ["--seconds", str(chosen.seconds), "--findings", str(chosen.findings)]
        start = time.monotonic()
        with (folder / "log").open("wb") as log:
            code = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
        text = (folder / "log").read_text("utf-8", errors="replace")
    reached = re.findall(r"cov: (\d+)", text)
    count = re.findall(r"stat::number_of_executed_units: (\d+)", text) or re.findall(
        r"^#(\d+)", text, re.MULTILINE
    )
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
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["poetry_aiops"]):
        trial = _trial(chosen)
    words = tokens(chosen.parser)
    dictionary = chosen.led / "dictionary"
    dictionary.write_text("".join(f'"{_quoted(word)}"\n' for word in words if len(word) < WORD), "ascii")

    def changed(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)  # noqa: S311 - no secrets
        if random.randrange(2):
            return bytes(atheris.Mutate(data, most))
        return mutated(data, words, random)[:most]

    arguments = [
        "fuzz.py",
        f"-max_total_time={chosen.seconds}",
        f"-dict={dictionary}",
        f"-max_len={LONGEST}",
        f"-rss_limit_mb={MEMORY_MB}",
        "-timeout=60",
        "-print_final_stats=1",
        f"-artifact_prefix={chosen.led}/",
        str(chosen.led / "corpus"),
    ]
    atheris.Setup(arguments, lambda data: trial.run(data) and None, custom_mutator=changed)
    atheris.Fuzz()
    return 0


def _quoted(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
