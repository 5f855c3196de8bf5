#pragma once
#include "clamp.h"
#include "flash.h"

/* From sums whose accumulators have 48 bits at most to int16: one multiplier and shift a channel (step 1), or one for all
   (step 0). */
typedef struct {
    const IN_FLASH int64_t *bias; /* [channels], input zero point folded in */
    const IN_FLASH int16_t *multiplier;
    const IN_FLASH int8_t *shift;
    int16_t step, lowest, highest;
} requantization_int16_wide;

/* sum * multiplier / 2^(16 + shift), halves rounded up, which is known to fit in 32 bits. */
static int16_t requantize_int16_wide(const IN_FLASH requantization_int16_wide *q, int channel, int64_t sum)
{
    const int i = channel * q->step;
    sum += q->bias[channel];
    const int64_t half = (int64_t)1 << (15 + q->shift[i]);
    const int64_t scaled = (sum * q->multiplier[i] + half) >> (16 + q->shift[i]);
    return (int16_t)clamp((int32_t)scaled, q->lowest, q->highest);
}
