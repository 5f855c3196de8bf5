#include "flash.h"
#include "steps_to_int8.h"

/* ADD and SUB. In place of the reference's three rescales: factors, found when this file was written, that give the
   same output for every pair of inputs. */
typedef struct {
    int32_t factor0, factor1;
    int32_t offset; /* zero points, rounding */
    int32_t middle, below; /* how much less it is under the middle */
    int shift, lowest, highest;
} weighted_sum_parameters;

/* output[i] = clamp(input0[i * step0] * factor0 + input1[i * step1] * factor1 + offset, shifted); a step is 0 or 1. */
static void weighted_sum(const IN_FLASH weighted_sum_parameters *p, const int8_t *input0, int step0,
        const int8_t *input1, int step1, int n, int8_t *output)
{
    for (int i = 0; i < n; i++) {
        int32_t steps = *input0 * p->factor0 + *input1 * p->factor1 + p->offset;
        if (steps < p->middle) {
            steps -= p->below;
        }
        output[i] = steps_to_int8(steps, p->shift, p->lowest, p->highest);
        input0 += step0;
        input1 += step1;
    }
}
