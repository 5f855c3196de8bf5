/* Write one character: to the debugger on the chip, to the standard output on the host. */
void platform_put(char c);
