#pragma once
#include "flash.h"
#include "scaled_product.h"
#include "steps_to_int8.h"

/* From sums of products to int8. In place of the reference's two roundings of a 64-bit product: a line, found for each
   channel when this file was written, that gives the same output for every sum that can occur. */
typedef struct {
    const IN_FLASH int32_t *multiplier; /* one a channel (step 1), or one for all (step 0) */
    const IN_FLASH uint16_t *below;     /* the same: how much lower the line lies under the middle; 0 for not at all */
    const IN_FLASH int32_t *offset;     /* [channels]: bias, zero points, rounding */
    int32_t middle;
    int step, shift, lowest, highest;
} requantization;

static int8_t requantize(const IN_FLASH requantization *q, int channel, int32_t sum)
{
    const int i = channel * q->step;
    int32_t steps = scaled_product(sum, q->multiplier[i]) + q->offset[channel];
    if (steps < q->middle) {
        steps -= q->below[i];
    }
    return steps_to_int8(steps, q->shift, q->lowest, q->highest);
}
