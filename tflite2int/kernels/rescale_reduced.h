#pragma once
#include <stdint.h>

/* x * multiplier / 2^(16 + shift), halves rounded up: TensorFlow Lite's rescale of 64-bit accumulators, for one that
   fits in 32 bits. multiplier >= 0; shift is -8 to 30, and for less than 1, x * 2^(1 - shift) does not overflow. */
static int32_t rescale_reduced(int32_t x, int16_t multiplier, int shift)
{
    if (shift < 1) {
        x *= (int32_t)1 << (1 - shift);
        shift = 1;
    }
    /* The product has 47 bits; what rounds it lies above the lowest 16, so these are only floored. */
    const uint32_t low = ((uint32_t)x & 0xFFFFu) * (uint32_t)multiplier;
    const int32_t high = (x >> 16) * multiplier + (int32_t)(low >> 16);
    return (high + ((int32_t)1 << (shift - 1))) >> shift;
}
