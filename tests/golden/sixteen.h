/* sixteen.h: written by tflite2int 0.1.0 from sixteen.tflite
   (SHA-256 ca0eb1b086c09ebe2ebb99d298a1f180e84081251b39dc56ccf1f20ed99a9c67).
   Convert again rather than edit. SPDX-License-Identifier: 0BSD
*/
#ifndef SIXTEEN_H
#define SIXTEEN_H

#include <stdint.h>

/* input: int16[1,1,8,2] "signal"
   real value = 6.103515625e-05 * q, from -2 to 1.99994
   to quantize: q = round(real / 6.103515625e-05), limited to -32768 .. 32767 */
#define SIXTEEN_INPUT_SIZE 16 /* elements */
#define SIXTEEN_INPUT_ZERO_POINT (0)
#define SIXTEEN_INPUT_SCALE_NUMERATOR 1 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define SIXTEEN_INPUT_SCALE_SHIFT 14

/* output0: int16[1,4] "far"
   real value = 2.0 * q, from -65536 to 65534
   to quantize: q = round(real / 2.0), limited to -32768 .. 32767 */
#define SIXTEEN_OUTPUT0_SIZE 4 /* elements */
#define SIXTEEN_OUTPUT0_ZERO_POINT (0)
#define SIXTEEN_OUTPUT0_SCALE_NUMERATOR 2 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define SIXTEEN_OUTPUT0_SCALE_SHIFT 0

/* output1: int16[1,4] "shares"
   real value = 3.0517578125e-05 * q, from -1 to 0.999969
   to quantize: q = round(real / 3.0517578125e-05), limited to -32768 .. 32767 */
#define SIXTEEN_OUTPUT1_SIZE 4 /* elements */
#define SIXTEEN_OUTPUT1_ZERO_POINT (0)
#define SIXTEEN_OUTPUT1_SCALE_NUMERATOR 1 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define SIXTEEN_OUTPUT1_SCALE_SHIFT 15

/* output2: int8[1,2] "last"
   real value = 0.019999999552965164 * (q - 3), from -2.62 to 2.48
   to quantize: q = round(real / 0.019999999552965164) + 3, limited to -128 .. 127 */
#define SIXTEEN_OUTPUT2_SIZE 2 /* elements */
#define SIXTEEN_OUTPUT2_ZERO_POINT (3)
#define SIXTEEN_OUTPUT2_SCALE_NUMERATOR 5368709 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define SIXTEEN_OUTPUT2_SCALE_SHIFT 28

#define SIXTEEN_ARENA_SIZE 48 /* bytes of working memory, a static array */

/* With SIXTEEN_EXTERNAL_ARENA defined the arena is yours, aligned to 8 bytes, free between calls. */
#if defined(SIXTEEN_EXTERNAL_ARENA)
extern int8_t sixteen_arena[SIXTEEN_ARENA_SIZE];
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One inference. Inputs and outputs must not overlap. */
void sixteen_predict(const int16_t *input, int16_t *output0, int16_t *output1, int8_t *output2);

#ifdef __cplusplus
}
#endif

#endif
