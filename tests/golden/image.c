/* image.c: written by tflite2int 0.1.0 from image.tflite
   (SHA-256 35574df8ef3ad15fad0252c82e1c385c7cc56844a43a94364a99a08b9718c19c).
   Convert again rather than edit. SPDX-License-Identifier: 0BSD

     0  CONV_2D               int8[1,3,3,4]
     1  DEPTHWISE_CONV_2D     int8[1,3,3,4]
     2  AVERAGE_POOL_2D       int8[1,1,1,4]
     3  FULLY_CONNECTED       int8[1,3]
*/
#include "image.h"

#if defined(IMAGE_EXTERNAL_ARENA)
#define arena image_arena
#else
static int8_t arena[IMAGE_ARENA_SIZE];
#endif

/* Constants stay in flash. AVR has a separate address space for it, which -std=gnu99 knows; with -std=c99 they take
   RAM as well. Elsewhere plain const is enough. */
#if defined(__FLASH) && !defined(__STRICT_ANSI__)
#define IN_FLASH __flash
#else
#define IN_FLASH
#endif

/* operator 0, CONV_2D */
static const IN_FLASH int8_t conv_2d_0_weights[36] = { /* 4 x 3 x 3 x 1 */
    -7, 3, 65, 115, -119, -91, 82, 114, -64, -48, 94, -20, -58, 84, -62, -23, 37, 13, -106, -120, 93, 65, 86, 10,
    81, -43, -12, 74, -96, -50, -96, -12, 122, -93, -30, -25
};
static const IN_FLASH int32_t conv_2d_0_bias[4] = { 726, -534, 4, -428 }; /* input zero point folded in */
static const IN_FLASH int32_t conv_2d_0_multiplier[4] = { 1610612688, 1288490170, 1073741824, 2061584195 };
static const IN_FLASH int8_t conv_2d_0_shift[4] = { -8, -8, -8, -8 };

/* operator 1, DEPTHWISE_CONV_2D */
static const IN_FLASH int8_t depthwise_conv_2d_1_weights[36] = { /* 4 x 3 x 3 */
    -122, 0, 64, -53, 58, -20, -19, -35, -19, 64, -4, 118, 11, -87, 4, 31, 29, -117, -112, -98, -104, 108, -45,
    -53, -11, 70, 56, -56, 123, 57, -57, 120, -98, 71, 106, 7
};
static const IN_FLASH int32_t depthwise_conv_2d_1_bias[4] = { /* input zero point folded in */
    -18019, 6198, -24430, 34156
};
static const IN_FLASH int32_t depthwise_conv_2d_1_multiplier[4] = {
    1342177250, 1227133493, 1789569720, 1717986842
};
static const IN_FLASH int8_t depthwise_conv_2d_1_shift[4] = { -5, -5, -6, -5 };

/* operator 3, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_3_weights[12] = { /* 3 x 4 */
    -11, 36, 69, 90, -73, 24, 78, -61, -40, 87, 21, 2
};
static const IN_FLASH int32_t fully_connected_3_bias[3] = { 23652, -4296, 9260 }; /* input zero point folded in */
static const IN_FLASH int32_t fully_connected_3_multiplier[1] = { 1145324703 };
static const IN_FLASH int8_t fully_connected_3_shift[1] = { -5 };

static int32_t clamp(int32_t x, int32_t lowest, int32_t highest)
{
    return x < lowest ? lowest : x > highest ? highest : x;
}

typedef struct {
    int input_width, channels;
    int kernel_height, kernel_width, stride, pad_left;
    int output_width;
    int16_t lowest, highest;
} pool_2d_parameters;

/* rows[k] = image row first + k * dilation, or 0 where that lies above or below the image. */
static void window_rows(const int8_t *image, int height, int row_size, int first, int dilation, int count,
        const int8_t **rows)
{
    for (int k = 0; k < count; k++) {
        const int y = first + k * dilation;
        rows[k] = y >= 0 && y < height ? image + y * row_size : 0;
    }
}

/* One output row from kernel_height input rows; those outside the image are 0 and do not count. */
static void average_pool_2d_row(const IN_FLASH pool_2d_parameters *p, const int8_t *const *rows, int8_t *output)
{
    int height = 0;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        height += rows[ky] != 0;
    }
    for (int x = 0; x < p->output_width; x++) {
        const int left = x * p->stride - p->pad_left;
        const int begin = left < 0 ? 0 : left;
        const int end = left + p->kernel_width < p->input_width ? left + p->kernel_width : p->input_width;
        const int32_t count = (int32_t)height * (end - begin);
        for (int c = 0; c < p->channels; c++) {
            int32_t sum = 0;
            for (int ky = 0; ky < p->kernel_height; ky++) {
                for (int column = begin; rows[ky] != 0 && column < end; column++) {
                    sum += rows[ky][column * p->channels + c];
                }
            }
            /* The mean, halves away from zero. */
            sum = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
            *output++ = (int8_t)clamp(sum, p->lowest, p->highest);
        }
    }
}

/* sums[0] += x . w0 and sums[1] += x . w1, over n >= 1 elements: two channels share each load of x, and counting
   down to zero leaves a Cortex-M0 no comparison to make. */
static void dot_pair(const int8_t *x, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int n, int32_t sums[2])
{
    int32_t sum0 = sums[0], sum1 = sums[1];
    int i = n - 1;
    do {
        const int8_t value = x[i];
        sum0 += (int16_t)value * w0[i];
        sum1 += (int16_t)value * w1[i];
    } while (--i >= 0);
    sums[0] = sum0;
    sums[1] = sum1;
}

/* sums[0] += value * sum of w0 and sums[1] += value * sum of w1, over n elements: taps that lie in the padding. */
static void padding_pair(int value, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int n, int32_t sums[2])
{
    int32_t sum0 = sums[0], sum1 = sums[1];
    for (int i = 0; value != 0 && i < n; i++) {
        sum0 += (int16_t)value * w0[i];
        sum1 += (int16_t)value * w1[i];
    }
    sums[0] = sum0;
    sums[1] = sum1;
}

/* (a * b + 2^30) >> 31: gemmlowp's SaturatingRoundingDoublingHighMul; a and b are not both -2^31. */
static int32_t doubling_high_multiply(int32_t a, int32_t b)
{
#if defined(__AVR__) || (defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1) || defined(NO_LONG_MULTIPLY)
    /* No 32 x 32 -> 64 multiply on this core: four products of 16-bit halves, none of which overflows. */
    const int32_t a_high = a >> 16, b_high = b >> 16;
    const uint32_t a_low = (uint32_t)a & 0xFFFFu, b_low = (uint32_t)b & 0xFFFFu;
    const int32_t middle = a_high * (int32_t)b_low + (int32_t)((a_low * b_low) >> 16);
    const int32_t low = (int32_t)a_low * b_high + (middle & 0xFFFF);
    const int32_t high = a_high * b_high + (middle >> 16) + (low >> 16);
    return high * 2 + ((((low & 0xFFFF) >> 14) + 1) >> 1);
#else
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
#endif
}

/* x / 2^n, halves away from zero: gemmlowp's RoundingDivideByPOT; 0 <= n <= 31. */
static int32_t rounding_divide_by_power(int32_t x, int n)
{
    const uint32_t mask = ((uint32_t)1 << n) - 1u;
    const uint32_t threshold = (mask >> 1) + (x < 0 ? 1u : 0u);
    return (x >> n) + (((uint32_t)x & mask) > threshold ? 1 : 0);
}

/* x * multiplier * 2^(shift - 31) with TensorFlow Lite's double rounding; x * 2^shift does not overflow. */
static int32_t rescale(int32_t x, int32_t multiplier, int shift)
{
    if (shift > 0) {
        return doubling_high_multiply(x * ((int32_t)1 << shift), multiplier);
    }
    return rounding_divide_by_power(doubling_high_multiply(x, multiplier), -shift);
}

/* From accumulators to int8_t: one multiplier and shift a channel (step 1), or one for all (step 0). */
typedef struct {
    const IN_FLASH int32_t *multiplier;
    const IN_FLASH int8_t *shift;
    int16_t step, zero_point, lowest, highest;
} requantization;

static int8_t requantize(const IN_FLASH requantization *q, int channel, int32_t sum)
{
    const int i = channel * q->step;
    return (int8_t)clamp(rescale(sum, q->multiplier[i], q->shift[i]) + q->zero_point, q->lowest, q->highest);
}

typedef struct {
    int input_width, input_channels;
    int input_zero_point;
    int kernel_height, kernel_width, kernel_channels;
    int run; /* taps of a kernel row that lie side by side in memory: the kernel's width, or 1 */
    int dilation, stride, pad_left;
    int output_width, groups, group_outputs;
    const IN_FLASH int8_t *weights; /* [output channels][kernel height][kernel width][kernel channels] */
    const IN_FLASH int32_t *bias;   /* [output channels], input zero point folded in */
    requantization to_output;
} conv_2d_parameters;

/* Adds one window to the sums of two output channels, whose weights begin at w0 and w1. */
static void conv_2d_window(const IN_FLASH conv_2d_parameters *p, const int8_t *const *rows, int left,
        int first_channel, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int32_t sums[2])
{
    const int depth = p->kernel_channels;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        for (int kx = 0; kx < p->kernel_width; kx += p->run) {
            const int column = left + kx * p->dilation;
            int begin = 0, end = 0; /* the taps of this run that lie inside the image */
            if (rows[ky] != 0 && column < p->input_width && column + p->run > 0) {
                begin = column < 0 ? -column : 0;
                end = p->input_width - column < p->run ? p->input_width - column : p->run;
                const int8_t *const inside = rows[ky] + (column + begin) * p->input_channels + first_channel;
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
static void conv_2d_row(const IN_FLASH conv_2d_parameters *p, const int8_t *const *rows, int8_t *output)
{
    const int size = p->kernel_height * p->kernel_width * p->kernel_channels;
    for (int x = 0; x < p->output_width; x++) {
        const IN_FLASH int8_t *weights = p->weights;
        const int left = x * p->stride - p->pad_left;
        int channel = 0;
        for (int group = 0; group < p->groups; group++) {
            for (int o = 0; o < p->group_outputs; o += 2) {
                const int count = o + 1 < p->group_outputs ? 2 : 1;
                int32_t sums[2];
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

typedef struct {
    int input_width, input_channels;
    int input_zero_point;
    int kernel_height, kernel_width;
    int dilation, stride, pad_left;
    int output_width, multiplier; /* output channels for each input channel */
    const IN_FLASH int8_t *weights; /* [output channels][kernel height][kernel width] */
    const IN_FLASH int32_t *bias;   /* [output channels], input zero point folded in */
    requantization to_output;
} depthwise_conv_2d_parameters;

/* weights . window, where the window begins at column left of its rows and lies inside the image. */
static int32_t depthwise_inside(const IN_FLASH depthwise_conv_2d_parameters *p, const int8_t *const *rows,
        int start, const IN_FLASH int8_t *weights)
{
    const int step = p->dilation * p->input_channels;
    int32_t sum = 0;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        const int8_t *x = rows[ky] + start;
        for (int kx = 0; kx < p->kernel_width; kx++) {
            sum += (int16_t)*x * *weights++;
            x += step;
        }
    }
    return sum;
}

/* The same where parts of the window may lie in the padding, which has the value of the input's zero point. */
static int32_t depthwise_border(const IN_FLASH depthwise_conv_2d_parameters *p, const int8_t *const *rows,
        int left, int channel, const IN_FLASH int8_t *weights)
{
    int32_t sum = 0;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        for (int kx = 0; kx < p->kernel_width; kx++) {
            const int column = left + kx * p->dilation;
            const int inside = rows[ky] != 0 && column >= 0 && column < p->input_width;
            const int x = inside ? rows[ky][column * p->input_channels + channel] : p->input_zero_point;
            sum += (int16_t)x * *weights++;
        }
    }
    return sum;
}

/* One output row from kernel_height input rows, of which those outside the image are 0. */
static void depthwise_conv_2d_row(const IN_FLASH depthwise_conv_2d_parameters *p, const int8_t *const *rows,
        int8_t *output)
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
                const int32_t sum = inside
                    ? depthwise_inside(p, rows, left * p->input_channels + c, weights)
                    : depthwise_border(p, rows, left, c, weights);
                *output++ = requantize(&p->to_output, channel, sum + p->bias[channel]);
                weights += p->kernel_height * p->kernel_width;
                channel++;
            }
        }
    }
}

typedef struct {
    int inputs, outputs;
    const IN_FLASH int8_t *weights; /* [outputs][inputs] */
    const IN_FLASH int32_t *bias;   /* [outputs], input zero point folded in */
    requantization to_output;
} fully_connected_parameters;

/* output[o] = requantize(bias[o] + input . weights[o]), two outputs at a time. */
static void fully_connected(const IN_FLASH fully_connected_parameters *p, const int8_t *input, int8_t *output)
{
    const IN_FLASH int8_t *weights = p->weights;
    for (int o = 0; o < p->outputs; o += 2) {
        const int count = o + 1 < p->outputs ? 2 : 1;
        int32_t sums[2];
        sums[0] = p->bias[o];
        sums[1] = p->bias[o + count - 1];
        dot_pair(input, weights, weights + (count - 1) * p->inputs, p->inputs, sums);
        for (int k = 0; k < count; k++) {
            output[o + k] = requantize(&p->to_output, o + k, sums[k]);
        }
        weights += count * p->inputs;
    }
}

/* 0  CONV_2D  "stem"  int8[1,6,6,1] -> int8[1,3,3,4] */
static const IN_FLASH conv_2d_parameters conv_2d_0_parameters = {
    6, 1,                              /* input width, channels */
    0,                                 /* input zero point */
    3, 3, 1,                           /* kernel height, width, channels */
    3,                                 /* taps in a run */
    1, 2, 0,                           /* horizontal dilation, stride, padding */
    3, 1, 4,                           /* output width, groups, outputs of a group */
    conv_2d_0_weights, conv_2d_0_bias,
    /* a multiplier for each channel; output zero point, lowest, highest */
    { conv_2d_0_multiplier, conv_2d_0_shift, 1, -128, -128, 127 }
};

static void conv_2d_0(const int8_t *input, int8_t *output)
{
    const int8_t *rows[3];
    for (int y = 0; y < 3; y++) {
        window_rows(input, 6, 6, y * 2, 1, 3, rows);
        conv_2d_row(&conv_2d_0_parameters, rows, output + y * 12);
    }
}

/* 1  DEPTHWISE_CONV_2D  "spread"  int8[1,3,3,4] -> int8[1,3,3,4] */
static const IN_FLASH depthwise_conv_2d_parameters depthwise_conv_2d_1_parameters = {
    3, 4,    /* input width, channels */
    -128,    /* input zero point */
    3, 3,    /* kernel height, width */
    1, 1, 1, /* horizontal dilation, stride, padding */
    3, 1,    /* output width, output channels for each input channel */
    depthwise_conv_2d_1_weights, depthwise_conv_2d_1_bias,
    /* a multiplier for each channel; output zero point, lowest, highest */
    { depthwise_conv_2d_1_multiplier, depthwise_conv_2d_1_shift, 1, -128, -128, 52 }
};

static void depthwise_conv_2d_1(const int8_t *input, int8_t *output)
{
    const int8_t *rows[3];
    for (int y = 0; y < 3; y++) {
        window_rows(input, 3, 12, y - 1, 1, 3, rows);
        depthwise_conv_2d_row(&depthwise_conv_2d_1_parameters, rows, output + y * 12);
    }
}

/* 2  AVERAGE_POOL_2D  "pool"  int8[1,3,3,4] -> int8[1,1,1,4] */
static const IN_FLASH pool_2d_parameters average_pool_2d_2_parameters = {
    3, 4,     /* input width, channels */
    3, 3,     /* kernel height, width */
    3, 0,     /* horizontal stride, padding */
    1,        /* output width */
    -128, 127 /* lowest, highest */
};

static void average_pool_2d_2(const int8_t *input, int8_t *output)
{
    const int8_t *rows[3];
    for (int y = 0; y < 1; y++) {
        window_rows(input, 3, 12, y * 3, 1, 3, rows);
        average_pool_2d_row(&average_pool_2d_2_parameters, rows, output + y * 4);
    }
}

/* 3  FULLY_CONNECTED  "scores"  int8[1,1,1,4] -> int8[1,3] */
static const IN_FLASH fully_connected_parameters fully_connected_3_parameters = {
    4, 3, /* inputs, outputs */
    fully_connected_3_weights, fully_connected_3_bias,
    /* one multiplier; output zero point, lowest, highest */
    { fully_connected_3_multiplier, fully_connected_3_shift, 0, 4, -128, 127 }
};

static void fully_connected_3(const int8_t *input, int8_t *output)
{
    fully_connected(&fully_connected_3_parameters, input, output);
}

void image_predict(const int8_t *input, int8_t *output)
{
    int8_t *const conv_2d_0_output = arena; /* 36 bytes, alive in operators 0 to 1 */
    int8_t *const depthwise_conv_2d_1_output = arena + 36; /* 36 bytes, alive in operators 1 to 2 */
    int8_t *const average_pool_2d_2_output = arena; /* 4 bytes, alive in operators 2 to 3 */

    conv_2d_0(input, conv_2d_0_output);
    depthwise_conv_2d_1(conv_2d_0_output, depthwise_conv_2d_1_output);
    average_pool_2d_2(depthwise_conv_2d_1_output, average_pool_2d_2_output);
    fully_connected_3(average_pool_2d_2_output, output);
}
