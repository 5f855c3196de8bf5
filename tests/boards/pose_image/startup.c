/* Reset and vector table of a Cortex-M0, and a console by semihosting. */
#include <stdint.h>

#include "platform.h"

#define SYS_WRITEC 0x03
#define SYS_EXIT 0x18
#define STOPPED_APPLICATION_EXIT 0x20026
#define STOPPED_RUN_TIME_ERROR 0x20023
#define UNTOUCHED 0xA5u

extern uint32_t data_start[], data_end[], bss_start[], bss_end[], stack_top[];
extern const uint32_t data_load[];

int main(void);
void reset(void);

static void semihost(uint32_t operation, uintptr_t argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void platform_put(char c)
{
    semihost(SYS_WRITEC, (uintptr_t)&c);
}

static void fault(void)
{
    semihost(SYS_EXIT, STOPPED_RUN_TIME_ERROR);
}

void reset(void)
{
    const uint32_t *from = data_load;
    volatile uint8_t *byte = (volatile uint8_t *)bss_end;

    for (volatile uint32_t *to = data_start; to < data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = bss_start; to < bss_end; to++) {
        *to = 0;
    }
    *byte = UNTOUCHED; /* the last byte that the stack may reach */
    main();
    semihost(SYS_EXIT, *byte == UNTOUCHED ? STOPPED_APPLICATION_EXIT : STOPPED_RUN_TIME_ERROR);
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault, fault,
    fault, fault, fault, fault, fault, fault, fault, fault,
};
