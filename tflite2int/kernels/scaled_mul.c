#include "flash.h"
#include "scaled_product.h"
#include "steps_to_int8.h"

/* MUL. In place of the reference's two roundings of a 64-bit product: a line, found when this file was written, that
   gives the same output for every pair of inputs. */
typedef struct {
    int16_t offset0, offset1; /* minus the inputs' zero points */
    int32_t multiplier;
    int32_t offset; /* zero point, rounding */
    int32_t middle, below; /* how much lower the line lies under the middle */
    int shift, lowest, highest;
} scaled_mul_parameters;

/* output[i] = clamp(input0[i * step0] * input1[i * step1], scaled); a step is 0 or 1. */
static void scaled_mul(const IN_FLASH scaled_mul_parameters *p, const int8_t *input0, int step0, const int8_t *input1,
        int step1, int n, int8_t *output)
{
    for (int i = 0; i < n; i++) {
        const int32_t product = (int32_t)(*input0 + p->offset0) * (*input1 + p->offset1);
        int32_t steps = scaled_product(product, p->multiplier) + p->offset;
        if (steps < p->middle) {
            steps -= p->below;
        }
        output[i] = steps_to_int8(steps, p->shift, p->lowest, p->highest);
        input0 += step0;
        input1 += step1;
    }
}
