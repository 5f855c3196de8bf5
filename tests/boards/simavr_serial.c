/* Runs an ELF file for AVR on simavr, its USART connected to a pseudo-terminal whose name is printed.
 *
 *   simavr_serial MCU HERTZ USART FILE.elf
 *
 * MCU such as atmega328p; USART is the digit in its registers' names. Ends with status 3 where the core stops, else
 * when it is killed.
 */
#define _XOPEN_SOURCE 600
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#define POLL_CYCLES 2000

static int line, full;

static void sent(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    const uint8_t byte = (uint8_t)value;

    (void)irq;
    (void)parameter;
    if (write(line, &byte, 1) != 1)
        exit(2);
}

static void may_send(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    (void)value;
    full = parameter != NULL;
}

static void pass_on(avr_irq_t *input)
{
    struct pollfd ready = {line, POLLIN, 0};
    uint8_t byte;

    while (!full && poll(&ready, 1, 0) == 1 && read(line, &byte, 1) == 1)
        avr_raise_irq(input, byte);
}

int main(int count, char **arguments)
{
    static elf_firmware_t firmware;
    struct termios settings;
    avr_t *avr;
    avr_irq_t *input;
    uint32_t flags = 0;
    char usart;
    int slave, state = cpu_Running;

    if (count != 5 || elf_read_firmware(arguments[4], &firmware) != 0)
        return 1;
    avr = avr_make_mcu_by_name(arguments[1]);
    if (avr == NULL)
        return 1;
    avr_init(avr);
    firmware.frequency = (uint32_t)atol(arguments[2]);
    avr_load_firmware(avr, &firmware);

    usart = arguments[3][0];
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS(usart), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POOL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS(usart), &flags);
    input = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ(usart), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ(usart), UART_IRQ_OUTPUT), sent, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ(usart), UART_IRQ_OUT_XON), may_send, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ(usart), UART_IRQ_OUT_XOFF), may_send, &full);

    line = posix_openpt(O_RDWR | O_NOCTTY);
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0)
        return 2;
    slave = open(ptsname(line), O_RDWR | O_NOCTTY); /* open for good: the line stays when a client leaves */
    if (slave < 0 || tcgetattr(slave, &settings) != 0)
        return 2;
    settings.c_iflag = settings.c_oflag = settings.c_lflag = 0; /* no echo, no changes of line ends */
    if (tcsetattr(slave, TCSANOW, &settings) != 0)
        return 2;
    printf("%s\n", ptsname(line));
    fflush(stdout);

    while (state != cpu_Done && state != cpu_Crashed) {
        const avr_cycle_count_t until = avr->cycle + POLL_CYCLES;

        while (avr->cycle < until && state != cpu_Done && state != cpu_Crashed)
            state = avr_run(avr);
        pass_on(input);
    }
    return 3;
}
