#include "clamp.h"
#include "dot_pair.h"
#include "rescale.h"

typedef struct {
    int inputs, outputs;
    int16_t output_zero_point, lowest, highest;
    int16_t multiplier_step;              /* 1: a multiplier and shift per output; 0: one for all */
    const IN_FLASH int8_t *weights;       /* [outputs][inputs] */
    const IN_FLASH int32_t *bias;         /* [outputs], input zero point folded in */
    const IN_FLASH int32_t *multiplier;
    const IN_FLASH int8_t *shift;
} fully_connected_parameters;

/* output[o] = clamp(rescale(bias[o] + input . weights[o]) + zero point), two outputs at a time. */
static void fully_connected(const IN_FLASH fully_connected_parameters *p, const int8_t *input, int8_t *output)
{
    const IN_FLASH int8_t *weights = p->weights;
    for (int o = 0; o < p->outputs; o += 2) {
        const int count = o + 1 < p->outputs ? 2 : 1;
        int32_t sums[2];
        sums[0] = p->bias[o];
        sums[1] = p->bias[o + count - 1];
        dot_pair(input, weights, weights + (count - 1) * p->inputs, p->inputs, sums);
        for (int k = 0; k < count; k++) {
            const int channel = (o + k) * p->multiplier_step;
            const int32_t scaled = rescale(sums[k], p->multiplier[channel], p->shift[channel]);
            output[o + k] = (int8_t)clamp(scaled + p->output_zero_point, p->lowest, p->highest);
        }
        weights += count * p->inputs;
    }
}
