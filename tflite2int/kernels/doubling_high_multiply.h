#pragma once
#include <stdint.h>

/* (a * b + 2^30) >> 31: gemmlowp's SaturatingRoundingDoublingHighMul; a and b are not both -2^31. */
static int32_t doubling_high_multiply(int32_t a, int32_t b)
{
#if defined(__AVR__) || (defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1) || defined(NO_LONG_MULTIPLY)
    /* No 32 x 32 -> 64 multiply on this core: four products of 16-bit halves, none of which overflows. */
    const int32_t a_high = a >> 16, b_high = b >> 16;
    const uint32_t a_low = (uint32_t)a & 0xFFFFu, b_low = (uint32_t)b & 0xFFFFu;
    const int32_t middle = a_high * (int32_t)b_low + (int32_t)((a_low * b_low) >> 16);
    const int32_t low = (int32_t)a_low * b_high + (middle & 0xFFFF);
    const int32_t high = a_high * b_high + (middle >> 16) + (low >> 16);
    return high * 2 + ((((low & 0xFFFF) >> 14) + 1) >> 1);
#else
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
#endif
}
