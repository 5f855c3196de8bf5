/* Reset, vector table and faults of a Cortex-M of any architecture from ARMv6-M on. */
#include <stdint.h>

#include "semihost.h"

#define CCR (*(volatile uint32_t *)0xE000ED14)   /* configuration and control; read-only on ARMv6-M */
#define CFSR (*(volatile uint32_t *)0xE000ED28)  /* configurable fault status; zero on ARMv6-M */
#define CPACR (*(volatile uint32_t *)0xE000ED88) /* coprocessor access */

#define CCR_UNALIGN_TRP (UINT32_C(1) << 3)
#define CPACR_FPU (UINT32_C(0xF) << 20) /* coprocessors 10 and 11: full access, for the FPU and for MVE */

/* from the linker script */
extern uint32_t data_start[], data_end[], bss_start[], bss_end[], stack_top[];
extern const uint32_t data_load[];

void reset(void);
void fault(void);
void fault_report(const uint32_t *frame, uint32_t exception);

void reset(void)
{
    const uint32_t *from = data_load;
    volatile uint32_t *to; /* volatile: no memcpy or memset of the C library, which would come into every image */

#if defined(__ARM_ARCH_6M__)
    CCR |= CCR_UNALIGN_TRP; /* code for an M0 that runs on an M3 model: unaligned accesses fault as they do there */
#endif
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    CPACR |= CPACR_FPU;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    for (to = data_start; to < data_end; to++)
        *to = *from++;
    for (to = bss_start; to < bss_end; to++)
        *to = 0;
    semihost_main();
}

/* All exceptions are faults here, since no interrupt is ever enabled. The core has pushed r0 to r3, r12, lr, pc, psr. */
__attribute__((naked)) void fault(void)
{
    __asm__ volatile("mov r0, sp\n\t"
                     "mrs r1, ipsr\n\t"
                     "ldr r2, =fault_report\n\t"
                     "bx r2\n\t"
                     ".ltorg");
}

__attribute__((used)) void fault_report(const uint32_t *frame, uint32_t exception)
{
    semihost_fault(exception, frame[6], frame[5], CFSR);
}

struct vectors {
    uint32_t *stack;
    void (*handlers[15])(void);
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    stack_top,
    {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault},
};
