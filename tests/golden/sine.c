/* sine.c: written by tflite2int 0.1.0 from sine.tflite
   (SHA-256 48ee164bc61f87ec7f3115b8f843d619de3d6735b63a593baed6d0b466fda197).
   Convert again rather than edit. SPDX-License-Identifier: 0BSD

     0  FULLY_CONNECTED       int8[1,12]
     1  FULLY_CONNECTED       int8[1,15]
     2  FULLY_CONNECTED       int8[1,1]
*/
#include "sine.h"

#if defined(SINE_EXTERNAL_ARENA)
#define arena sine_arena
#else
static int8_t arena[SINE_ARENA_SIZE];
#endif

/* Constants stay in flash. AVR has a separate address space for it, which -std=gnu99 knows; with -std=c99 they take
   RAM as well. Elsewhere plain const is enough. */
#if defined(__FLASH) && !defined(__STRICT_ANSI__)
#define IN_FLASH __flash
#else
#define IN_FLASH
#endif

/* operator 0, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_0_weights[12] = { /* 12 x 1 */
    -109, 102, -94, -28, -127, 66, -117, 122, 118, -33, -57, 118
};
static const IN_FLASH int32_t fully_connected_0_bias[12] = { /* input zero point folded in */
    1873, 2773, 3564, 5043, -6516, 6377, -12204, 532, -9033, 8149, 1600, -10539
};
static const IN_FLASH int32_t fully_connected_0_multiplier[1] = { 1121791687 };
static const IN_FLASH int8_t fully_connected_0_shift[1] = { -5 };

/* operator 1, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_1_weights[180] = { /* 15 x 12 */
    18, -39, -27, 2, -33, -15, -34, -16, 21, -13, 31, 0, -38, -27, 16, 38, -19, -11, 10, -46, -2, 27, 22, -10, 17,
    -1, 1, 48, -54, -7, -2, -10, -65, 38, 23, -43, -30, -127, 2, 8, -45, -62, -44, -63, -57, 17, 23, -53, 60, -37,
    33, 34, 38, -64, 18, -54, -37, -9, 15, 1, -27, -55, -1, 31, -79, -11, -20, -35, -35, 45, 2, 6, -90, -22, -79,
    33, -54, 31, -39, -11, -100, 73, -17, -103, -15, -19, 10, -34, -27, -37, -33, 17, 37, -20, -6, 4, -16, -91,
    -29, 38, -48, -30, -17, -13, -70, 0, 24, -49, -28, -32, -7, 42, -91, -62, -53, -53, 9, 58, -21, -1, 9, -29,
    -15, 9, -24, -27, -27, -18, -33, -10, -3, -13, -36, -11, -56, 22, -23, -9, 36, 29, 16, 0, -54, -18, 5, -48,
    -17, 8, 7, 20, -31, -51, -51, 46, -15, -37, -66, 10, -59, 86, -115, 2, -8, -50, -90, 39, -44, -63, 16, -38,
    -30, -16, -16, -40, -31, -17, -28, 26, 16, 14
};
static const IN_FLASH int32_t fully_connected_1_bias[15] = { /* input zero point folded in */
    -13440, -933, -2634, -45966, -9712, -14391, -36366, -15744, -26983, -17243, -23168, -17478, -18493, -27382,
    -20512
};
static const IN_FLASH int32_t fully_connected_1_multiplier[1] = { 1337915352 };
static const IN_FLASH int8_t fully_connected_1_shift[1] = { -6 };

/* operator 2, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_2_weights[15] = { /* 1 x 15 */
    -69, 52, 73, 41, -88, 96, -127, -22, 24, 107, -74, 26, 30, -85, -71
};
static const IN_FLASH int32_t fully_connected_2_bias[1] = { -12316 }; /* input zero point folded in */
static const IN_FLASH int32_t fully_connected_2_multiplier[1] = { 1756291563 };
static const IN_FLASH int8_t fully_connected_2_shift[1] = { -8 };

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

static int32_t clamp(int32_t x, int32_t lowest, int32_t highest)
{
    return x < lowest ? lowest : x > highest ? highest : x;
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

/* 0  FULLY_CONNECTED  "sequential/quant_dense/MatMul;sequential/quant_dense/Relu;sequential/quant_de..."
      int8[1,1] -> int8[1,12] */
static const IN_FLASH fully_connected_parameters fully_connected_0_parameters = {
    1, 12, /* inputs, outputs */
    fully_connected_0_weights, fully_connected_0_bias,
    /* one multiplier; output zero point, lowest, highest */
    { fully_connected_0_multiplier, fully_connected_0_shift, 0, -128, -128, 127 }
};

static void fully_connected_0(const int8_t *input, int8_t *output)
{
    fully_connected(&fully_connected_0_parameters, input, output);
}

/* 1  FULLY_CONNECTED  "sequential/quant_dense_1/MatMul;sequential/quant_dense_1/Relu;sequential/quan..."
      int8[1,12] -> int8[1,15] */
static const IN_FLASH fully_connected_parameters fully_connected_1_parameters = {
    12, 15, /* inputs, outputs */
    fully_connected_1_weights, fully_connected_1_bias,
    /* one multiplier; output zero point, lowest, highest */
    { fully_connected_1_multiplier, fully_connected_1_shift, 0, -128, -128, 127 }
};

static void fully_connected_1(const int8_t *input, int8_t *output)
{
    fully_connected(&fully_connected_1_parameters, input, output);
}

/* 2  FULLY_CONNECTED  "StatefulPartitionedCall:0"  int8[1,15] -> int8[1,1] */
static const IN_FLASH fully_connected_parameters fully_connected_2_parameters = {
    15, 1, /* inputs, outputs */
    fully_connected_2_weights, fully_connected_2_bias,
    /* one multiplier; output zero point, lowest, highest */
    { fully_connected_2_multiplier, fully_connected_2_shift, 0, -1, -128, 127 }
};

static void fully_connected_2(const int8_t *input, int8_t *output)
{
    fully_connected(&fully_connected_2_parameters, input, output);
}

void sine_predict(const int8_t *input, int8_t *output)
{
    int8_t *const fully_connected_0_output = arena; /* 12 bytes, alive in operators 0 to 1 */
    int8_t *const fully_connected_1_output = arena + 12; /* 15 bytes, alive in operators 1 to 2 */

    fully_connected_0(input, fully_connected_0_output);
    fully_connected_1(fully_connected_0_output, fully_connected_1_output);
    fully_connected_2(fully_connected_1_output, output);
}
