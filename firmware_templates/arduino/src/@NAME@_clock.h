/* @NAME@_clock.h: @MARK@.
   Counts cycles: Timer1 on AVR, DWT on Cortex-M3 and up; elsewhere microseconds. SPDX-License-Identifier: 0BSD
*/
#ifndef @UPPER@_CLOCK_H
#define @UPPER@_CLOCK_H

#include <Arduino.h>

#if defined(__AVR__) && defined(TIMER1_OVF_vect)

#define CLOCK_UNIT "cycles"

static volatile uint16_t overflows;

ISR(TIMER1_OVF_vect)
{
    overflows++;
}

/* Timer1 counts every cycle, so PWM on its pins stops. */
static void clock_begin()
{
    TCCR1A = 0;
    TCCR1B = _BV(CS10);
    TCNT1 = 0;
    TIFR1 = _BV(TOV1);
    TIMSK1 = _BV(TOIE1);
}

__attribute__((unused)) static void clock_end()
{
    TIMSK1 = 0;
}

static uint32_t clock_now()
{
    const uint8_t state = SREG;
    cli();
    uint16_t low = TCNT1;
    uint16_t high = overflows;
    if (TIFR1 & _BV(TOV1)) { /* it wrapped around since interrupts were stopped */
        low = TCNT1;
        high++;
    }
    SREG = state;
    return (uint32_t)high << 16 | low;
}

#elif defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__)

#define CLOCK_UNIT "cycles"

static void clock_begin()
{
    *(volatile uint32_t *)0xE000EDFCu |= 1u << 24; /* DEMCR: trace on */
    *(volatile uint32_t *)0xE0001000u |= 1u;       /* DWT_CTRL: count cycles */
}

__attribute__((unused)) static void clock_end()
{
}

static uint32_t clock_now()
{
    return *(volatile uint32_t *)0xE0001004u; /* DWT_CYCCNT */
}

#else

#define CLOCK_UNIT "us"

static void clock_begin()
{
}

__attribute__((unused)) static void clock_end()
{
}

static uint32_t clock_now()
{
    return (uint32_t)micros();
}

#endif

#endif
