#pragma once
#include <stdint.h>

/* What differs between sample types; the kernels are written with it. Emitted code has its layers' own in the place. */
typedef int8_t sample_t;       /* an element of a tensor */
typedef int8_t output_t;       /* what an accumulator becomes */
typedef int16_t product_t;     /* a sample times a weight */
typedef int32_t accumulator_t; /* a sum of products */
enum { SUM_SHIFT = 20 };       /* bits by which ADD and SUB move their inputs up */
