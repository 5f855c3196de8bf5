"""What an operator file declares: the constraints it needs and its lowering."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import Tflite2IntError
from ..graph import DType, Graph, Operator, Tensor
from ..program import Layer, View

Constraint = Callable[[Graph, Operator], str | None]
"""Returns None where it holds, else what was found. Its docstring is the sentence that the user reads."""

Lowered = Sequence[Layer] | View
Lowering = Callable[[Graph, Operator], Lowered]


@dataclass(frozen=True)
class Support:
    """An operator that can be computed exactly, under ``constraints``, by ``lower``.

    ``note`` is a sentence for SUPPORTED_OPS.md.
    """

    kind: str
    constraints: tuple[Constraint, ...]
    lower: Lowering
    note: str = ""


def sentence(constraint: Constraint) -> str:
    """The first paragraph of a constraint's docstring, on one line."""
    doc = inspect.getdoc(constraint) or constraint.__name__
    return " ".join(doc.split("\n\n")[0].split())


def obstacles(support: Support, graph: Graph, op: Operator) -> list[Tflite2IntError]:
    """Constraints that do not hold. The first that fails hides the rest, which may rely on it."""
    for constraint in support.constraints:
        found = constraint(graph, op)
        if found is not None:
            return [Tflite2IntError(f"{sentence(constraint)} ({found})" if found else sentence(constraint), str(op))]
    return []


def types(*rows: str) -> Constraint:
    """Constraint on element types, such as 'int8 int8 - > int8': '-' is a left out input, '...' repeats the last."""
    parsed = [tuple(side.split() for side in row.split(">")) for row in rows]

    def constraint(graph: Graph, op: Operator) -> str | None:
        ins = [graph.tensor(i).dtype.label if i >= 0 else "-" for i in op.inputs]
        outs = [graph.tensor(i).dtype.label for i in op.outputs]
        if any(_matches(ins, left) and _matches(outs, right) for left, right in parsed):
            return None
        return f"found {', '.join(ins)} > {', '.join(outs)}"

    constraint.__doc__ = "Types must be one of: " + "; ".join(" ".join(row.split()) for row in rows) + "."
    return constraint


def _matches(found: list[str], wanted: list[str]) -> bool:
    if wanted and wanted[-1] == "...":
        head = wanted[:-1]
        wanted = head + [head[-1]] * (len(found) - len(head))
    if len(found) < len(wanted) and all(w == "-" for w in wanted[len(found) :]):
        found = found + ["-"] * (len(wanted) - len(found))
    return found == wanted


def error_of(compute: Callable[[Graph, Operator], object], graph: Graph, op: Operator) -> str | None:
    """What a computation that raises ValueError finds wrong with the operator; None where it comes to its end."""
    try:
        compute(graph, op)
    except ValueError as error:
        return str(error)
    return None


QUANTIZED = (DType.INT8, DType.UINT8, DType.INT16)


def quantized_per_tensor(graph: Graph, op: Operator) -> str | None:
    """Tensors must have one scale and one zero point."""
    return _per_tensor(graph, (*op.inputs, *op.outputs))


def quantized_per_tensor_activations(graph: Graph, op: Operator) -> str | None:
    """Input and output must have one scale and one zero point."""
    return _per_tensor(graph, (*op.inputs[:1], *op.outputs))


def zero_point_of_int16(graph: Graph, op: Operator) -> str | None:
    """16-bit inputs and outputs must have the zero point 0."""
    for tensor in (graph.tensor(i) for i in (*op.inputs, *op.outputs) if i >= 0):
        if tensor.dtype is DType.INT16 and tensor.quantization and any(tensor.quantization.zero_points):
            return f"{tensor} has {tensor.zero_point}"
    return None


def kernel_variant(dtype: DType) -> str:
    """The suffix of kernels for elements of the type: those for int8 have none."""
    return "_int16" if dtype is DType.INT16 else ""


def has_one_scale(tensor: Tensor) -> bool:
    """True for integers with one scale and one zero point."""
    return tensor.dtype in QUANTIZED and tensor.quantization is not None and not tensor.quantization.per_channel


def _per_tensor(graph: Graph, indices: Sequence[int]) -> str | None:
    for index in indices:
        if index < 0 or graph.tensor(index).dtype not in QUANTIZED:
            continue
        tensor = graph.tensor(index)
        if tensor.quantization is None:
            return f"{tensor} has none"
        if tensor.quantization.per_channel:
            return f"{tensor} has {len(tensor.quantization.scales)}"
    return None
