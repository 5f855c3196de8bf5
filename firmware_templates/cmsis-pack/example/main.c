/* main.c: @MARK@.
   Built with SELF_TEST=1 it compares with known results. stdio goes where the project sends it.
   SPDX-License-Identifier: 0BSD

   @EXAMPLE_ABOUT@
*/
#include <stdio.h>

#include "@NAME@.h"
#include "@NAME@_selftest.h"

#ifndef SELF_TEST
#define SELF_TEST 0
#endif

#if SELF_TEST
/* Cortex-M3 and up count cycles in DWT; elsewhere give a clock of your own. */
#if defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__)
static uint32_t clock_now(void)
{
    *(volatile uint32_t *)0xE000EDFCu |= 1u << 24; /* DEMCR: trace on */
    *(volatile uint32_t *)0xE0001000u |= 1u;       /* DWT_CTRL: count cycles */
    return *(volatile uint32_t *)0xE0001004u;      /* DWT_CYCCNT */
}
#define CLOCK clock_now
#else
#define CLOCK NULL
#endif

static void self_test(void)
{
    @NAME@_selftest_result result;

    @NAME@_selftest(CLOCK, &result);
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

int main(void)
{
#if SELF_TEST
    self_test();
#endif
    @EXAMPLE_READ@
    @EXAMPLE_PREDICT@
    @EXAMPLE_PRINT@
    printf("\n");
    return 0;
}
