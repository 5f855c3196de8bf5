#pragma once
#include <stdint.h>

/* The types in which the kernels are written. The emitted code has the types of its layers in their place. */
typedef int8_t sample_t;       /* an element of a tensor */
typedef int16_t product_t;     /* a sample times a weight */
typedef int32_t accumulator_t; /* a sum of products */
