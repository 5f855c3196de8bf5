/* board.c: @MARK@.
   What app_@NAME@.c needs of a board, by registers: USART1 on PA9 and PA10, TIM2 channel 1 on PA0, SysTick as the
   clock; all at the core's clock after reset. SPDX-License-Identifier: 0BSD
*/
#include "app_@NAME@.h"
#include "registers.h"

#define BAUD 115200u
#define SYSTICK_MOST 0xFFFFFFu /* it has 24 bits */
#define SYSTICK_RUNS 7u        /* on the core's clock, with its interrupt */

int main(void);
void SysTick_Handler(void);

static volatile uint32_t systick_rounds;

void SysTick_Handler(void)
{
    systick_rounds++;
}

static void set_bit(volatile uint32_t *place, int bit)
{
    *place |= (uint32_t)1 << bit;
    (void)*place; /* what it switches on may be used two cycles later */
}

#define SWITCH_ON_AT(place, bit) set_bit(&(place), bit)
#define SWITCH_ON(enable) SWITCH_ON_AT(enable)

static void begin_pins(void)
{
#if defined(OLD_GPIO)
    GPIO_CRH = (GPIO_CRH & ~0x000000F0u) | 0x000000B0u; /* PA9: alternate function, push-pull */
    GPIO_CRL = (GPIO_CRL & ~0x0000000Fu) | 0x0000000Bu; /* PA0 the same */
#else
    GPIO_AFRH = (GPIO_AFRH & ~0x00000FF0u) | USART1_FUNCTION << 4 | USART1_FUNCTION << 8;
    GPIO_AFRL = (GPIO_AFRL & ~0x0000000Fu) | TIM2_FUNCTION;
    GPIO_MODER = (GPIO_MODER & ~(3u << 18 | 3u << 20 | 3u)) | 2u << 18 | 2u << 20 | 2u; /* PA9, PA10, PA0: alternate */
#endif
}

void app_@NAME@_begin(void)
{
    SWITCH_ON(GPIOA_ENABLE);
    SWITCH_ON(USART1_ENABLE);
    SWITCH_ON(TIM2_ENABLE);
    begin_pins();

    USART_BRR = (HERTZ + BAUD / 2u) / BAUD;
#if !defined(OLD_USART)
    USART_CR3 = USART_NO_OVERRUN;
#endif
    USART_CR1 = USART_ENABLE | USART_RECEIVE_AND_SEND;

    TIM2_PSC = HERTZ / 256u / 500u - 1u; /* 500 periods a second */
    TIM2_ARR = 255u;
    TIM2_CCMR1 = 6u << 4 | 1u << 3; /* channel 1: PWM mode 1, preloaded */
    TIM2_CCER = 1u;
    TIM2_EGR = 1u;
    TIM2_CR1 = 1u;

    SYSTICK_RVR = SYSTICK_MOST;
    SYSTICK_CVR = 0;
    SYSTICK_CSR = SYSTICK_RUNS;
}

int app_@NAME@_read(void)
{
    while ((USART_STATUS & USART_HAS_RECEIVED) == 0u) {
    }
    return (int)(USART_RECEIVED & 0xFFu);
}

void app_@NAME@_write(uint8_t byte)
{
    while ((USART_STATUS & USART_CAN_SEND) == 0u) {
    }
    USART_TO_SEND = byte;
}

uint32_t app_@NAME@_clock(void)
{
    uint32_t rounds, left;

    do {
        rounds = systick_rounds;
        left = SYSTICK_CVR;
    } while (rounds != systick_rounds);
    return rounds * (SYSTICK_MOST + 1u) + (left == 0u ? 0u : SYSTICK_MOST + 1u - left); /* a round ends at 0 */
}

void app_@NAME@_wait(uint32_t milliseconds)
{
    const uint32_t start = app_@NAME@_clock();

    while (app_@NAME@_clock() - start < milliseconds * (HERTZ / 1000u)) {
    }
}

void app_@NAME@_duty(uint8_t duty)
{
    TIM2_CCR1 = duty;
}

int main(void)
{
    for (;;) {
        app_@NAME@_step();
    }
}
