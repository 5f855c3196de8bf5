/* @NAME@_evaluate.h: @MARK@.
   Answers `tflite2int evaluate` on a serial line. SPDX-License-Identifier: 0BSD

   Both sides send frames; numbers have their lowest byte first:

       0xA5, kind (1 byte), length (4 bytes), as many bytes, checksum (2 bytes)

   The checksum is CRC-16 of kind, length and bytes: polynomial 0x1021, begun with 0xFFFF, highest bit first.

       asked                            answered
       'D', nothing                     'D', what the model is, as text
       'P', all inputs one by one       'P', all outputs one by one, and the ticks of the inference (4 bytes)
       anything else                    'E', one byte: 1 the checksum is wrong, 2 the length, 3 the kind

   The text: name, SHA-256 of the model file, then for each input and output in:TYPE:ELEMENTS:NUMERATOR:SHIFT:ZERO
   or out:..., where real value = NUMERATOR / 2^SHIFT * (q - ZERO); NUMERATOR is 0 for plain integers. Last unit:TICKS.

   What comes between frames is passed over. Of a frame that broke off the rest is awaited: whoever gets no answer sends
   zeros until 'E' comes, and begins again. Nothing may be sent before the answer is complete.
*/
#ifndef @UPPER@_EVALUATE_H
#define @UPPER@_EVALUATE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int (*read)(void);        /* waits for a byte and returns it; -1 where the line is closed */
    void (*write)(uint8_t);   /* sends a byte */
    uint32_t (*clock)(void);  /* counts up and may wrap around */
    const char *unit;         /* of the clock: cycles, us */
} @NAME@_evaluate_link;

/* Waits for one frame and answers it. Returns 0 where the line is closed, else 1. */
int @NAME@_evaluate(const @NAME@_evaluate_link *link);

#ifdef __cplusplus
}
#endif

#endif
