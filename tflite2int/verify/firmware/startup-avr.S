/* Reset of an AVR, and the platform of harness-interface.h: functions at whose first instruction the simulator's side
 * (simavr.c) does what they are for. No interrupt is ever enabled.
 */
#include <avr/io.h>

    .section .vectors, "ax", @progbits
    jmp reset

    .section .text.reset, "ax", @progbits
    .global reset
    .type reset, @function
reset:
    clr r1                      /* the compiler's zero */
    out _SFR_IO_ADDR(SREG), r1
    ldi r28, lo8(stack_top)
    ldi r29, hi8(stack_top)
    out _SFR_IO_ADDR(SPH), r29
    out _SFR_IO_ADDR(SPL), r28

    ldi r26, lo8(data_start)
    ldi r27, hi8(data_start)
    ldi r30, lo8(data_load)
    ldi r31, hi8(data_load)
#if defined(__AVR_HAVE_ELPM__)
    ldi r16, hh8(data_load)
    out _SFR_IO_ADDR(RAMPZ), r16
#endif
    ldi r17, hi8(data_end)
    rjmp 2f
1:
#if defined(__AVR_HAVE_ELPM__)
    elpm r0, Z+
#else
    lpm r0, Z+
#endif
    st X+, r0
2:
    cpi r26, lo8(data_end)
    cpc r27, r17
    brne 1b
#if defined(__AVR_HAVE_ELPM__)
    out _SFR_IO_ADDR(RAMPZ), r1
#endif

    ldi r26, lo8(bss_start)
    ldi r27, hi8(bss_start)
    ldi r17, hi8(bss_end)
    rjmp 4f
3:
    st X+, r1
4:
    cpi r26, lo8(bss_end)
    cpc r27, r17
    brne 3b

    call platform_before
    ldi r24, lo8(1000)          /* KNOWN_LOOPS */
    ldi r25, hi8(1000)
    call measure_known_loop
    call platform_after
    call harness_run
    call platform_end
    .size reset, . - reset

    .macro platform name
    .global \name
    .type \name, @function
\name:
    ret
    .size \name, . - \name
    .endm

    platform platform_read
    platform platform_write
    platform platform_append
    platform platform_before
    platform platform_after
    platform platform_end

    /* 4 * n + 1 instructions: n times 2 + 1 + 1 + 2 cycles, the last branch 1 less, and the return. */
    .global measure_known_loop
    .type measure_known_loop, @function
measure_known_loop:
    sbiw r24, 1
    nop
    nop
    brne measure_known_loop
    ret
    .size measure_known_loop, . - measure_known_loop
