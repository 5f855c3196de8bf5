/* The platform of harness-interface.h on this machine. trace.bin is written if it exists.
 * Exit status 2: a file could not be read or written.
 */
#include <stdio.h>
#include <stdlib.h>

#include "harness-interface.h"

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

void platform_before(void) {}
void platform_after(void) {}

int main(void)
{
    inputs = open_file("inputs.bin", "rb");
    outputs = open_file("outputs.bin", "wb");
    trace = fopen("trace.bin", "r+b");
    harness_run();
    require(fclose(outputs) == 0, "error: closing outputs.bin");
    require(!trace || fclose(trace) == 0, "error: closing trace.bin");
    return 0;
}
