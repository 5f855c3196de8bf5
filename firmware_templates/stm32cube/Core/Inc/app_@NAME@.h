/* app_@NAME@.h: @MARK@.
   An example around @EXAMPLE_FUNCTION@. SPDX-License-Identifier: 0BSD
*/
#ifndef APP_@UPPER@_H
#define APP_@UPPER@_H

#include <stdint.h>

/* 1: compare with known results at start-up; print PASS or the first difference, and the cycles of an inference. */
#ifndef APP_@UPPER@_SELF_TEST
#define APP_@UPPER@_SELF_TEST 0
#endif

/* 1: answer `tflite2int evaluate` on the USART, in place of the example. */
#ifndef APP_@UPPER@_EVALUATE
#define APP_@UPPER@_EVALUATE 0
#endif

/* 1: one number in, one out: sweep the input, and fade a LED with the output. */
#define APP_@UPPER@_FADES @SCALAR@

#ifdef __cplusplus
extern "C" {
#endif

/* To be called again and again. */
void app_@NAME@_step(void);

/* What the board gives: app_@NAME@_hal.c on ST's HAL. */
void app_@NAME@_begin(void);
int app_@NAME@_read(void);          /* waits for a byte of the USART */
void app_@NAME@_write(uint8_t byte);
uint32_t app_@NAME@_clock(void);    /* counts the core's cycles */
void app_@NAME@_wait(uint32_t milliseconds);
void app_@NAME@_duty(uint8_t duty); /* of the LED's PWM, in 1/255 */

#ifdef __cplusplus
}
#endif

#endif
