#pragma once
#include <stdint.h>

/* x / 2^n, halves away from zero: gemmlowp's RoundingDivideByPOT; 0 <= n <= 31. */
static int32_t rounding_divide_by_power(int32_t x, int n)
{
    const uint32_t mask = ((uint32_t)1 << n) - 1u;
    const uint32_t threshold = (mask >> 1) + (x < 0 ? 1u : 0u);
    return (x >> n) + (((uint32_t)x & mask) > threshold ? 1 : 0);
}
