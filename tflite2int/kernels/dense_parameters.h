#pragma once
#include "requantize.h"

/* What computes each output channel from the same inputs. */
typedef struct {
    int size;                       /* inputs */
    const IN_FLASH int8_t *weights; /* [output channels][inputs] */
    requantization to_output;
} dense_parameters;
