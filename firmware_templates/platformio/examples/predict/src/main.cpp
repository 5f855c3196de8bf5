/* main.cpp: @MARK@.
   Calls @EXAMPLE_FUNCTION@ with readings of a pin and prints what it gives. SPDX-License-Identifier: 0BSD

   @EXAMPLE_ABOUT@
*/
#include <Arduino.h>

#include <@NAME@.h>
#include <@NAME@_selftest.h>

#ifndef SELF_TEST
#define SELF_TEST 0
#endif

@EXAMPLE_BUFFERS@

static int32_t next_value()
{
    delay(20);
    const int16_t reading = (int16_t)analogRead(A0);
    return @ANALOG@;
}

static void print_value(int32_t value)
{
    Serial.print((long)value);
    Serial.print(' ');
}

#if SELF_TEST
static uint32_t clock_now()
{
    return (uint32_t)micros();
}

static void self_test()
{
    @NAME@_selftest_result result;

    @NAME@_selftest(clock_now, &result);
    if (result.samples == 0) {
        Serial.println(F("no known results: convert where the reference is installed"));
    } else if (result.passed) {
        Serial.print(F("PASS "));
        Serial.print(result.samples);
        Serial.print(F(" samples, at most "));
        Serial.print(result.ticks);
        Serial.println(F(" us"));
    } else {
        Serial.print(F("FAIL sample "));
        Serial.print(result.sample);
        Serial.print(F(" element "));
        Serial.print((long)result.element);
        Serial.print(F(": "));
        Serial.print((long)result.got);
        Serial.print(F(" is to be "));
        Serial.println((long)result.known);
    }
}
#endif

void setup()
{
    Serial.begin(115200);
#if SELF_TEST
    self_test();
#endif
}

void loop()
{
    @EXAMPLE_READ@
    @EXAMPLE_PREDICT@
    @EXAMPLE_PRINT@
    Serial.println();
}
