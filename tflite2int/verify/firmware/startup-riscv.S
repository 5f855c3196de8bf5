/* Reset and faults of a 32-bit RISC-V core, and what measure.S has for Arm: the peak stack by painting, and the known loop. */
#define PATTERN 0xC5A5A5C5
#define SPAN 65536

    .option norelax /* until gp is set */
    .option arch, +zicsr

    .section .vectors, "ax", @progbits
    .global reset
    .type reset, @function
reset:
    la gp, __global_pointer$
    la sp, stack_top
    la t0, fault
    csrw mtvec, t0
    la t0, data_start
    la t1, data_end
    la t2, data_load
    j 2f
1:
    lw t3, 0(t2)
    sw t3, 0(t0)
    addi t0, t0, 4
    addi t2, t2, 4
2:
    bltu t0, t1, 1b
    la t0, bss_start
    la t1, bss_end
    j 4f
3:
    sw zero, 0(t0)
    addi t0, t0, 4
4:
    bltu t0, t1, 3b
    j semihost_main
    .size reset, . - reset

    .balign 4 /* as mtvec wants it */
    .type fault, @function
fault:
    csrr a0, mcause
    csrr a1, mepc
    mv a2, ra
    csrr a3, mtval
    la sp, stack_top /* whatever it was */
    j semihost_fault
    .size fault, . - fault

    /* t0 = the lowest address to paint: SPAN below the stack pointer, but not in the data. */
    .macro stack_limit
    li t0, SPAN
    sub t0, sp, t0
    la t1, bss_end
    bgeu t0, t1, 9f
    mv t0, t1
9:
    .endm

    .section .text.platform_before, "ax", @progbits
    .global platform_before
    .type platform_before, @function
platform_before:
    stack_limit
    sub t1, sp, t0
    la t2, measure_stack_span
    sw t1, 0(t2)
    li t1, PATTERN
1:
    sw t1, 0(t0)
    addi t0, t0, 4
    bltu t0, sp, 1b
    ret
    .size platform_before, . - platform_before

    .section .text.platform_after, "ax", @progbits
    .global platform_after
    .type platform_after, @function
platform_after:
    stack_limit
    li t1, PATTERN
1:
    bgeu t0, sp, 2f
    lw t2, 0(t0)
    bne t2, t1, 2f              /* the first word that is not the pattern */
    addi t0, t0, 4
    j 1b
2:
    sub t0, sp, t0              /* bytes in use below the stack pointer */
    la t2, measure_stack_peak
    lw t1, 0(t2)
    bgeu t1, t0, 3f
    sw t0, 0(t2)
3:
    ret
    .size platform_after, . - platform_after

    .section .text.measure_known_loop, "ax", @progbits
    .global measure_known_loop
    .type measure_known_loop, @function
measure_known_loop:
    nop
    nop
    addi a0, a0, -1
    bnez a0, measure_known_loop
    ret
    .size measure_known_loop, . - measure_known_loop
