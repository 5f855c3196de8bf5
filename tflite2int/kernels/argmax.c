#include "sample.h"

/* The position of the largest of n elements, the first of equals. */
static int argmax(const sample_t *input, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++) {
        best = input[i] > input[best] ? i : best;
    }
    return best;
}
