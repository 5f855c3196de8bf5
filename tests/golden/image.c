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
static const IN_FLASH int32_t conv_2d_0_multiplier[4] = { 805306344, 644245085, 536870912, 1030792098 };
static const IN_FLASH int32_t conv_2d_0_offset[4] = { /* bias, zero points, rounding */
    -525848545, -540016632, -534732800, -541500320
};

/* operator 1, DEPTHWISE_CONV_2D */
static const IN_FLASH int8_t depthwise_conv_2d_1_weights[36] = { /* 4 x 3 x 3 */
    -122, 0, 64, -53, 58, -20, -19, -35, -19, 64, -4, 118, 11, -87, 4, 31, 29, -117, -112, -98, -104, 108, -45,
    -53, -11, 70, 56, -56, 123, 57, -57, 120, -98, 71, 106, 7
};
static const int8_t depthwise_conv_2d_1_padding[4] = { -128, -128, -128, -128 }; /* input zero point */
static const IN_FLASH int32_t depthwise_conv_2d_1_multiplier[4] = { 671088625, 613566746, 447392430, 858993421 };
static const IN_FLASH int32_t depthwise_conv_2d_1_offset[4] = { /* bias, zero points, rounding */
    -251355129, -8819272, -233618091, 380842788
};

/* operator 3, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_3_weights[12] = { /* 3 x 4 */
    -11, 36, 69, 90, -73, 24, 78, -61, -40, 87, 21, 2
};
static const IN_FLASH int32_t fully_connected_3_multiplier[1] = { 1145324703 };
static const IN_FLASH uint16_t fully_connected_3_below[1] = { 17465 };
static const IN_FLASH int32_t fully_connected_3_offset[3] = { /* bias, zero points, rounding */
    418067284, -70359455, 166548835
};

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
        const int first = begin * p->channels, last = end * p->channels;
        const int32_t count = (int32_t)height * (end - begin);
        for (int c = 0; c < p->channels; c++) {
            int32_t sum = 0;
            for (int ky = 0; ky < p->kernel_height; ky++) {
                if (rows[ky] != 0) {
                    const int8_t *const row = rows[ky] + c;
                    for (int i = first; i < last; i += p->channels) {
                        sum += row[i];
                    }
                }
            }
            /* The mean, halves away from zero. */
            sum = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
            *output++ = (int8_t)clamp(sum, p->lowest, p->highest);
        }
    }
}

/* Cores without a 32 x 32 -> 64 multiply; there the products of halves are put together instead. avr-gcc takes its
   short multiplications for them only where it does not see that they are parts of something longer: HIDE. */
#if defined(__AVR__)
#define NO_LONG_MULTIPLY
#define HIDE(half) __asm__("" : "+r"(half))
#elif defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
#define NO_LONG_MULTIPLY
#endif
#if !defined(HIDE)
#define HIDE(half) (void)0
#endif

/* x * multiplier / 2^16, rounded down, where that fits in 32 bits less 17; multiplier >= 0. */
static int32_t scaled_product(int32_t x, int32_t multiplier)
{
#if defined(NO_LONG_MULTIPLY)
    uint16_t low = (uint16_t)multiplier, high = (uint16_t)(multiplier >> 16), x_low = (uint16_t)x;
    int16_t x_high = (int16_t)(x >> 16);
    HIDE(low);
    HIDE(high);
    HIDE(x_low);
    HIDE(x_high);
    const int32_t middle = x_high * (int32_t)low + (int32_t)(x_low * (uint32_t)low >> 16);
    return x * (int32_t)high + middle;
#else
    return (int32_t)(((int64_t)x * multiplier) >> 16);
#endif
}

/* steps / 2^16 / 2^shift, rounded down and clamped; shifted twice, since an AVR's int has 16 bits. */
static int8_t steps_to_int8(int32_t steps, int shift, int lowest, int highest)
{
    const int result = (int)(steps >> 16) >> shift;
    return (int8_t)(result < lowest ? lowest : result > highest ? highest : result);
}

/* From sums of products to int8. In place of the reference's two roundings of a 64-bit product: a line, found for each
   channel when this file was written, that gives the same output for every sum that can occur. */
typedef struct {
    const IN_FLASH int32_t *multiplier; /* one a channel (step 1), or one for all (step 0) */
    const IN_FLASH uint16_t *below;     /* the same: how much lower the line lies under the middle; 0 for not at all */
    const IN_FLASH int32_t *offset;     /* [channels]: bias, zero points, rounding */
    int32_t middle;
    int step, shift, lowest, highest;
} requantization;

static int8_t requantize(const IN_FLASH requantization *q, int channel, int32_t sum)
{
    const int i = channel * q->step;
    int32_t steps = scaled_product(sum, q->multiplier[i]) + q->offset[channel];
    if (steps < q->middle) {
        steps -= q->below[i];
    }
    return steps_to_int8(steps, q->shift, q->lowest, q->highest);
}

/* What computes each output channel from the same inputs. */
typedef struct {
    int size;                       /* inputs */
    const IN_FLASH int8_t *weights; /* [output channels][inputs] */
    requantization to_output;
} dense_parameters;

typedef struct {
    int input_width, input_channels;
    int input_zero_point;
    int kernel_height, kernel_width, kernel_channels;
    int dilation, stride, pad_left;
    int output_width, output_channels;
    int groups, group_outputs;
    int run; /* taps of a kernel row that lie side by side in the input: all of them, or 1 */
    dense_parameters dense;
} conv_2d_parameters;

/* An inner loop that is inlined does not get the registers that it takes: on a Cortex-M0 all eight that most
   instructions have. */
#if defined(__GNUC__)
#define ALONE __attribute__((noinline))
#else
#define ALONE
#endif

/* AVR adds unsigned products to a sum faster than signed ones: there each is lifted by 2^15, and the sum of n of them
   lowered again. Elsewhere these functions do nothing. */
#if defined(__AVR__)
static uint16_t lifted(int product)
{
    return (uint16_t)((uint16_t)product + 32768u);
}
static int32_t lowered(int32_t sum, int n)
{
    return sum - (int32_t)((uint32_t)n << 16 >> 1); /* n << 15 would be a loop */
}
#else
static int lifted(int product)
{
    return product;
}
static int32_t lowered(int32_t sum, int n)
{
    (void)n;
    return sum;
}
#endif

/* Returns x . w0, and puts x . w1 into *second, over n >= 1 elements: two channels share each load of x, and counting
   down to zero leaves no comparison to make. */
static ALONE int32_t dot_pair(const int8_t *x, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int n,
        int32_t *second)
{
    int32_t sum0 = 0, sum1 = 0;
    int i = n - 1;
    do {
        const int8_t value = x[i];
        sum0 += lifted((int16_t)value * w0[i]);
        sum1 += lifted((int16_t)value * w1[i]);
    } while (i-- != 0);
    *second = lowered(sum1, n);
    return lowered(sum0, n);
}

/* Requantizes x . weights[o] to output[o] for o from first to end - 1, two at a time; the last of an odd number is
   paired with itself. */
static void dense_outputs(const IN_FLASH dense_parameters *p, int first, int end, const int8_t *x, int8_t *output)
{
    for (int o = first; o < end; o += 2) {
        const int other = o + 1 < end ? o + 1 : o;
        int32_t sum0, sum1;
        sum0 = dot_pair(x, p->weights + o * p->size, p->weights + other * p->size, p->size, &sum1);
        output[o] = requantize(&p->to_output, o, sum0);
        if (other != o) {
            output[other] = requantize(&p->to_output, other, sum1);
        }
    }
}

/* Puts the window at column left together, from the given channel on; what lies outside the image has the value of the
   input's zero point. */
static void conv_2d_gather(const IN_FLASH conv_2d_parameters *p, const int8_t *const *rows, int left, int channel,
        int8_t *window)
{
    /* Inside the image the taps of a run lie side by side. */
    const int taps = left >= 0 && left + p->run <= p->input_width ? p->run : 1;
    const int n = taps * p->kernel_channels;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        int column = left;
        for (int kx = 0; kx < p->kernel_width; kx += taps) {
            int i = n - 1;
            if (rows[ky] != 0 && column >= 0 && column < p->input_width) {
                const int8_t *const x = rows[ky] + column * p->input_channels + channel;
                do {
                    window[i] = x[i];
                } while (i-- != 0);
            } else {
                do {
                    window[i] = (int8_t)p->input_zero_point;
                } while (i-- != 0);
            }
            window += n;
            column += p->dilation;
        }
    }
}

/* One output row from kernel_height input rows, of which those outside the image are 0. window: room for one,
        or 0 where
   each of them lies in the input in one piece. */
static void conv_2d_row(const IN_FLASH conv_2d_parameters *p, const int8_t *const *rows, int8_t *window, int8_t *output)
{
    for (int x = 0; x < p->output_width; x++) {
        const int left = x * p->stride - p->pad_left;
        int first = 0;
        for (int group = 0; group < p->groups; group++) {
            const int channel = group * p->kernel_channels;
            const int8_t *inputs = window;
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

typedef struct {
    int input_width, input_channels;
    int kernel_height, kernel_width, kernel_size;
    int dilation, stride, pad_left;
    int output_width, output_channels;
    int multiplier; /* output channels for each input channel */
    const IN_FLASH int8_t *weights; /* [output channels][kernel height][kernel width] */
    const int8_t *padding; /* [input channels] zero points; 0 where no window meets padding */
    requantization to_output;
} depthwise_conv_2d_parameters;

/* Puts the pixels of the window at column left into taps, the last one first. */
static void depthwise_window(const IN_FLASH depthwise_conv_2d_parameters *p, const int8_t *const *rows, int left,
        const int8_t **taps)
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
static ALONE int32_t tap_product(const int8_t *const *taps, int channel, const IN_FLASH int8_t *weights, int n)
{
    int32_t sum = 0;
    int i = n - 1;
    do {
        sum += lifted((int16_t)(*taps++)[channel] * weights[i]);
    } while (i-- != 0);
    return lowered(sum, n);
}

/* One output row from kernel_height input rows, of which those outside the image are 0; taps: room for a window. */
static void depthwise_conv_2d_row(const IN_FLASH depthwise_conv_2d_parameters *p, const int8_t *const *rows,
        const int8_t **taps, int8_t *output)
{
    for (int x = 0; x < p->output_width; x++) {
        const IN_FLASH int8_t *weights = p->weights;
        int input_channel = 0, repeated = 0;
        depthwise_window(p, rows, x * p->stride - p->pad_left, taps);
        for (int channel = 0; channel < p->output_channels; channel++) {
            const int32_t sum = tap_product(taps, input_channel, weights, p->kernel_size);
            *output++ = requantize(&p->to_output, channel, sum);
            weights += p->kernel_size;
            if (++repeated == p->multiplier) {
                repeated = 0;
                input_channel++;
            }
        }
    }
}

typedef struct {
    int outputs;
    dense_parameters dense;
} fully_connected_parameters;

static void fully_connected(const IN_FLASH fully_connected_parameters *p, const int8_t *input, int8_t *output)
{
    dense_outputs(&p->dense, 0, p->outputs, input, output);
}

/* 0  CONV_2D  "stem"  int8[1,6,6,1] -> int8[1,3,3,4] */
static const IN_FLASH conv_2d_parameters conv_2d_0_parameters = {
    6, 1,                          /* input width, channels */
    0,                             /* input zero point */
    3, 3, 1,                       /* kernel height, width, channels */
    1, 2, 0,                       /* horizontal dilation, stride, padding */
    3, 4,                          /* output width, channels */
    1, 4,                          /* groups, outputs of a group */
    3,                             /* taps in a run */
    { 9, conv_2d_0_weights,        /* inputs of each output, weights */
    /* a multiplier for each channel */
    { conv_2d_0_multiplier, 0, conv_2d_0_offset,
    INT32_MIN, 1, 6, -128, 127 } } /* middle, step, shift, lowest, highest */
};

static void conv_2d_0(const int8_t *input, int8_t *output)
{
    const int8_t *rows[3];
    int8_t window[9];
    for (int y = 0; y < 3; y++) {
        window_rows(input, 6, 6, y * 2, 1, 3, rows);
        conv_2d_row(&conv_2d_0_parameters, rows, window, output + y * 12);
    }
}

/* 1  DEPTHWISE_CONV_2D  "spread"  int8[1,3,3,4] -> int8[1,3,3,4] */
static const IN_FLASH depthwise_conv_2d_parameters depthwise_conv_2d_1_parameters = {
    3, 4,                       /* input width, channels */
    3, 3, 9,                    /* kernel height, width, size */
    1, 1, 1,                    /* horizontal dilation, stride, padding */
    3, 4,                       /* output width, channels */
    1,                          /* output channels for each input channel */
    depthwise_conv_2d_1_weights, depthwise_conv_2d_1_padding,
    /* a multiplier for each channel */
    { depthwise_conv_2d_1_multiplier, 0, depthwise_conv_2d_1_offset,
    INT32_MIN, 1, 3, -128, 52 } /* middle, step, shift, lowest, highest */
};

static void depthwise_conv_2d_1(const int8_t *input, int8_t *output)
{
    const int8_t *rows[3];
    const int8_t *taps[9];
    for (int y = 0; y < 3; y++) {
        window_rows(input, 3, 12, y - 1, 1, 3, rows);
        depthwise_conv_2d_row(&depthwise_conv_2d_1_parameters, rows, taps, output + y * 12);
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
    3,                              /* outputs */
    { 4, fully_connected_3_weights, /* inputs of each output, weights */
    /* one multiplier */
    { fully_connected_3_multiplier, fully_connected_3_below, fully_connected_3_offset,
    4718592, 0, 4, -128, 127 } }    /* middle, step, shift, lowest, highest */
};

static void fully_connected_3(const int8_t *input, int8_t *output)
{
    fully_connected(&fully_connected_3_parameters, input, output);
}

void image_predict(const int8_t *input, int8_t *output)
{
    /* Where a layer's output lies over its input, it covers what has been read. */
    int8_t *const conv_2d_0_output = arena + 24; /* 36 bytes, alive in operators 0 to 1 */
    int8_t *const depthwise_conv_2d_1_output = arena; /* 36 bytes, alive in operators 1 to 2 */
    int8_t *const average_pool_2d_2_output = arena + 36; /* 4 bytes, alive in operators 2 to 3 */

    conv_2d_0(input, conv_2d_0_output);
    depthwise_conv_2d_1(conv_2d_0_output, depthwise_conv_2d_1_output);
    average_pool_2d_2(depthwise_conv_2d_1_output, average_pool_2d_2_output);
    fully_connected_3(average_pool_2d_2_output, output);
}
