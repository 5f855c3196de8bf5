#pragma once
#include <stdint.h>

/* Constants stay in flash. AVR has a separate address space for it; elsewhere plain const is enough. */
#if defined(__FLASH)
#define IN_FLASH __flash
#else
#define IN_FLASH
#endif
