#pragma once
#include "doubling_high_multiply.h"
#include "rounding_divide_by_power.h"

/* x * multiplier * 2^(shift - 31) with TensorFlow Lite's double rounding; x * 2^shift does not overflow. */
static int32_t rescale(int32_t x, int32_t multiplier, int shift)
{
    if (shift > 0) {
        return doubling_high_multiply(x * ((int32_t)1 << shift), multiplier);
    }
    return rounding_divide_by_power(doubling_high_multiply(x, multiplier), -shift);
}
