"""Findings about weights, biases and accumulators."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..graph import DType, Tensor
from ..report import span
from .facts import Finding, OperatorFacts, Severity
from .model import Check, Model, Topic, finding, of_channels, output_rescale, percent, size, union
from .weights import POSITIONS

HEADROOM_BITS = 1  # with one bit left, twice the bias or one more bit of input overflows
SUM_BITS = {32: 32, 64: 48}  # of an accumulator: kernels for 16-bit activations rescale 48 bits at most
BIAS_LIMIT = 2**30  # half of int32: where the converter stops, AdjustWeightsForBiasScale in tools/optimize
BIAS_SCALE_ERROR = 2.0**-20  # the float32 product of two scales is 2^-24 off, their quotient 2^-23: no rounding is this
BIAS_STEPS = 0.5  # of the output: from here a wrong bias changes results
HALF = 0.5  # of a range: one of its bits lies idle
IDLE_BITS = 0.25  # of a weight, on average over the channels: below, few channels are concerned
TINY_MULTIPLIER = 2.0**-20  # an accumulator of 20 bits then moves the output by one step at most
SCALE_SPREAD = 128.0  # with one scale for all channels, the weights of the smallest would all be 0
ZERO_WEIGHTS = 0.5  # share from which pruned channels or fewer weights may cost no accuracy
DEAD_SHARE = 0.01  # of the model's multiply-accumulates: what dead channels may waste unnoticed

ACCUMULATOR = Topic(
    "accumulator",
    "an accumulator without headroom",
    "Scale the weights or the bias down (regularize them, or check the batch normalization folded into them).",
)
BIAS_RANGE = Topic(
    "bias-range",
    "a bias that nearly overflows 32 bits",
    "There the converter enlarges the channel's weight scale, and its weights lose bits, often all of them. They are "
    "tiny against the bias: look at the batch normalization folded into them, or remove the channel.",
)
BIAS_SCALE = Topic(
    "bias-scale",
    "a bias that is not in the accumulator's scale",
    "The kernels add the bias as it is: its scale must be input scale * weight scale. Quantize the model again.",
)
WEIGHT_RANGE = Topic(
    "weight-range",
    "weights that use less than half of their range",
    "Quantize weights per channel; where they are, keep single large weights out by training with weight decay.",
)
DEAD = Topic(
    "dead-channels",
    "channels that give the same value for any input",
    "Remove these channels from the network, and what reads them, and train on; the constant folds into the next bias.",
)
OUTPUT_RANGE = Topic(
    "output-range",
    "an output range that no input fills",
    "Calibrate again with representative data: the output scale may be smaller by that factor.",
)
TINY = Topic(
    "tiny-multiplier",
    "multipliers so small that a channel hardly moves",
    "The channel's weights are negligible against the output's scale: remove the channel.",
)
SKIPS = Topic(
    "skipped-codes",
    "an output scale finer than the accumulator's",
    "The output's low bits carry nothing: a larger output scale costs no accuracy. Calibrate again.",
)
SPREAD = Topic(
    "scale-spread",
    "weight scales that differ much from channel to channel",
    "Never quantize these weights per tensor. Equalizing the channels before quantization evens them out.",
)
ZEROS = Topic(
    "zero-weights",
    "mostly zero weights",
    "A smaller layer may do as well: prune whole channels, which dense kernels then skip.",
)
ASYMMETRIC = Topic(
    "asymmetric-weights",
    "weights with a zero point",
    "Kernels must add filter_offset in the inner loop. Export as int8, whose weights are symmetric.",
)


def accumulator(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    for rescale in op.rescales:
        room = SUM_BITS[rescale.accumulator_width] - (rescale.accumulator_bits or 0)
        by_bias = room >= 0 and op.weights is not None and op.weights.bias_peak >= BIAS_LIMIT  # told as BIAS_RANGE
        if rescale.accumulator_bits is None or room > HEADROOM_BITS or by_bias:
            continue
        low, high = union(rescale.accumulator)
        reach = f"it reaches from {low} to {high}: {rescale.accumulator_bits} bits of {rescale.accumulator_bits + room}"
        if room < 0:
            yield finding(op, "error", ACCUMULATOR, f"{reach}; it may overflow", 1.0 - room)
        else:
            yield finding(op, "warning", ACCUMULATOR, reach, 1.0 - room)


def _bias(model: Model, op: OperatorFacts) -> Tensor | None:
    if op.weights is None:
        return None
    position = POSITIONS[op.kind][2]
    index = op.inputs[position] if position < len(op.inputs) else -1
    return model.graph.tensor(index) if index >= 0 else None


def bias_range(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    bias = _bias(model, op)
    if bias is None or bias.dtype is not DType.INT32:
        return
    values = bias.value().astype(np.int64).reshape(-1)
    near = np.flatnonzero(np.abs(values) >= BIAS_LIMIT).tolist()
    if near and op.weights:
        blank = sum(op.weights.peak[c] == 0 for c in near)
        what = f"{of_channels(near, len(values))}: up to {int(np.abs(values).max())} of {2**31 - 1}"
        what += f"; {blank} with all weights 0" if blank else ""
        yield finding(op, "warning", BIAS_RANGE, what, len(near) / len(values), bias)


def bias_scale(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    bias, rescale = _bias(model, op), output_rescale(op)
    if bias is None or bias.quantization is None or op.weights is None or rescale is None:
        return
    out, scales = model.graph.tensor(op.outputs[0]), bias.quantization.scales
    if len(scales) not in (1, op.weights.channels):
        return
    wanted, found = np.array(rescale.real) * out.scale, np.array(scales) * np.ones(op.weights.channels)
    ratio = found / wanted
    worst = int(np.abs(np.log(ratio)).argmax())
    if abs(ratio[worst] - 1) <= BIAS_SCALE_ERROR:
        return
    values = bias.value().astype(np.float64).reshape(-1)
    steps = float((np.abs(values * (found - wanted)) / out.scale).max())
    what = (
        f"its scale is {found[worst]:.9g} where input scale * weight scale is {wanted[worst]:.9g}: "
        f"outputs are off by up to {steps:.3g} steps"
    )
    yield finding(op, "error" if steps >= BIAS_STEPS else "note", BIAS_SCALE, what, steps, bias)


def weight_range(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    if op.weights is None:
        return
    facts, tensor = op.weights, model.graph.tensor(op.weights.tensor)
    small = [c for c, peak in enumerate(facts.peak) if 0 < peak < HALF * facts.peak_limit]
    if not small:
        return
    idle = [math.log2(facts.peak_limit / facts.peak[c]) for c in small]
    scales = "one scale a channel" if tensor.quantization and tensor.quantization.per_channel else "one scale for all"
    what = (
        f"{scales}: the weights of {of_channels(small, facts.channels)} reach only "
        f"{span([facts.peak[c] for c in small])} of {facts.peak_limit}; {sum(idle) / len(idle):.1f} bits lie idle"
    )
    lost = sum(idle) / facts.channels
    if lost >= IDLE_BITS:
        yield finding(op, "warning" if lost >= 1 else "note", WEIGHT_RANGE, what, lost, tensor)


def dead_channels(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    if op.weights is None or not op.weights.dead:
        return
    facts = op.weights
    share, of_model = len(facts.dead) / facts.channels, model.dead_share(op)
    stand = [
        f"{len(channels)} always at {name}"
        for channels, name in ((facts.always_lowest, "act_min"), (facts.always_highest, "act_max"))
        if channels
    ]
    what = (
        f"{of_channels(facts.dead, facts.channels)}"
        + (f", {' and '.join(stand)}" if stand else "")
        + f": {percent(share)} of the operator's MACs, {percent(of_model)} of the model's"
    )
    severity: Severity = "warning" if sum(map(model.dead_share, model.operators)) >= DEAD_SHARE else "note"
    yield finding(op, severity, DEAD, what, of_model, model.graph.tensor(facts.tensor))


def all_dead_channels(model: Model) -> Iterator[Finding]:
    """The sum over a model in which several operators have dead channels."""
    where = [op for op in model.operators if op.weights and op.weights.dead]
    if len(where) > 1:
        share = sum(map(model.dead_share, where))
        dead = sum(len(op.weights.dead) for op in where if op.weights)
        what = f"{dead} channels of {len(where)} operators: {percent(share)} of its MACs"
        severity: Severity = "warning" if share >= DEAD_SHARE else "note"
        yield Finding(severity, DEAD.code, DEAD.title, "the model", what, DEAD.remedy, None, None, share)


def output_range(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    if op.weights is None or not op.weights.outputs:
        return
    out = model.graph.tensor(op.outputs[0])
    limits = (op.act_min, op.act_max) if op.act_min is not None and op.act_max is not None else out.dtype.limits
    reach = union(op.weights.outputs)
    if len(op.weights.dead) < op.weights.channels and size(reach) <= HALF * size(limits):
        factor = size(limits) / size(reach)
        real = [(q - out.zero_point) * out.scale for q in reach]
        what = (
            f"outputs stay within {reach[0]} to {reach[1]} ({real[0]:.4g} to {real[1]:.4g}) for any input: "
            f"{size(reach)} of {size(limits)} steps; the scale is {factor:.1f} times too large"
        )
        yield finding(op, "warning", OUTPUT_RANGE, what, math.log2(factor), out)


def tiny_multiplier(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    rescale = output_rescale(op)
    if rescale is None or op.weights is None or not op.weights.outputs:
        return
    live = set(range(op.weights.channels)) - set(op.weights.dead)
    tiny = [c for c in sorted(live) if rescale.real[c] < TINY_MULTIPLIER]
    if tiny:
        moves = max(size(op.weights.outputs[c]) - 1 for c in tiny)
        what = (
            f"{of_channels(tiny, op.weights.channels)}: real multiplier "
            f"{span([rescale.real[c] for c in tiny], '.3g')}, outputs move by {moves} at most"
        )
        yield finding(op, "warning", TINY, what, len(tiny) / op.weights.channels)


def skipped_codes(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    rescale = output_rescale(op)
    if rescale is None or op.weights is None:
        return
    large = [c for c, real in enumerate(rescale.real) if real > 1.0]
    if large:
        most = max(rescale.real)
        what = (
            f"{of_channels(large, op.weights.channels)}: real multiplier up to {most:.4g}, so that one step of the "
            f"accumulator is {most:.4g} steps of the output"
        )
        yield finding(op, "warning", SKIPS, what, math.log2(most))


def scale_spread(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    if op.weights and op.weights.scale_spread >= SCALE_SPREAD:
        tensor, spread = model.graph.tensor(op.weights.tensor), op.weights.scale_spread
        scales = tensor.quantization.scales if tensor.quantization else ()
        what = f"scales from {min(scales):.3g} to {max(scales):.3g}, a ratio of {spread:.4g}"
        yield finding(op, "note", SPREAD, what, math.log2(spread), tensor)


def zero_weights(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    if op.weights is None:
        return
    total = op.weights.taps * op.weights.channels
    share = op.weights.zeros / total
    if share >= ZERO_WEIGHTS:
        what = f"{op.weights.zeros} of {total} weights are 0 ({percent(share)})"
        yield finding(op, "note", ZEROS, what, share, model.graph.tensor(op.weights.tensor))


def asymmetric_weights(model: Model, op: OperatorFacts) -> Iterator[Finding]:
    tensor = model.graph.tensor(op.weights.tensor) if op.weights else None
    if tensor is not None and tensor.quantization and any(tensor.quantization.zero_points):
        what = f"zero point {span(tensor.quantization.zero_points)}"
        yield finding(op, "note", ASYMMETRIC, what, 0.0, tensor)


WEIGHT_CHECKS: tuple[Check, ...] = (
    accumulator,
    bias_range,
    bias_scale,
    weight_range,
    dead_channels,
    output_range,
    tiny_multiplier,
    skipped_codes,
    scale_spread,
    zero_weights,
    asymmetric_weights,
)
