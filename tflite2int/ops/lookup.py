"""Operators on single 8-bit elements: 256 results, computed here, looked up there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..graph import Graph, Operator, Tensor
from ..program import Constant, Layer, Rescale, View, layer_name
from .support import Lowered
from .text import loop, plus

Int64Array = npt.NDArray[np.int64]


def same_shape(graph: Graph, op: Operator) -> str | None:
    """Input and output must have the same shape."""
    x, out = graph.required(op, 0), graph.result(op)
    return None if x.shape == out.shape else f"{list(x.shape)} and {list(out.shape)}"


def domain(x: Tensor) -> Int64Array:
    """All values of an 8-bit tensor, less its zero point."""
    low, high = x.dtype.limits
    return np.arange(low, high + 1, dtype=np.int64) - x.zero_point


def table_layer(op: Operator, x: Tensor, out: Tensor, table: Int64Array, rescales: Sequence[Rescale] = ()) -> Lowered:
    """``output[i] = table[input[i]]``; nothing at all where that changes no byte."""
    low = x.dtype.limits[0]
    if x.dtype is out.dtype and np.array_equal(table, np.arange(low, low + 256)):
        return View(x.index, out.index)
    comment = f"results for inputs {low} to {low + 255}"
    return (
        Layer(
            operator=op,
            reads=(x.index,),
            writes=(out.index,),
            body=loop("i", out.elements, (f"output[i] = {layer_name(op)}_table[{plus('input[i]', -low)}];",)),
            constants=(Constant("table", out.dtype, table, comment),),
            elementwise=((x.index, out.index),),
            rescales=tuple(rescales),
            table=table,
        ),
    )
