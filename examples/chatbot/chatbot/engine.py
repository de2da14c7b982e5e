"""The arithmetic, on torch where a torch variant is installed and on ONNX Runtime on edge devices."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol


if TYPE_CHECKING:
    from collections.abc import Sequence


MODEL = Path(__file__).with_name("similarity.onnx")


class Engine(Protocol):
    """Compares a vector with the known ones."""

    name: str
    device: str

    def similarities(self, asked: Sequence[float]) -> list[float]:
        """Return the cosine similarity with each known vector, from -1 to 1."""


class TorchEngine:
    """CPU, CUDA, ROCm, MPS and XPU: torch says which accelerator its build can use here."""

    def __init__(self, known: Sequence[Sequence[float]]) -> None:
        import torch

        self._tensor = torch.tensor
        accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        self.name = f"torch {torch.__version__}"
        self.device = str(accelerator or "cpu")
        self._known = self._tensor(known, device=self.device)

    def similarities(self, asked: Sequence[float]) -> list[float]:
        scores: list[float] = (self._known @ self._tensor(asked, device=self.device)).tolist()
        return scores


class EdgeEngine:
    """A Jetson, a Raspberry Pi: the same product as a model of 161 bytes, without torch."""

    def __init__(self, known: Sequence[Sequence[float]]) -> None:
        import numpy as np
        import onnxruntime

        self._array = lambda values: np.asarray(values, dtype=np.float32)
        self._session = onnxruntime.InferenceSession(MODEL, providers=onnxruntime.get_available_providers())
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self.device = self._session.get_providers()[0]
        self._known = self._array(known)

    def similarities(self, asked: Sequence[float]) -> list[float]:
        (scores,) = self._session.run(None, {"known": self._known, "asked": self._array(asked)})
        return [float(score) for score in scores]


def make_engine(known: Sequence[Sequence[float]]) -> Engine:
    """Return the engine of the installed variant; raises RuntimeError when none is installed."""
    if find_spec("torch"):
        return TorchEngine(known)
    if find_spec("onnxruntime"):
        return EdgeEngine(known)
    raise RuntimeError("No hardware variant is installed. Run `poetry hw-install`.")
