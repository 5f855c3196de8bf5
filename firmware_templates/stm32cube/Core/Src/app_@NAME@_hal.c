/* app_@NAME@_hal.c: @MARK@.
   What app_@NAME@.c needs of a board, on ST's HAL. SPDX-License-Identifier: 0BSD

   In CubeMX: USART2 asynchronous, 115200 baud; for the LED TIM2, channel 1: PWM generation, counter period 255.
   Others are named here.
*/
#include "app_@NAME@.h"
#include "main.h"

#define USART huart2
#define TIMER htim2
#define CHANNEL TIM_CHANNEL_1

extern UART_HandleTypeDef USART;
#if APP_@UPPER@_FADES && defined(HAL_TIM_MODULE_ENABLED)
extern TIM_HandleTypeDef TIMER;
#endif

void app_@NAME@_begin(void)
{
#if defined(DWT_CTRL_CYCCNTENA_Msk)
    CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
    DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
#endif
#if APP_@UPPER@_FADES && defined(HAL_TIM_MODULE_ENABLED)
    HAL_TIM_PWM_Start(&TIMER, CHANNEL);
#endif
}

int app_@NAME@_read(void)
{
    uint8_t byte;

    while (HAL_UART_Receive(&USART, &byte, 1, HAL_MAX_DELAY) != HAL_OK) {
    }
    return byte;
}

void app_@NAME@_write(uint8_t byte)
{
    HAL_UART_Transmit(&USART, &byte, 1, HAL_MAX_DELAY);
}

uint32_t app_@NAME@_clock(void)
{
#if defined(DWT_CTRL_CYCCNTENA_Msk)
    return DWT->CYCCNT;
#else
    /* Cortex-M0: milliseconds of the HAL's SysTick, and what it has counted down since. */
    uint32_t milliseconds, left;

    do {
        milliseconds = HAL_GetTick();
        left = SysTick->VAL;
    } while (milliseconds != HAL_GetTick());
    return milliseconds * (SysTick->LOAD + 1u) + (left == 0u ? 0u : SysTick->LOAD + 1u - left);
#endif
}

void app_@NAME@_wait(uint32_t milliseconds)
{
    HAL_Delay(milliseconds);
}

void app_@NAME@_duty(uint8_t duty)
{
#if APP_@UPPER@_FADES && defined(HAL_TIM_MODULE_ENABLED)
    __HAL_TIM_SET_COMPARE(&TIMER, CHANNEL, duty);
#else
    (void)duty;
#endif
}
