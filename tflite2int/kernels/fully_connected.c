#include "dot_pair.h"
#include "requantize.h"
#include "sample.h"

typedef struct {
    int inputs, outputs;
    const IN_FLASH int8_t *weights; /* [outputs][inputs] */
    const IN_FLASH accumulator_t *bias;   /* [outputs], input zero point folded in */
    requantization to_output;
} fully_connected_parameters;

/* output[o] = requantize(bias[o] + input . weights[o]), two outputs at a time. */
static void fully_connected(const IN_FLASH fully_connected_parameters *p, const sample_t *input, output_t *output)
{
    const IN_FLASH int8_t *weights = p->weights;
    for (int o = 0; o < p->outputs; o += 2) {
        const int count = o + 1 < p->outputs ? 2 : 1;
        accumulator_t sums[2];
        sums[0] = p->bias[o];
        sums[1] = p->bias[o + count - 1];
        dot_pair(input, weights, weights + (count - 1) * p->inputs, p->inputs, sums);
        for (int k = 0; k < count; k++) {
            output[o + k] = requantize(&p->to_output, o + k, sums[k]);
        }
        weights += count * p->inputs;
    }
}
