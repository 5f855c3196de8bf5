#pragma once
#include "dense_parameters.h"
#include "dot_pair.h"
#include "sample.h"

/* Requantizes x . weights[o] to output[o] for o from first to end - 1, two at a time; the last of an odd number is
   paired with itself. */
static void dense_outputs(const IN_FLASH dense_parameters *p, int first, int end, const sample_t *x, output_t *output)
{
    for (int o = first; o < end; o += 2) {
        const int other = o + 1 < end ? o + 1 : o;
        accumulator_t sum0, sum1;
        sum0 = dot_pair(x, p->weights + o * p->size, p->weights + other * p->size, p->size, &sum1);
        output[o] = requantize(&p->to_output, o, sum0);
        if (other != o) {
            output[other] = requantize(&p->to_output, other, sum1);
        }
    }
}
