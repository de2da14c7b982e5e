# /// script
# requires-python = ">=3.11"
# dependencies = ["onnx"]
# ///
"""Write chatbot/similarity.onnx: known [questions, dimensions] x asked [dimensions] -> scores [questions]."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


TARGET = Path(__file__).parent.parent / "chatbot" / "similarity.onnx"

graph = helper.make_graph(
    [helper.make_node("MatMul", ["known", "asked"], ["scores"])],
    "similarity",
    [
        helper.make_tensor_value_info("known", TensorProto.FLOAT, ["questions", "dimensions"]),
        helper.make_tensor_value_info("asked", TensorProto.FLOAT, ["dimensions"]),
    ],
    [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["questions"])],
)
# Opset 13 is old enough for every ONNX Runtime that still runs on a Jetson.
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(model)
TARGET.write_bytes(model.SerializeToString())
