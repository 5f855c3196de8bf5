#pragma once
#include <stdint.h>

/* Constants stay in flash. AVR has a separate address space for it, which -std=gnu99 knows; with -std=c99 they take
   RAM as well. Elsewhere plain const is enough. */
#if defined(__FLASH) && !defined(__STRICT_ANSI__)
#define IN_FLASH __flash
#else
#define IN_FLASH
#endif
