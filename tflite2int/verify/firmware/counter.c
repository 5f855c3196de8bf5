/* A QEMU plugin that counts the instructions of function calls, and their cycles where it is given the timings.
 *
 *   -plugin libcounter.so,begin=ADDRESS,begin=ADDRESS,counts=FILE[,own=BEGIN:END,marks=FILE][,costs=FILE,costs_at=ADDRESS]
 *
 * A count starts when execution comes to one of the begin addresses and ends when it comes back to the instruction behind
 * the call. It is then written to the file counts as a line of fields INSTRUCTIONS:CYCLES. Counted are executed instructions; one that
 * its condition skips inside an IT block counts. All these addresses must be entered by a branch.
 *
 * FILE marks holds the addresses of layer functions, one a line in hexadecimal, 0 for none. The line's fields are then
 * one for the code between the own addresses (the function that calls the layers), and one for each layer: what is executed
 * from its entry until execution is back between the own addresses or in another layer. Their sum is the whole.
 *
 * FILE costs holds two bytes for each two bytes of code from costs_at on: the cycles of the instruction that begins
 * there, and those that it takes more where it is a conditional branch that is taken.
 *
 * It counts by translation blocks: QEMU leaves a block early only at a fault or where the plugin has nothing to count.
 * What is used of QEMU's plugin interface is declared here, because Debian has no package with its header and because
 * these functions are the same in every version of it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PLUGIN_API
#error "PLUGIN_API must be the version of the plugin interface that this QEMU has"
#endif

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS = 0 };
typedef uint64_t plugin_id;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*callback)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*callback)(unsigned, void *),
                                          enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*callback)(plugin_id, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = PLUGIN_API;
EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);

struct block {
    uint64_t begin, end; /* addresses */
    uint64_t instructions, cycles;
    uint64_t if_taken; /* cycles, where the next block is not the one behind it */
    int begins;        /* a call that is counted */
    uint32_t layer;    /* 1 + number of the layer that begins here; 0: none */
    int own;
};

struct count {
    uint64_t instructions, cycles;
};

#define MOST_BEGINS 4
static uint64_t begins[MOST_BEGINS], own_begin, own_end, costs_at, resume;
static int begin_count, counting;
static uint64_t *marks;
static uint32_t layers, current;
static struct count *by_layer; /* 0: the calling function itself */
static uint8_t *costs;
static uint64_t costs_size;
static const struct block *last;
static FILE *out;

static void write_counts(void)
{
    uint32_t i;

    for (i = 0; i <= layers; i++)
        fprintf(out, "%llu:%llu ", (unsigned long long)by_layer[i].instructions,
                (unsigned long long)by_layer[i].cycles);
    fprintf(out, "\n");
}

static void executed(unsigned cpu, void *data)
{
    const struct block *const block = data;

    (void)cpu;
    if (counting && last->end != block->begin)
        by_layer[current].cycles += last->if_taken;
    if (counting && block->begin == resume) {
        counting = 0;
        write_counts();
    } else if (!counting && block->begins) { /* the begin address may also be the head of a loop */
        counting = 1;
        current = 0;
        resume = last->end;
        memset(by_layer, 0, (layers + 1) * sizeof *by_layer);
    }
    if (counting) {
        if (block->own)
            current = 0;
        else if (block->layer)
            current = block->layer;
        by_layer[current].instructions += block->instructions;
        by_layer[current].cycles += block->cycles;
    }
    last = block;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    struct block *const block = calloc(1, sizeof *block); /* QEMU does not say when a block is gone: it stays */
    size_t i;

    (void)id;
    if (!block)
        abort();
    block->instructions = qemu_plugin_tb_n_insns(tb);
    for (i = 0; i < block->instructions; i++) {
        const struct qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t address = qemu_plugin_insn_vaddr(insn);

        if (i == 0)
            block->begin = address;
        block->end = address + qemu_plugin_insn_size(insn);
        if (address >= costs_at && address - costs_at < costs_size) {
            block->cycles += costs[address - costs_at];
            block->if_taken = costs[address - costs_at + 1];
        }
    }
    block->own = block->begin >= own_begin && block->begin < own_end;
    for (i = 0; i < (size_t)begin_count; i++)
        block->begins |= block->begin == begins[i];
    for (i = 0; i < layers; i++)
        if (block->begin == marks[i])
            block->layer = (uint32_t)i + 1;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void finished(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    fclose(out);
}

static int read_marks(const char *name)
{
    FILE *const file = fopen(name, "r");
    unsigned long long address;

    while (file && fscanf(file, "%llx", &address) == 1) {
        uint64_t *const more = realloc(marks, (layers + 1) * sizeof *marks);

        if (!more)
            return 0;
        marks = more;
        marks[layers++] = address ? address : UINT64_MAX;
    }
    return file && fclose(file) == 0;
}

static int read_costs(const char *name)
{
    FILE *const file = fopen(name, "rb");
    long size = -1;

    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size <= 0 || fseek(file, 0, SEEK_SET) != 0)
        return 0;
    costs_size = (uint64_t)size;
    costs = malloc(costs_size);
    return costs && fread(costs, 1, costs_size, file) == costs_size && fclose(file) == 0;
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
    int i;

    (void)info;
    for (i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');

        if (!value++)
            return 1;
        if (strncmp(argv[i], "begin=", 6) == 0 && begin_count < MOST_BEGINS) {
            begins[begin_count++] = strtoull(value, NULL, 0);
        } else if (strncmp(argv[i], "own=", 4) == 0) {
            own_begin = strtoull(value, &value, 0);
            own_end = strtoull(value + 1, NULL, 0);
        } else if (strncmp(argv[i], "marks=", 6) == 0) {
            if (!read_marks(value))
                return 1;
        } else if (strncmp(argv[i], "costs=", 6) == 0) {
            if (!read_costs(value))
                return 1;
        } else if (strncmp(argv[i], "costs_at=", 9) == 0) {
            costs_at = strtoull(value, NULL, 0);
        } else if (strncmp(argv[i], "counts=", 7) == 0) {
            out = fopen(value, "w");
        } else {
            return 1;
        }
    }
    by_layer = calloc(layers + 1, sizeof *by_layer);
    if (!out || !by_layer)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
