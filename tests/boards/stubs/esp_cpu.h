/* What the ESP-IDF example uses, as ESP-IDF declares it. */
#include <stdint.h>

uint32_t esp_cpu_get_cycle_count(void);
void app_main(void);
