/* main.c: @MARK@.
   Reads numbers from standard input, calls @EXAMPLE_FUNCTION@ and prints what it gives. SPDX-License-Identifier: 0BSD

   @EXAMPLE_ABOUT@

   --self-test compares with known results and prints PASS or the first difference.
   --evaluate answers `tflite2int evaluate` on standard input and output; with socat a pseudo-terminal can be put between.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "@NAME@.h"
#include "@NAME@_evaluate.h"
#include "@NAME@_selftest.h"

@EXAMPLE_BUFFERS@

static int32_t next_value(void)
{
    long value;
    const int found = scanf("%ld", &value);

    if (found != 1) {
        if (found == 0) {
            fprintf(stderr, "this is no whole number\n");
        }
        exit(found == 0);
    }
    return (int32_t)value;
}

static void print_value(int32_t value)
{
    printf("%ld ", (long)value);
}

static uint32_t now(void)
{
    return (uint32_t)((double)clock() * (1e6 / CLOCKS_PER_SEC));
}

static int self_test(void)
{
    @NAME@_selftest_result result;

    @NAME@_selftest(now, &result);
    if (result.samples == 0) {
        printf("no known results: convert where the reference is installed\n");
    } else if (result.passed) {
        printf("PASS %d samples, at most %lu us\n", result.samples, (unsigned long)result.ticks);
    } else {
        printf("FAIL sample %d output %d element %ld: %ld is to be %ld\n", result.sample, result.output,
               (long)result.element, (long)result.got, (long)result.known);
    }
    return result.passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int read_byte(void)
{
    return getchar();
}

static void write_byte(uint8_t byte)
{
    putchar(byte);
    fflush(stdout);
}

static int serve(void)
{
    const @NAME@_evaluate_link link = {read_byte, write_byte, now, "us"};

    while (@NAME@_evaluate(&link)) {
    }
    return EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--self-test") == 0) {
        return self_test();
    }
    if (count == 2 && strcmp(arguments[1], "--evaluate") == 0) {
        return serve();
    }
    for (;;) {
        @EXAMPLE_READ@
        @EXAMPLE_PREDICT@
        @EXAMPLE_PRINT@
        printf("\n");
        fflush(stdout);
    }
}
