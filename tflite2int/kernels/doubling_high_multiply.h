#pragma once
#include "no_long_multiply.h"
#include <stdint.h>

/* (a * b + 2^30) >> 31: gemmlowp's SaturatingRoundingDoublingHighMul; a and b are not both -2^31. */
static int32_t doubling_high_multiply(int32_t a, int32_t b)
{
#if defined(NO_LONG_MULTIPLY)
    /* Four products of 16-bit halves, none of which overflows. */
    int16_t a_high = (int16_t)(a >> 16), b_high = (int16_t)(b >> 16);
    uint16_t a_low = (uint16_t)a, b_low = (uint16_t)b;
    HIDE(a_high);
    HIDE(b_high);
    HIDE(a_low);
    HIDE(b_low);
    const int32_t middle = a_high * (int32_t)b_low + (int32_t)(a_low * (uint32_t)b_low >> 16);
    const int32_t low = (int32_t)a_low * b_high + (middle & 0xFFFF);
    const int32_t high = (int32_t)a_high * b_high + (middle >> 16) + (low >> 16);
    return high * 2 + ((((low & 0xFFFF) >> 14) + 1) >> 1);
#else
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
#endif
}
