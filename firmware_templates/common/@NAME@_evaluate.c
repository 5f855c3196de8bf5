/* @NAME@_evaluate.c: @MARK@.
   The protocol is described in @NAME@_evaluate.h. SPDX-License-Identifier: 0BSD
*/
#include "@NAME@_evaluate.h"

#include "@NAME@.h"

#define SYNC 0xA5
#define INPUT_BYTES UINT32_C(@MODEL_INPUT_BYTES@)
#define OUTPUT_BYTES UINT32_C(@MODEL_OUTPUT_BYTES@)

enum { WRONG_CHECKSUM = 1, WRONG_LENGTH, WRONG_KIND };

/* AVR has a separate address space for flash. */
#if defined(__FLASH)
#define IN_FLASH __flash
#else
#define IN_FLASH
#endif

static const IN_FLASH char description[] =
    "@MODEL_DESCRIPTION@ unit:";

@MODEL_BUFFERS@

static uint16_t checksum;
static int closed;

static void add_to_checksum(uint8_t byte)
{
    checksum = (uint16_t)(checksum ^ (uint16_t)((uint16_t)byte << 8));
    for (int bit = 0; bit < 8; bit++) {
        const uint16_t twice = (uint16_t)((uint16_t)(checksum & 0x7FFFu) << 1);
        checksum = (checksum & 0x8000u) != 0 ? (uint16_t)(twice ^ 0x1021u) : twice;
    }
}

static uint8_t take(const @NAME@_evaluate_link *link)
{
    const int byte = closed ? -1 : link->read();
    if (byte < 0) {
        closed = 1;
        return 0;
    }
    add_to_checksum((uint8_t)byte);
    return (uint8_t)byte;
}

static void give(const @NAME@_evaluate_link *link, uint8_t byte)
{
    add_to_checksum(byte);
    link->write(byte);
}

static void receive(const @NAME@_evaluate_link *link, void *to, uint32_t bytes)
{
    uint8_t *byte = (uint8_t *)to;
    while (bytes-- > 0) {
        *byte++ = take(link);
    }
}

static void send(const @NAME@_evaluate_link *link, const void *from, uint32_t bytes)
{
    const uint8_t *byte = (const uint8_t *)from;
    while (bytes-- > 0) {
        give(link, *byte++);
    }
}

static void send_number(const @NAME@_evaluate_link *link, uint32_t number, int bytes)
{
    while (bytes-- > 0) {
        give(link, (uint8_t)(number & 0xFFu));
        number >>= 8;
    }
}

static void begin(const @NAME@_evaluate_link *link, char kind, uint32_t length)
{
    link->write(SYNC);
    checksum = 0xFFFF;
    give(link, (uint8_t)kind);
    send_number(link, length, 4);
}

static void end(const @NAME@_evaluate_link *link)
{
    send_number(link, checksum, 2);
}

static void refuse(const @NAME@_evaluate_link *link, uint8_t reason)
{
    begin(link, 'E', 1);
    give(link, reason);
    end(link);
}

static int is_intact(const @NAME@_evaluate_link *link)
{
    const uint16_t expected = checksum;
    const uint8_t low = take(link), high = take(link);
    return expected == (uint16_t)(low | (uint16_t)high << 8);
}

static void describe(const @NAME@_evaluate_link *link)
{
    const uint32_t own = (uint32_t)sizeof description - 1u;
    uint32_t unit = 0;
    while (link->unit[unit] != '\0') {
        unit++;
    }
    begin(link, 'D', own + unit);
    for (uint32_t i = 0; i < own; i++) {
        give(link, (uint8_t)description[i]);
    }
    send(link, link->unit, unit);
    end(link);
}

static void predict(const @NAME@_evaluate_link *link)
{
    const uint32_t start = link->clock();
    uint32_t ticks;
    @MODEL_PREDICT@
    ticks = link->clock() - start;
    begin(link, 'P', OUTPUT_BYTES + 4u);
    @MODEL_SEND@
    send_number(link, ticks, 4);
    end(link);
}

int @NAME@_evaluate(const @NAME@_evaluate_link *link)
{
    uint32_t length = 0;
    uint8_t kind;

    closed = 0;
    while (take(link) != SYNC) {
        if (closed) {
            return 0;
        }
    }
    checksum = 0xFFFF;
    kind = take(link);
    for (int i = 0; i < 4; i++) {
        length |= (uint32_t)take(link) << (8 * i);
    }
    if (closed) {
        return 0;
    }
    if (kind != 'D' && kind != 'P') {
        refuse(link, WRONG_KIND);
    } else if (length != (kind == 'P' ? INPUT_BYTES : 0u)) {
        refuse(link, WRONG_LENGTH);
    } else {
        if (kind == 'P') {
            @MODEL_RECEIVE@
        }
        if (!is_intact(link)) {
            if (!closed) {
                refuse(link, WRONG_CHECKSUM);
            }
        } else if (kind == 'P') {
            predict(link);
        } else {
            describe(link);
        }
    }
    return !closed;
}
