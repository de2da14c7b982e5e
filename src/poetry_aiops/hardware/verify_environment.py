"""Runs the verification program with an environment's own Python, in a process that may crash or hang."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.hardware.verification import judge
from poetry_aiops.system.process import run_limited
from poetry_aiops.system.text import decode


if TYPE_CHECKING:
    from poetry_aiops.hardware.verification import FrameworkVerdict


PROGRAM: Final = Path(__file__).parents[1] / "data" / "verify_framework.py"
TIME_LIMIT: Final = 120.0


def verify_environment(
    python: Path, backend: str, best: str | None = None, time_limit: float = TIME_LIMIT
) -> FrameworkVerdict:
    """Return whether the framework that an environment holds works on this machine; never raises.

    ``python`` is the environment's interpreter; it runs isolated, so that neither the working directory nor
    ``PYTHONPATH`` can stand in for what is installed. ``best`` as in :func:`judge`.
    """
    argv = [str(python), "-I", str(PROGRAM), "--backend", backend]
    finished = run_limited(argv, time_limit, {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    return judge(backend, decode(finished.output), finished.outcome, best)
