#pragma once
#include <stdint.h>

typedef struct {
    int input_width, channels;
    int kernel_height, kernel_width, stride, pad_left;
    int output_width;
    int16_t lowest, highest;
} pool_2d_parameters;
