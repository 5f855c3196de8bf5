/* residual.c: written by tflite2int 0.1.0 from residual.tflite
   (SHA-256 c968b8994c50a97aee3d72610d932623433bb7be0a347677b16eca4f5ec9eeb0).
   Convert again rather than edit. SPDX-License-Identifier: 0BSD

     0  CONCATENATION         int8[1,2,5]
     1  ADD                   int8[1,2,5]
     2  TANH                  int8[1,2,5]
     3  SOFTMAX               int8[1,2,5]
*/
#include "residual.h"

#if defined(RESIDUAL_EXTERNAL_ARENA)
#define arena residual_arena
#else
static int8_t arena[RESIDUAL_ARENA_SIZE];
#endif

/* Constants stay in flash. AVR has a separate address space for it, which -std=gnu99 knows; with -std=c99 they take
   RAM as well. Elsewhere plain const is enough. */
#if defined(__FLASH) && !defined(__STRICT_ANSI__)
#define IN_FLASH __flash
#else
#define IN_FLASH
#endif

/* operator 1, ADD */
static const int8_t add_1_input1[5] = { 1, -20, 30, 120, -128 };

/* operator 2, TANH */
static const IN_FLASH int8_t tanh_2_table[256] = { /* results for inputs -128 to 127 */
    -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128,
    -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128,
    -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128,
    -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128,
    -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128,
    -128, -128, -128, -128, -128, -128, -128, -127, -127, -127, -127, -127, -127, -126, -126, -125, -125, -124,
    -123, -122, -121, -120, -118, -116, -113, -110, -107, -102, -97, -92, -85, -77, -69, -59, -49, -37, -25, -13,
    0, 13, 25, 37, 49, 59, 69, 77, 85, 92, 97, 102, 107, 110, 113, 116, 118, 120, 121, 122, 123, 124, 125, 125,
    126, 126, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
    127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
    127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
    127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
    127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127
};

/* operator 3, SOFTMAX */
static const IN_FLASH int32_t softmax_3_exponentials[139] = { /* 2^31 exp(-i) in the input's scale */
    2147483647, 1943123572, 1758210936, 1590894991, 1439501330, 1302515042, 1178564005, 1066408839, 964926574,
    873101692, 790014891, 714835203, 646809647, 585257551, 529562937, 479168253, 433569460, 392309882, 354976644,
    321196158, 290630233, 262973171, 237947968, 215304218, 194815315, 176276147, 159501289, 144322738, 130588608,
    118161461, 106916886, 96742422, 87536164, 79205994, 71668548, 64848369, 58677244, 53093367, 48040863, 43469172,
    39332524, 35589548, 32202755, 29138256, 26365385, 23856382, 21586151, 19531958, 17673246, 15991414, 14469627,
    13092663, 11846731, 10719365, 9699283, 8776272, 7941101, 7185406, 6501624, 5882912, 5323078, 4816521, 4358169,
    3943434, 3568167, 3228610, 2921368, 2643363, 2391814, 2164203, 1958251, 1771899, 1603281, 1450708, 1312655,
    1187739, 1074711, 972439, 879899, 796166, 720401, 651846, 589814, 533686, 482899, 436945, 395364, 357741,
    323697, 292893, 265021, 239801, 216981, 196332, 177649, 160743, 145446, 131605, 119081, 107749, 97496, 88218,
    79823, 72227, 65353, 59134, 53507, 48415, 43808, 39639, 35867, 32453, 29365, 26571, 24042, 21754, 19684, 17811,
    16116, 14582, 13195, 11939, 10803, 9775, 8845, 8003, 7241, 6552, 5929, 5365, 4854, 4392, 3974, 3596, 3254,
    2944, 2664, 2410, 2181
};

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

/* (a * b + 2^30) >> 31: gemmlowp's SaturatingRoundingDoublingHighMul; a and b are not both -2^31. */
static int32_t doubling_high_multiply(int32_t a, int32_t b)
{
#if defined(NO_LONG_MULTIPLY)
    /* Four products of 16-bit halves, none of which overflows. */
    int16_t a_high = (int16_t)(a >> 16), b_high = (int16_t)(b >> 16);
    uint16_t a_low = (uint16_t)a, b_low = (uint16_t)b;
    HIDE(a_high);
    HIDE(b_high);
    HIDE(a_low);
    HIDE(b_low);
    const int32_t middle = a_high * (int32_t)b_low + (int32_t)(a_low * (uint32_t)b_low >> 16);
    const int32_t low = (int32_t)a_low * b_high + (middle & 0xFFFF);
    const int32_t high = (int32_t)a_high * b_high + (middle >> 16) + (low >> 16);
    return high * 2 + ((((low & 0xFFFF) >> 14) + 1) >> 1);
#else
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
#endif
}

/* 2^31 / x for x = half / 2^30 in [1, 2), saturated: gemmlowp's one_over_one_plus_x_for_x_in_0_1, three steps of
   Newton's method on numbers with 29 bits behind the point. */
static int32_t reciprocal(int32_t half)
{
    const int32_t one = (int32_t)1 << 29;
    int32_t x = 1515870810 + doubling_high_multiply(half, -1010580540);
    for (int i = 0; i < 3; i++) {
        x += doubling_high_multiply(x, one - doubling_high_multiply(half, x)) * 4;
    }
    return x < one * 2 ? x * 2 : INT32_MAX;
}

/* x / 2^n, halves away from zero: gemmlowp's RoundingDivideByPOT; 0 <= n <= 31. */
static int32_t rounding_divide_by_power(int32_t x, int n)
{
    const uint32_t mask = ((uint32_t)1 << n) - 1u;
    const uint32_t threshold = (mask >> 1) + (x < 0 ? 1u : 0u);
    return (x >> n) + (((uint32_t)x & mask) > threshold ? 1 : 0);
}

/* Softmax of n <= 8191 elements, as 256 times the probability, minus 128. exponentials[i] is 2^31 exp(-i) in the
   input's scale; inputs that are count or more below the largest one count for nothing. */
static void softmax(const IN_FLASH int32_t *exponentials, int count, const int8_t *input, int n, int8_t *output)
{
    int largest = -128;
    for (int i = 0; i < n; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    uint32_t sum = 0; /* 1 is 2^19 */
    for (int i = 0; i < n; i++) {
        const int below = largest - input[i];
        if (below < count) {
            sum += ((uint32_t)exponentials[below] + 2048u) >> 12;
        }
    }
    int shift = 35;
    while (sum < 0x80000000u) {
        sum *= 2;
        shift--;
    }
    const int32_t scale = reciprocal((int32_t)(sum >> 1));
    for (int i = 0; i < n; i++) {
        const int below = largest - input[i];
        int32_t result = 0; /* also where the sum reaches 512: no element is then more than half of 1 / 256 */
        if (below < count && shift < 32) {
            result = rounding_divide_by_power(doubling_high_multiply(scale, exponentials[below]), shift);
        }
        output[i] = (int8_t)((result < 255 ? result : 255) - 128);
    }
}

/* steps / 2^16 / 2^shift, rounded down and clamped; shifted twice, since an AVR's int has 16 bits. */
static int8_t steps_to_int8(int32_t steps, int shift, int lowest, int highest)
{
    const int result = (int)(steps >> 16) >> shift;
    return (int8_t)(result < lowest ? lowest : result > highest ? highest : result);
}

/* ADD and SUB. In place of the reference's three rescales: factors, found when this file was written, that give the
   same output for every pair of inputs. */
typedef struct {
    int32_t factor0, factor1;
    int32_t offset; /* zero points, rounding */
    int32_t middle, below; /* how much less it is under the middle */
    int shift, lowest, highest;
} weighted_sum_parameters;

/* output[i] = clamp(input0[i * step0] * factor0 + input1[i * step1] * factor1 + offset, shifted); a step is 0 or 1. */
static void weighted_sum(const IN_FLASH weighted_sum_parameters *p, const int8_t *input0, int step0,
        const int8_t *input1, int step1, int n, int8_t *output)
{
    for (int i = 0; i < n; i++) {
        int32_t steps = *input0 * p->factor0 + *input1 * p->factor1 + p->offset;
        if (steps < p->middle) {
            steps -= p->below;
        }
        output[i] = steps_to_int8(steps, p->shift, p->lowest, p->highest);
        input0 += step0;
        input1 += step1;
    }
}

/* 0  CONCATENATION  "joined"  int8[1,2,3], int8[1,2,2] -> int8[1,2,5] */
static void concatenation_0(const int8_t *input0, const int8_t *input1, int8_t *output)
{
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 3; j++) {
            output[i * 5 + j] = input0[i * 3 + j];
        }
    }
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            output[3 + i * 5 + j] = input1[i * 2 + j];
        }
    }
}

/* 1  ADD  "sum"  int8[1,2,5] -> int8[1,2,5] */
static const IN_FLASH weighted_sum_parameters add_1_parameters = {
    4194304, 3355443, /* factors of the inputs */
    1677743,          /* offset */
    4194304, 32,      /* middle, and what is taken off below it */
    7, -128, 127      /* shift, lowest, highest */
};

static void add_1(const int8_t *input, int8_t *output)
{
    for (int i = 0; i < 2; i++) {
        weighted_sum(&add_1_parameters, input + i * 5, 1, add_1_input1, 1, 5, output + i * 5);
    }
}

/* 2  TANH  "squashed"  int8[1,2,5] -> int8[1,2,5] */
static void tanh_2(const int8_t *input, int8_t *output)
{
    for (int i = 0; i < 10; i++) {
        output[i] = tanh_2_table[input[i] + 128];
    }
}

/* 3  SOFTMAX  "shares"  int8[1,2,5] -> int8[1,2,5] */
static void softmax_3(const int8_t *input, int8_t *output)
{
    for (int row = 0; row < 2; row++) {
        softmax(softmax_3_exponentials, 139, input + row * 5, 5, output + row * 5);
    }
}

void residual_predict(const int8_t *input0, const int8_t *input1, int8_t *output0, int8_t *output1)
{
    /* Where a layer's output lies over its input, it covers what has been read. */
    int8_t *const concatenation_0_output = arena; /* 10 bytes, alive in operators 0 to 1 */
    int8_t *const add_1_output = arena; /* 10 bytes, alive in operators 1 to 3 */

    concatenation_0(input0, input1, concatenation_0_output);
    add_1(concatenation_0_output, add_1_output);
    tanh_2(add_1_output, output0);
    softmax_3(add_1_output, output1);
}
