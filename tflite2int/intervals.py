"""What values each channel of a tensor can take at all: intervals propagated from the graph's inputs on.

A channel is an index of the last dimension. Intervals are in quantized units and hold for every input: where an
operator is not known here, its output may be anything that its type admits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .attributes import Pool2D
from .fixedpoint import activation_range
from .graph import DType, Graph, Operator, Tensor
from .ops.weighted import weigh
from .ops.window import window

Int64Array = npt.NDArray[np.int64]
Interval = tuple[Int64Array, Int64Array]  # lowest and highest value of each channel

ACTIVATIONS = (DType.INT8, DType.INT16)
POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
VIEWS = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def channels(tensor: Tensor) -> int:
    return tensor.shape[-1] if tensor.shape else 1


def intervals(graph: Graph) -> dict[int, Interval]:
    """The interval of each activation of 8 or 16 bits, by number. The operators must meet their constraints."""
    known: dict[int, Interval] = {}
    for op in graph.operators:
        for index in op.outputs:
            if graph.tensor(index).dtype in ACTIVATIONS:
                known[index] = _output(graph, op, index, known)
    return known


def interval_of(graph: Graph, index: int, known: dict[int, Interval]) -> Interval:
    """The interval of a tensor that may be a graph input or a constant."""
    tensor = graph.tensor(index)
    if index in known:
        return known[index]
    if tensor.data is not None and tensor.data.size:
        rows = tensor.data.astype(np.int64).reshape(-1, channels(tensor))
        return rows.min(axis=0), rows.max(axis=0)
    return _whole(tensor)


def padded(graph: Graph, op: Operator) -> bool:
    """True where a window may reach into padding, which has the value of the input's zero point."""
    if op.kind == "FULLY_CONNECTED":
        return False
    return window(graph, op).padded


def tap_channels(graph: Graph, op: Operator) -> npt.NDArray[np.intp] | None:
    """The input channel that each column of ``weigh(graph, op).matrix`` multiplies; None where that differs by row."""
    weights, inputs = graph.required(op, 1), channels(graph.required(op, 0))
    if op.kind == "CONV_2D" and weights.shape[3] == inputs:
        return np.arange(weights.elements // weights.shape[0]) % inputs
    if op.kind == "FULLY_CONNECTED" and weights.shape[1] == inputs:
        return np.arange(inputs)
    return None


def _whole(tensor: Tensor) -> Interval:
    low, high = tensor.dtype.limits
    return np.full(channels(tensor), low), np.full(channels(tensor), high)


def _output(graph: Graph, op: Operator, index: int, known: dict[int, Interval]) -> Interval:
    out = graph.tensor(index)
    if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return _weighted(graph, op, interval_of(graph, op.inputs[0], known))
    if op.kind in POOLS and isinstance(op.attributes, Pool2D):
        # A maximum, or a mean rounded to an integer, stays between the smallest and the largest of its values.
        clamp = activation_range(op.attributes.activation, out.scale, out.zero_point, out.dtype)
        low, high = interval_of(graph, op.inputs[0], known)
        return np.clip(low, *clamp), np.clip(high, *clamp)
    if op.kind in VIEWS and channels(graph.required(op, 0)) == channels(out):
        return interval_of(graph, op.inputs[0], known)
    return _whole(out)


def _weighted(graph: Graph, op: Operator, x: Interval) -> Interval:
    """Accumulator's ends through the requantization, which is monotone: the multiplier is not negative."""
    weighted, out = weigh(graph, op), graph.result(op)
    low, high = x
    if padded(graph, op):
        zero = graph.required(op, 0).zero_point
        low, high = np.minimum(low, zero), np.maximum(high, zero)
    if op.kind == "DEPTHWISE_CONV_2D":
        each = len(weighted.matrix) // len(low)
        lows, highs = np.repeat(low, each)[:, None], np.repeat(high, each)[:, None]
    else:
        columns = tap_channels(graph, op)
        if columns is None:
            lows, highs = np.full((1, 1), low.min()), np.full((1, 1), high.max())
        else:
            lows, highs = low[columns][None, :], high[columns][None, :]
    at_low, at_high = weighted.matrix * lows, weighted.matrix * highs
    ends = (np.minimum(at_low, at_high).sum(axis=1), np.maximum(at_low, at_high).sum(axis=1))
    first, last = (weighted.results(weighted.bias + end, out.zero_point) for end in ends)
    return first, last
