"""The model: how far four readings are from what they usually are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime


if TYPE_CHECKING:
    from collections.abc import Sequence


MODEL = Path(__file__).with_name("distance.onnx")


class Watch:
    """Judges readings on whatever the installed ONNX Runtime can use."""

    def __init__(self) -> None:
        self._session = onnxruntime.InferenceSession(MODEL, providers=onnxruntime.get_available_providers())
        self.device = self._session.get_providers()[0]

    def distance(self, readings: Sequence[float]) -> float:
        """Return 0 for usual readings, and more the further they are away."""
        (distance,) = self._session.run(None, {"readings": np.asarray(readings, dtype=np.float32)})
        return float(distance[0])
