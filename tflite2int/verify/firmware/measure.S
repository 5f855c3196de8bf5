/* Peak stack by painting: what lies below the stack pointer is filled with a pattern before the call under test, and
 * searched for the deepest change after it. Both functions use no stack of their own and are called at the same depth,
 * so that what is found is exactly the called function's. In ARMv6-M instructions, for every core.
 */
    .syntax unified
    .thumb

#define PATTERN 0xC5A5A5C5
#define SPAN 65536 /* painting all of a large RAM for every step would take longer than the step */

    /* r1 = the lowest address to paint: SPAN below the stack pointer, but not in the data. r0 = the stack pointer. */
    .macro stack_limit
    mov r0, sp
    ldr r1, =SPAN
    subs r1, r0, r1
    ldr r2, =bss_end
    cmp r1, r2
    bhs 1f
    mov r1, r2
1:
    .endm

    .section .text.platform_before, "ax", %progbits
    .global platform_before
    .type platform_before, %function
    .thumb_func
platform_before:
    stack_limit
    subs r2, r0, r1
    ldr r3, =measure_stack_span
    str r2, [r3]
    ldr r2, =PATTERN
2:
    stmia r1!, {r2}
    cmp r1, r0
    blo 2b
    bx lr
    .ltorg
    .size platform_before, . - platform_before

    .section .text.platform_after, "ax", %progbits
    .global platform_after
    .type platform_after, %function
    .thumb_func
platform_after:
    stack_limit
    ldr r2, =PATTERN
2:
    cmp r1, r0
    bhs 3f
    ldmia r1!, {r3}
    cmp r3, r2
    beq 2b
    subs r1, #4                         /* the first word that is not the pattern */
3:
    subs r0, r0, r1                     /* bytes in use below the stack pointer */
    ldr r2, =measure_stack_peak
    ldr r3, [r2]
    cmp r3, r0
    bhs 4f
    str r0, [r2]
4:
    bx lr
    .ltorg
    .size platform_after, . - platform_after

    .section .text.measure_known_loop, "ax", %progbits
    .global measure_known_loop
    .type measure_known_loop, %function
    .thumb_func
measure_known_loop:
1:
    nop
    nop
    subs r0, #1
    bne 1b
    bx lr
    .size measure_known_loop, . - measure_known_loop
