/* A QEMU plugin that counts the instructions of function calls, and their cycles where it is given the timings.
 *
 *   -plugin libcounter.so,begin=ADDRESS,begin=ADDRESS,counts=FILE
 *           [,regions=FILE,regions_at=ADDRESS,layers=NUMBER][,costs=FILE,costs_at=ADDRESS][,step=NUMBER]
 *
 * A count starts when execution comes to one of the begin addresses and ends when it comes back to the instruction behind
 * the call. It is then written to FILE counts as a line of fields INSTRUCTIONS:CYCLES. Counted are executed instructions;
 * one that its condition skips inside an IT block counts. All these addresses must be entered by a branch.
 *
 * FILE regions says in 16 bits whose each two bytes of code (or each NUMBER step) from regions_at on are: 1 of the
 * function that calls the layers, 2 and more of layer 0 and on, 0 of none. What is of none counts for what was executed
 * before it. The line's fields are then one for the function itself and one for each layer; their sum is the whole.
 *
 * FILE costs holds two bytes for each step of code from costs_at on: the cycles of the instruction that begins
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

/* Instructions of a block that are of the same region. */
struct span {
    uint64_t instructions, cycles;
    uint32_t region;
};

struct block {
    uint64_t begin, end; /* addresses */
    uint64_t if_taken;   /* cycles, where the next block is not the one behind it */
    int begins;          /* a call that is counted */
    size_t spans;
    struct span span[];
};

struct count {
    uint64_t instructions, cycles;
};

struct table {
    uint64_t begin, bytes; /* where the code that it is about begins, and bytes of data */
    uint8_t *data;         /* two bytes for each step of code */
};

#define MOST_BEGINS 4
static uint64_t begins[MOST_BEGINS], resume, step = 2;
static int begin_count, counting;
static uint32_t layers, current;
static struct count *by_layer; /* 0: the calling function itself */
static struct table costs, regions;
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
    size_t i;

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
    for (i = 0; counting && i < block->spans; i++) {
        const struct span *const span = &block->span[i];

        if (span->region != 0)
            current = span->region - 1;
        by_layer[current].instructions += span->instructions;
        by_layer[current].cycles += span->cycles;
    }
    last = block;
}

static const uint8_t *entry(const struct table *table, uint64_t address)
{
    static const uint8_t none[2];

    const uint64_t offset = (address - table->begin) / step * 2;

    if (address < table->begin || offset >= table->bytes)
        return none;
    return table->data + offset;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    const size_t instructions = qemu_plugin_tb_n_insns(tb);
    /* QEMU does not say when a block is gone: it stays */
    struct block *const block = calloc(1, sizeof *block + instructions * sizeof *block->span);
    size_t i;

    (void)id;
    if (!block)
        abort();
    for (i = 0; i < instructions; i++) {
        const struct qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t address = qemu_plugin_insn_vaddr(insn);
        const uint8_t *const cost = entry(&costs, address), *const owner = entry(&regions, address);
        const uint32_t region = owner[0] | (uint32_t)owner[1] << 8;

        if (i == 0)
            block->begin = address;
        if (i == 0 || region != block->span[block->spans - 1].region)
            block->span[block->spans++].region = region;
        block->span[block->spans - 1].instructions++;
        block->span[block->spans - 1].cycles += cost[0];
        block->if_taken = cost[1];
        block->end = address + qemu_plugin_insn_size(insn);
    }
    for (i = 0; i < (size_t)begin_count; i++)
        block->begins |= block->begin == begins[i];
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void finished(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    fclose(out);
}

static int read_table(struct table *table, const char *name)
{
    FILE *const file = fopen(name, "rb");
    long size = -1;

    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size <= 0 || fseek(file, 0, SEEK_SET) != 0)
        return 0;
    table->bytes = (uint64_t)size;
    table->data = malloc(table->bytes);
    return table->data && fread(table->data, 1, table->bytes, file) == table->bytes && fclose(file) == 0;
}

static int set(const char *name, const char *value)
{
    if (strcmp(name, "begin") == 0 && begin_count < MOST_BEGINS)
        begins[begin_count++] = strtoull(value, NULL, 0);
    else if (strcmp(name, "step") == 0 && strtoull(value, NULL, 0) > 0)
        step = strtoull(value, NULL, 0);
    else if (strcmp(name, "layers") == 0)
        layers = (uint32_t)strtoul(value, NULL, 0);
    else if (strcmp(name, "regions") == 0)
        return read_table(&regions, value);
    else if (strcmp(name, "regions_at") == 0)
        regions.begin = strtoull(value, NULL, 0);
    else if (strcmp(name, "costs") == 0)
        return read_table(&costs, value);
    else if (strcmp(name, "costs_at") == 0)
        costs.begin = strtoull(value, NULL, 0);
    else if (strcmp(name, "counts") == 0)
        out = fopen(value, "w");
    else
        return 0;
    return 1;
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
    int i;

    (void)info;
    for (i = 0; i < argc; i++) {
        char *const equals = strchr(argv[i], '=');

        if (!equals)
            return 1;
        *equals = '\0';
        if (!set(argv[i], equals + 1))
            return 1;
    }
    by_layer = calloc(layers + 1, sizeof *by_layer);
    if (!out || !by_layer)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
