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
static const IN_FLASH int32_t fully_connected_0_multiplier[1] = { 1121791687 };
static const IN_FLASH int32_t fully_connected_0_offset[12] = { /* bias, zero points, rounding */
    -101616662, -86211198, -72671506, -47355309, -245212766, -24520871, -342575417, -124570804, -288296773,
    5810719, -106289769, -314075308
};

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
static const IN_FLASH int32_t fully_connected_1_multiplier[1] = { 668957676 };
static const IN_FLASH int32_t fully_connected_1_offset[15] = { /* bias, zero points, rounding */
    -270873939, -143208932, -160571863, -602882562, -232820435, -280581253, -504890715, -294391983, -409113892,
    -309692997, -370172348, -312091756, -322452352, -413186678, -343061267
};

/* operator 2, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_2_weights[15] = { /* 1 x 15 */
    -69, 52, 73, 41, -88, 96, -127, -22, 24, 107, -74, 26, 30, -85, -71
};
static const IN_FLASH int32_t fully_connected_2_multiplier[1] = { 878145782 };
static const IN_FLASH uint16_t fully_connected_2_below[1] = { 16163 };
static const IN_FLASH int32_t fully_connected_2_offset[1] = { -167116715 }; /* bias, zero points, rounding */

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

typedef struct {
    int outputs;
    dense_parameters dense;
} fully_connected_parameters;

static void fully_connected(const IN_FLASH fully_connected_parameters *p, const int8_t *input, int8_t *output)
{
    dense_outputs(&p->dense, 0, p->outputs, input, output);
}

/* 0  FULLY_CONNECTED  "sequential/quant_dense/MatMul;sequential/quant_dense/Relu;sequential/quant_de..."
      int8[1,1] -> int8[1,12] */
static const IN_FLASH fully_connected_parameters fully_connected_0_parameters = {
    12,                             /* outputs */
    { 1, fully_connected_0_weights, /* inputs of each output, weights */
    /* one multiplier */
    { fully_connected_0_multiplier, 0, fully_connected_0_offset,
    INT32_MIN, 0, 4, -128, 127 } }  /* middle, step, shift, lowest, highest */
};

static void fully_connected_0(const int8_t *input, int8_t *output)
{
    fully_connected(&fully_connected_0_parameters, input, output);
}

/* 1  FULLY_CONNECTED  "sequential/quant_dense_1/MatMul;sequential/quant_dense_1/Relu;sequential/quan..."
      int8[1,12] -> int8[1,15] */
static const IN_FLASH fully_connected_parameters fully_connected_1_parameters = {
    15,                              /* outputs */
    { 12, fully_connected_1_weights, /* inputs of each output, weights */
    /* one multiplier */
    { fully_connected_1_multiplier, 0, fully_connected_1_offset,
    INT32_MIN, 0, 4, -128, 127 } }   /* middle, step, shift, lowest, highest */
};

static void fully_connected_1(const int8_t *input, int8_t *output)
{
    fully_connected(&fully_connected_1_parameters, input, output);
}

/* 2  FULLY_CONNECTED  "StatefulPartitionedCall:0"  int8[1,15] -> int8[1,1] */
static const IN_FLASH fully_connected_parameters fully_connected_2_parameters = {
    1,                               /* outputs */
    { 15, fully_connected_2_weights, /* inputs of each output, weights */
    /* one multiplier */
    { fully_connected_2_multiplier, fully_connected_2_below, fully_connected_2_offset,
    -2097152, 0, 6, -128, 127 } }    /* middle, step, shift, lowest, highest */
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
