"""C's ``expf`` and ``tanhf``, bit by bit: the reference fills its tables with them.

C leaves their last bit open, and now and then (of TANH one entry in a million) it decides an entry. These are the
algorithms of the GNU C library, versions 2.27 to 2.40, on which the reference was recorded, step by step in IEEE
arithmetic: the answer is the same on every machine. ``expf`` is that of Arm's optimized routines (also in newlib, musl
and bionic), ``tanhf`` and ``expm1f`` are those of Sun's fdlibm (also in newlib).
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal, localcontext
from functools import cache

import numpy as np

_F = np.float32


def expf(x: float) -> float:
    """``e**x`` of a float32 value, as a float32 value. Source: glibc's sysdeps/ieee754/flt-32/e_expf.c."""
    if x > float.fromhex("0x1.62e42ep6"):
        return math.inf
    if x < float.fromhex("-0x1.9fe368p6"):
        return 0.0
    # e**x = 2**(k / 32) * 2**(r / 32), r in [-0.5, 0.5]; all in double, rounded once at the end.
    z = float.fromhex("0x1.71547652b82fep+0") * 32 * x
    k = round(z)
    r = z - k
    high, middle, low = (float.fromhex(c) for c in _EXP_POLYNOMIAL)
    y = (high / 32768 * r + middle / 1024) * (r * r) + (low / 32 * r + 1)
    return float(_F(y * math.ldexp(_powers_of_two()[k % 32], k // 32)))


_EXP_POLYNOMIAL = ("0x1.c6af84b912394p-5", "0x1.ebfce50fac4f3p-3", "0x1.62e42ff0c52d6p-1")


@cache
def _powers_of_two() -> tuple[float, ...]:
    """``2**(i / 32)``, correctly rounded."""
    with localcontext() as context:
        context.prec = 40
        return tuple(float(Decimal(2) ** (Decimal(i) / 32)) for i in range(32))


def tanhf(x: float) -> float:
    """Hyperbolic tangent of a float32 value, as a float32 value. Source: glibc's sysdeps/ieee754/flt-32/s_tanhf.c."""
    magnitude, one, two = _F(abs(x)), _F(1), _F(2)
    if magnitude < _F(2.0**-55):
        return x
    if magnitude >= 22:
        result = one
    elif magnitude >= 1:
        result = one - two / (_expm1f(two * magnitude) + two)
    else:
        t = _expm1f(-two * magnitude)
        result = -t / (t + two)
    return math.copysign(float(result), x)


_LN2_HIGH, _LN2_LOW, _INVERSE_LN2 = _F(6.9313812256e-01), _F(9.0580006145e-06), _F(1.4426950216e00)
_Q = tuple(_F(q) for q in (-3.3333335072e-02, 1.5873016091e-03, -7.9365076090e-05, 4.0082177293e-06, -2.0109921195e-07))


def _from_bits(bits: int) -> np.float32:
    return _F(struct.unpack("<f", struct.pack("<I", bits))[0])


def _scaled(x: np.float32, k: int) -> np.float32:
    return _F(np.ldexp(x, k))


def _expm1f(x: np.float32) -> np.float32:
    """``e**x - 1`` for \\|x\\| <= 44. Source: glibc's sysdeps/ieee754/flt-32/s_expm1f.c."""
    half, one, two = _F(0.5), _F(1), _F(2)
    magnitude, k, c = abs(x), 0, _F(0)
    if x <= _from_bits(0xC195B844):  # -27 ln 2
        return -one
    if magnitude < _from_bits(0x33000000):  # 2**-25
        return x
    if magnitude > _from_bits(0x3EB17218):  # 0.5 ln 2: x = k ln 2 + a rest, which is x - c from here on
        if magnitude < _from_bits(0x3F851592):  # 1.5 ln 2
            k = 1 if x > 0 else -1
        else:
            k = int(_INVERSE_LN2 * x + (half if x > 0 else -half))
        high, low = x - _F(k) * _LN2_HIGH, _F(k) * _LN2_LOW
        x = high - low
        c = (high - x) - low
    half_x = half * x
    square = x * half_x
    series = one + square * (_Q[0] + square * (_Q[1] + square * (_Q[2] + square * (_Q[3] + square * _Q[4]))))
    t = _F(3) - series * half_x
    e = square * ((series - t) / (_F(6) - x * t))
    if k == 0:
        return x - (x * e - square)
    e = (x * (e - c) - c) - square
    if k == -1:
        return half * (x - e) - half
    if k == 1:
        return -two * (e - (x + half)) if x < _F(-0.25) else one + two * (x - e)
    if k <= -2 or k > 56:
        return _scaled(one - (e - x), k) - one
    if k < 23:
        return _scaled((one - _scaled(one, -k)) - (e - x), k)
    return _scaled((x - (e + _scaled(one, -k))) + one, k)
