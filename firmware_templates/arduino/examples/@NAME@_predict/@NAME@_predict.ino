/* @NAME@_predict: @MARK@.
   Reads numbers, calls @EXAMPLE_FUNCTION@ and prints what it gives. SPDX-License-Identifier: 0BSD

   @EXAMPLE_ABOUT@

   Inputs are whole numbers from the serial line, @EXAMPLE_NUMBERS@ for each prediction, or readings of a pin.
*/
#include <@NAME@.h>
#include <@NAME@_selftest.h>

/* 1: compare with known results at start-up; print PASS or the first difference, and the time of an inference. */
#ifndef SELF_TEST
#define SELF_TEST 0
#endif

/* Take the numbers from this analog pin, one each PERIOD_MS. */
/* #define FROM_ANALOG_PIN A0 */
#define PERIOD_MS 20

/* Boards with several serial lines have Serial1, too. */
#ifndef LINE
#define LINE Serial
#endif

@EXAMPLE_BUFFERS@

static int32_t next_value()
{
#ifdef FROM_ANALOG_PIN
    delay(PERIOD_MS);
    const int16_t reading = (int16_t)analogRead(FROM_ANALOG_PIN);
    return @ANALOG@;
#else
    int32_t value = 0;
    int before = 0;
    int character = LINE.read();
    while (character < '0' || character > '9') {
        if (character >= 0) {
            before = character;
        }
        character = LINE.read();
    }
    while (character < 0 || (character >= '0' && character <= '9')) {
        if (character >= 0) {
            value = value * 10 + (character - '0');
        }
        character = LINE.read();
    }
    return before == '-' ? -value : value;
#endif
}

static void print_value(int32_t value)
{
    LINE.print((long)value);
    LINE.print(' ');
}

#if SELF_TEST
#include <@NAME@_clock.h>

static void self_test()
{
    @NAME@_selftest_result result;
    clock_begin();
    @NAME@_selftest(clock_now, &result);
    clock_end();
    if (result.samples == 0) {
        LINE.println(F("no known results: convert where the reference is installed"));
    } else if (result.passed) {
        LINE.print(F("PASS "));
        LINE.print(result.samples);
        LINE.print(F(" samples, at most "));
        LINE.print(result.ticks);
        LINE.println(F(" " CLOCK_UNIT));
    } else {
        LINE.print(F("FAIL sample "));
        LINE.print(result.sample);
        LINE.print(F(" output "));
        LINE.print(result.output);
        LINE.print(F(" element "));
        LINE.print((long)result.element);
        LINE.print(F(": "));
        LINE.print((long)result.got);
        LINE.print(F(" is to be "));
        LINE.println((long)result.known);
    }
}
#endif

void setup()
{
    LINE.begin(115200);
#if SELF_TEST
    while (!LINE) { /* boards with USB of their own: until the serial monitor is open */
    }
    self_test();
#endif
    LINE.println(F("@NAME@: @EXAMPLE_NUMBERS@ numbers, please"));
}

void loop()
{
    @EXAMPLE_READ@
    @EXAMPLE_PREDICT@
    @EXAMPLE_PRINT@
    LINE.println();
}
