/* What the Zephyr sample uses, as Zephyr declares it. */
#include <stdint.h>

uint32_t k_cycle_get_32(void);
int32_t k_msleep(int32_t ms);
