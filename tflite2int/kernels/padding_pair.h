#pragma once
#include "flash.h"
#include "sample.h"

/* sums[0] += value * sum of w0 and sums[1] += value * sum of w1, over n elements: taps that lie in the padding. */
static void padding_pair(int value, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int n,
        accumulator_t sums[2])
{
    accumulator_t sum0 = sums[0], sum1 = sums[1];
    for (int i = 0; value != 0 && i < n; i++) {
        sum0 += (product_t)value * w0[i];
        sum1 += (product_t)value * w1[i];
    }
    sums[0] = sum0;
    sums[1] = sum1;
}
