#pragma once
#include "clamp.h"
#include "flash.h"
#include "rescale.h"
#include "sample.h"

/* From accumulators to output_t: one multiplier and shift a channel (step 1), or one for all (step 0). */
typedef struct {
    const IN_FLASH int32_t *multiplier;
    const IN_FLASH int8_t *shift;
    int16_t step, zero_point, lowest, highest;
} requantization;

static output_t requantize(const IN_FLASH requantization *q, int channel, int32_t sum)
{
    const int i = channel * q->step;
    return (output_t)clamp(rescale(sum, q->multiplier[i], q->shift[i]) + q->zero_point, q->lowest, q->highest);
}
