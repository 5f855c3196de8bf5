"""Real multiplier to multiplier and shift, rounding, clamps: the sole home of that arithmetic.

Scalars and numpy arrays alike; everything is computed in int64 so that nothing wraps unseen. Names follow gemmlowp
(fixedpoint/fixedpoint.h) and TensorFlow Lite (kernels/internal/common.h, quantization_util.cc).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .attributes import Activation
from .graph import DType

Int64Array = npt.NDArray[np.int64]


def f32(value: float) -> float:
    """Round to float32, as an expression of C floats does at each step."""
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


def quantize_value(real: float, scale: float, zero_point: int) -> int:
    """``zero_point + round(real / scale)`` with the division in float32, as for activation bounds."""
    return zero_point + round_half_away(f32(f32(real) / f32(scale)))


def activation_range(activation: Activation, scale: float, zero_point: int, dtype: DType) -> tuple[int, int]:
    """Quantized clamp of a fused activation: CalculateActivationRangeQuantized in kernels/kernel_util.cc.

    Raises ValueError for an activation that the reference does not quantize.
    """
    lowest, highest = dtype.limits
    bounds: dict[str, tuple[float | None, float | None]] = {
        "NONE": (None, None),
        "RELU": (0.0, None),
        "RELU6": (0.0, 6.0),
        "RELU_N1_TO_1": (-1.0, 1.0),
    }
    if activation not in bounds:
        raise ValueError(f"the fused activation {activation} has no quantized form")
    low, high = bounds[activation]
    if low is not None:
        lowest = max(lowest, quantize_value(low, scale, zero_point))
    if high is not None:
        highest = min(highest, quantize_value(high, scale, zero_point))
    return lowest, highest
