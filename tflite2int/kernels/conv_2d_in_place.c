#include "conv_2d_parameters.h"
#include "dot_pair.h"
#include "padding_pair.h"
#include "window_rows.h"

/* Weights of two output channels times the window at column left, from the given channel on; what lies outside the image
   has the value of the input's zero point. Returns the first sum and puts the other one into *second. */
static accumulator_t conv_2d_window(const IN_FLASH conv_2d_parameters *p, const sample_t *const *rows, int left,
        int channel, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, accumulator_t *second)
{
    const int depth = p->kernel_channels;
    accumulator_t sum0 = 0, sum1 = 0, part;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        for (int kx = 0; kx < p->kernel_width; kx += p->run) {
            const int column = left + kx * p->dilation;
            int begin = 0, end = 0; /* the taps of this run that lie inside the image */
            if (rows[ky] != 0 && column < p->input_width && column + p->run > 0) {
                begin = column < 0 ? -column : 0;
                end = p->input_width - column < p->run ? p->input_width - column : p->run;
                const sample_t *const x = rows[ky] + (column + begin) * p->input_channels + channel;
                sum0 += dot_pair(x, w0 + begin * depth, w1 + begin * depth, (end - begin) * depth, &part);
                sum1 += part;
            }
            if (begin > 0) {
                sum0 += padding_pair(p->input_zero_point, w0, w1, begin * depth, &part);
                sum1 += part;
            }
            if (end < p->run) {
                sum0 += padding_pair(p->input_zero_point, w0 + end * depth, w1 + end * depth, (p->run - end) * depth,
                        &part);
                sum1 += part;
            }
            w0 += p->run * depth;
            w1 += p->run * depth;
        }
    }
    *second = sum1;
    return sum0;
}

/* conv_2d_row for large windows, which it does not copy. */
static void conv_2d_in_place_row(const IN_FLASH conv_2d_parameters *p, const sample_t *const *rows, output_t *output)
{
    const IN_FLASH dense_parameters *const dense = &p->dense;
    for (int x = 0; x < p->output_width; x++) {
        const int left = x * p->stride - p->pad_left;
        int o = 0;
        for (int group = 0; group < p->groups; group++) {
            const int last = o + p->group_outputs - 1;
            while (o <= last) {
                const int other = o < last ? o + 1 : o;
                accumulator_t sum0, sum1;
                sum0 = conv_2d_window(p, rows, left, group * p->kernel_channels, dense->weights + o * dense->size,
                        dense->weights + other * dense->size, &sum1);
                output[o] = requantize(&dense->to_output, o, sum0);
                output[other] = requantize(&dense->to_output, other, sum1);
                o = other + 1;
            }
        }
        output += p->output_channels;
    }
}
