#pragma once
#include "clamp.h"
#include "flash.h"
#include "rescale.h"

/* From sums of 16-bit samples to int16: one multiplier and shift a channel (step 1), or one for all (step 0). */
typedef struct {
    const IN_FLASH int32_t *bias; /* [channels], input zero point folded in */
    const IN_FLASH int32_t *multiplier;
    const IN_FLASH int8_t *shift;
    int16_t step, zero_point, lowest, highest;
} requantization_int16_gemmlowp;

static int16_t requantize_int16_gemmlowp(const IN_FLASH requantization_int16_gemmlowp *q, int channel, int32_t sum)
{
    const int i = channel * q->step;
    sum += q->bias[channel];
    return (int16_t)clamp(rescale(sum, q->multiplier[i], q->shift[i]) + q->zero_point, q->lowest, q->highest);
}
