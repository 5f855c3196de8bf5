/* startup.c: @MARK@.
   Vector table and reset of any Cortex-M. SPDX-License-Identifier: 0BSD
*/
#include <stdint.h>

extern uint32_t data_start[], data_end[], bss_start[], bss_end[], stack_top[]; /* from stm32.ld */
extern const uint32_t data_load[];

int main(void);
void Reset_Handler(void);
void SysTick_Handler(void);
static void stop(void);

void Reset_Handler(void)
{
    const uint32_t *from = data_load;
    uint32_t *to;

    for (to = data_start; to < data_end; to++) {
        *to = *from++;
    }
    for (to = bss_start; to < bss_end; to++) {
        *to = 0;
    }
    (void)main();
    stop();
}

/* A fault, or an interrupt that nobody asked for. */
static void stop(void)
{
    for (;;) {
    }
}

struct vectors {
    uint32_t *stack;
    void (*handlers[15])(void);
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    stack_top,
    {Reset_Handler, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, stop, SysTick_Handler},
};
