#pragma once
#include "flash.h"
#include "sample.h"

/* sums[0] += x . w0 and sums[1] += x . w1, over n >= 1 elements: two channels share each load of x, and counting
   down to zero leaves a Cortex-M0 no comparison to make. */
static void dot_pair(const sample_t *x, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int n,
        accumulator_t sums[2])
{
    accumulator_t sum0 = sums[0], sum1 = sums[1];
    int i = n - 1;
    do {
        const sample_t value = x[i];
        sum0 += (product_t)value * w0[i];
        sum1 += (product_t)value * w1[i];
    } while (--i >= 0);
    sums[0] = sum0;
    sums[1] = sum1;
}
