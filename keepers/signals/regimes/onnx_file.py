"""The ONNX file of a trained model: built node by node, so that its bytes follow from its numbers alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.signals.extras import imported
from keepers.signals.regimes.committee import GRID, LARGEST, LARGEST_HIDDEN, PROBABILITY_GRID
from keepers.signals.regimes.model import TrainedModel

Array = NDArray[np.float64]

OPSET, IR = 17, 8
"""Versions of ONNX that runtimes since 2022 read."""
INPUT, OUTPUT, CARD = "rows", "probability", "quantera.card"
"""Names of the input (n, columns), of the output (n,), and of the card among the file's properties."""


class _Graph:
    """Nodes and constants in the order in which they are added."""

    def __init__(self) -> None:
        self.helper, self.arrays = (imported(f"onnx.{name}", "onnx", "ai") for name in ("helper", "numpy_helper"))
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Array | float | NDArray[np.int64]) -> str:
        """Adds a constant and returns its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(self.arrays.from_array(np.asarray(value), name))
        return name

    def add(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Adds a node and returns the name of its output."""
        name = output or f"v{len(self.nodes)}"
        made = self.helper.make_node(operation, list(inputs), [name], name=f"n{len(self.nodes)}", **attributes)
        self.nodes.append(made)
        return name

    def between(self, value: str, low: Array | float, high: Array | float) -> str:
        """Cuts values to bounds."""
        return self.add("Min", self.add("Max", value, self.constant(low)), self.constant(high))

    def on_grid(self, value: str, grid: float) -> str:
        """Rounds to the nearest multiple, of two the even one; a division by a power of two is exact."""
        steps = self.add("Round", self.add("Mul", value, self.constant(1 / grid)))
        return self.add("Mul", steps, self.constant(grid))


def encoded(model: TrainedModel) -> bytes:
    """The ONNX file of a model: rows of its columns in float64 to probabilities of turbulence.

    Every operation stands for one of `Preparation.apply` and `Committee.probabilities`.

    Raises:
        SignalError: If onnx is not installed.
    """
    graph, committee, preparation = _Graph(), model.committee, model.preparation
    value = graph.between(INPUT, preparation.low, preparation.high)
    value = graph.add("Sub", value, graph.constant(preparation.mean))
    value = graph.add("Div", value, graph.constant(preparation.scale))
    value = graph.on_grid(graph.between(value, -LARGEST, LARGEST), GRID)
    for layer, (weight, bias) in enumerate(zip(committee.weights, committee.biases, strict=True)):
        value = graph.add("MatMul", value, graph.constant(weight))
        value = graph.add("Add", value, graph.constant(bias))
        if layer < len(committee.weights) - 1:
            value = graph.on_grid(graph.between(value, 0.0, LARGEST_HIDDEN), GRID)
    value = graph.add("Squeeze", value, graph.constant(np.array([2])))
    value = graph.add("Sigmoid", graph.add("Mul", graph.constant(committee.slopes[:, None]), value))
    value = graph.on_grid(value, PROBABILITY_GRID)
    value = graph.add("ReduceSum", value, graph.constant(np.array([0])), keepdims=0)
    graph.add("Div", value, graph.constant(float(committee.members)), output=OUTPUT)
    return _file(graph, model)


def _file(graph: _Graph, model: TrainedModel) -> bytes:
    helper = graph.helper
    double = imported("onnx", "onnx", "ai").TensorProto.DOUBLE
    inputs = [helper.make_tensor_value_info(INPUT, double, ["n", model.card.columns])]
    outputs = [helper.make_tensor_value_info(OUTPUT, double, ["n"])]
    made = helper.make_graph(graph.nodes, "regime", inputs, outputs, graph.constants)
    found = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="quantera"
    )
    helper.set_model_props(found, {CARD: model.card.to_text()})
    imported("onnx.checker", "onnx", "ai").check_model(found)
    return bytes(found.SerializeToString(deterministic=True))
