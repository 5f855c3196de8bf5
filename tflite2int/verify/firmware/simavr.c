/* Runs an image on simavr: the platform of harness-interface.h, the peak of the stack, and exact counts.
 *
 *   simulator mcu=NAME code=FILE read=ADDRESS write=ADDRESS append=ADDRESS before=ADDRESS after=ADDRESS end=ADDRESS
 *             bss_end=ADDRESS [begin=ADDRESS begin=ADDRESS counts=FILE [regions=FILE regions_at=ADDRESS layers=NUMBER]]
 *
 * FILE code is the flash from address 0. The functions read, write, append, before, after and end do nothing on the
 * chip: here is done what their callers want. counts, begin and regions are those of counter.c. report.bin is what
 * semihost.c writes.
 *
 * Exit status 1: wrong arguments; 2: a file could not be read or written; 3: a fault.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/sim_avr.h>

#define EXIT_ARGUMENTS 1
#define EXIT_FILES 2
#define EXIT_FAULT 3
#define WORDS (1u << 17) /* of flash, 256 KiB, the most that these chips have */

enum { NOTHING, READ, WRITE, APPEND, BEFORE, AFTER, END, BEGIN, SERVICES };
enum { FAULT_OPCODE = 1, FAULT_WRITE, FAULT_READ, FAULT_JUMP, FAULT_STACK, FAULT_STOP }; /* FAULTS of simavr.py */

static const char *const service_names[SERVICES] = {"", "read", "write", "append", "before", "after", "end", "begin"};

static avr_t *avr;
static uint8_t service[WORDS];
static uint16_t region[WORDS];
static uint32_t regions_at, layers;
static uint16_t bss_end;
static FILE *inputs, *outputs, *trace, *counts;
static uint32_t fault;

struct count {
    uint64_t instructions, cycles;
};
static struct count *by_layer; /* 0: NAME_predict itself */
static uint32_t current;
static int counting;
static uint16_t deepest; /* stack pointer */

static struct {
    uint32_t stack_peak, stack_span;
    uint32_t exception, pc, lr, status;
} report;

static void require(int ok, const char *what, int status)
{
    if (!ok) {
        fprintf(stderr, "error: %s\n", what);
        exit(status);
    }
}

static FILE *open_file(const char *name, const char *mode)
{
    FILE *const file = fopen(name, mode);

    require(file != NULL, name, EXIT_FILES);
    return file;
}

static void finish(int status)
{
    FILE *const file = open_file("report.bin", "wb");

    require(fwrite(&report, sizeof report, 1, file) == 1 && fclose(file) == 0, "report.bin", EXIT_FILES);
    require(fclose(outputs) == 0, "outputs.bin", EXIT_FILES);
    require(!trace || fclose(trace) == 0, "trace.bin", EXIT_FILES);
    require(!counts || fclose(counts) == 0, "counts.txt", EXIT_FILES);
    exit(status);
}

static void fail(uint32_t kind, uint32_t pc)
{
    report.exception = 0;
    report.pc = pc;
    report.status = kind;
    finish(EXIT_FAULT);
}

/* What simavr says when it stops a program. */
static void logged(avr_t *which, const int level, const char *format, va_list arguments)
{
    char text[256];

    (void)which;
    if (level > LOG_ERROR)
        return;
    vsnprintf(text, sizeof text, format, arguments);
    if (strstr(text, "Invalid Opcode"))
        fault = FAULT_OPCODE;
    else if (strstr(text, "Invalid write"))
        fault = FAULT_WRITE;
    else if (strstr(text, "Invalid read"))
        fault = FAULT_READ;
}

static uint16_t stack_pointer(void)
{
    return (uint16_t)(avr->data[R_SPL] | avr->data[R_SPH] << 8);
}

static uint16_t word_register(int number)
{
    return (uint16_t)(avr->data[number] | avr->data[number + 1] << 8);
}

/* The arguments of platform_read and the others: a pointer in r25:r24 and an unsigned long in r23:r20. */
static void transfer(int what)
{
    const uint32_t from = word_register(24);
    const uint32_t bytes = word_register(20) | (uint32_t)word_register(22) << 16;

    require(from + bytes <= (uint32_t)avr->ramend + 1, "a transfer leaves the memory", EXIT_FILES);
    if (what == READ)
        require(fread(avr->data + from, 1, bytes, inputs) == bytes, "reading inputs.bin", EXIT_FILES);
    else if (what == WRITE)
        require(fwrite(avr->data + from, 1, bytes, outputs) == bytes, "writing outputs.bin", EXIT_FILES);
    else if (trace)
        require(fwrite(avr->data + from, 1, bytes, trace) == bytes, "writing trace.bin", EXIT_FILES);
}

static void before(void)
{
    deepest = stack_pointer();
    report.stack_span = (uint32_t)(deepest + 1 - bss_end);
    memset(by_layer, 0, (layers + 1) * sizeof *by_layer);
}

static void after(void)
{
    uint32_t i;
    const uint32_t peak = (uint32_t)(stack_pointer() + avr->address_size - deepest); /* with the return address */

    if (peak > report.stack_peak)
        report.stack_peak = peak;
    if (!counts)
        return;
    for (i = 0; i <= layers; i++)
        fprintf(counts, "%llu:%llu ", (unsigned long long)by_layer[i].instructions,
                (unsigned long long)by_layer[i].cycles);
    fprintf(counts, "\n");
}

static void serve(uint32_t pc)
{
    static uint32_t resume;

    if (counting && pc == resume)
        counting = 0;
    switch (service[pc / 2]) {
    case NOTHING:
        break;
    case BEGIN:
        if (!counting) { /* the address may also be the head of a loop */
            const uint8_t *const top = avr->data + stack_pointer() + 1; /* the return address, highest byte first */
            resume = avr->address_size == 3 ? (uint32_t)(top[0] << 16 | top[1] << 8 | top[2])
                                            : (uint32_t)(top[0] << 8 | top[1]);
            resume *= 2;
            counting = 1;
            current = 0;
        }
        break;
    case BEFORE:
        before();
        break;
    case AFTER:
        after();
        break;
    case END:
        finish(0);
        break;
    default:
        transfer(service[pc / 2]);
    }
}

/* True while one half of the stack pointer is set and the other is not yet: the compiler sets SPH first. */
static int half_set(uint16_t opcode, int was)
{
    if ((opcode & 0xF800u) != 0xB800u) /* OUT */
        return was;
    switch ((opcode >> 5 & 0x30u) | (opcode & 0xFu)) {
    case 0x3E:
        return 1;
    case 0x3D:
        return 0;
    default:
        return was;
    }
}

static void run(uint32_t bytes)
{
    int half = 0;

    for (;;) {
        const uint32_t pc = avr->pc;
        const avr_cycle_count_t cycle = avr->cycle;
        uint16_t opcode;

        if (pc >= bytes)
            fail(FAULT_JUMP, pc);
        serve(pc);
        opcode = (uint16_t)(avr->flash[pc] | avr->flash[pc + 1] << 8);
        if (counting && region[pc / 2])
            current = region[pc / 2] - 1u;
        avr->run_cycle_limit = avr->run_cycle_count = 1; /* one instruction */
        avr_run(avr);
        if (fault)
            fail(fault, pc);
        if (avr->state != cpu_Running)
            fail(FAULT_STOP, pc);
        if (counting) {
            by_layer[current].instructions++;
            by_layer[current].cycles += avr->cycle - cycle;
        }
        half = half_set(opcode, half);
        if (!half) {
            const uint16_t sp = stack_pointer();
            if (sp < deepest)
                deepest = sp;
            if (sp + 1 < bss_end && report.stack_span != 0)
                fail(FAULT_STACK, pc);
        }
    }
}

static uint32_t code(const char *name)
{
    FILE *const file = open_file(name, "rb");
    uint8_t *const data = malloc(2 * WORDS);
    size_t bytes;

    require(data != NULL, "no memory", EXIT_FILES);
    bytes = fread(data, 1, 2 * WORDS, file);
    require(bytes > 0 && bytes <= avr->flashend + 1, "the code does not fit", EXIT_FILES);
    fclose(file);
    avr_loadcode(avr, data, (uint32_t)bytes, 0);
    avr->codeend = (uint32_t)bytes;
    free(data);
    return (uint32_t)bytes;
}

static void read_regions(const char *name)
{
    FILE *const file = open_file(name, "rb");

    require(regions_at / 2 < WORDS, "regions leave the flash", EXIT_ARGUMENTS);
    fread(region + regions_at / 2, sizeof *region, WORDS - regions_at / 2, file);
    require(fclose(file) == 0, name, EXIT_FILES);
}

static int service_argument(const char *argument)
{
    size_t length;
    int kind;

    for (kind = READ; kind < SERVICES; kind++) {
        length = strlen(service_names[kind]);
        if (strncmp(argument, service_names[kind], length) == 0 && argument[length] == '=') {
            const unsigned long address = strtoul(argument + length + 1, NULL, 0);
            require(address / 2 < WORDS, argument, EXIT_ARGUMENTS);
            service[address / 2] = (uint8_t)kind;
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *mcu = "", *code_name = "", *regions = NULL;
    int i;

    for (i = 1; i < argc; i++) {
        const char *const value = strchr(argv[i], '=') ? strchr(argv[i], '=') + 1 : "";
        if (strncmp(argv[i], "mcu=", 4) == 0)
            mcu = value;
        else if (strncmp(argv[i], "code=", 5) == 0)
            code_name = value;
        else if (strncmp(argv[i], "regions=", 8) == 0)
            regions = value;
        else if (strncmp(argv[i], "regions_at=", 11) == 0)
            regions_at = (uint32_t)strtoul(value, NULL, 0);
        else if (strncmp(argv[i], "layers=", 7) == 0)
            layers = (uint32_t)strtoul(value, NULL, 0);
        else if (strncmp(argv[i], "counts=", 7) == 0)
            counts = open_file(value, "w");
        else if (strncmp(argv[i], "bss_end=", 8) == 0)
            bss_end = (uint16_t)strtoul(value, NULL, 0);
        else
            require(service_argument(argv[i]), argv[i], EXIT_ARGUMENTS);
    }
    avr_global_logger_set(logged);
    avr = avr_make_mcu_by_name(mcu);
    require(avr != NULL, "simavr does not know the chip", EXIT_ARGUMENTS);
    avr_init(avr);
    if (regions)
        read_regions(regions);
    by_layer = calloc(layers + 1, sizeof *by_layer);
    require(by_layer != NULL, "no memory", EXIT_FILES);
    inputs = open_file("inputs.bin", "rb");
    outputs = open_file("outputs.bin", "wb");
    trace = fopen("trace.bin", "r+b");
    run(code(code_name));
    return EXIT_ARGUMENTS;
}
