#include "clamp.h"
#include "flash.h"
#include "interpolate.h"
#include "rescale.h"

/* Softmax of n <= 65535 elements, as 2^15 times the probability. multiplier and shift make steps of 10 / 65535 from
   those of the input; the tables are of exp(x) for x from -10 to 0 and of 1 / (1 + x) for x from 0 to 1. */
static void softmax_int16(const IN_FLASH int16_t *exponentials, const IN_FLASH int16_t *reciprocals, int32_t multiplier,
        int shift, const int16_t *input, int n, int16_t *output)
{
    int32_t largest = -32768;
    for (int i = 0; i < n; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    uint32_t sum = 0;
    for (int i = 0; i < n; i++) {
        const int32_t below = rescale(input[i] - largest, multiplier, shift);
        const int32_t share = interpolate(exponentials, clamp(below + 32767, -32768, 32767));
        output[i] = (int16_t)share;
        sum += (uint32_t)share;
    }
    /* sum = 2^bits * (1 + x). */
    int bits = 30;
    while (sum < 0x40000000u) {
        sum *= 2;
        bits--;
    }
    const int32_t x = (int32_t)((sum + 8192u) >> 14) - 65536;
    const int32_t scale = interpolate(reciprocals, clamp(x - 32768, -32768, 32767));
    for (int i = 0; i < n; i++) {
        const int32_t share = (output[i] * scale + ((int32_t)1 << (bits - 1))) >> bits;
        output[i] = (int16_t)clamp(share, 0, 32767);
    }
}
