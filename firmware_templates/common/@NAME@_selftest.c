/* @NAME@_selftest.c: @MARK@.
   @SELFTEST_ABOUT@ SPDX-License-Identifier: 0BSD
*/
#include "@NAME@_selftest.h"

#include "@NAME@.h"

#define SAMPLES @SELFTEST_SAMPLES@

#if SAMPLES > 0
/* AVR has a separate address space for flash. */
#if defined(__FLASH)
#define IN_FLASH __flash
#else
#define IN_FLASH
#endif

@SELFTEST_TABLES@

@MODEL_BUFFERS@

static void differs(@NAME@_selftest_result *result, int sample, int number, int32_t element, int32_t got, int32_t known)
{
    result->passed = 0;
    result->sample = sample;
    result->output = number;
    result->element = element;
    result->got = got;
    result->known = known;
}

static void compare(int sample, @NAME@_selftest_result *result)
{
    @SELFTEST_COMPARE@
}
#endif

void @NAME@_selftest(uint32_t (*clock)(void), @NAME@_selftest_result *result)
{
    result->samples = SAMPLES;
    result->passed = 1;
    result->ticks = 0;
    result->output = result->sample = 0;
    result->element = result->got = result->known = 0;
#if SAMPLES > 0
    for (int sample = 0; sample < SAMPLES && result->passed; sample++) {
        uint32_t start, ticks;
        @SELFTEST_LOAD@
        start = clock ? clock() : 0;
        @MODEL_PREDICT@
        ticks = clock ? clock() - start : 0;
        result->ticks = ticks > result->ticks ? ticks : result->ticks;
        compare(sample, result);
    }
#else
    (void)clock;
#endif
}
