#include "conv_2d_parameters.h"
#include "dense_outputs.h"
#include "window_rows.h"

/* Puts the window at column left together, from the given channel on; what lies outside the image has the value of the
   input's zero point. */
static void conv_2d_gather(const IN_FLASH conv_2d_parameters *p, const sample_t *const *rows, int left, int channel,
        sample_t *window)
{
    /* Inside the image the taps of a run lie side by side. */
    const int taps = left >= 0 && left + p->run <= p->input_width ? p->run : 1;
    const int n = taps * p->kernel_channels;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        int column = left;
        for (int kx = 0; kx < p->kernel_width; kx += taps) {
            int i = n - 1;
            if (rows[ky] != 0 && column >= 0 && column < p->input_width) {
                const sample_t *const x = rows[ky] + column * p->input_channels + channel;
                do {
                    window[i] = x[i];
                } while (i-- != 0);
            } else {
                do {
                    window[i] = (sample_t)p->input_zero_point;
                } while (i-- != 0);
            }
            window += n;
            column += p->dilation;
        }
    }
}

/* One output row from kernel_height input rows, of which those outside the image are 0. window: room for one, or 0 where
   each of them lies in the input in one piece. */
static void conv_2d_row(const IN_FLASH conv_2d_parameters *p, const sample_t *const *rows, sample_t *window,
        output_t *output)
{
    for (int x = 0; x < p->output_width; x++) {
        const int left = x * p->stride - p->pad_left;
        int first = 0;
        for (int group = 0; group < p->groups; group++) {
            const int channel = group * p->kernel_channels;
            const sample_t *inputs = window;
            if (window != 0) {
                conv_2d_gather(p, rows, left, channel, window);
            } else {
                inputs = rows[0] + left * p->input_channels + channel;
            }
            dense_outputs(&p->dense, first, first + p->group_outputs, inputs, output);
            first += p->group_outputs;
        }
        output += p->output_channels;
    }
}
