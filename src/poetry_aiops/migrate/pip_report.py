"""What pip itself would install here from a requirements file: its own report, of a run that installs nothing."""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import virtualenv
from packaging.requirements import Requirement as Pep508

from poetry_aiops.errors import IncompleteError, InputError
from poetry_aiops.migrate.request import RUNNING
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import MAIN, Lock, LockedDependency, Package
from poetry_aiops.system.addresses import redact
from poetry_aiops.system.process import run_limited
from poetry_aiops.system.reading import ANYWHERE, read_file


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.project.targets import Target


_TIME_LIMIT: Final = 1800.0  # seconds: it may have to build packages
_SHOWN: Final = 12  # lines of pip's output


def pip_installs(root: Path, file: str, targets: Sequence[Target]) -> tuple[Lock, Target]:
    """Return what ``pip install -r FILE`` would install in an empty environment here, with what each package requires.

    The environment is made by the Python that runs Poetry. Raises InputError where the project is not for it, and
    IncompleteError where pip does not come to an end.
    """
    machine = this_machine(targets)
    with tempfile.TemporaryDirectory(prefix="poetry-aiops-pip-") as folder:
        environment = virtualenv.cli_run([folder, "--no-setuptools", "--quiet"], setup_logging=False)
        python, report = str(environment.creator.exe), Path(folder) / "report.json"
        command = [python, "-m", "pip", "install", "--dry-run", "--no-input", "--report", str(report), "-r"]
        # in the project's folder, as -e ./x is relative to where pip runs
        finished = run_limited([*command, str(root / file)], _TIME_LIMIT, folder=root)
        if finished.outcome != "ok":
            lines = redact(finished.output.decode("utf-8", "replace")).splitlines()
            raise IncompleteError(
                f"pip cannot resolve {file} ({finished.outcome})",
                details=tuple(lines[-_SHOWN:]),
                hint="Run this without --prove, or make `pip install` of the file work here first.",
            )
        document = json.loads(read_file(report, within=ANYWHERE))
    return selection_of(document, root / file, root.as_uri()), machine


def selection_of(report: Mapping[str, Any], path: Path, project: str | None = None) -> Lock:
    """Return the packages of a report of pip's without the project at a URL; the requirements of extras are left out."""
    packages = []
    for one in report["install"]:
        if project is not None and one["download_info"]["url"] == project:
            continue
        metadata = one["metadata"]
        required = [Pep508(text) for text in metadata.get("requires_dist", ())]
        here = [need for need in required if need.marker is None or need.marker.evaluate({"extra": ""})]
        edges = tuple(
            LockedDependency(normalised(need.name), str(need.specifier) or "*", (), "", optional=False)
            for need in here
        )
        name = normalised(metadata["name"])
        version = str(metadata["version"])
        packages.append(
            Package(name, name, version, "", False, "*", (MAIN,), "", (), edges, {}, None)  # noqa: FBT003
        )
    return Lock("2.1", "*", None, tuple(packages), {}, path)


def this_machine(targets: Sequence[Target]) -> Target:
    """Return the target that this machine with the Python that runs Poetry is."""
    for target in targets:
        environment = target.environment
        same = environment["sys_platform"] == sys.platform and target.python == RUNNING
        if same and environment["platform_machine"].lower() == platform.machine().lower():
            return target
    raise InputError(
        f"the project does not support this machine's Python {RUNNING}, so pip cannot resolve it",
        where="--prove",
        hint="Run Poetry with a Python that the project supports, or leave out --prove.",
    )
