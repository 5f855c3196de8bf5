/* The steps: the same on the host and on an emulated core. */
#include "harness-interface.h"

void harness_record(int operator_number, int output_number, const void *data, long bytes)
{
    int32_t head[3];

    head[0] = operator_number;
    head[1] = output_number;
    head[2] = (int32_t)bytes;
    platform_append(head, sizeof head);
    platform_append(data, (unsigned long)bytes);
}

void harness_run(void)
{
    int32_t steps;
    int i;

    platform_read(&steps, sizeof steps);
    for (; steps > 0; steps--) {
        for (i = 0; i < harness_input_count; i++)
            platform_read(harness_inputs[i].data, harness_inputs[i].bytes);
        for (i = 0; i < harness_output_count; i++) {
            /* volatile: no memset of the C library comes in and hides one that the model needs */
            volatile uint8_t *const data = harness_outputs[i].data;
            unsigned long k;
            for (k = 0; k < harness_outputs[i].bytes; k++)
                data[k] = HARNESS_UNWRITTEN;
        }
        harness_record(HARNESS_STEP, 0, "", 0);
        harness_call();
        for (i = 0; i < harness_output_count; i++)
            platform_write(harness_outputs[i].data, harness_outputs[i].bytes);
    }
}
