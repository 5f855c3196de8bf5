#pragma once
#include "sample.h"

/* AVR adds unsigned products to a sum faster than signed ones: there each is lifted by 2^15, and the sum of n of them
   lowered again. Elsewhere these functions do nothing. */
#if defined(__AVR__)
static uint16_t lifted(int product)
{
    return (uint16_t)((uint16_t)product + 32768u);
}
static accumulator_t lowered(accumulator_t sum, int n)
{
    return sum - (accumulator_t)((uint32_t)n << 16 >> 1); /* n << 15 would be a loop */
}
#else
static int lifted(int product)
{
    return product;
}
static accumulator_t lowered(accumulator_t sum, int n)
{
    (void)n;
    return sum;
}
#endif
