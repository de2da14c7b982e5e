"""Which GPUs a choice covers, with more of them than any machine has."""

from __future__ import annotations

from typing import Final

from tests.support.timing import within

from poetry_aiops.accelerators.host import Accelerator
from poetry_aiops.accelerators.rules.covering import IndexBuild, targets


GPUS: Final = 40_000
SECONDS: Final = 4.0
"""Of processor time; a comparison of each GPU with each takes more than half a minute."""


def test_the_newest_of_many_gpus_are_found_without_comparing_each_with_each() -> None:
    half = GPUS // 2
    gpus = [Accelerator("cuda", compute_capability="8.6" if place < half else "9.0") for place in range(GPUS)]
    builds = [
        IndexBuild("cu118", "2.1", frozenset(range(half))),
        IndexBuild("cu126", "2.6", frozenset(range(half, GPUS))),
    ]
    with within(SECONDS):
        places, _ = targets(gpus, builds, "cover-all")
    assert places == frozenset(range(half, GPUS))
