/* The platform of harness-interface.h on an emulated core. Files and the exit go through semihosting: a breakpoint with the
 * number 0xAB, at which the emulator does what r0 and r1 say. Exit status 2: a file could not be read or written.
 */
#ifndef SEMIHOST_H
#define SEMIHOST_H

#include <stdint.h>

#define EXIT_FILES 2
#define EXIT_FAULT 3

/* Runs all steps, writes report.bin and exits. */
__attribute__((noreturn)) void semihost_main(void);

/* Writes report.bin and exits: the exception's number, where it happened, the return address there, and CFSR. */
__attribute__((noreturn)) void semihost_fault(uint32_t exception, uint32_t pc, uint32_t lr, uint32_t status);

/* For measure.S and its like on other cores. */

extern uint32_t measure_stack_peak; /* bytes, the most of all calls since it was set to 0 */
extern uint32_t measure_stack_span; /* bytes that were painted: a peak of as many may have been more */

/* Executes exactly 4 * n + 1 instructions, n > 0, return included: for the instruction counter to check itself. */
void measure_known_loop(uint32_t n);
#define KNOWN_LOOPS 1000

#endif
