#include "sigmoid.h"

/* output[i] = 2^15 / (1 + exp(-x)), where multiplier / 2^shift makes x from input[i] in steps of 1 / (24 * 2^9). */
static void logistic_int16(int32_t multiplier, int shift, const int16_t *input, int n, int16_t *output)
{
    const int32_t half = (int32_t)(((uint32_t)1 << shift) >> 1);
    for (int i = 0; i < n; i++) {
        const int32_t x = (input[i] * multiplier + half) >> shift;
        const int32_t size = x < 0 ? -x : x;
        const int32_t y = size >> 9 < 255 ? sigmoid(size, 9) : (int32_t)0x7FFF << 10;
        output[i] = (int16_t)((x < 0 ? ((int32_t)1 << 25) - y + 511 : y + 512) >> 10);
    }
}
