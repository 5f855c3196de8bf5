"""The output wide: the last layer's 32-bit accumulators become counts of the unit, without a stop at 8 bits.

The real value of an accumulator is ``accumulator * input scale * weight scale``, limited by the layer's activation. It
is rescaled by the arithmetic of all layers (rescale.h), with another multiplier.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ..attributes import Conv2D, FullyConnected
from ..bounds import rescale_fits
from ..emit.text import shape_text
from ..errors import IoFileError, UsageError
from ..fixedpoint import ACTIVATION_BOUNDS, quantize_multiplier, round_half_away
from ..graph import DType, Operator, Quantization
from ..ops.conv_2d import conv_2d
from ..ops.fully_connected import fully_connected
from ..ops.weighted import COUNTS, WIDE, output_channels, weigh
from ..program import Counts, Port, Rescale
from .draft import Draft
from .text import meaning, rounded_up
from .toml import PortTable

LAYERS = {"FULLY_CONNECTED": fully_connected, "CONV_2D": conv_2d}
LOWEST, HIGHEST = DType.INT16.limits


def add_wide(draft: Draft, port: Port, name: str, table: PortTable, where: str) -> None:
    """A second form of the layer that computes ``port``, which writes counts.

    Raises UsageError for a last layer that has no accumulators, IoFileError for units that it cannot be rescaled to.
    """
    plain = draft.writer(port.tensor)
    if plain is None or plain.operator.kind not in LAYERS:
        found = "nothing" if plain is None else f"{plain.operator}"
        raise UsageError(
            f"the output wide needs {' or '.join(LAYERS)} as the last layer: {port.name} comes from {found}",
            remedy="Leave --output wide out: the counts are then computed from the quantized output.",
        )
    if table.dtype is not DType.INT16:
        raise IoFileError("with the output wide it must be int16", f"{where} type")
    op, graph = plain.operator, draft.program.graph
    weighted = weigh(graph, op)
    if weighted.variant == WIDE:
        raise UsageError("the output wide needs accumulators of 32 bits: these need more", str(op))
    units, zero = _of_channels(table, output_channels(op, graph.required(op, 1)), where)
    reals = [scale / unit for scale, unit in zip(_accumulator_scales(draft, op, len(units)), units, strict=True)]
    try:
        pairs = [quantize_multiplier(float(real)) for real in reals]
    except ValueError as error:
        raise IoFileError(str(error), f"{where} unit") from None
    multipliers, shifts = tuple(m for m, _ in pairs), tuple(s for _, s in pairs)
    if not rescale_fits(weighted.intervals, shifts, zero):
        raise IoFileError("it is so small that the counts overflow 32 bits", f"{where} unit")
    rescale = Rescale("output", tuple(map(float, reals)), multipliers, shifts, weighted.intervals)
    off = max(_error(real, rescale, channel) for channel, real in enumerate(reals))
    if off > 1:
        raise IoFileError(f"the counts would be {rounded_up(off)} off", f"{where} unit")
    counts = draft.tensor(name, DType.INT16, port.tensor.shape, Quantization((1.0,), (zero,)))
    wide = replace(
        weighted,
        rescale=rescale,
        clamp=_clamp(op, units, zero, where),
        variant=COUNTS[graph.required(op, 0).dtype],
        suffix="_wide",
    )
    moved = replace(op, outputs=(counts.index,))
    layer = LAYERS[op.kind](replace(graph, tensors=tuple(draft.tensors)), moved, wide)
    draft.layers.insert(draft.layers.index(plain) + 1, layer)
    draft.outputs.append(Port(name, counts))
    real = f"real value = {meaning(name, table.unit, table.zero)}, from the accumulators of {op}"
    draft.counts.append(Counts(name, shape_text(counts), real, float(rounded_up(off)), exact=False))


def _of_channels(table: PortTable, channels: int, where: str) -> tuple[tuple[Fraction, ...], int]:
    """The unit of each channel (the last dimension), and the zero of all."""
    if any(unit != table.unit[i % channels] for i, unit in enumerate(table.unit)):
        raise IoFileError("with the output wide it must be the same in all rows of the output", f"{where} unit")
    zero = table.zero[0]
    if any(z != zero for z in table.zero) or zero.denominator != 1 or not LOWEST <= zero <= HIGHEST:
        raise IoFileError("with the output wide zero must be one whole number of 16 bits for all elements", where)
    return table.unit[:channels], int(zero)


def _accumulator_scales(draft: Draft, op: Operator, channels: int) -> list[Fraction]:
    graph = draft.program.graph
    quantization = graph.required(op, 1).quantization
    scales = quantization.scales if quantization else ()
    x = Fraction(graph.required(op, 0).scale)
    return [x * Fraction(s) for s in (scales * channels if len(scales) == 1 else scales)]


def _clamp(op: Operator, units: tuple[Fraction, ...], zero: int, where: str) -> tuple[int, int]:
    """The bounds of the activation in counts."""
    assert isinstance(op.attributes, FullyConnected | Conv2D)
    bounds = ACTIVATION_BOUNDS[op.attributes.activation]
    if any(bounds) and len(set(units)) > 1:  # a bound of 0 is the same in every unit
        raise IoFileError(f"with the activation {op.attributes.activation} of {op} it must be the same for all", where)
    low, high = (None if b is None else zero + round_half_away(float(b / units[0])) for b in bounds)
    return max(LOWEST, LOWEST if low is None else low), min(HIGHEST, HIGHEST if high is None else high)


def _error(real: Fraction, rescale: Rescale, channel: int) -> Fraction:
    """What the counts of a channel are off at most, before they are limited.

    Both roundings of rescale.h, the first in units of what the second shifts away; and the rounded multiplier, over all
    accumulators that do not saturate.
    """
    low, high = rescale.accumulator[channel]
    shift = rescale.shift[channel]
    used = Fraction(rescale.multiplier[channel]) * Fraction(2) ** (shift - 31)
    reach = min(Fraction(max(-low, high)), 2**17 / real)
    rounding = Fraction(1, 2) + (Fraction(1, 2) / 2**-shift if shift < 0 else 0)
    return rounding + abs(used - real) * reach
