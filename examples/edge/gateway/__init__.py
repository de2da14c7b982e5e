"""Watches the readings of a machine with a small ONNX model."""
