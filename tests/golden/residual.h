/* residual.h: written by tflite2int 0.1.0 from residual.tflite
   (SHA-256 c968b8994c50a97aee3d72610d932623433bb7be0a347677b16eca4f5ec9eeb0).
   Convert again rather than edit. SPDX-License-Identifier: 0BSD
*/
#ifndef RESIDUAL_H
#define RESIDUAL_H

#include <stdint.h>

/* input0: int8[1,2,3] "left"
   real value = 0.05000000074505806 * (q - 3), from -6.55 to 6.2
   to quantize: q = round(real / 0.05000000074505806) + 3, limited to -128 .. 127 */
#define RESIDUAL_INPUT0_SIZE 6 /* elements */
#define RESIDUAL_INPUT0_ZERO_POINT (3)
#define RESIDUAL_INPUT0_SCALE_NUMERATOR 13421773 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define RESIDUAL_INPUT0_SCALE_SHIFT 28

/* input1: int8[1,2,2] "right"
   real value = 0.05000000074505806 * (q - 3), from -6.55 to 6.2
   to quantize: q = round(real / 0.05000000074505806) + 3, limited to -128 .. 127 */
#define RESIDUAL_INPUT1_SIZE 4 /* elements */
#define RESIDUAL_INPUT1_ZERO_POINT (3)
#define RESIDUAL_INPUT1_SCALE_NUMERATOR 13421773 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define RESIDUAL_INPUT1_SCALE_SHIFT 28

/* output0: int8[1,2,5] "squashed"
   real value = 0.0078125 * q, from -1 to 0.992188
   to quantize: q = round(real / 0.0078125), limited to -128 .. 127 */
#define RESIDUAL_OUTPUT0_SIZE 10 /* elements */
#define RESIDUAL_OUTPUT0_ZERO_POINT (0)
#define RESIDUAL_OUTPUT0_SCALE_NUMERATOR 1 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define RESIDUAL_OUTPUT0_SCALE_SHIFT 7

/* output1: int8[1,2,5] "shares"
   real value = 0.00390625 * (q + 128), from 0 to 0.996094
   to quantize: q = round(real / 0.00390625) - 128, limited to -128 .. 127 */
#define RESIDUAL_OUTPUT1_SIZE 10 /* elements */
#define RESIDUAL_OUTPUT1_ZERO_POINT (-128)
#define RESIDUAL_OUTPUT1_SCALE_NUMERATOR 1 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define RESIDUAL_OUTPUT1_SCALE_SHIFT 8

#define RESIDUAL_ARENA_SIZE 10 /* bytes of working memory, a static array */

/* With RESIDUAL_EXTERNAL_ARENA defined the arena is yours, aligned to 8 bytes, free between calls. */
#if defined(RESIDUAL_EXTERNAL_ARENA)
extern int8_t residual_arena[RESIDUAL_ARENA_SIZE];
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One inference. Inputs and outputs must not overlap. */
void residual_predict(const int8_t *input0, const int8_t *input1, int8_t *output0, int8_t *output1);

#ifdef __cplusplus
}
#endif

#endif
