#pragma once
#include "dense_parameters.h"

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
