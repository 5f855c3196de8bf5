/* image.h: written by tflite2int 0.1.0 from image.tflite
   (SHA-256 35574df8ef3ad15fad0252c82e1c385c7cc56844a43a94364a99a08b9718c19c).
   Convert again rather than edit. SPDX-License-Identifier: 0BSD
*/
#ifndef IMAGE_H
#define IMAGE_H

#include <stdint.h>

/* input: int8[1,6,6,1] "image"
   real value = 0.0078125 * q, from -1 to 0.992188
   to quantize: q = round(real / 0.0078125), limited to -128 .. 127 */
#define IMAGE_INPUT_SIZE 36 /* elements */
#define IMAGE_INPUT_ZERO_POINT (0)
#define IMAGE_INPUT_SCALE_NUMERATOR 1 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define IMAGE_INPUT_SCALE_SHIFT 7

/* output: int8[1,3] "scores"
   real value = 0.05000000074505806 * (q - 4), from -6.6 to 6.15
   to quantize: q = round(real / 0.05000000074505806) + 4, limited to -128 .. 127 */
#define IMAGE_OUTPUT_SIZE 3 /* elements */
#define IMAGE_OUTPUT_ZERO_POINT (4)
#define IMAGE_OUTPUT_SCALE_NUMERATOR 13421773 /* scale = NUMERATOR / 2^SHIFT, exactly */
#define IMAGE_OUTPUT_SCALE_SHIFT 28

#define IMAGE_ARENA_SIZE 60 /* bytes of working memory, a static array */

/* With IMAGE_EXTERNAL_ARENA defined the arena is yours, aligned to 8 bytes, free between calls. */
#if defined(IMAGE_EXTERNAL_ARENA)
extern int8_t image_arena[IMAGE_ARENA_SIZE];
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One inference. Inputs and outputs must not overlap. */
void image_predict(const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif
