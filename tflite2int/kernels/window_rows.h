#pragma once
#include "sample.h"

/* rows[k] = image row first + k * dilation, or 0 where that lies above or below the image. */
static void window_rows(const sample_t *image, int height, int row_size, int first, int dilation, int count,
                        const sample_t **rows)
{
    for (int k = 0; k < count; k++) {
        const int y = first + k * dilation;
        rows[k] = y >= 0 && y < height ? image + y * row_size : 0;
    }
}
