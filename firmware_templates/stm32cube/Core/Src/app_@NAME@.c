/* app_@NAME@.c: @MARK@.
   An example around @EXAMPLE_FUNCTION@. SPDX-License-Identifier: 0BSD

   @EXAMPLE_ABOUT@
*/
#include "app_@NAME@.h"

#include "@NAME@.h"
#include "@NAME@_evaluate.h"
#include "@NAME@_selftest.h"

#if APP_@UPPER@_EVALUATE

static const @NAME@_evaluate_link serial_link = {app_@NAME@_read, app_@NAME@_write, app_@NAME@_clock, "cycles"};

void app_@NAME@_step(void)
{
    static int begun;

    if (!begun) {
        begun = 1;
        app_@NAME@_begin();
    }
    (void)@NAME@_evaluate(&serial_link);
}

#else

@EXAMPLE_BUFFERS@

static void print(const char *text)
{
    while (*text != '\0') {
        app_@NAME@_write((uint8_t)*text++);
    }
}

static void print_unsigned(uint32_t value)
{
    char digits[11];
    int first = 10;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0u);
    print(&digits[first]);
}

static void print_value(int32_t value)
{
    if (value < 0) {
        print("-");
    }
    print_unsigned(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
    print(" ");
}

#if APP_@UPPER@_SELF_TEST
static void self_test(void)
{
    @NAME@_selftest_result result;

    @NAME@_selftest(app_@NAME@_clock, &result);
    if (result.samples == 0) {
        print("no known results: convert where the reference is installed\r\n");
    } else if (result.passed) {
        print("PASS ");
        print_unsigned((uint32_t)result.samples);
        print(" samples, at most ");
        print_unsigned(result.ticks);
        print(" cycles\r\n");
    } else {
        print("FAIL sample ");
        print_value(result.sample);
        print("output ");
        print_value(result.output);
        print("element ");
        print_value(result.element);
        print("gives ");
        print_value(result.got);
        print("in place of ");
        print_value(result.known);
        print("\r\n");
    }
}
#endif

#if APP_@UPPER@_FADES
/* From the lowest input to the highest and again: for a sine of 0 to 2 pi the LED swells and fades. */
static int32_t next_value(void)
{
    static int32_t position = -129;

    position = position < 127 ? position + 1 : -128;
    app_@NAME@_wait(10);
    print_value(position);
    return position;
}
#else
/* The next whole number that comes over the USART. */
static int32_t next_value(void)
{
    int32_t value = 0;
    int before = 0, character = app_@NAME@_read();

    while (character < '0' || character > '9') {
        before = character;
        character = app_@NAME@_read();
    }
    while (character >= '0' && character <= '9') {
        value = value * 10 + (character - '0');
        character = app_@NAME@_read();
    }
    return before == '-' ? -value : value;
}
#endif

void app_@NAME@_step(void)
{
    static int begun;

    if (!begun) {
        begun = 1;
        app_@NAME@_begin();
#if APP_@UPPER@_SELF_TEST
        self_test();
#endif
        print("@NAME@ begins\r\n");
    }
    {
        @EXAMPLE_READ@
        @EXAMPLE_PREDICT@
#if APP_@UPPER@_FADES
        app_@NAME@_duty((uint8_t)(output[0] + 128));
#endif
        @EXAMPLE_PRINT@
    }
    print("\r\n");
}

#endif
