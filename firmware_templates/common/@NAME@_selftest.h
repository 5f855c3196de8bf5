/* @NAME@_selftest.h: @MARK@.
   Known inputs and what TensorFlow Lite's reference kernels answer. SPDX-License-Identifier: 0BSD
*/
#ifndef @UPPER@_SELFTEST_H
#define @UPPER@_SELFTEST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int samples;                 /* compared; 0 where there are no known results */
    int passed;                  /* 1: all are equal */
    uint32_t ticks;              /* of the slowest inference, by the clock that was given */
    int output, sample;          /* where they are not: the first output and sample that differs ... */
    int32_t element, got, known; /* ... its element, our value and the known one */
} @NAME@_selftest_result;

/* Compares @NAME@_predict with the known results. clock counts up and may wrap around; NULL if there is none. */
void @NAME@_selftest(uint32_t (*clock)(void), @NAME@_selftest_result *result);

#ifdef __cplusplus
}
#endif

#endif
