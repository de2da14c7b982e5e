"""How long an audit of a lock takes, side by side with pip-audit, uv audit and pysentry on one local OSV service.

    python benchmarks/health_audit.py [--snapshot ZIP] [--packages 100 500] [--latency 0 50] [--rounds 3] [--peers DIR]

The service runs in this process on 127.0.0.1 and answers each question after the latency. One package in five has
advisories; the records come from an OSV zip (``--snapshot``, else the corpus) or are made up. Peers are installed from
the package index into a virtual environment of their own. ``our engine`` is the audit alone, ``poetry health`` the whole
command with this plugin and ``--metric security``, ``all metrics`` without it, ``warm`` with the caches of a run before. The
same server is the package index (a page of 60 releases with three files each for every package), and has the list of
downloads. ``start`` is each program's own start (``--version``, for the engine its imports),
``beyond`` the time after it, ``total`` the whole process; ``CPU`` is the processor time beyond that of the start, which a
busy machine changes less. Medians, with empty caches.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poetry.factory import Factory


sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.osv_server import OsvServer, applies, load


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


HERE = Path(__file__).resolve()
SOURCE = HERE.parent.parent / "src"
PEERS = ("pip-audit", "uv", "pysentry-rs")
DIRECT = 50
"""How many of the packages the project itself asks for; each of the others is needed by one of them."""

RELEASES = 60
"""How many releases a package has on its index page."""
NEWER = 10
"""How many of them are newer than the locked one."""

PATIENCE = 10.0
"""Seconds above which a program runs once only."""


@dataclass(frozen=True)
class Program:
    """One way to audit: how it is started, how it only starts, and how its findings are read."""

    name: str
    start: Sequence[str]
    command: Callable[[Path, str], Sequence[str]]
    findings: Callable[[str], set[tuple[str, str]]]
    keeps_cache: bool = False


@dataclass(frozen=True)
class Measured:
    """Medians in seconds, and what was found: pairs of package and advisory id."""

    total: float
    start: float
    processor: float
    findings: set[tuple[str, str]]

    @property
    def beyond(self) -> float:
        return max(self.total - self.start, 0.001)


def main() -> int:
    """Run every program on every case and print the tables."""
    chosen = _options()
    if chosen.engine:
        return _engine(Path(chosen.engine), chosen.url)
    with tempfile.TemporaryDirectory() as folder:
        programs = _programs(Path(chosen.peers) if chosen.peers else Path(folder) / "peers")
        records = _records(chosen.snapshot)
        for count in chosen.packages:
            packages = _packages(records, count)
            for latency in chosen.latency:
                with OsvServer(records, latency=latency / 1000) as server:
                    case = Path(folder) / f"{count}-{latency}"
                    _write_project(case, packages, server.url)
                    _publish(packages, server)
                    for name, version in packages:  # the service's own matching is not what is measured
                        server.matching({"package": {"name": name}, "version": version})
                    print(f"\n{count} packages, {latency} ms latency", flush=True)
                    _table([(one, _measure(one, case, server, chosen.rounds)) for one in programs])
    return 0


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    corpus = os.environ.get("POETRY_AIOPS_CORPUS", "")
    found = sorted(Path(corpus).glob("advisories/*.zip")) if corpus else []
    options.add_argument("--snapshot", type=Path, default=found[0] if found else None)
    options.add_argument("--packages", type=int, nargs="+", default=[100, 500])
    options.add_argument("--latency", type=int, nargs="+", default=[0, 50], help="milliseconds")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--peers", help="a virtual environment with the peers; made when it is missing")
    options.add_argument("--engine", help=argparse.SUPPRESS)
    options.add_argument("--url", default="", help=argparse.SUPPRESS)
    return options.parse_args()


# -- what is audited ------------------------------------------------------------------------------------


def _records(snapshot: Path | None) -> list[dict[str, Any]]:
    if snapshot:
        records = load(snapshot)
        for record in records:  # pip-audit ends with a traceback at times that are written otherwise
            record["published"] = record.get("published", "2024-01-01T00:00:00Z")[:19].replace(" ", "T") + "Z"
        return records
    return [
        {
            "id": f"PYSEC-2024-{number}",
            "modified": "2024-01-01T00:00:00Z",
            "published": "2024-01-01T00:00:00Z",
            "summary": "made up",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": f"flawed-{number // 3}"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
                    "versions": ["1.0", "1.1"],
                }
            ],
        }
        for number in range(1500)
    ]


def _packages(records: list[dict[str, Any]], count: int) -> list[tuple[str, str]]:
    """Return names and versions: one package in five in a version that advisories name."""
    known: dict[str, str] = {}
    for record in records:
        for entry in record["affected"]:
            name = entry["package"]["name"].lower().replace("_", "-").replace(".", "-")
            plain = [one for one in entry.get("versions", ()) if one.replace(".", "").isdigit()]
            if plain and applies(record, name, plain[-1]):
                known.setdefault(name, plain[-1])
    flawed = sorted(known.items())
    step = max(1, len(flawed) // (count // 5))
    chosen = flawed[::step][: count // 5]
    return [*chosen, *((f"harmless-{number}", "1.0") for number in range(count - len(chosen)))]


def _write_project(folder: Path, packages: list[tuple[str, str]], url: str) -> None:
    folder.mkdir()
    (folder / "requirements.txt").write_text("".join(f"{name}=={version}\n" for name, version in packages))
    (folder / "uv.lock").write_text(_uv_lock(packages, url))
    asked = ", ".join(f'"{name}=={version}"' for name, version in packages[:: _step(packages)])
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "bench"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{asked}]\n'
        f'[[tool.poetry.source]]\nname = "bench"\nurl = "{url}/simple/"\n'
    )
    (folder / "poetry.lock").write_text(_poetry_lock(packages, url, "x"))
    locker = Factory().create_poetry(folder).locker
    (folder / "poetry.lock").write_text(_poetry_lock(packages, url, locker._get_content_hash()))  # noqa: SLF001 - as `poetry lock`


def _publish(packages: list[tuple[str, str]], server: OsvServer) -> None:
    """Make the server the index of the packages, and give it the lists that a run reads beside it."""
    for name, version in packages:
        files = [file for release in range(RELEASES) for file in _files(name, version, release)]
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
        owners = {"roles": [{"role": "Owner", "user": "a"}, {"role": "Maintainer", "user": "b"}]}
        about = {"info": {"classifiers": [], "description": "x" * 20_000}, "ownership": owners}
        server.files[f"/simple/{name}/"] = json.dumps(page).encode()
        server.files[f"/pypi/{name}/json"] = json.dumps(about).encode()
    rows = [{"project": name, "download_count": 1_000_000 + at} for at, (name, _) in enumerate(packages)]
    rows += [{"project": f"other-{at}", "download_count": 1_000_000 - at} for at in range(15_000 - len(rows))]
    server.files["/downloads"] = json.dumps({"last_update": "2026-11-01 00:00:00", "rows": rows}).encode()


def _files(name: str, version: str, release: int) -> Iterator[dict[str, Any]]:
    """Yield the three files of a release; the locked version comes before the newest ones, a month between two."""
    newer = release - (RELEASES - NEWER - 1)
    number = f"0.0.0.{release}" if newer < 0 else f"{version}.post{newer}" if newer else version
    day = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=30 * release)
    stem = name.replace("-", "_")
    ends = ("-py3-none-any.whl", "-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", ".tar.gz")
    for end in ends:
        file = f"{stem}-{number}{end}"
        digest = hashlib.sha256(file.encode()).hexdigest()
        yield {
            "filename": file,
            "url": f"https://files.example/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}",
            "hashes": {"sha256": digest},
            "requires-python": ">=3.8",
            "size": 123_456,
            "upload-time": f"{day:%Y-%m-%dT%H:%M:%S}.123456Z",
            "yanked": False,
            "core-metadata": {"sha256": digest},
            "data-dist-info-metadata": {"sha256": digest},
            "provenance": None,
        }


def _step(packages: list[tuple[str, str]]) -> int:
    return max(1, len(packages) // DIRECT)


def _needed(packages: list[tuple[str, str]]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each package with the names of those that it needs: a direct one needs those after it, up to the next."""
    step = _step(packages)
    for at, (name, version) in enumerate(packages):
        yield name, version, [] if at % step else [other for other, _ in packages[at + 1 : at + step]]


def _poetry_lock(packages: list[tuple[str, str]], url: str, content_hash: str) -> str:
    tables = [
        f'[[package]]\nname = "{name}"\nversion = "{version}"\ndescription = ""\noptional = false\n'
        'python-versions = "*"\ngroups = ["main"]\nfiles = []\n'
        + ("\n[package.dependencies]\n" if needed else "")
        + "".join(f'"{other}" = "*"\n' for other in needed)
        + f'\n[package.source]\ntype = "legacy"\nurl = "{url}/simple"\nreference = "bench"\n'
        for name, version, needed in _needed(packages)
    ]
    head = f'[metadata]\nlock-version = "2.1"\npython-versions = ">=3.11"\ncontent-hash = "{content_hash}"\n'
    return "\n".join((*tables, head))


def _uv_lock(packages: list[tuple[str, str]], url: str) -> str:
    digest = "0" * 64
    asked = packages[:: _step(packages)]
    names = "".join(f'    {{ name = "{name}" }},\n' for name, _ in asked)
    wanted = "".join(f'    {{ name = "{name}", specifier = "=={version}" }},\n' for name, version in asked)
    tables = [
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "{url}/simple" }}\n'
        + "".join(("dependencies = [\n", *(f'    {{ name = "{one}" }},\n' for one in needed), "]\n"))
        + f'sdist = {{ url = "{url}/{name}.tar.gz", hash = "sha256:{digest}", size = 1 }}\n'
        for name, version, needed in _needed(packages)
    ]
    head = (
        'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n[[package]]\nname = "bench"\nversion = "1"\n'
        f'source = {{ virtual = "." }}\ndependencies = [\n{names}]\n\n'
        f"[package.metadata]\nrequires-dist = [\n{wanted}]\n"
    )
    return "\n".join((head, *tables))


# -- the programs ---------------------------------------------------------------------------------------


def _programs(peers: Path) -> list[Program]:
    binaries = peers / ("Scripts" if sys.platform == "win32" else "bin")
    if not binaries.is_dir():
        print("installing the peers ...", file=sys.stderr, flush=True)
        venv.create(peers, with_pip=True)
        python = str(binaries / "python")
        subprocess.run([python, "-m", "pip", "install", "-q", *PEERS], check=True, capture_output=True)
    pip_audit, uv, pysentry = (str(binaries / name) for name in PEERS)
    engine = [sys.executable, str(HERE)]
    poetry = str(Path(sys.executable).parent / "poetry")
    return [
        Program(
            "our engine",
            [*engine, "--engine", os.devnull],
            lambda folder, url: [*engine, "--engine", str(folder / "poetry.lock"), "--url", url],
            lambda text: {(name, identity) for name, identity in json.loads(text)},
        ),
        Program(
            "poetry health",
            [poetry, "--version"],
            lambda _, __: [poetry, "health", "--metric", "security", "--format", "json"],
            _read_ours,
        ),
        Program(
            "  warm",
            [poetry, "--version"],
            lambda _, __: [poetry, "health", "--metric", "security", "--format", "json"],
            _read_ours,
            keeps_cache=True,
        ),
        Program(
            "all metrics",
            [poetry, "--version"],
            lambda _, __: [poetry, "health", "--format", "pip-audit"],
            _read_pip_audit,
        ),
        Program(
            "  warm",
            [poetry, "--version"],
            lambda _, __: [poetry, "health", "--format", "pip-audit"],
            _read_pip_audit,
            keeps_cache=True,
        ),
        Program("pip-audit", [pip_audit, "--version"], _pip_audit(pip_audit), _read_pip_audit),
        Program(
            "uv audit",
            [uv, "--version"],
            lambda _, url: (
                f"{uv} audit --frozen --no-cache --preview --service-url {url} --output-format json".split()
            ),
            _read_uv,
        ),
        Program(
            "pysentry",
            [pysentry, "--version"],
            lambda _, url: (
                f"{pysentry} . --sources osv --service-url {url}/v1 --format json --no-cache "
                "--no-maintenance-check --no-config --no-ci-detect --fail-on low".split()
            ),
            _read_pysentry,
        ),
    ]


def _read_ours(text: str) -> set[tuple[str, str]]:
    listed = json.loads(text)["packages"]
    return {(one["name"], found["id"]) for one in listed for found in one["advisories"]}


def _pip_audit(program: str) -> Callable[[Path, str], Sequence[str]]:
    options = "--no-deps --disable-pip -s osv -f json --progress-spinner off --osv-url"
    return lambda _, url: [program, "-r", "requirements.txt", *options.split(), f"{url}/v1/query"]


def _read_pip_audit(text: str) -> set[tuple[str, str]]:
    listed = json.loads(text)["dependencies"]
    return {(one["name"], vuln["id"]) for one in listed for vuln in one.get("vulns", ())}


def _read_uv(text: str) -> set[tuple[str, str]]:
    return {(one["dependency"]["name"], one["id"]) for one in json.loads(text)["vulnerabilities"]}


def _read_pysentry(text: str) -> set[tuple[str, str]]:
    document, _ = json.JSONDecoder().raw_decode(text.lstrip())  # words to its users may follow
    return {(one["package_name"], one["id"]) for one in document["vulnerabilities"]}


def _engine(lock: Path, url: str) -> int:
    """Be the program under test: read a lock, ask the service, print what was found."""
    from poetry_aiops.health.advisories.osv import OsvService
    from poetry_aiops.health.security import Feeds, audit
    from poetry_aiops.project.lockfile import read_lock

    if not url:
        return 0
    result = audit(read_lock(lock).packages, Feeds(service=OsvService(url)))
    print(json.dumps([(finding.package, finding.id) for finding in result.findings]))
    return 0 if result.complete else 3


# -- measuring ------------------------------------------------------------------------------------------


def _measure(program: Program, folder: Path, server: OsvServer, rounds: int) -> Measured | str:
    """Run a program several times, each time beside its mere start, so that a busy moment weighs on both."""
    runs: list[tuple[Run, Run]] = []
    with tempfile.TemporaryDirectory() as kept:
        if program.keeps_cache:
            _run(program.command(folder, server.url), folder, server.url, kept)
        for _ in range(rounds):
            start = _run(program.start, folder)
            if program.keeps_cache:
                run = _run(program.command(folder, server.url), folder, server.url, kept)
            else:
                run = _run(program.command(folder, server.url), folder, server.url)
            runs.append((start, run))
            try:
                findings = program.findings(run.output)
            except (ValueError, KeyError, TypeError) as error:
                last = (run.errors.strip() or run.output.strip() or str(error)).splitlines()[-1]
                return f"exit {run.code} after {run.seconds:.1f} s: {last[:100]}"
            if run.seconds > PATIENCE:
                break
    return Measured(
        statistics.median(run.seconds for _, run in runs),
        statistics.median(start.seconds for start, _ in runs),
        statistics.median(run.processor - start.processor for start, run in runs),
        findings,
    )


@dataclass(frozen=True)
class Run:
    """One process: seconds on the clock, seconds of processor with its children, and what it wrote."""

    seconds: float
    processor: float
    code: int
    output: str
    errors: str


def _run(command: Sequence[str], folder: Path, url: str = "", cache: str = "") -> Run:
    with tempfile.TemporaryDirectory() as empty:
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": cache or empty,
            "HOME": cache or empty,
            "PYTHONPATH": str(SOURCE),
            "POETRY_CACHE_DIR": cache or empty,
            "POETRY_AIOPS_OSV_URL": url,
            "POETRY_AIOPS_TOP_PACKAGES_URL": f"{url}/downloads",
            "POETRY_AIOPS_PUBLIC_SOURCES": "bench",
            "POETRY_AIOPS_TRUSTED_ADDRESSES": "127.0.0.1",
        }
        begin, before = time.perf_counter(), os.times()
        done = subprocess.run(
            list(command), cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        seconds, after = time.perf_counter() - begin, os.times()
        used = (after.children_user + after.children_system) - (before.children_user + before.children_system)
        return Run(seconds, used, done.returncode, done.stdout, done.stderr)


def _table(rows: list[tuple[Program, Measured | str]]) -> None:
    print(f"{'program':<14}{'start':>8}{'beyond':>9}{'total':>9}{'CPU':>9}{'findings':>10}  packages")
    for program, measured in rows:
        if isinstance(measured, str):
            print(f"{program.name:<14}{measured}")
            continue
        flagged = {name for name, _ in measured.findings}
        print(
            f"{program.name:<14}{measured.start:7.2f}s{measured.beyond:8.2f}s{measured.total:8.2f}s"
            f"{measured.processor:8.2f}s{len(measured.findings):>10}  {len(flagged)}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
