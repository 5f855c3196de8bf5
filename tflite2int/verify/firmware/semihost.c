#include "semihost.h"

#include "harness-interface.h"

/* Operations, from Arm's "Semihosting for AArch32 and AArch64". */
#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_READ 0x06
#define SYS_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT 0x20026
#define OPEN_READ 1   /* "rb" */
#define OPEN_UPDATE 3 /* "r+b": only if it exists */
#define OPEN_WRITE 5  /* "wb" */

uint32_t measure_stack_peak, measure_stack_span;
static int32_t inputs, outputs, trace;

/* static: an initializer on the stack would bring the C library's memset into every image */
static struct {
    uint32_t stack_peak, stack_span;    /* bytes */
    uint32_t exception, pc, lr, status; /* zero unless there was a fault */
} report;

static int32_t semihost(int32_t operation, const void *block)
{
#if defined(__riscv)
    register int32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = block;

    __asm__ volatile(".balign 16\n\t" /* the three must not lie on two pages */
                     ".option push\n\t"
                     ".option norvc\n\t"
                     "slli zero, zero, 0x1f\n\t"
                     "ebreak\n\t"
                     "srai zero, zero, 7\n\t"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
#else
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;

    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
#endif
}

__attribute__((noreturn)) static void leave(uint32_t status)
{
    const uint32_t block[2] = {APPLICATION_EXIT, status};

    for (;;)
        semihost(SYS_EXIT_EXTENDED, block);
}

/* Returns a handle, or -1. The name's length is without its end. */
static int32_t open_file(const char *name, uint32_t length, uint32_t mode)
{
    const struct {
        const char *name;
        uint32_t mode, length;
    } block = {name, mode, length};

    return semihost(SYS_OPEN, &block);
}

#define OPEN(name, mode) open_file(name, sizeof(name) - 1, mode)

/* SYS_READ and SYS_WRITE answer the number of bytes that are left to do. */
static void transfer(int32_t operation, int32_t file, const void *data, unsigned long bytes)
{
    const struct {
        int32_t file;
        const void *data;
        uint32_t bytes;
    } block = {file, data, (uint32_t)bytes};

    if (bytes != 0 && semihost(operation, &block) != 0)
        leave(EXIT_FILES);
}

void platform_read(void *data, unsigned long bytes)
{
    transfer(SYS_READ, inputs, data, bytes);
}

void platform_write(const void *data, unsigned long bytes)
{
    transfer(SYS_WRITE, outputs, data, bytes);
}

void platform_append(const void *data, unsigned long bytes)
{
    if (trace >= 0)
        transfer(SYS_WRITE, trace, data, bytes);
}

__attribute__((noreturn)) static void finish(uint32_t status)
{
    report.stack_peak = measure_stack_peak;
    report.stack_span = measure_stack_span;
    transfer(SYS_WRITE, OPEN("report.bin", OPEN_WRITE), &report, sizeof report);
    leave(status);
}

void semihost_fault(uint32_t exception, uint32_t pc, uint32_t lr, uint32_t status)
{
    report.exception = exception;
    report.pc = pc;
    report.lr = lr;
    report.status = status;
    finish(EXIT_FAULT);
}

void semihost_main(void)
{
    inputs = OPEN("inputs.bin", OPEN_READ);
    outputs = OPEN("outputs.bin", OPEN_WRITE);
    trace = OPEN("trace.bin", OPEN_UPDATE);
    platform_before();
    measure_known_loop(KNOWN_LOOPS);
    platform_after();
    measure_stack_peak = 0;
    harness_run();
    finish(0);
}
