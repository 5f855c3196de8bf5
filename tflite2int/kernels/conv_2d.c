#include "dot_pair.h"
#include "padding_pair.h"
#include "requantize.h"
#include "sample.h"
#include "window_rows.h"

typedef struct {
    int input_width, input_channels;
    int input_zero_point;
    int kernel_height, kernel_width, kernel_channels;
    int run; /* taps of a kernel row that lie side by side in memory: the kernel's width, or 1 */
    int dilation, stride, pad_left;
    int output_width, groups, group_outputs;
    const IN_FLASH int8_t *weights; /* [output channels][kernel height][kernel width][kernel channels] */
    const IN_FLASH accumulator_t *bias;   /* [output channels], input zero point folded in */
    requantization to_output;
} conv_2d_parameters;

/* Adds one window to the sums of two output channels, whose weights begin at w0 and w1. */
static void conv_2d_window(const IN_FLASH conv_2d_parameters *p, const sample_t *const *rows, int left,
        int first_channel, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, accumulator_t sums[2])
{
    const int depth = p->kernel_channels;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        for (int kx = 0; kx < p->kernel_width; kx += p->run) {
            const int column = left + kx * p->dilation;
            int begin = 0, end = 0; /* the taps of this run that lie inside the image */
            if (rows[ky] != 0 && column < p->input_width && column + p->run > 0) {
                begin = column < 0 ? -column : 0;
                end = p->input_width - column < p->run ? p->input_width - column : p->run;
                const sample_t *const inside = rows[ky] + (column + begin) * p->input_channels + first_channel;
                dot_pair(inside, w0 + begin * depth, w1 + begin * depth, (end - begin) * depth, sums);
            }
            padding_pair(p->input_zero_point, w0, w1, begin * depth, sums);
            padding_pair(p->input_zero_point, w0 + end * depth, w1 + end * depth, (p->run - end) * depth, sums);
            w0 += p->run * depth;
            w1 += p->run * depth;
        }
    }
}

/* One output row from kernel_height input rows, of which those outside the image are 0. */
static void conv_2d_row(const IN_FLASH conv_2d_parameters *p, const sample_t *const *rows, output_t *output)
{
    const int size = p->kernel_height * p->kernel_width * p->kernel_channels;
    for (int x = 0; x < p->output_width; x++) {
        const IN_FLASH int8_t *weights = p->weights;
        const int left = x * p->stride - p->pad_left;
        int channel = 0;
        for (int group = 0; group < p->groups; group++) {
            for (int o = 0; o < p->group_outputs; o += 2) {
                const int count = o + 1 < p->group_outputs ? 2 : 1;
                accumulator_t sums[2];
                sums[0] = p->bias[channel];
                sums[1] = p->bias[channel + count - 1];
                conv_2d_window(p, rows, left, group * p->kernel_channels, weights, weights + (count - 1) * size, sums);
                for (int k = 0; k < count; k++) {
                    *output++ = requantize(&p->to_output, channel++, sums[k]);
                }
                weights += count * size;
            }
        }
    }
}
