#pragma once
#include "clamp.h"
#include "flash.h"
#include "rescale.h"

/* From sums of products to int16 where the bias has 32 bits: one multiplier and shift a channel (step 1), or one for all
   (step 0). */
typedef struct {
    const IN_FLASH int32_t *bias; /* [channels], input zero point folded in */
    const IN_FLASH int32_t *multiplier;
    const IN_FLASH int8_t *shift;
    int16_t step, lowest, highest;
} requantization_int16_bias32;

static int16_t requantize_int16_bias32(const IN_FLASH requantization_int16_bias32 *q, int channel, int32_t sum)
{
    const int i = channel * q->step;
    sum += q->bias[channel];
    return (int16_t)clamp(rescale(sum, q->multiplier[i], q->shift[i]), q->lowest, q->highest);
}
