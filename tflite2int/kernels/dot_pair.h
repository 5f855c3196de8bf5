#pragma once
#include "alone.h"
#include "flash.h"
#include "lift.h"
#include "sample.h"

/* Returns x . w0, and puts x . w1 into *second, over n >= 1 elements: two channels share each load of x, and counting
   down to zero leaves no comparison to make. */
static ALONE accumulator_t dot_pair(const sample_t *x, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int n,
        accumulator_t *second)
{
    accumulator_t sum0 = 0, sum1 = 0;
    int i = n - 1;
    do {
        const sample_t value = x[i];
        sum0 += lifted((product_t)value * w0[i]);
        sum1 += lifted((product_t)value * w1[i]);
    } while (i-- != 0);
    *second = lowered(sum1, n);
    return lowered(sum0, n);
}
