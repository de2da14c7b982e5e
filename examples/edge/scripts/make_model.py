# /// script
# requires-python = ">=3.11"
# dependencies = ["onnx"]
# ///
"""Write gateway/distance.onnx: the sum of what four readings differ from the usual ones."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


TARGET = Path(__file__).parent.parent / "gateway" / "distance.onnx"
USUAL = [20.0, 1.0, 50.0, 0.0]  # degrees, bar, hertz, millimetres

graph = helper.make_graph(
    [
        helper.make_node("Sub", ["readings", "usual"], ["off"]),
        helper.make_node("Abs", ["off"], ["size"]),
        helper.make_node("ReduceSum", ["size"], ["distance"], keepdims=1),
    ],
    "distance",
    [helper.make_tensor_value_info("readings", TensorProto.FLOAT, [4])],
    [helper.make_tensor_value_info("distance", TensorProto.FLOAT, [1])],
    [helper.make_tensor("usual", TensorProto.FLOAT, [4], USUAL)],
)
# Opset 13 is old enough for every ONNX Runtime that still runs on small devices.
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(model)
TARGET.write_bytes(model.SerializeToString())
