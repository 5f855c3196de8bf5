#pragma once

/* Cores without a 32 x 32 -> 64 multiply; there the products of halves are put together instead. avr-gcc takes its
   short multiplications for them only where it does not see that they are parts of something longer: HIDE. */
#if defined(__AVR__)
#define NO_LONG_MULTIPLY
#define HIDE(half) __asm__("" : "+r"(half))
#elif defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
#define NO_LONG_MULTIPLY
#endif
#if !defined(HIDE)
#define HIDE(half) (void)0
#endif
