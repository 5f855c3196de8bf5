#include "flash.h"
#include "pool_2d_parameters.h"
#include "sample.h"
#include "window_rows.h"

/* One output row from kernel_height input rows; those outside the image are 0 and do not count. */
static void max_pool_2d_row(const IN_FLASH pool_2d_parameters *p, const sample_t *const *rows, sample_t *output)
{
    for (int x = 0; x < p->output_width; x++) {
        const int left = x * p->stride - p->pad_left;
        const int begin = left < 0 ? 0 : left;
        const int end = left + p->kernel_width < p->input_width ? left + p->kernel_width : p->input_width;
        const int first = begin * p->channels, last = end * p->channels;
        for (int c = 0; c < p->channels; c++) {
            int largest = p->lowest;
            for (int ky = 0; ky < p->kernel_height; ky++) {
                if (rows[ky] != 0) {
                    const sample_t *const row = rows[ky] + c;
                    for (int i = first; i < last; i += p->channels) {
                        largest = row[i] > largest ? row[i] : largest;
                    }
                }
            }
            *output++ = (sample_t)(largest < p->highest ? largest : p->highest);
        }
    }
}
