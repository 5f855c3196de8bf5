"""Real multiplier to multiplier and shift, rounding, clamps: the sole home of that arithmetic.

Scalars and numpy arrays alike; everything is computed in int64 so that nothing wraps unseen. Names follow gemmlowp
(fixedpoint/fixedpoint.h) and TensorFlow Lite (kernels/internal/common.h, quantization_util.cc).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .graph import DType

Int64Array = npt.NDArray[np.int64]


def f32(value: float) -> float:
    """Round to float32, as an expression of C floats does at each step; what is too large becomes infinite."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def round_half_away(value: float) -> int:
    """``TfLiteRound`` (std::round): nearest integer, halves away from zero."""
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1) if abs(value) < 2**52 else int(value)


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Split ``real = multiplier * 2**(shift - 31)``, multiplier in [2**30, 2**31) or 0.

    Source: QuantizeMultiplier in kernels/internal/quantization_util.cc. Raises ValueError for a real multiplier that
    is negative, not finite, or of 2**30 and more.
    """
    if not (math.isfinite(real) and real >= 0):
        raise ValueError(f"a rescale by {real} is not possible")
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * 2**31)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        raise ValueError(f"a rescale by {real} is not possible: the multiplier must be below 2**30")
    return multiplier, shift


def checked_log2(scale: float) -> int | None:
    """The power of two that a scale counts as, within 0.07 %: CheckedLog2 in kernels/internal/quantization_util.cc."""
    exact = f32(f32(math.log(scale)) * f32(1 / f32(math.log(2))))
    nearest = round_half_away(exact)
    return nearest if abs(f32(exact - nearest)) < f32(1e-3) else None


def wrap32(x: Any) -> Int64Array:
    """Reduce to the int32 that two's complement arithmetic would hold."""
    wide = np.asarray(x, np.int64)
    return np.asarray(((wide + 2**31) & 0xFFFFFFFF) - 2**31, np.int64)


def saturating_rounding_doubling_high_mul(a: Any, b: Any) -> Int64Array:
    """``(a * b + 2**30) >> 31`` on int32 values; gemmlowp's function of that name."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.asarray(np.minimum((product + (1 << 30)) >> 31, 2**31 - 1), np.int64)


def rounding_divide_by_pot(x: Any, exponent: Any) -> Int64Array:
    """``x / 2**exponent``, halves away from zero; gemmlowp's function of that name."""
    wide, shift = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    mask = (np.int64(1) << shift) - 1
    threshold = (mask >> 1) + (wide < 0)
    return np.asarray((wide >> shift) + ((wide & mask) > threshold), np.int64)


def multiply_by_quantized_multiplier(x: Any, multiplier: Any, shift: Any) -> Int64Array:
    """``x * multiplier * 2**(shift - 31)`` with gemmlowp's double rounding.

    Source: MultiplyByQuantizedMultiplier in kernels/internal/common.cc (built without TFLITE_SINGLE_ROUNDING). A left
    shift wraps as int32 does there.
    """
    shift = np.asarray(shift, np.int64)
    shifted = wrap32(np.asarray(x, np.int64) << np.maximum(shift, 0))
    return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(shifted, multiplier), np.maximum(-shift, 0))


def reduced_multiplier(multiplier: Any) -> Int64Array:
    """A multiplier cut to its upper 16 bits, as ``multiply_by_reduced_multiplier`` takes it."""
    wide = np.asarray(multiplier, np.int64)
    return np.where(wide < 0x7FFF0000, (wide + (1 << 15)) >> 16, 0x7FFF)


def multiply_by_reduced_multiplier(x: Any, multiplier: Any, shift: Any) -> Int64Array:
    """``x * multiplier * 2**(shift - 31)`` of 64-bit accumulators: the multiplier cut to 16 bits, halves rounded up.

    Source: MultiplyByQuantizedMultiplier(int64_t, ...) in kernels/internal/common.cc, which wants x of at most 48 bits
    and a shift in [-31, 8).
    """
    total = 15 - np.asarray(shift, np.int64)
    product = np.asarray(x, np.int64) * reduced_multiplier(multiplier)
    return np.asarray((product + (np.int64(1) << (total - 1))) >> total, np.int64)


def scaled_product(x: Any, multiplier: Any) -> Int64Array:
    """``x * multiplier * 2**-16``, rounded down; scaled_product.h of the kernels."""
    return np.asarray((np.asarray(x, np.int64) * np.asarray(multiplier, np.int64)) >> 16, np.int64)


def exp_on_negative_values(a: Any, integer_bits: int) -> Int64Array:
    """``2**31 * exp(a / 2**(31 - integer_bits))`` for a <= 0 and 5 integer bits at most, saturated at 2**31 - 1.

    Source: exp_on_negative_values in gemmlowp's fixedpoint/fixedpoint.h: a polynomial between -1/4 and 0, then one
    factor for each bit of what is left.
    """
    product = saturating_rounding_doubling_high_mul
    values = np.asarray(a, np.int64)
    fraction_bits = 31 - integer_bits
    quarter = np.int64(1) << (fraction_bits - 2)
    rest = (values & (quarter - 1)) - quarter
    x = (rest << integer_bits) + (1 << 28)  # + 1/8
    x2 = product(x, x)
    x3, x4 = product(x2, x), product(x2, x2)
    tail = rounding_divide_by_pot(product(rounding_divide_by_pot(x4, 2) + x3, 715827883) + x2, 1)
    result = 1895147668 + product(1895147668, x + tail)
    for exponent, factor in enumerate(_EXP_OF_MINUS_POWERS, -2):
        if exponent < integer_bits:
            chosen = ((rest - values) >> (fraction_bits + exponent)) & 1
            result = np.where(chosen == 1, product(result, factor), result)
    return np.where(values == 0, 2**31 - 1, result)


# exp(-1/4), exp(-1/2), exp(-1) ... exp(-16), times 2**31
_EXP_OF_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


def quantize_value(real: float, scale: float, zero_point: int) -> int:
    """``zero_point + round(real / scale)`` with the division in float32, as for activation bounds.

    Raises ValueError where that leaves int32; the reference refuses it, too (Quantize in kernels/kernel_util.cc).
    """
    value = zero_point + round_half_away(f32(f32(real) / f32(scale)))
    if not -(2**31) <= value < 2**31:
        raise ValueError(f"{real:g} at the scale {scale:g} overflows 32 bits")
    return value


# Real bounds of activations, fused ones and operators of the same name.
ACTIVATION_BOUNDS: dict[str, tuple[int | None, int | None]] = {
    "NONE": (None, None),
    "RELU": (0, None),
    "RELU6": (0, 6),
    "RELU_N1_TO_1": (-1, 1),
    "RELU_0_TO_1": (0, 1),
}


def activation_range(activation: str, scale: float, zero_point: int, dtype: DType) -> tuple[int, int]:
    """Quantized clamp of an activation: CalculateActivationRangeQuantized in kernels/kernel_util.cc.

    Raises ValueError for an activation that has no quantized form, or a bound that overflows 32 bits.
    """
    lowest, highest = dtype.limits
    if activation not in ACTIVATION_BOUNDS:
        raise ValueError(f"the fused activation {activation} has no quantized form")
    low, high = ACTIVATION_BOUNDS[activation]
    if low is not None:
        lowest = max(lowest, quantize_value(low, scale, zero_point))
    if high is not None:
        highest = min(highest, quantize_value(high, scale, zero_point))
    return lowest, highest
