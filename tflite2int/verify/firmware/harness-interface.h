/* What stands around the function under test, NAME_predict.
 *
 *   harness.c   reads inputs.bin, runs the steps, writes outputs.bin and, if it exists beforehand, trace.bin
 *   ports       written for each model: its buffers and the call
 *   host.c      the platform: files and main() on this machine
 *   semihost.c  the platform: files and exit on an emulated core, with startup.c and measure.S
 *
 * NAME can be any word: no name here ends in _predict or _trace, and files beside NAME.c and NAME.h have a hyphen.
 */
#ifndef HARNESS_INTERFACE_H
#define HARNESS_INTERFACE_H

#include <stdint.h>

/* ports */

struct port {
    void *data;
    unsigned long bytes;
};

/* Inputs and outputs in the order of NAME_predict's parameters; where there are none, one empty entry. */
extern const struct port harness_inputs[];
extern const int harness_input_count;
extern const struct port harness_outputs[];
extern const int harness_output_count;

/* One call of NAME_predict, between platform_before() and platform_after() at the same depth of the stack. */
void harness_call(void);

/* harness.c */

/* Runs all steps: inputs.bin holds their number (int32), then for each the inputs. */
void harness_run(void);

/* Appends a record to trace.bin: operator, output and bytes (three int32), then the data. */
void harness_record(int operator_number, int output_number, const void *data, long bytes);

/* In place of an operator number: a step begins. */
#define HARNESS_STEP (-1)

/* An output that predict leaves unwritten shows as this byte instead of as the step before. */
#define HARNESS_UNWRITTEN 0xA5

/* The platform. Its reads and writes are complete, or end the program. */

void platform_read(void *data, unsigned long bytes);
void platform_write(const void *data, unsigned long bytes);
void platform_append(const void *data, unsigned long bytes);
void platform_before(void);
void platform_after(void);

#endif
