#include "clamp.h"
#include "flash.h"
#include "rescale.h"
#include "sample.h"

/* Both inputs become multiples of a small part of the larger of their scales: the wide input, which has it, by a shift
   that loses nothing; the narrow one by rounding. */
typedef struct {
    int16_t wide_offset, narrow_offset;           /* minus the zero points */
    int32_t wide_factor;                          /* a power of two, negative where the wide input is subtracted */
    int32_t narrow_multiplier;
    int16_t narrow_shift, narrow_sign;            /* sign -1: the narrow input is subtracted */
    int32_t multiplier;
    int16_t shift, zero_point, lowest, highest;
} add_parameters;

/* output[i] = clamp(rescale(wide[i * wide_step] +- narrow[i * narrow_step]) + zero point); a step is 0 or 1. */
static void add(const IN_FLASH add_parameters *p, const sample_t *wide, int wide_step, const sample_t *narrow,
        int narrow_step, int n, sample_t *output)
{
    for (int i = 0; i < n; i++) {
        const int32_t exact = (*wide + p->wide_offset) * p->wide_factor;
        const int32_t shifted = (*narrow + p->narrow_offset) * ((int32_t)1 << SUM_SHIFT);
        const int32_t sum = exact + rescale(shifted, p->narrow_multiplier, p->narrow_shift) * p->narrow_sign;
        output[i] = (sample_t)clamp(rescale(sum, p->multiplier, p->shift) + p->zero_point, p->lowest, p->highest);
        wide += wide_step;
        narrow += narrow_step;
    }
}
