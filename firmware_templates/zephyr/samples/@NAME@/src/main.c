/* main.c: @MARK@.
   With CONFIG_@UPPER@_SELF_TEST=y it compares with known results.
   SPDX-License-Identifier: 0BSD

   @EXAMPLE_ABOUT@
*/
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "@NAME@.h"
#include "@NAME@_selftest.h"

#if defined(CONFIG_@UPPER@_SELF_TEST)
static uint32_t clock_now(void)
{
    return k_cycle_get_32();
}

static void self_test(void)
{
    @NAME@_selftest_result result;

    @NAME@_selftest(clock_now, &result);
    if (result.samples == 0) {
        printk("no known results: convert where the reference is installed\n");
    } else if (result.passed) {
        printk("PASS %d samples, at most %lu cycles\n", result.samples, (unsigned long)result.ticks);
    } else {
        printk("FAIL sample %d output %d element %ld: %ld is to be %ld\n", result.sample, result.output,
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
    printk("%ld ", (long)value);
}

int main(void)
{
#if defined(CONFIG_@UPPER@_SELF_TEST)
    self_test();
#endif
    for (;;) {
        @EXAMPLE_READ@
        @EXAMPLE_PREDICT@
        @EXAMPLE_PRINT@
        printk("\n");
        k_msleep(1000);
    }
    return 0;
}
