#include "clamp.h"
#include "flash.h"
#include "rescale.h"
#include "sample.h"

typedef struct {
    int16_t offset0, offset1; /* minus the inputs' zero points */
    int32_t multiplier;
    int16_t shift, zero_point, lowest, highest;
} mul_parameters;

/* output[i] = clamp(rescale(input0[i * step0] * input1[i * step1]) + zero point); a step is 0 or 1. */
static void mul(const IN_FLASH mul_parameters *p, const sample_t *input0, int step0, const sample_t *input1, int step1,
        int n, sample_t *output)
{
    for (int i = 0; i < n; i++) {
        const int32_t product = (int32_t)(*input0 + p->offset0) * (*input1 + p->offset1);
        output[i] = (sample_t)clamp(rescale(product, p->multiplier, p->shift) + p->zero_point, p->lowest, p->highest);
        input0 += step0;
        input1 += step1;
    }
}
