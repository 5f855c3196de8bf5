#pragma once
#include "flash.h"
#include "sample.h"

/* Returns value * sum of w0, and puts value * sum of w1 into *second, over n elements: taps that lie in the padding. */
static accumulator_t padding_pair(int value, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int n,
        accumulator_t *second)
{
    int32_t sum0 = 0, sum1 = 0;
    for (int i = 0; value != 0 && i < n; i++) {
        sum0 += w0[i];
        sum1 += w1[i];
    }
    *second = sum1 * value;
    return sum0 * value;
}
