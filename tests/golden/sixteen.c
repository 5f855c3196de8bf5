/* sixteen.c: written by tflite2int 0.1.0 from sixteen.tflite
   (SHA-256 ca0eb1b086c09ebe2ebb99d298a1f180e84081251b39dc56ccf1f20ed99a9c67).
   Convert again rather than edit. SPDX-License-Identifier: 0BSD

     0  CONV_2D               int16[1,1,4,3]
     1  DEPTHWISE_CONV_2D     int16[1,1,4,3]
     2  MAX_POOL_2D           int16[1,1,1,3]
     3  FULLY_CONNECTED       int16[1,4]
     4  FULLY_CONNECTED       int16[1,4]
     5  ADD                   int16[1,4]
     6  LOGISTIC              int16[1,4]
     7  SOFTMAX               int16[1,4]
     8  QUANTIZE              int8[1,4]
     9  FULLY_CONNECTED       int8[1,2]
*/
#include "sixteen.h"

#if defined(SIXTEEN_EXTERNAL_ARENA)
#define arena sixteen_arena
#else
static int16_t arena_elements[(SIXTEEN_ARENA_SIZE + 1) / 2];
#define arena ((int8_t *)arena_elements)
#endif

/* Constants stay in flash. AVR has a separate address space for it, which -std=gnu99 knows; with -std=c99 they take
   RAM as well. Elsewhere plain const is enough. */
#if defined(__FLASH) && !defined(__STRICT_ANSI__)
#define IN_FLASH __flash
#else
#define IN_FLASH
#endif

/* operator 0, CONV_2D */
static const IN_FLASH int8_t conv_2d_0_weights[18] = { /* 3 x 1 x 3 x 2 */
    86, -61, -100, -51, -22, 80, -12, -104, -42, 26, 80, 58, 126, -80, 97, -113, 15, -57
};
static const IN_FLASH int32_t conv_2d_0_bias[3] = { -538, 283, -350 };
static const IN_FLASH int16_t conv_2d_0_multiplier[3] = { 16384, 26214, 21845 };
static const IN_FLASH int8_t conv_2d_0_shift[3] = { 5, 6, 6 };

/* operator 1, DEPTHWISE_CONV_2D */
static const IN_FLASH int8_t depthwise_conv_2d_1_weights[9] = { /* 3 x 1 x 3 */
    16, 64, 43, -61, -17, 114, -89, 46, -20
};
static const int16_t depthwise_conv_2d_1_padding[3] = { 0, 0, 0 }; /* input zero point */
static const IN_FLASH int32_t depthwise_conv_2d_1_bias[3] = { -505, 239, 782 };
static const IN_FLASH int16_t depthwise_conv_2d_1_multiplier[3] = { 20000, 18286, 26667 };
static const IN_FLASH int8_t depthwise_conv_2d_1_shift[3] = { 4, 4, 5 };

/* operator 3, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_3_weights[12] = { /* 4 x 3 */
    119, 94, 47, -31, -28, -117, -80, -43, -39, 20, 3, 49
};
static const IN_FLASH int32_t fully_connected_3_bias[4] = { 704, 678, 496, 857 };
static const IN_FLASH int32_t fully_connected_3_multiplier[1] = { 1717986918 };
static const IN_FLASH int8_t fully_connected_3_shift[1] = { -6 };

/* operator 4, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_4_weights[16] = { /* 4 x 4 */
    -46, 104, 108, -70, -7, 18, 49, 51, -100, -6, -101, 117, -76, -13, 98, 6
};
static const IN_FLASH int64_t fully_connected_4_bias[4] = { 5999834353, 2481396210, -1605589383, 284811206 };
static const IN_FLASH int16_t fully_connected_4_multiplier[1] = { 17180 };
static const IN_FLASH int8_t fully_connected_4_shift[1] = { 17 };

/* operator 5, ADD */
static const int16_t add_5_input1[4] = { 1, -2000, 30000, -32768 };

/* operator 7, SOFTMAX */
static const IN_FLASH int16_t softmax_7_exponentials[513] = { /* 2^15 exp(x), x from -10 to 0 */
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6,
    6, 7, 7, 7, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 10, 10, 10, 10, 10, 11, 11, 11, 11, 11, 12, 12,
    12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 16, 16, 16, 17, 17, 17, 18, 18, 18, 19, 19, 19, 20, 20, 21,
    21, 21, 22, 22, 23, 23, 24, 24, 25, 25, 26, 26, 27, 27, 28, 28, 29, 29, 30, 30, 31, 32, 32, 33, 34, 34, 35, 36,
    36, 37, 37, 38, 39, 40, 40, 42, 42, 43, 44, 45, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 59, 60, 60,
    62, 63, 65, 65, 67, 68, 69, 71, 73, 74, 75, 77, 78, 80, 81, 83, 85, 86, 88, 90, 92, 93, 95, 97, 99, 101, 103,
    105, 107, 109, 112, 114, 116, 118, 121, 123, 126, 128, 131, 133, 135, 139, 141, 144, 147, 149, 152, 155, 158,
    162, 165, 168, 171, 174, 178, 181, 185, 189, 192, 196, 200, 204, 208, 212, 217, 221, 225, 230, 234, 239, 243,
    248, 253, 258, 263, 268, 273, 279, 284, 290, 296, 302, 308, 314, 320, 327, 333, 340, 346, 353, 360, 366, 374,
    381, 389, 397, 404, 413, 421, 429, 437, 446, 455, 464, 473, 482, 492, 501, 511, 522, 532, 543, 553, 564, 575,
    586, 598, 610, 622, 634, 646, 659, 672, 685, 699, 713, 727, 741, 756, 771, 786, 801, 817, 833, 850, 866, 884,
    901, 919, 937, 955, 974, 993, 1013, 1033, 1053, 1074, 1095, 1117, 1139, 1161, 1184, 1207, 1232, 1256, 1281,
    1306, 1332, 1358, 1385, 1412, 1440, 1468, 1497, 1527, 1557, 1587, 1619, 1651, 1683, 1716, 1750, 1785, 1820,
    1856, 1892, 1930, 1968, 2006, 2046, 2087, 2128, 2170, 2212, 2256, 2300, 2346, 2392, 2439, 2488, 2537, 2587,
    2638, 2690, 2743, 2796, 2852, 2908, 2966, 3024, 3084, 3145, 3207, 3270, 3334, 3400, 3467, 3535, 3605, 3677,
    3749, 3822, 3898, 3975, 4053, 4133, 4214, 4297, 4383, 4469, 4557, 4647, 4739, 4833, 4927, 5024, 5124, 5225,
    5328, 5433, 5541, 5649, 5761, 5875, 5991, 6109, 6230, 6352, 6477, 6605, 6736, 6868, 7004, 7141, 7282, 7427,
    7572, 7722, 7874, 8030, 8188, 8350, 8514, 8683, 8854, 9028, 9206, 9387, 9572, 9762, 9954, 10151, 10351, 10555,
    10763, 10976, 11191, 11412, 11637, 11867, 12102, 12341, 12583, 12831, 13085, 13342, 13606, 13874, 14148, 14427,
    14711, 15002, 15297, 15599, 15907, 16221, 16541, 16867, 17199, 17539, 17884, 18237, 18597, 18964, 19338, 19719,
    20108, 20505, 20909, 21322, 21742, 22171, 22608, 23054, 23509, 23973, 24445, 24928, 25419, 25921, 26432, 26953,
    27485, 28027, 28580, 29143, 29718, 30304, 30902, 31512, 32133, 32767
};
static const IN_FLASH int16_t softmax_7_reciprocals[513] = { /* 2^15 / (1 + x), x from 0 to 1 */
    32767, 32704, 32640, 32578, 32514, 32451, 32388, 32326, 32264, 32202, 32141, 32079, 32018, 31957, 31896, 31835,
    31775, 31715, 31655, 31596, 31537, 31476, 31418, 31359, 31301, 31242, 31184, 31127, 31069, 31011, 30954, 30897,
    30840, 30784, 30727, 30671, 30615, 30560, 30504, 30449, 30394, 30339, 30283, 30229, 30175, 30121, 30067, 30013,
    29960, 29906, 29853, 29800, 29746, 29694, 29642, 29589, 29537, 29486, 29434, 29382, 29331, 29280, 29229, 29177,
    29127, 29076, 29026, 28976, 28926, 28877, 28827, 28777, 28728, 28679, 28630, 28581, 28532, 28484, 28436, 28388,
    28340, 28292, 28244, 28197, 28150, 28103, 28056, 28008, 27962, 27915, 27869, 27823, 27777, 27731, 27685, 27640,
    27594, 27549, 27504, 27459, 27413, 27369, 27324, 27280, 27236, 27192, 27148, 27104, 27060, 27016, 26973, 26930,
    26887, 26844, 26801, 26758, 26715, 26673, 26630, 26588, 26546, 26504, 26463, 26421, 26380, 26338, 26297, 26255,
    26214, 26174, 26132, 26092, 26051, 26011, 25971, 25931, 25891, 25851, 25811, 25772, 25732, 25693, 25653, 25614,
    25575, 25536, 25497, 25458, 25420, 25381, 25343, 25305, 25267, 25229, 25191, 25153, 25116, 25078, 25041, 25003,
    24967, 24928, 24892, 24855, 24818, 24781, 24745, 24709, 24672, 24636, 24600, 24564, 24528, 24492, 24457, 24421,
    24385, 24350, 24315, 24280, 24245, 24210, 24175, 24140, 24105, 24070, 24036, 24002, 23967, 23933, 23899, 23865,
    23831, 23798, 23764, 23730, 23697, 23664, 23630, 23597, 23564, 23530, 23498, 23465, 23432, 23399, 23366, 23334,
    23302, 23269, 23237, 23205, 23173, 23141, 23109, 23077, 23046, 23014, 22982, 22951, 22920, 22888, 22857, 22826,
    22795, 22764, 22733, 22703, 22672, 22641, 22611, 22580, 22550, 22520, 22490, 22459, 22429, 22400, 22370, 22340,
    22310, 22281, 22251, 22221, 22192, 22163, 22134, 22104, 22075, 22046, 22017, 21988, 21959, 21931, 21902, 21874,
    21845, 21817, 21788, 21760, 21732, 21704, 21676, 21648, 21620, 21592, 21565, 21537, 21509, 21482, 21455, 21427,
    21400, 21372, 21345, 21318, 21291, 21264, 21237, 21210, 21183, 21157, 21130, 21103, 21077, 21050, 21024, 20998,
    20971, 20945, 20919, 20893, 20867, 20841, 20815, 20790, 20764, 20738, 20713, 20687, 20662, 20636, 20611, 20586,
    20560, 20535, 20510, 20485, 20460, 20435, 20410, 20385, 20360, 20336, 20311, 20287, 20262, 20238, 20213, 20189,
    20165, 20141, 20117, 20092, 20068, 20044, 20021, 19997, 19973, 19949, 19926, 19902, 19878, 19855, 19832, 19808,
    19784, 19762, 19738, 19715, 19692, 19668, 19645, 19622, 19600, 19577, 19553, 19531, 19508, 19485, 19463, 19440,
    19418, 19395, 19373, 19351, 19328, 19306, 19284, 19262, 19240, 19218, 19196, 19174, 19152, 19130, 19109, 19087,
    19065, 19044, 19022, 19000, 18979, 18958, 18936, 18915, 18893, 18872, 18851, 18830, 18809, 18787, 18766, 18745,
    18725, 18704, 18682, 18662, 18641, 18620, 18600, 18579, 18559, 18538, 18518, 18497, 18477, 18457, 18436, 18416,
    18396, 18376, 18356, 18336, 18316, 18296, 18276, 18256, 18236, 18216, 18197, 18177, 18157, 18138, 18118, 18099,
    18079, 18059, 18040, 18021, 18001, 17982, 17963, 17944, 17924, 17905, 17886, 17867, 17848, 17829, 17810, 17791,
    17772, 17754, 17735, 17716, 17697, 17679, 17660, 17641, 17623, 17604, 17586, 17568, 17549, 17531, 17513, 17494,
    17476, 17458, 17440, 17422, 17404, 17386, 17368, 17350, 17332, 17314, 17296, 17278, 17261, 17243, 17225, 17208,
    17190, 17172, 17155, 17137, 17120, 17102, 17085, 17067, 17050, 17033, 17015, 16999, 16981, 16964, 16947, 16930,
    16913, 16895, 16878, 16862, 16845, 16828, 16810, 16794, 16777, 16760, 16743, 16727, 16710, 16693, 16677, 16660,
    16644, 16627, 16611, 16594, 16578, 16562, 16545, 16529, 16513, 16497, 16480, 16464, 16448, 16432, 16416, 16400,
    16384
};

/* operator 9, FULLY_CONNECTED */
static const IN_FLASH int8_t fully_connected_9_weights[8] = { 46, 73, 24, -7, 92, -73, -16, -4 }; /* 2 x 4 */
static const IN_FLASH int32_t fully_connected_9_multiplier[1] = { 1789569840 };
static const IN_FLASH uint16_t fully_connected_9_below[1] = { 38209 };
static const IN_FLASH int32_t fully_connected_9_offset[2] = { 7356416, 7356416 }; /* bias, zero points, rounding */

static int32_t clamp(int32_t x, int32_t lowest, int32_t highest)
{
    return x < lowest ? lowest : x > highest ? highest : x;
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

/* Both inputs become multiples of a small part of the larger of their scales: the wide input, which has it, by a shift
   that loses nothing; the narrow one by rounding. */
typedef struct {
    int16_t wide_offset, narrow_offset;           /* minus the zero points */
    int32_t wide_factor;                          /* a power of two, negative where the wide input is subtracted */
    int32_t narrow_multiplier;
    int16_t narrow_shift, narrow_sign;            /* sign -1: the narrow input is subtracted */
    int32_t multiplier;
    int16_t shift, zero_point, lowest, highest;
} add_parameters_int16;

/* output[i] = clamp(rescale(wide[i * wide_step] +- narrow[i * narrow_step]) + zero point); a step is 0 or 1. */
static void add_int16(const IN_FLASH add_parameters_int16 *p, const int16_t *wide, int wide_step,
        const int16_t *narrow, int narrow_step, int n, int16_t *output)
{
    for (int i = 0; i < n; i++) {
        const int32_t exact = (*wide + p->wide_offset) * p->wide_factor;
        const int32_t shifted = (*narrow + p->narrow_offset) * ((int32_t)1 << 15);
        const int32_t sum = exact + rescale(shifted, p->narrow_multiplier, p->narrow_shift) * p->narrow_sign;
        output[i] = (int16_t)clamp(rescale(sum, p->multiplier, p->shift) + p->zero_point, p->lowest, p->highest);
        wide += wide_step;
        narrow += narrow_step;
    }
}

/* x * multiplier / 2^(16 + shift), halves rounded up: TensorFlow Lite's rescale of 64-bit accumulators, for one that
   fits in 32 bits. multiplier >= 0; shift is -8 to 30, and for less than 1, x * 2^(1 - shift) does not overflow. */
static int32_t rescale_reduced(int32_t x, int16_t multiplier, int shift)
{
    if (shift < 1) {
        x *= (int32_t)1 << (1 - shift);
        shift = 1;
    }
    /* The product has 47 bits; what rounds it lies above the lowest 16, so these are only floored. */
    const uint32_t low = ((uint32_t)x & 0xFFFFu) * (uint32_t)multiplier;
    const int32_t high = (x >> 16) * multiplier + (int32_t)(low >> 16);
    return (high + ((int32_t)1 << (shift - 1))) >> shift;
}

/* From sums of products to int16: one multiplier and shift a channel (step 1), or one for all (step 0). */
typedef struct {
    const IN_FLASH int32_t *bias; /* [channels], input zero point folded in */
    const IN_FLASH int16_t *multiplier;
    const IN_FLASH int8_t *shift;
    int16_t step, lowest, highest;
} requantization_int16;

static int16_t requantize_int16(const IN_FLASH requantization_int16 *q, int channel, int32_t sum)
{
    const int i = channel * q->step;
    sum += q->bias[channel];
    return (int16_t)clamp(rescale_reduced(sum, q->multiplier[i], q->shift[i]), q->lowest, q->highest);
}

/* What computes each output channel from the same inputs. */
typedef struct {
    int size;                       /* inputs */
    const IN_FLASH int8_t *weights; /* [output channels][inputs] */
    requantization_int16 to_output;
} dense_parameters_int16;

typedef struct {
    int input_width, input_channels;
    int input_zero_point;
    int kernel_height, kernel_width, kernel_channels;
    int dilation, stride, pad_left;
    int output_width, output_channels;
    int groups, group_outputs;
    int run; /* taps of a kernel row that lie side by side in the input: all of them, or 1 */
    dense_parameters_int16 dense;
} conv_2d_parameters_int16;

/* An inner loop that is inlined does not get the registers that it takes: on a Cortex-M0 all eight that most
   instructions have. */
#if defined(__GNUC__)
#define ALONE __attribute__((noinline))
#else
#define ALONE
#endif

/* Products of 16-bit samples need not be lifted_int16 on any core. */
static int32_t lifted_int16(int32_t product)
{
    return product;
}
static int32_t lowered_int16(int32_t sum, int n)
{
    (void)n;
    return sum;
}

/* Returns x . w0, and puts x . w1 into *second, over n >= 1 elements: two channels share each load of x, and counting
   down to zero leaves no comparison to make. */
static ALONE int32_t dot_pair_int16(const int16_t *x, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1, int n,
        int32_t *second)
{
    int32_t sum0 = 0, sum1 = 0;
    int i = n - 1;
    do {
        const int16_t value = x[i];
        sum0 += lifted_int16((int32_t)value * w0[i]);
        sum1 += lifted_int16((int32_t)value * w1[i]);
    } while (i-- != 0);
    *second = lowered_int16(sum1, n);
    return lowered_int16(sum0, n);
}

/* Requantizes x . weights[o] to output[o] for o from first to end - 1, two at a time; the last of an odd number is
   paired with itself. */
static void dense_outputs_int16(const IN_FLASH dense_parameters_int16 *p, int first, int end, const int16_t *x,
        int16_t *output)
{
    for (int o = first; o < end; o += 2) {
        const int other = o + 1 < end ? o + 1 : o;
        int32_t sum0, sum1;
        sum0 = dot_pair_int16(x, p->weights + o * p->size, p->weights + other * p->size, p->size, &sum1);
        output[o] = requantize_int16(&p->to_output, o, sum0);
        if (other != o) {
            output[other] = requantize_int16(&p->to_output, other, sum1);
        }
    }
}

/* rows[k] = image row first + k * dilation, or 0 where that lies above or below the image. */
static void window_rows_int16(const int16_t *image, int height, int row_size, int first, int dilation, int count,
        const int16_t **rows)
{
    for (int k = 0; k < count; k++) {
        const int y = first + k * dilation;
        rows[k] = y >= 0 && y < height ? image + y * row_size : 0;
    }
}

/* Puts the window at column left together, from the given channel on; what lies outside the image has the value of the
   input's zero point. */
static void conv_2d_gather_int16(const IN_FLASH conv_2d_parameters_int16 *p, const int16_t *const *rows, int left,
        int channel, int16_t *window)
{
    /* Inside the image the taps of a run lie side by side. */
    const int taps = left >= 0 && left + p->run <= p->input_width ? p->run : 1;
    const int n = taps * p->kernel_channels;
    for (int ky = 0; ky < p->kernel_height; ky++) {
        int column = left;
        for (int kx = 0; kx < p->kernel_width; kx += taps) {
            int i = n - 1;
            if (rows[ky] != 0 && column >= 0 && column < p->input_width) {
                const int16_t *const x = rows[ky] + column * p->input_channels + channel;
                do {
                    window[i] = x[i];
                } while (i-- != 0);
            } else {
                do {
                    window[i] = (int16_t)p->input_zero_point;
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
static void conv_2d_row_int16(const IN_FLASH conv_2d_parameters_int16 *p, const int16_t *const *rows,
        int16_t *window, int16_t *output)
{
    for (int x = 0; x < p->output_width; x++) {
        const int left = x * p->stride - p->pad_left;
        int first = 0;
        for (int group = 0; group < p->groups; group++) {
            const int channel = group * p->kernel_channels;
            const int16_t *inputs = window;
            if (window != 0) {
                conv_2d_gather_int16(p, rows, left, channel, window);
            } else {
                inputs = rows[0] + left * p->input_channels + channel;
            }
            dense_outputs_int16(&p->dense, first, first + p->group_outputs, inputs, output);
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
    const int16_t *padding; /* [input channels] zero points; 0 where no window meets padding */
    requantization_int16 to_output;
} depthwise_conv_2d_parameters_int16;

/* Puts the pixels of the window at column left into taps, the last one first. */
static void depthwise_window_int16(const IN_FLASH depthwise_conv_2d_parameters_int16 *p,
        const int16_t *const *rows, int left, const int16_t **taps)
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
static ALONE int32_t tap_product_int16(const int16_t *const *taps, int channel, const IN_FLASH int8_t *weights, int n)
{
    int32_t sum = 0;
    int i = n - 1;
    do {
        sum += lifted_int16((int32_t)(*taps++)[channel] * weights[i]);
    } while (i-- != 0);
    return lowered_int16(sum, n);
}

/* One output row from kernel_height input rows, of which those outside the image are 0; taps: room for a window. */
static void depthwise_conv_2d_row_int16(const IN_FLASH depthwise_conv_2d_parameters_int16 *p,
        const int16_t *const *rows, const int16_t **taps, int16_t *output)
{
    for (int x = 0; x < p->output_width; x++) {
        const IN_FLASH int8_t *weights = p->weights;
        int input_channel = 0, repeated = 0;
        depthwise_window_int16(p, rows, x * p->stride - p->pad_left, taps);
        for (int channel = 0; channel < p->output_channels; channel++) {
            const int32_t sum = tap_product_int16(taps, input_channel, weights, p->kernel_size);
            *output++ = requantize_int16(&p->to_output, channel, sum);
            weights += p->kernel_size;
            if (++repeated == p->multiplier) {
                repeated = 0;
                input_channel++;
            }
        }
    }
}

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

/* From sums of 16-bit samples to int16: one multiplier and shift a channel (step 1), or one for all (step 0). */
typedef struct {
    const IN_FLASH int32_t *bias; /* [channels], input zero point folded in */
    const IN_FLASH int32_t *multiplier;
    const IN_FLASH int8_t *shift;
    int16_t step, zero_point, lowest, highest;
} requantization_int16_gemmlowp;

static int16_t requantize_int16_gemmlowp(const IN_FLASH requantization_int16_gemmlowp *q, int channel, int32_t sum)
{
    const int i = channel * q->step;
    sum += q->bias[channel];
    return (int16_t)clamp(rescale(sum, q->multiplier[i], q->shift[i]) + q->zero_point, q->lowest, q->highest);
}

/* What computes each output channel from the same inputs. */
typedef struct {
    int size;                       /* inputs */
    const IN_FLASH int8_t *weights; /* [output channels][inputs] */
    requantization_int16_gemmlowp to_output;
} dense_parameters_int16_gemmlowp;

/* Requantizes x . weights[o] to output[o] for o from first to end - 1, two at a time; the last of an odd number is
   paired with itself. */
static void dense_outputs_int16_gemmlowp(const IN_FLASH dense_parameters_int16_gemmlowp *p, int first, int end,
        const int16_t *x, int16_t *output)
{
    for (int o = first; o < end; o += 2) {
        const int other = o + 1 < end ? o + 1 : o;
        int32_t sum0, sum1;
        sum0 = dot_pair_int16(x, p->weights + o * p->size, p->weights + other * p->size, p->size, &sum1);
        output[o] = requantize_int16_gemmlowp(&p->to_output, o, sum0);
        if (other != o) {
            output[other] = requantize_int16_gemmlowp(&p->to_output, other, sum1);
        }
    }
}

typedef struct {
    int outputs;
    dense_parameters_int16_gemmlowp dense;
} fully_connected_parameters_int16_gemmlowp;

static void fully_connected_int16_gemmlowp(const IN_FLASH fully_connected_parameters_int16_gemmlowp *p,
        const int16_t *input, int16_t *output)
{
    dense_outputs_int16_gemmlowp(&p->dense, 0, p->outputs, input, output);
}

/* From sums whose accumulators have 48 bits at most to int16: one multiplier and shift a channel (step 1),
        or one for all
   (step 0). */
typedef struct {
    const IN_FLASH int64_t *bias; /* [channels], input zero point folded in */
    const IN_FLASH int16_t *multiplier;
    const IN_FLASH int8_t *shift;
    int16_t step, lowest, highest;
} requantization_int16_wide;

/* sum * multiplier / 2^(16 + shift), halves rounded up, which is known to fit in 32 bits. */
static int16_t requantize_int16_wide(const IN_FLASH requantization_int16_wide *q, int channel, int64_t sum)
{
    const int i = channel * q->step;
    sum += q->bias[channel];
    const int64_t half = (int64_t)1 << (15 + q->shift[i]);
    const int64_t scaled = (sum * q->multiplier[i] + half) >> (16 + q->shift[i]);
    return (int16_t)clamp((int32_t)scaled, q->lowest, q->highest);
}

/* What computes each output channel from the same inputs. */
typedef struct {
    int size;                       /* inputs */
    const IN_FLASH int8_t *weights; /* [output channels][inputs] */
    requantization_int16_wide to_output;
} dense_parameters_int16_wide;

/* Products of 16-bit samples need not be lifted_int16_wide on any core. */
static int32_t lifted_int16_wide(int32_t product)
{
    return product;
}
static int64_t lowered_int16_wide(int64_t sum, int n)
{
    (void)n;
    return sum;
}

/* Returns x . w0, and puts x . w1 into *second, over n >= 1 elements: two channels share each load of x, and counting
   down to zero leaves no comparison to make. */
static ALONE int64_t dot_pair_int16_wide(const int16_t *x, const IN_FLASH int8_t *w0, const IN_FLASH int8_t *w1,
        int n, int64_t *second)
{
    int64_t sum0 = 0, sum1 = 0;
    int i = n - 1;
    do {
        const int16_t value = x[i];
        sum0 += lifted_int16_wide((int32_t)value * w0[i]);
        sum1 += lifted_int16_wide((int32_t)value * w1[i]);
    } while (i-- != 0);
    *second = lowered_int16_wide(sum1, n);
    return lowered_int16_wide(sum0, n);
}

/* Requantizes x . weights[o] to output[o] for o from first to end - 1, two at a time; the last of an odd number is
   paired with itself. */
static void dense_outputs_int16_wide(const IN_FLASH dense_parameters_int16_wide *p, int first, int end,
        const int16_t *x, int16_t *output)
{
    for (int o = first; o < end; o += 2) {
        const int other = o + 1 < end ? o + 1 : o;
        int64_t sum0, sum1;
        sum0 = dot_pair_int16_wide(x, p->weights + o * p->size, p->weights + other * p->size, p->size, &sum1);
        output[o] = requantize_int16_wide(&p->to_output, o, sum0);
        if (other != o) {
            output[other] = requantize_int16_wide(&p->to_output, other, sum1);
        }
    }
}

typedef struct {
    int outputs;
    dense_parameters_int16_wide dense;
} fully_connected_parameters_int16_wide;

static void fully_connected_int16_wide(const IN_FLASH fully_connected_parameters_int16_wide *p,
        const int16_t *input, int16_t *output)
{
    dense_outputs_int16_wide(&p->dense, 0, p->outputs, input, output);
}

/* 65536 / (1 + exp(-i / 24)), as TensorFlow Lite rounds it. */
static const IN_FLASH uint16_t sigmoid_table[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064, 42688,
    43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464, 50942, 51409,
    51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433,
    57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110,
    61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990, 63090, 63186,
    63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030, 64090, 64148, 64204, 64257, 64308,
    64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900,
    64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208,
    65221, 65234, 65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367,
    65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449,
    65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491,
    65493, 65495, 65497, 65498, 65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513,
    65514, 65515, 65516, 65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530,
    65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535
};

/* 2^(16 + bits) / (1 + exp(-x / 24 / 2^bits)) for 0 <= x < 255 * 2^bits, on the line between two entries. */
static int32_t sigmoid(int32_t x, int bits)
{
    const IN_FLASH uint16_t *const entry = sigmoid_table + (x >> bits);
    const int32_t slope = (int32_t)entry[1] - entry[0];
    const int32_t rest = x & (((int32_t)1 << bits) - 1);
    return ((int32_t)entry[0] << bits) + rest * slope;
}

/* output[i] = 2^15 / (1 + exp(-x)), where multiplier / 2^shift makes x from input[i] in steps of 1 / (24 * 2^9). */
static void logistic_int16(int32_t multiplier, int shift, const int16_t *input, int n, int16_t *output)
{
    const int32_t half = (int32_t)(((uint32_t)1 << shift) >> 1);
    for (int i = 0; i < n; i++) {
        const int32_t x = (input[i] * multiplier + half) >> shift;
        const int32_t size = x < 0 ? -x : x;
        const int32_t y = size >> 9 < 255 ? sigmoid(size, 9) : (int32_t)0x7FFF << 10;
        output[i] = (int16_t)((x < 0 ? ((int32_t)1 << 25) - y + 511 : y + 512) >> 10);
    }
}

typedef struct {
    int input_width, channels;
    int kernel_height, kernel_width, stride, pad_left;
    int output_width;
    int16_t lowest, highest;
} pool_2d_parameters;

/* One output row from kernel_height input rows; those outside the image are 0 and do not count. */
static void max_pool_2d_row_int16(const IN_FLASH pool_2d_parameters *p, const int16_t *const *rows, int16_t *output)
{
    for (int x = 0; x < p->output_width; x++) {
        const int left = x * p->stride - p->pad_left;
        const int begin = left < 0 ? 0 : left;
        const int end = left + p->kernel_width < p->input_width ? left + p->kernel_width : p->input_width;
        const int first = begin * p->channels, last = end * p->channels;
        for (int c = 0; c < p->channels; c++) {
            int largest = p->lowest;
            for (int ky = 0; ky < p->kernel_height; ky++) {
                if (rows[ky] != 0) {
                    const int16_t *const row = rows[ky] + c;
                    for (int i = first; i < last; i += p->channels) {
                        largest = row[i] > largest ? row[i] : largest;
                    }
                }
            }
            *output++ = (int16_t)(largest < p->highest ? largest : p->highest);
        }
    }
}

/* The value at x, -2^15 <= x < 2^15, on the line between two of 513 entries. */
static int32_t interpolate(const IN_FLASH int16_t *table, int32_t x)
{
    const IN_FLASH int16_t *const entry = table + 256 + (x >> 7);
    const int32_t slope = (int32_t)entry[1] - entry[0];
    return entry[0] + ((slope * (x & 127) + 64) >> 7);
}

/* Softmax of n <= 65535 elements, as 2^15 times the probability. multiplier and shift make steps of 10 / 65535 from
   those of the input; the tables are of exp(x) for x from -10 to 0 and of 1 / (1 + x) for x from 0 to 1. */
static void softmax_int16(const IN_FLASH int16_t *exponentials, const IN_FLASH int16_t *reciprocals,
        int32_t multiplier, int shift, const int16_t *input, int n, int16_t *output)
{
    int32_t largest = -32768;
    for (int i = 0; i < n; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    uint32_t sum = 0;
    for (int i = 0; i < n; i++) {
        const int32_t below = rescale(input[i] - largest, multiplier, shift);
        const int32_t share = interpolate(exponentials, clamp(below + 32767, -32768, 32767));
        output[i] = (int16_t)share;
        sum += (uint32_t)share;
    }
    /* sum = 2^bits * (1 + x). */
    int bits = 30;
    while (sum < 0x40000000u) {
        sum *= 2;
        bits--;
    }
    const int32_t x = (int32_t)((sum + 8192u) >> 14) - 65536;
    const int32_t scale = interpolate(reciprocals, clamp(x - 32768, -32768, 32767));
    for (int i = 0; i < n; i++) {
        const int32_t share = (output[i] * scale + ((int32_t)1 << (bits - 1))) >> bits;
        output[i] = (int16_t)clamp(share, 0, 32767);
    }
}

/* 0  CONV_2D  "stem"  int16[1,1,8,2] -> int16[1,1,4,3] */
static const IN_FLASH conv_2d_parameters_int16 conv_2d_0_parameters = {
    8, 2,                   /* input width, channels */
    0,                      /* input zero point */
    1, 3, 2,                /* kernel height, width, channels */
    1, 2, 0,                /* horizontal dilation, stride, padding */
    4, 3,                   /* output width, channels */
    1, 3,                   /* groups, outputs of a group */
    3,                      /* taps in a run */
    { 6, conv_2d_0_weights, /* inputs of each output, weights */
    /* a multiplier for each channel */
    { conv_2d_0_bias, conv_2d_0_multiplier, conv_2d_0_shift,
    1, 0, 32767 } }         /* step, lowest, highest */
};

static void conv_2d_0(const int16_t *input, int16_t *output)
{
    const int16_t *rows[1];
    int16_t window[6];
    for (int y = 0; y < 1; y++) {
        window_rows_int16(input, 1, 16, y, 1, 1, rows);
        conv_2d_row_int16(&conv_2d_0_parameters, rows, window, output + y * 12);
    }
}

/* 1  DEPTHWISE_CONV_2D  "spread"  int16[1,1,4,3] -> int16[1,1,4,3] */
static const IN_FLASH depthwise_conv_2d_parameters_int16 depthwise_conv_2d_1_parameters = {
    4, 3,              /* input width, channels */
    1, 3, 3,           /* kernel height, width, size */
    1, 1, 1,           /* horizontal dilation, stride, padding */
    4, 3,              /* output width, channels */
    1,                 /* output channels for each input channel */
    depthwise_conv_2d_1_weights, depthwise_conv_2d_1_padding,
    /* a multiplier for each channel */
    { depthwise_conv_2d_1_bias, depthwise_conv_2d_1_multiplier, depthwise_conv_2d_1_shift,
    1, -32768, 32767 } /* step, lowest, highest */
};

static void depthwise_conv_2d_1(const int16_t *input, int16_t *output)
{
    const int16_t *rows[1];
    const int16_t *taps[3];
    for (int y = 0; y < 1; y++) {
        window_rows_int16(input, 1, 12, y, 1, 1, rows);
        depthwise_conv_2d_row_int16(&depthwise_conv_2d_1_parameters, rows, taps, output + y * 12);
    }
}

/* 2  MAX_POOL_2D  "pool"  int16[1,1,4,3] -> int16[1,1,1,3] */
static const IN_FLASH pool_2d_parameters max_pool_2d_2_parameters = {
    4, 3,         /* input width, channels */
    1, 4,         /* kernel height, width */
    4, 0,         /* horizontal stride, padding */
    1,            /* output width */
    -32768, 32767 /* lowest, highest */
};

static void max_pool_2d_2(const int16_t *input, int16_t *output)
{
    const int16_t *rows[1];
    for (int y = 0; y < 1; y++) {
        window_rows_int16(input, 1, 12, y, 1, 1, rows);
        max_pool_2d_row_int16(&max_pool_2d_2_parameters, rows, output + y * 3);
    }
}

/* 3  FULLY_CONNECTED  "dense"  int16[1,1,1,3] -> int16[1,4] */
static const IN_FLASH fully_connected_parameters_int16_gemmlowp fully_connected_3_parameters = {
    4,                              /* outputs */
    { 3, fully_connected_3_weights, /* inputs of each output, weights */
    /* one multiplier */
    { fully_connected_3_bias, fully_connected_3_multiplier, fully_connected_3_shift,
    0, 0, 0, 30000 } }              /* step, output zero point, lowest, highest */
};

static void fully_connected_3(const int16_t *input, int16_t *output)
{
    fully_connected_int16_gemmlowp(&fully_connected_3_parameters, input, output);
}

/* 4  FULLY_CONNECTED  "far"  int16[1,4] -> int16[1,4] */
static const IN_FLASH fully_connected_parameters_int16_wide fully_connected_4_parameters = {
    4,                              /* outputs */
    { 4, fully_connected_4_weights, /* inputs of each output, weights */
    /* one multiplier */
    { fully_connected_4_bias, fully_connected_4_multiplier, fully_connected_4_shift,
    0, -32768, 32767 } }            /* step, lowest, highest */
};

static void fully_connected_4(const int16_t *input, int16_t *output)
{
    fully_connected_int16_wide(&fully_connected_4_parameters, input, output);
}

/* 5  ADD  "sum"  int16[1,4] -> int16[1,4] */
static const IN_FLASH add_parameters_int16 add_5_parameters = {
    0, 0,              /* offsets of input0 and input1 */
    16384,             /* factor of input0 */
    1073741824, -1, 1, /* multiplier, shift and sign of input1 */
    1073741824, -14,   /* multiplier and shift of the output */
    0, -32768, 32767   /* output zero point, lowest, highest */
};

static void add_5(const int16_t *input, int16_t *output)
{
    add_int16(&add_5_parameters, input, 1, add_5_input1, 1, 4, output);
}

/* 6  LOGISTIC  "gate"  int16[1,4] -> int16[1,4] */
static void logistic_6(const int16_t *input, int16_t *output)
{
    logistic_int16(20132, 12, input, 4, output);
}

/* 7  SOFTMAX  "shares"  int16[1,4] -> int16[1,4] */
static void softmax_7(const int16_t *input, int16_t *output)
{
    softmax_int16(softmax_7_exponentials, softmax_7_reciprocals, 1407353373, 2, input, 4, output);
}

/* 8  QUANTIZE  "coarse"  int16[1,4] -> int8[1,4] */
static void quantize_8(const int16_t *input, int8_t *output)
{
    for (int i = 0; i < 4; i++) {
        output[i] = (int8_t)clamp(rescale(input[i], 1073741824, -7), -128, 127);
    }
}

/* 9  FULLY_CONNECTED  "last"  int8[1,4] -> int8[1,2] */
static const IN_FLASH fully_connected_parameters fully_connected_9_parameters = {
    2,                              /* outputs */
    { 4, fully_connected_9_weights, /* inputs of each output, weights */
    /* one multiplier */
    { fully_connected_9_multiplier, fully_connected_9_below, fully_connected_9_offset,
    7340032, 0, 5, -128, 127 } }    /* middle, step, shift, lowest, highest */
};

static void fully_connected_9(const int8_t *input, int8_t *output)
{
    fully_connected(&fully_connected_9_parameters, input, output);
}

void sixteen_predict(const int16_t *input, int16_t *output0, int16_t *output1, int8_t *output2)
{
    /* Where a layer's output lies over its input, it covers what has been read. */
    int16_t *const conv_2d_0_output = (int16_t *)(void *)arena; /* 24 bytes, alive in operators 0 to 1 */
    /* 24 bytes, alive in operators 1 to 2 */
    int16_t *const depthwise_conv_2d_1_output = (int16_t *)(void *)(arena + 24);
    int16_t *const max_pool_2d_2_output = (int16_t *)(void *)arena; /* 6 bytes, alive in operators 2 to 3 */
    /* 8 bytes, alive in operators 3 to 5 */
    int16_t *const fully_connected_3_output = (int16_t *)(void *)(arena + 8);
    int16_t *const add_5_output = (int16_t *)(void *)(arena + 8); /* 8 bytes, alive in operators 5 to 7 */
    int16_t *const logistic_6_output = (int16_t *)(void *)arena; /* 8 bytes, alive in operators 6 to 8 */
    int8_t *const quantize_8_output = arena + 8; /* 4 bytes, alive in operators 8 to 9 */

    conv_2d_0(input, conv_2d_0_output);
    depthwise_conv_2d_1(conv_2d_0_output, depthwise_conv_2d_1_output);
    max_pool_2d_2(depthwise_conv_2d_1_output, max_pool_2d_2_output);
    fully_connected_3(max_pool_2d_2_output, fully_connected_3_output);
    fully_connected_4(fully_connected_3_output, output0);
    add_5(fully_connected_3_output, add_5_output);
    logistic_6(add_5_output, logistic_6_output);
    softmax_7(add_5_output, output1);
    quantize_8(logistic_6_output, quantize_8_output);
    fully_connected_9(quantize_8_output, output2);
}
