#pragma once
#include "no_long_multiply.h"
#include <stdint.h>

/* x * multiplier / 2^16, rounded down, where that fits in 32 bits less 17; multiplier >= 0. */
static int32_t scaled_product(int32_t x, int32_t multiplier)
{
#if defined(NO_LONG_MULTIPLY)
    uint16_t low = (uint16_t)multiplier, high = (uint16_t)(multiplier >> 16), x_low = (uint16_t)x;
    int16_t x_high = (int16_t)(x >> 16);
    HIDE(low);
    HIDE(high);
    HIDE(x_low);
    HIDE(x_high);
    const int32_t middle = x_high * (int32_t)low + (int32_t)(x_low * (uint32_t)low >> 16);
    return x * (int32_t)high + middle;
#else
    return (int32_t)(((int64_t)x * multiplier) >> 16);
#endif
}
