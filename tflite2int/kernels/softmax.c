#include "flash.h"
#include "reciprocal.h"
#include "rounding_divide_by_power.h"

/* Softmax of n <= 8191 elements, as 256 times the probability, minus 128. exponentials[i] is 2^31 exp(-i) in the
   input's scale; inputs that are count or more below the largest one count for nothing. */
static void softmax(const IN_FLASH int32_t *exponentials, int count, const int8_t *input, int n, int8_t *output)
{
    int largest = -128;
    for (int i = 0; i < n; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    uint32_t sum = 0; /* 1 is 2^19 */
    for (int i = 0; i < n; i++) {
        const int below = largest - input[i];
        if (below < count) {
            sum += ((uint32_t)exponentials[below] + 2048u) >> 12;
        }
    }
    int shift = 35;
    while (sum < 0x80000000u) {
        sum *= 2;
        shift--;
    }
    const int32_t scale = reciprocal((int32_t)(sum >> 1));
    for (int i = 0; i < n; i++) {
        const int below = largest - input[i];
        int32_t result = 0; /* also where the sum reaches 512: no element is then more than half of 1 / 256 */
        if (below < count && shift < 32) {
            result = rounding_divide_by_power(doubling_high_multiply(scale, exponentials[below]), shift);
        }
        output[i] = (int8_t)((result < 255 ? result : 255) - 128);
    }
}
