"""Constraints on the operands of data movement operators: types, constant indices, equal scales; and their values."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import Graph, Operator, Tensor
from .support import QUANTIZED, Constraint

RAW_TYPES = ("int8", "uint8", "int16", "int32", "int64")
INDEX_TYPES = ("int32", "int64")


def one_type(labels: Sequence[str] = RAW_TYPES, first: int = 0, count: int | None = 1) -> Constraint:
    """All outputs, and ``count`` inputs from position ``first`` on (None: all of them), have one type of ``labels``."""

    def constraint(graph: Graph, op: Operator) -> str | None:
        last = max(1, len(op.inputs)) if count is None else first + count
        moved = [graph.required(op, p) for p in range(first, last)] + [graph.tensor(i) for i in op.outputs]
        found = sorted({t.dtype.label for t in moved})
        return None if len(found) == 1 and found[0] in labels else ", ".join(found)

    constraint.__doc__ = f"Inputs and outputs must have one type, which is {_either(labels)}."
    return constraint


def constant(position: int, name: str, labels: Sequence[str] = INDEX_TYPES) -> Constraint:
    """The operand at ``position`` is a constant of one of the types, where the operator has it."""

    def constraint(graph: Graph, op: Operator) -> str | None:
        tensor = graph.operand(op, position)
        if tensor is None or (tensor.constant and tensor.dtype.label in labels):
            return None
        return f"{tensor} is {tensor.dtype.label}" if tensor.constant else f"{tensor} is computed"

    constraint.__doc__ = f"The {name} must be a constant of type {_either(labels)}."
    return constraint


def _either(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} or {labels[-1]}"


def same_scale(graph: Graph, op: Operator) -> str | None:
    """Inputs and outputs must have the same scale and zero point: the values are copied as they are."""
    tensors = [graph.tensor(i) for i in (*op.inputs, *op.outputs) if i >= 0]
    quantized = [t for t in tensors if t.dtype in QUANTIZED]
    for tensor in quantized[1:]:
        if tensor.quantization != quantized[0].quantization:
            return f"{_scale(quantized[0])}, {_scale(tensor)}"
    return None


def _scale(tensor: Tensor) -> str:
    quantization = tensor.quantization
    if quantization is None:
        return f"{tensor} has none"
    if quantization.per_channel:
        return f"{tensor} has {len(quantization.scales)}"
    return f"{tensor} has {quantization.scale:g} and {quantization.zero_point}"


def integers(graph: Graph, op: Operator, position: int) -> list[int]:
    """The values of a constant operand. Raises ValueError unless it is a vector or a single number."""
    tensor = graph.required(op, position)
    if len(tensor.shape) > 1 and tensor.elements != 1:
        raise ValueError(f"{tensor} has shape {list(tensor.shape)}")
    return [int(v) for v in tensor.value().reshape(-1)]


def single(graph: Graph, op: Operator, position: int) -> int:
    """The value of a constant operand of one element. Raises ValueError for more or fewer."""
    values = integers(graph, op, position)
    if len(values) != 1:
        raise ValueError(f"{graph.required(op, position)} has {len(values)} values, not one")
    return values[0]


def wrapped_axis(axis: int, rank: int) -> int:
    """A dimension's number, negative ones counted from the end. Raises ValueError where there is no such dimension."""
    if not -rank <= axis < rank:
        raise ValueError(f"dimension {axis} of {rank}")
    return axis % rank


def limited_rank(tensor: Tensor, limit: int) -> int:
    """The rank of a tensor. Raises ValueError where it is above the limit of the reference kernel."""
    rank = len(tensor.shape)
    if rank > limit:
        raise ValueError(f"{tensor} has {rank} dimensions, more than {limit}")
    return rank
