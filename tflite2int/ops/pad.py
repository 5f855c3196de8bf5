"""PAD, PADV2: kernels/pad.cc. In front of a convolution they usually vanish: passes/fold_pads.py."""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Operator
from .copies import Copy, Fill, Moves, Region, movement, row_major
from .operands import constant, limited_rank, one_type
from .support import QUANTIZED


def amounts(graph: Graph, op: Operator) -> list[tuple[int, int]]:
    """Elements added before and after, for each dimension. Raises ValueError where they do not fit the input."""
    x, operand = graph.required(op, 0), graph.required(op, 1)
    rank = limited_rank(x, 5)
    if operand.shape != (rank, 2):
        raise ValueError(f"{operand} is {list(operand.shape)}, not {[rank, 2]}")
    pairs = [(int(before), int(after)) for before, after in operand.value()]
    if any(n < 0 for pair in pairs for n in pair):
        raise ValueError(f"padding {pairs} is negative")
    return pairs


def pad_value(graph: Graph, op: Operator) -> int:
    """The number that is added: the operand, or what is 0 in real values. Raises ValueError where there is none."""
    out, operand = graph.result(op), graph.operand(op, 2)
    if operand is not None:
        if operand.elements != 1:
            raise ValueError(f"{operand} has {operand.elements} values, not one")
        return int(np.asarray(operand.value()).reshape(-1)[0])
    if out.dtype not in QUANTIZED:
        return 0
    if out.quantization is None or out.quantization.per_channel:
        raise ValueError(f"{out} has no zero point to pad with")
    return out.zero_point


def value_like_output(graph: Graph, op: Operator) -> str | None:
    """The padding value must be a constant of the output's type, scale and zero point."""
    value, out = graph.operand(op, 2), graph.result(op)
    if value is None:
        return None
    if not value.constant:
        return f"{value} is computed"
    # With another scale the reference leaves the output as it is and reports success.
    quantized = out.dtype in QUANTIZED
    if value.dtype is not out.dtype or (quantized and value.quantization != out.quantization):
        return f"{value}"
    return None


def pad(graph: Graph, op: Operator) -> Moves:
    x, pairs = graph.required(op, 0), amounts(graph, op)
    shape = tuple(before + n + after for n, (before, after) in zip(x.shape, pairs, strict=True))
    strides = row_major(shape)
    offset = sum(before * stride for (before, _), stride in zip(pairs, strides, strict=True))
    copy = Copy(x.shape, Region(0, row_major(x.shape)), Region(offset, strides))
    return Moves((shape,), (copy,) if shape == x.shape else (Fill(pad_value(graph, op)), copy))


CONSTRAINTS = (one_type(), constant(1, "padding"), value_like_output)

OPERATORS = (
    movement("PAD", CONSTRAINTS, pad, "Folds into a convolution that follows."),
    movement("PADV2", CONSTRAINTS, pad, "Folds into a convolution that follows, where it pads with the zero point."),
)
