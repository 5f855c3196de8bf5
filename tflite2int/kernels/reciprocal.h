#pragma once
#include "doubling_high_multiply.h"

/* 2^31 / x for x = half / 2^30 in [1, 2), saturated: gemmlowp's one_over_one_plus_x_for_x_in_0_1, three steps of
   Newton's method on numbers with 29 bits behind the point. */
static int32_t reciprocal(int32_t half)
{
    const int32_t one = (int32_t)1 << 29;
    int32_t x = 1515870810 + doubling_high_multiply(half, -1010580540);
    for (int i = 0; i < 3; i++) {
        x += doubling_high_multiply(x, one - doubling_high_multiply(half, x)) * 4;
    }
    return x < one * 2 ? x * 2 : INT32_MAX;
}
