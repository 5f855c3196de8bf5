#include "alone.h"
#include "lift.h"
#include "requantize.h"
#include "sample.h"
#include "window_rows.h"

typedef struct {
    int input_width, input_channels;
    int kernel_height, kernel_width, kernel_size;
    int dilation, stride, pad_left;
    int output_width, output_channels;
    int multiplier; /* output channels for each input channel */
    const IN_FLASH int8_t *weights; /* [output channels][kernel height][kernel width] */
    const sample_t *padding; /* [input channels] zero points; 0 where no window meets padding */
    requantization to_output;
} depthwise_conv_2d_parameters;

/* Puts the pixels of the window at column left into taps, the last one first. */
static void depthwise_window(const IN_FLASH depthwise_conv_2d_parameters *p, const sample_t *const *rows, int left,
        const sample_t **taps)
{
    taps += p->kernel_size;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        int column = left;
        for (int kx = 0; kx < p->kernel_width; kx++) {
            const int inside = rows[ky] != 0 && column >= 0 && column < p->input_width;
            *--taps = inside ? rows[ky] + column * p->input_channels : p->padding;
            column += p->dilation;
        }
    }
}

/* The channel's weights times its taps, of which there are n >= 1, the last one first. */
static ALONE accumulator_t tap_product(const sample_t *const *taps, int channel, const IN_FLASH int8_t *weights, int n)
{
    accumulator_t sum = 0;
    int i = n - 1;
    do {
        sum += lifted((product_t)(*taps++)[channel] * weights[i]);
    } while (i-- != 0);
    return lowered(sum, n);
}

/* One output row from kernel_height input rows, of which those outside the image are 0; taps: room for a window. */
static void depthwise_conv_2d_row(const IN_FLASH depthwise_conv_2d_parameters *p, const sample_t *const *rows,
        const sample_t **taps, output_t *output)
{
    for (int x = 0; x < p->output_width; x++) {
        const IN_FLASH int8_t *weights = p->weights;
        int input_channel = 0, repeated = 0;
        depthwise_window(p, rows, x * p->stride - p->pad_left, taps);
        for (int channel = 0; channel < p->output_channels; channel++) {
            const accumulator_t sum = tap_product(taps, input_channel, weights, p->kernel_size);
            *output++ = requantize(&p->to_output, channel, sum);
            weights += p->kernel_size;
            if (++repeated == p->multiplier) {
                repeated = 0;
                input_channel++;
            }
        }
    }
}
