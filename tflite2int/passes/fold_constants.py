"""Compute at compile time what depends on nothing but constants and shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..attributes import Arithmetic, Gather, Reduce
from ..graph import Array, DType, Graph, Operator
from ..ops import supported
from ..ops.copies import Movement, moved
from ..ops.support import obstacles

INTEGERS = (DType.INT32, DType.INT64)
SHAPE_ELEMENTS = 64  # the most that arithmetic takes: it is on shapes, and a few numbers must not become millions
MOVED_ELEMENTS = 2**24  # the most that a folded constant holds


def fold_constants(graph: Graph) -> Graph:
    """Replace the outputs of operators whose inputs are all known by constants, and drop the operators.

    What is not computed exactly as the reference does stays; its constraints or the list of operators then refuse it.
    """
    left: list[Operator] = []
    folded: list[Operator] = []
    for op in graph.operators:
        values = evaluate(graph, op)
        if values is None:
            left.append(op)
            continue
        folded.append(op)
        tensors = list(graph.tensors)
        for index, value in zip(op.outputs, values, strict=True):
            tensors[index] = replace(tensors[index], data=value)
        graph = replace(graph, tensors=tuple(tensors))
    if not folded:
        return graph
    change = f"folded into constants: {', '.join(str(op) for op in folded)}"
    return replace(graph, operators=tuple(left), changes=(*graph.changes, change))


def evaluate(graph: Graph, op: Operator) -> list[Array] | None:
    """The values of the operator's outputs in their types and shapes, None where they are not known exactly."""
    if op.kind == "SHAPE":
        values = _shape(graph, op)
    elif not op.inputs or any(i >= 0 and not graph.tensor(i).constant for i in op.inputs):
        return None
    elif op.kind in ARITHMETIC:
        values = _arithmetic(graph, op)
    else:
        values = _moved(graph, op)
    if values is None or len(values) != len(op.outputs):
        return None
    outputs = [graph.tensor(i) for i in op.outputs]
    if any(t.shape != v.shape or t.dtype.numpy != v.dtype for t, v in zip(outputs, values, strict=True)):
        return None
    return values


def _shape(graph: Graph, op: Operator) -> list[Array] | None:
    out = graph.result(op)
    return [np.array(graph.required(op, 0).shape, out.dtype.numpy)] if out.dtype in INTEGERS else None


def _moved(graph: Graph, op: Operator) -> list[Array] | None:
    support = supported().get(op.kind)
    if not isinstance(support, Movement) or obstacles(support, graph, op):
        return None
    if sum(graph.tensor(i).elements for i in op.outputs) > MOVED_ELEMENTS:
        return None
    return moved(support.plan, graph, op)


def _arithmetic(graph: Graph, op: Operator) -> list[Array] | None:
    """Arithmetic on int32 and int64 without scales; it wraps as C does."""
    tensors = [graph.tensor(i) for i in (*op.inputs, *op.outputs) if i >= 0]
    if any(t.dtype not in INTEGERS or t.elements > SHAPE_ELEMENTS for t in tensors) or len(op.outputs) != 1:
        return None
    try:
        with np.errstate(over="ignore"):
            value = ARITHMETIC[op.kind](op, *(graph.tensor(i).value() for i in op.inputs if i >= 0))
    except (ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return [np.asarray(value, graph.result(op).dtype.numpy)]


def _binary(function: np.ufunc) -> Callable[..., Array]:
    def compute(op: Operator, a: Array, b: Array) -> Array:
        if isinstance(op.attributes, Arithmetic) and op.attributes.activation != "NONE":
            raise ValueError("fused activation")
        return np.asarray(function(a, b))

    return compute


def _quotient(op: Operator, a: Array, b: Array) -> Array:
    if not np.all(b):
        raise ZeroDivisionError
    return np.asarray(a // b)


def _product(op: Operator, x: Array, axes: Array) -> Array:
    options = op.attributes
    if not isinstance(options, Reduce) or not axes.size:
        raise ValueError("no dimension")
    dims = tuple(int(a) for a in axes.reshape(-1))
    return np.asarray(np.prod(x, axis=dims, dtype=x.dtype, keepdims=options.keep_dims))


def _gather(op: Operator, x: Array, indices: Array) -> Array:
    options = op.attributes
    if not isinstance(options, Gather) or options.batch_dims or np.any(indices < 0):
        raise ValueError("batched or negative")
    return np.take(x, indices, axis=options.axis)


def _cast(op: Operator, x: Array) -> Array:
    return x


# What converters emit to compute a shape at run time. Each raises where it cannot.
ARITHMETIC: dict[str, Callable[..., Array]] = {
    "ADD": _binary(np.add),
    "SUB": _binary(np.subtract),
    "MUL": _binary(np.multiply),
    "MINIMUM": _binary(np.minimum),
    "MAXIMUM": _binary(np.maximum),
    "FLOOR_DIV": _quotient,
    "REDUCE_PROD": _product,
    "GATHER": _gather,
    "CAST": _cast,
}
