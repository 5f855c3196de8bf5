/* The platform of harness-interface.h on this machine. trace.bin is written if it exists.
 * With MEASURED, and measure-x86_64.S, it writes report.bin as semihost.c does.
 * Exit status 2: a file could not be read or written.
 */
#include <stdio.h>
#include <stdlib.h>

#include "harness-interface.h"
#include "semihost.h"

static FILE *inputs, *outputs, *trace;

static void require(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(2);
    }
}

static FILE *open_file(const char *name, const char *mode)
{
    FILE *const file = fopen(name, mode);

    require(file != NULL, name);
    return file;
}

void platform_read(void *data, unsigned long bytes)
{
    require(fread(data, 1, bytes, inputs) == bytes, "error: reading inputs.bin");
}

void platform_write(const void *data, unsigned long bytes)
{
    require(fwrite(data, 1, bytes, outputs) == bytes, "error: writing outputs.bin");
}

void platform_append(const void *data, unsigned long bytes)
{
    if (trace)
        require(fwrite(data, 1, bytes, trace) == bytes, "error: writing trace.bin");
}

#if defined(MEASURED)
uint32_t measure_stack_peak, measure_stack_span;

static void begin_report(void)
{
    platform_before();
    measure_known_loop(KNOWN_LOOPS);
    platform_after();
    measure_stack_peak = 0;
}

static void write_report(void)
{
    const uint32_t report[6] = {measure_stack_peak, measure_stack_span};
    FILE *const file = open_file("report.bin", "wb");

    require(fwrite(report, sizeof report, 1, file) == 1 && fclose(file) == 0, "error: writing report.bin");
}
#else
void platform_before(void) {}
void platform_after(void) {}
static void begin_report(void) {}
static void write_report(void) {}
#endif

int main(void)
{
    begin_report();
    inputs = open_file("inputs.bin", "rb");
    outputs = open_file("outputs.bin", "wb");
    trace = fopen("trace.bin", "r+b");
    harness_run();
    require(fclose(outputs) == 0, "error: closing outputs.bin");
    require(!trace || fclose(trace) == 0, "error: closing trace.bin");
    write_report();
    return 0;
}
