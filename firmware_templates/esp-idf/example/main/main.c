/* main.c: @MARK@.
   Built with SELF_TEST=1 it compares with known results.
   SPDX-License-Identifier: 0BSD

   @EXAMPLE_ABOUT@
*/
#include <stdio.h>

#include "esp_cpu.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "@NAME@.h"
#include "@NAME@_selftest.h"

#ifndef SELF_TEST
#define SELF_TEST 0
#endif

#if SELF_TEST
static uint32_t clock_now(void)
{
    return (uint32_t)esp_cpu_get_cycle_count();
}

static void self_test(void)
{
    @NAME@_selftest_result result;

    @NAME@_selftest(clock_now, &result);
    if (result.samples == 0) {
        printf("no known results: convert where the reference is installed\n");
    } else if (result.passed) {
        printf("PASS %d samples, at most %lu cycles\n", result.samples, (unsigned long)result.ticks);
    } else {
        printf("FAIL sample %d output %d element %ld: %ld is to be %ld\n", result.sample, result.output,
               (long)result.element, (long)result.got, (long)result.known);
    }
}
#endif

@EXAMPLE_BUFFERS@

/* Put your readings here. */
static int32_t next_value(void)
{
    return 0;
}

static void print_value(int32_t value)
{
    printf("%ld ", (long)value);
}

void app_main(void)
{
#if SELF_TEST
    self_test();
#endif
    for (;;) {
        @EXAMPLE_READ@
        @EXAMPLE_PREDICT@
        @EXAMPLE_PRINT@
        printf("\n");
        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
