/* What app_NAME_hal.c uses of ST's HAL and of CMSIS, as they declare it. */
#ifndef MAIN_H
#define MAIN_H

#include <stdint.h>

#define HAL_MAX_DELAY 0xFFFFFFFFU
#define HAL_TIM_MODULE_ENABLED
#define TIM_CHANNEL_1 0x00000000U

typedef enum { HAL_OK = 0, HAL_ERROR = 1 } HAL_StatusTypeDef;
typedef struct {
  int unused;
} UART_HandleTypeDef;
typedef struct {
  volatile uint32_t CCR1;
} TIM_TypeDef;
typedef struct {
  TIM_TypeDef *Instance;
} TIM_HandleTypeDef;

HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *huart, const uint8_t *pData, uint16_t Size, uint32_t Timeout);
HAL_StatusTypeDef HAL_UART_Receive(UART_HandleTypeDef *huart, uint8_t *pData, uint16_t Size, uint32_t Timeout);
HAL_StatusTypeDef HAL_TIM_PWM_Start(TIM_HandleTypeDef *htim, uint32_t Channel);
uint32_t HAL_GetTick(void);
void HAL_Delay(uint32_t Delay);
#define __HAL_TIM_SET_COMPARE(handle, channel, compare) ((handle)->Instance->CCR1 = (compare))

typedef struct {
  volatile uint32_t CTRL, LOAD, VAL;
} SysTick_Type;
extern SysTick_Type systick;
#define SysTick (&systick)

#if defined(WITH_DWT)
#define DWT_CTRL_CYCCNTENA_Msk 1U
#define CoreDebug_DEMCR_TRCENA_Msk (1U << 24)
typedef struct {
  volatile uint32_t CTRL, CYCCNT;
} DWT_Type;
typedef struct {
  volatile uint32_t DEMCR;
} CoreDebug_Type;
extern DWT_Type dwt;
extern CoreDebug_Type core_debug;
#define DWT (&dwt)
#define CoreDebug (&core_debug)
#endif

#endif
