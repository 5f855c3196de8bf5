#pragma once
#include "sample.h"

/* Products of 16-bit samples need not be lifted on any core. */
static product_t lifted_int16(product_t product)
{
    return product;
}
static accumulator_t lowered_int16(accumulator_t sum, int n)
{
    (void)n;
    return sum;
}
