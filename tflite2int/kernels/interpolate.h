#pragma once
#include "flash.h"

/* The value at x, -2^15 <= x < 2^15, on the line between two of 513 entries. */
static int32_t interpolate(const IN_FLASH int16_t *table, int32_t x)
{
    const IN_FLASH int16_t *const entry = table + 256 + (x >> 7);
    const int32_t slope = (int32_t)entry[1] - entry[0];
    return entry[0] + ((slope * (x & 127) + 64) >> 7);
}
