#pragma once
#include <stdint.h>

/* steps / 2^16 / 2^shift, rounded down and clamped; shifted twice, since an AVR's int has 16 bits. */
static int8_t steps_to_int8(int32_t steps, int shift, int lowest, int highest)
{
    const int result = (int)(steps >> 16) >> shift;
    return (int8_t)(result < lowest ? lowest : result > highest ? highest : result);
}
