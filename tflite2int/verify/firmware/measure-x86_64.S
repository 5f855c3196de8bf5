/* measure.S for this machine: the same functions, as x86-64 has them. What is found below the stack pointer counts from
 * where it stood before the call, return address included.
 */
#define PATTERN 0xC5A5A5C5
#define SPAN 65536

    .section .text.platform_before, "ax", @progbits
    .global platform_before
    .type platform_before, @function
platform_before:
    movl $SPAN, measure_stack_span
    leaq -SPAN(%rsp), %rax
1:
    movl $PATTERN, (%rax)
    addq $4, %rax
    cmpq %rsp, %rax
    jb 1b
    ret
    .size platform_before, . - platform_before

    .section .text.platform_after, "ax", @progbits
    .global platform_after
    .type platform_after, @function
platform_after:
    leaq -SPAN(%rsp), %rax
1:
    cmpq %rsp, %rax
    jae 2f
    movl (%rax), %edx
    addq $4, %rax
    cmpl $PATTERN, %edx
    je 1b
    subq $4, %rax                       /* the first word that is not the pattern */
2:
    leaq 8(%rsp), %rdx
    subq %rax, %rdx
    cmpl %edx, measure_stack_peak
    jae 3f
    movl %edx, measure_stack_peak
3:
    ret
    .size platform_after, . - platform_after

    .section .text.measure_known_loop, "ax", @progbits
    .global measure_known_loop
    .type measure_known_loop, @function
measure_known_loop:
1:
    nop
    nop
    subl $1, %edi
    jne 1b
    ret
    .size measure_known_loop, . - measure_known_loop

    .section .note.GNU-stack, "", @progbits
