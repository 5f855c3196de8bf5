#pragma once

/* An inner loop that is inlined does not get the registers that it takes: on a Cortex-M0 all eight that most
   instructions have. */
#if defined(__GNUC__)
#define ALONE __attribute__((noinline))
#else
#define ALONE
#endif
