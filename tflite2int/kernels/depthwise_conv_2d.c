#include "requantize.h"
#include "sample.h"
#include "window_rows.h"

typedef struct {
    int input_width, input_channels;
    int input_zero_point;
    int kernel_height, kernel_width;
    int dilation, stride, pad_left;
    int output_width, multiplier; /* output channels for each input channel */
    const IN_FLASH int8_t *weights; /* [output channels][kernel height][kernel width] */
    const IN_FLASH accumulator_t *bias;   /* [output channels], input zero point folded in */
    requantization to_output;
} depthwise_conv_2d_parameters;

/* weights . window, where the window begins at column left of its rows and lies inside the image. */
static accumulator_t depthwise_inside(const IN_FLASH depthwise_conv_2d_parameters *p, const sample_t *const *rows,
        int start, const IN_FLASH int8_t *weights)
{
    const int step = p->dilation * p->input_channels;
    accumulator_t sum = 0;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        const sample_t *x = rows[ky] + start;
        for (int kx = 0; kx < p->kernel_width; kx++) {
            sum += (product_t)*x * *weights++;
            x += step;
        }
    }
    return sum;
}

/* The same where parts of the window may lie in the padding, which has the value of the input's zero point. */
static accumulator_t depthwise_border(const IN_FLASH depthwise_conv_2d_parameters *p, const sample_t *const *rows,
        int left, int channel, const IN_FLASH int8_t *weights)
{
    accumulator_t sum = 0;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        for (int kx = 0; kx < p->kernel_width; kx++) {
            const int column = left + kx * p->dilation;
            const int inside = rows[ky] != 0 && column >= 0 && column < p->input_width;
            const int x = inside ? rows[ky][column * p->input_channels + channel] : p->input_zero_point;
            sum += (product_t)x * *weights++;
        }
    }
    return sum;
}

/* One output row from kernel_height input rows, of which those outside the image are 0. */
static void depthwise_conv_2d_row(const IN_FLASH depthwise_conv_2d_parameters *p, const sample_t *const *rows,
        sample_t *output)
{
    const int span = (p->kernel_width - 1) * p->dilation + 1;
    int all_rows = 1;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        all_rows &= rows[ky] != 0;
    }
    for (int x = 0; x < p->output_width; x++) {
        const int left = x * p->stride - p->pad_left;
        const int inside = all_rows && left >= 0 && left + span <= p->input_width;
        const IN_FLASH int8_t *weights = p->weights;
        int channel = 0;
        for (int c = 0; c < p->input_channels; c++) {
            for (int m = 0; m < p->multiplier; m++) {
                const accumulator_t sum = inside
                    ? depthwise_inside(p, rows, left * p->input_channels + c, weights)
                    : depthwise_border(p, rows, left, c, weights);
                *output++ = requantize(&p->to_output, channel, sum + p->bias[channel]);
                weights += p->kernel_height * p->kernel_width;
                channel++;
            }
        }
    }
}
