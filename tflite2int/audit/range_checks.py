"""Findings about the ranges of activations: clamps, saturation, rescales from one scale to another."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..attributes import Softmax
from ..graph import DType, Tensor
from ..ops.support import has_one_scale
from .facts import Finding, OperatorFacts
from .model import Check, Model, Topic, finding, size

HALF = 0.5  # of a range: one of its bits lies idle
NEARLY_ALL = 0.9  # of a range in use: less is worth a note
SATURATING_STEPS = 16  # input steps from even odds to certainty; fewer leave the decision less than 4 bits
ADD_RATIO = 16.0  # of two inputs' scales: the finer one loses 4 bits
COARSENING = 0.5  # real multiplier of a one-to-one operator from which two steps of the input become one

CLAMP = Topic(
    "clamp",
    "an activation clamp that leaves part of the output's range idle",
    "Calibrate the range behind the activation: RELU wants its zero point at the type's lowest value, RELU6 a scale of "
    "6/255 too.",
)
SATURATION = Topic(
    "saturation",
    "an input scale so coarse that the function saturates within a few steps",
    "Keep the logits small (regularize the last layer, or train quantization-aware), or leave the function out where "
    "only the largest value counts.",
)
ADD_SCALES = Topic(
    "add-scales",
    "inputs of very different scales",
    "The finer input's low bits are lost in the sum: scale that branch up in the network, or remove it.",
)
CONCATENATED = Topic(
    "concatenation",
    "a concatenation whose one scale does not suit an input",
    "The converter gives all inputs one scale: bring the branches to similar ranges.",
)
REQUANTIZED = Topic(
    "requantized",
    "a change of scale that merges steps or skips them",
    "Two steps of the input become one, or steps of the output are never met: remove the operator, or calibrate again.",
)
SHIFTED = Topic(
    "int16-zero-point",
    "16-bit activations with a zero point",
    "The kernels for int16 take symmetric activations only: export again with the 16x8 scheme.",
)

_ONE_TO_ONE = ("QUANTIZE", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LEAKY_RELU")


def clamp(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    out = _quantized(model, op, op.outputs, 0)
    if out is None or op.act_min is None or op.act_max is None or op.act_max <= op.act_min:
        return
    limits, used = out.dtype.limits, (op.act_min, op.act_max)
    if out.dtype is DType.INT16:
        limits = max(limits[0], min(used[0], 0)), limits[1]  # its zero point must be 0, whatever the clamp
    share = size(used) / size(limits)
    if share > NEARLY_ALL:
        return
    sides = []
    if used[0] > limits[0]:
        sides.append(f"zero point {out.zero_point} leaves {used[0] - limits[0]} below act_min")
    if used[1] < limits[1]:
        reach = (limits[1] - out.zero_point) * out.scale
        sides.append(f"the scale reaches {reach:.4g} but act_max is {op.act_max_real:.4g}")
    what = f"{size(used)} of {size(limits)} steps remain ({', '.join(sides)})"
    yield finding(op, "warning" if share <= HALF else "note", CLAMP, what, -math.log2(share), out)


def saturation(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    x, out = _quantized(model, op, op.inputs, 0), _quantized(model, op, op.outputs, 0)
    if x is None or out is None:
        return
    if isinstance(op_attributes := model.attributes(op), Softmax):
        step = op_attributes.beta * x.scale
        edge = math.log(2 / out.scale - 1) if out.scale < 1 else 0.0  # the loser of two then rounds to 0
        name = f"beta * scale {step:.4g}" if op_attributes.beta != 1 else f"scale {step:.4g}"
    elif op.kind == "LOGISTIC":
        step, name = x.scale, f"scale {x.scale:.4g}"
        edge = math.log(2 / out.scale - 1) if out.scale < 1 else 0.0
    elif op.kind == "TANH":
        step, name = x.scale, f"scale {x.scale:.4g}"
        edge = math.atanh(1 - out.scale / 2) if out.scale < 1 else 0.0
    else:
        return
    if step <= 0:
        return
    steps = int(edge / step)
    if steps < SATURATING_STEPS:
        jump = math.tanh(step) if op.kind == "TANH" else 1 / (1 + math.exp(-step)) - 0.5
        what = (
            f"{name}: {steps} of its {size(x.dtype.limits) - 1} steps lie between even odds and saturation, "
            f"and the first moves the result by {jump:.3g}"
        )
        yield finding(op, "warning", SATURATION, what, math.log2(SATURATING_STEPS / max(steps, 1)), x)


def add_scales(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    if op.kind not in ("ADD", "SUB") or len(op.inputs) != 2:
        return
    a, b, out = (
        _quantized(model, op, op.inputs, 0),
        _quantized(model, op, op.inputs, 1),
        _quantized(model, op, op.outputs, 0),
    )
    if a is None or b is None or out is None or a.constant or b.constant:
        return
    fine, coarse = (a, b) if a.scale < b.scale else (b, a)
    ratio = coarse.scale / fine.scale
    if ratio >= ADD_RATIO:
        moves = (size(model.codes(fine)) - 1) * fine.scale / out.scale
        what = (
            f"scales {a.scale:.4g} and {b.scale:.4g}, a ratio of {ratio:.3g}: "
            f"all of its range moves the output by {moves:.3g} steps"
        )
        yield finding(op, "warning", ADD_SCALES, what, math.log2(ratio), fine)


def concatenated(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    if op.kind != "CONCATENATION":
        return
    for position in range(len(op.inputs)):
        x = _quantized(model, op, op.inputs, position)
        if x is None:
            continue
        used, limits = model.codes(x), x.dtype.limits
        if size(used) <= HALF * size(limits):
            real = [(q - x.zero_point) * x.scale for q in used]
            what = (
                f"input {position} takes {size(used)} of {size(limits)} steps ({real[0]:.4g} to {real[1]:.4g}) "
                f"of scale {x.scale:.4g}"
            )
            yield finding(op, "warning", CONCATENATED, what, -math.log2(size(used) / size(limits)), x)


def requantized(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    """A real multiplier far from 1, of one-to-one operators and of the product of MUL."""
    if op.kind not in (*_ONE_TO_ONE, "MUL") or not op.rescales:
        return
    real = abs(op.rescales[0].real[0])
    wide = op.kind in _ONE_TO_ONE and _quantized(model, op, op.inputs, 0)
    if wide and wide.dtype is not model.graph.tensor(op.outputs[0]).dtype:
        return  # another type has steps of another size
    if real > 1.0:
        what = (
            f"real multiplier {real:.4g}: one step of the {'input' if wide else 'product'} is {real:.4g} of the output"
        )
        yield finding(op, "note", REQUANTIZED, what, math.log2(real))
    elif wide and real <= COARSENING:
        what = f"real multiplier {real:.4g}: {1 / real:.3g} steps of the input become one of the output"
        yield finding(op, "warning", REQUANTIZED, what, -math.log2(real))


def int16_zero_point(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    """SOFTMAX alone writes int16 with another zero point: probabilities from 0 to 1."""
    for tensor in (model.graph.tensor(index) for index in op.outputs if op.kind != "SOFTMAX"):
        quantization = tensor.quantization
        if tensor.dtype is DType.INT16 and quantization and any(quantization.zero_points):
            yield finding(op, "error", SHIFTED, f"zero point {quantization.zero_point}", 0.0, tensor)


def _quantized(model: Model, op: OperatorFacts, indices: tuple[int, ...], position: int) -> Tensor | None:
    """The tensor, where it is an integer one with one scale."""
    if position >= len(indices) or indices[position] < 0:
        return None
    tensor = model.graph.tensor(indices[position])
    return tensor if has_one_scale(tensor) else None


RANGE_CHECKS: tuple[Check, ...] = (clamp, saturation, add_scales, concatenated, requantized, int16_zero_point)
