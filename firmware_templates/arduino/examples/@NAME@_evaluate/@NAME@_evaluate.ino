/* @NAME@_evaluate: @MARK@.
   Answers `tflite2int evaluate --port PORT --data testset.npz`. SPDX-License-Identifier: 0BSD
*/
#include <@NAME@_evaluate.h>

#include <@NAME@_clock.h>

/* Boards with several serial lines have Serial1, too. */
#ifndef LINE
#define LINE Serial
#endif

static int read_byte()
{
    int byte;
    do {
        byte = LINE.read();
    } while (byte < 0);
    return byte;
}

static void write_byte(uint8_t byte)
{
    LINE.write(byte);
}

static const @NAME@_evaluate_link line = {read_byte, write_byte, clock_now, CLOCK_UNIT};

void setup()
{
    LINE.begin(115200);
    clock_begin();
}

void loop()
{
    @NAME@_evaluate(&line);
}
