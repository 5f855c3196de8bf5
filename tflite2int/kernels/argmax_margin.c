#include "sample.h"

/* The position of the largest of n >= 2 elements, the first of equals, and how far it is above the second largest. */
static int argmax_margin(const sample_t *input, int n, uint16_t *margin)
{
    int best = 0, second = 1;
    for (int i = 1; i < n; i++) {
        if (input[i] > input[best]) {
            second = best;
            best = i;
        } else if (input[i] > input[second]) {
            second = i;
        }
    }
    *margin = (uint16_t)((int32_t)input[best] - input[second]);
    return best;
}
