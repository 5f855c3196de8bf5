"""ADD, SUB, MUL with broadcasting: kernels/{add,sub,mul}.cc, internal/reference/{add,sub}.h and integer_ops/mul.h."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..attributes import Arithmetic
from ..bounds import rescale_fits
from ..fixedpoint import activation_range, checked_log2, f32, multiply_by_quantized_multiplier, quantize_multiplier
from ..graph import DType, Graph, Operator, Tensor
from ..pairs import find_pair_sum
from ..program import Constant, Layer, Parameters, Rescale, layer_name, parameter_names
from ..requantization import find_linear, target
from .copies import merged, row_major
from .lookup import domain, table_layer
from .support import Lowered, Support, error_of, kernel_variant, quantized_per_tensor, types, zero_point_of_int16
from .text import INDEX_NAMES, advance, loop

Int64Array = npt.NDArray[np.int64]
LEFT_SHIFT = {DType.INT8: 20, DType.INT16: 15}  # of the inputs of ADD and SUB
HIGHEST_RANK = 6  # the reference's MUL aborts beyond


def broadcast_shapes(graph: Graph, op: Operator) -> str | None:
    """The inputs' shapes must be broadcast to the output's: six dimensions at most."""
    a, b, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return f"{list(a.shape)} and {list(b.shape)}"
    if shape != out.shape or len(shape) > HIGHEST_RANK:
        return f"{list(a.shape)} and {list(b.shape)} to {list(out.shape)}"
    return None


def power_of_two_scales(graph: Graph, op: Operator) -> str | None:
    """With pot_scale_int16 set, 16-bit inputs and output must not all have powers of two as scales, unless the same."""
    assert isinstance(op.attributes, Arithmetic)
    tensors = [graph.required(op, 0), graph.required(op, 1), graph.result(op)]
    if not op.attributes.pot_scale_int16 or tensors[0].dtype is not DType.INT16:
        return None
    scales = [t.scale for t in tensors]
    if len(set(scales)) == 1 or any(checked_log2(s) is None for s in scales):
        return None
    return ", ".join(f"{s:.6g}" for s in scales)


def exact_in_32_bits(graph: Graph, op: Operator) -> str | None:
    """The activation must have a quantized form, and the scales must be within what the reference can rescale."""
    return error_of(_method(op).form, graph, op)


@dataclass(frozen=True)
class Form:
    """The arithmetic of one operator, and the kernel that does it.

    ``order``: the positions of the inputs in the kernel's own order; ``rows``: the kernel's parameters.
    """

    kernel: str
    order: tuple[int, int]
    rows: tuple[tuple[str, str], ...]
    rescales: tuple[Rescale, ...]
    clamp: tuple[int, int]


@dataclass(frozen=True)
class Method:
    """How an operator is formed as the reference has it; what that computes of two arrays less their zero points,
    before zero point and clamp; and a cheaper form for 8-bit elements, proved to give the same, if there is one."""

    form: Callable[[Graph, Operator], Form]
    compute: Callable[[Form, Int64Array, Int64Array], Int64Array]
    cheaper: Callable[[Graph, Operator, Form], Form | None]


def _operands(graph: Graph, op: Operator) -> tuple[Tensor, Tensor, Tensor, tuple[int, int]]:
    a, b, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    assert isinstance(op.attributes, Arithmetic)
    return a, b, out, activation_range(op.attributes.activation, out.scale, out.zero_point, out.dtype)


def _rescale(name: str, real: float, values: Sequence[int]) -> Rescale:
    multiplier, shift = quantize_multiplier(real)
    return Rescale(name, (real,), (multiplier,), (shift,), ((min(values), max(values)),))


def _apply(rescale: Rescale, values: Int64Array) -> Int64Array:
    return multiply_by_quantized_multiplier(values, rescale.multiplier[0], rescale.shift[0])


def _ends(x: Tensor) -> list[int]:
    return [limit - x.zero_point for limit in x.dtype.limits]


def form_sum(graph: Graph, op: Operator) -> Form:
    """ADD or SUB: MultiplyByQuantizedMultiplierSmallerThanOneExp of both inputs, and of their sum.

    Nothing can overflow: inputs have 28 bits (31 if they came with 16), and half as much when they are added. Raises
    ValueError for a multiplier of 1 and more, at which the reference aborts (ADD) or shifts by a negative number of
    bits (SUB).
    """
    a, b, out, clamp = _operands(graph, op)
    twice = 2 * max(a.scale, b.scale)
    left = LEFT_SHIFT[a.dtype]
    terms = [_rescale(f"input{i}", x.scale / twice, [e << left for e in _ends(x)]) for i, x in enumerate((a, b))]
    ends = [_apply(t, np.array(t.accumulator[0])).tolist() for t in terms]
    sign = -1 if op.kind == "SUB" else 1
    real = twice / ((1 << left) * out.scale)
    result = _rescale("output", real, [x + sign * y for x in ends[0] for y in ends[1]])
    if result.shift[0] > 0:
        raise ValueError(f"the output's scale {out.scale:.6g} is too small for {a.scale:.6g} and {b.scale:.6g}")
    order = (0, 1) if a.scale >= b.scale else (1, 0)
    wide, narrow = (graph.required(op, position) for position in order)
    signs = (1, sign) if order == (0, 1) else (sign, 1)
    rounded = terms[order[1]]
    rows = (
        (f"{-wide.zero_point}, {-narrow.zero_point}", f"offsets of input{order[0]} and input{order[1]}"),
        (f"{signs[0] << (left - 1)}", f"factor of input{order[0]}"),
        (f"{rounded.multiplier[0]}, {rounded.shift[0]}, {signs[1]}", f"multiplier, shift and sign of input{order[1]}"),
        *_output_rows(result, out, clamp),
    )
    return Form("add", order, rows, (*terms, result), clamp)


def _output_rows(rescale: Rescale, out: Tensor, clamp: tuple[int, int]) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (f"{rescale.multiplier[0]}, {rescale.shift[0]}", "multiplier and shift of the output"),
        (f"{out.zero_point}, {clamp[0]}, {clamp[1]}", "output zero point, lowest, highest"),
    )


def form_product(graph: Graph, op: Operator) -> Form:
    """MUL; its real multiplier is formed in float32. Raises ValueError where the rescale overflows 32 bits."""
    a, b, out, clamp = _operands(graph, op)
    real = f32(f32(a.scale * b.scale) / out.scale)
    result = _rescale("output", real, [x * y for x in _ends(a) for y in _ends(b)])
    if not rescale_fits(result.accumulator, result.shift, out.zero_point):
        raise ValueError(f"a rescale by {real:.6g} overflows 32 bits")
    rows = ((f"{-a.zero_point}, {-b.zero_point}", "offsets of the inputs"), *_output_rows(result, out, clamp))
    return Form("mul", (0, 1), rows, (result,), clamp)


def _sum(form: Form, a: Int64Array, b: Int64Array) -> Int64Array:
    terms = (_apply(form.rescales[i], values << LEFT_SHIFT[DType.INT8]) for i, values in enumerate((a, b)))
    return _apply(form.rescales[2], sum(terms, np.zeros(1, np.int64)))


def _difference(form: Form, a: Int64Array, b: Int64Array) -> Int64Array:
    terms = [_apply(form.rescales[i], values << LEFT_SHIFT[DType.INT8]) for i, values in enumerate((a, b))]
    return _apply(form.rescales[2], terms[0] - terms[1])


def _product(form: Form, a: Int64Array, b: Int64Array) -> Int64Array:
    return _apply(form.rescales[0], a * b)


def _results(graph: Graph, op: Operator, form: Form, a: Int64Array, b: Int64Array) -> Int64Array:
    """The outputs for two arrays less their zero points."""
    return np.clip(_method(op).compute(form, a, b) + graph.result(op).zero_point, *form.clamp)


def _weighted_sum(graph: Graph, op: Operator, form: Form) -> Form | None:
    a, b, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    outputs = _results(graph, op, form, domain(a)[:, None], domain(b)[None, :])
    real = a.scale / out.scale, b.scale / out.scale * (-1 if op.kind == "SUB" else 1)
    found = find_pair_sum(outputs, real, out.zero_point, form.clamp)
    if found is None:
        return None
    line = _line_rows(found.offset, found.below, found.middle, found.shift, form.clamp)
    rows = ((f"{found.factors[0]}, {found.factors[1]}", "factors of the inputs"), *line)
    return replace(form, kernel="weighted_sum", order=(0, 1), rows=rows)


def _scaled_mul(graph: Graph, op: Operator, form: Form) -> Form | None:
    (rescale,) = form.rescales
    found = find_linear(target(rescale, np.zeros(1, np.int64), graph.result(op).zero_point, form.clamp))
    if found is None:
        return None
    line = _line_rows(found.offset[0], sum(found.below), found.middle, found.shift, form.clamp)
    rows = (form.rows[0], (f"{found.multiplier[0]}", "multiplier"), *line)
    return replace(form, kernel="scaled_mul", rows=rows, rescales=(replace(rescale, linear=found),))


def _line_rows(offset: int, below: int, middle: int, shift: int, clamp: tuple[int, int]) -> tuple[tuple[str, str], ...]:
    return (
        (f"{offset}", "offset"),
        (f"{middle}, {below}" if below else "INT32_MIN, 0", "middle, and what is taken off below it"),
        (f"{shift - 16}, {clamp[0]}, {clamp[1]}", "shift, lowest, highest"),
    )


METHODS = {
    "ADD": Method(form_sum, _sum, _weighted_sum),
    "SUB": Method(form_sum, _difference, _weighted_sum),
    "MUL": Method(form_product, _product, _scaled_mul),
}


def _method(op: Operator) -> Method:
    return METHODS[op.kind]


def lower(graph: Graph, op: Operator) -> Lowered:
    operands, out = (graph.required(op, 0), graph.required(op, 1)), graph.result(op)
    method = _method(op)
    form = method.form(graph, op)
    for position, constant in enumerate(operands):
        other = operands[1 - position]
        single = constant.constant and len(np.unique(constant.value())) == 1
        if single and out.dtype is DType.INT8 and other.elements == out.elements:
            value = np.asarray(constant.value().reshape(-1)[:1], np.int64) - constant.zero_point
            pair = (value, domain(other)) if position == 0 else (domain(other), value)
            return table_layer(op, other, out, _results(graph, op, form, *pair), form.rescales)
    if out.dtype is DType.INT8:
        form = method.cheaper(graph, op, form) or form
    reads = tuple(dict.fromkeys(x.index for x in operands if not x.constant))
    names = dict(zip(reads, parameter_names("input", len(reads)), strict=True))
    name = layer_name(op)
    pointers = [names.get(x.index, f"{name}_input{position}") for position, x in enumerate(operands)]
    kernel = form.kernel + kernel_variant(out.dtype)
    call = Call(kernel, f"{name}_parameters", form.order, pointers)
    return (
        Layer(
            operator=op,
            reads=reads,
            writes=(out.index,),
            body=rows_of(call, [x.shape for x in operands], out.shape),
            kernels=(f"{kernel}.c",),
            constants=tuple(
                Constant(f"input{position}", x.dtype, x.data, in_flash=False)
                for position, x in enumerate(operands)
                if x.data is not None
            ),
            parameters=Parameters(f"{form.kernel}_parameters{kernel_variant(out.dtype)}", form.rows),
            elementwise=tuple(
                dict.fromkeys((x.index, out.index) for x in operands if not x.constant and x.elements == out.elements)
            ),
            rescales=form.rescales,
            clamp=form.clamp,
        ),
    )


@dataclass(frozen=True)
class Call:
    """A kernel on rows, ``kernel(&parameters, x, step, y, step, n, output)``: x and y are ``pointers`` in ``order``."""

    kernel: str
    parameters: str
    order: tuple[int, int]
    pointers: Sequence[str]


def rows_of(call: Call, shapes: Sequence[tuple[int, ...]], out: tuple[int, ...]) -> tuple[str, ...]:
    """One call for the longest rows that broadcasting leaves, in loops over the rest."""
    sizes, strides = merged(out, row_major(out), *(_broadcast_strides(s, out) for s in shapes))
    outer, names = sizes[:-1], INDEX_NAMES[: max(len(sizes) - 1, 0)]
    to, *fro = [s or [1] for s in strides]

    def moved(pointer: str, steps: Sequence[int]) -> str:
        return advance(pointer, *zip(names, steps, strict=False))

    inputs = [f"{moved(call.pointers[i], fro[i])}, {fro[i][-1]}" for i in call.order]
    count = sizes[-1] if sizes else 1
    arguments = (f"&{call.parameters}", *inputs, str(count), moved("output", to))
    body: tuple[str, ...] = (f"{call.kernel}({', '.join(arguments)});",)
    for variable, size in reversed(list(zip(names, outer, strict=True))):
        body = loop(variable, size, body)
    return body


def _broadcast_strides(shape: tuple[int, ...], out: tuple[int, ...]) -> list[int]:
    """Element strides over the output's dimensions, 0 where one element serves for all."""
    padding = [0] * (len(out) - len(shape))
    return padding + [0 if extent == 1 else s for extent, s in zip(shape, row_major(shape), strict=True)]


CONSTRAINTS = (
    types("int8 int8 > int8", "int16 int16 > int16"),
    quantized_per_tensor,
    zero_point_of_int16,
    power_of_two_scales,
    broadcast_shapes,
    exact_in_32_bits,
)

OPERATORS = tuple(Support(kind, CONSTRAINTS, lower) for kind in METHODS)
