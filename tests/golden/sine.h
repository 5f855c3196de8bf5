/* sine.h: written by tflite2int 0.1.0 from sine.tflite
   (SHA-256 48ee164bc61f87ec7f3115b8f843d619de3d6735b63a593baed6d0b466fda197).
   Convert again rather than edit. SPDX-License-Identifier: 0BSD
*/
#ifndef SINE_H
#define SINE_H

#include <stdint.h>

/* input: int8[1,1] "serving_default_input_000:0"
   real value = 0.02463994361460209 * (q + 128), from 0 to 6.28319
   to quantize: q = round(real / 0.02463994361460209) - 128, limited to -128 .. 127 */
#define SINE_INPUT_SIZE 1 /* elements */
#define SINE_INPUT_ZERO_POINT (-128)
#define SINE_INPUT_SCALE_NUMERATOR 13228469 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define SINE_INPUT_SCALE_SHIFT 29

/* output: int8[1,1] "StatefulPartitionedCall:0"
   real value = 0.007845179177820683 * (q + 1), from -0.996338 to 1.00418
   to quantize: q = round(real / 0.007845179177820683) - 1, limited to -128 .. 127 */
#define SINE_OUTPUT_SIZE 1 /* elements */
#define SINE_OUTPUT_ZERO_POINT (-1)
#define SINE_OUTPUT_SCALE_NUMERATOR 8423697 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define SINE_OUTPUT_SCALE_SHIFT 30

#define SINE_ARENA_SIZE 27 /* bytes of working memory, a static array */

/* With SINE_EXTERNAL_ARENA defined the arena is yours, aligned to 8 bytes, free between calls. */
#if defined(SINE_EXTERNAL_ARENA)
extern int8_t sine_arena[SINE_ARENA_SIZE];
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One inference. Inputs and outputs must not overlap. */
void sine_predict(const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif
