/* A QEMU plugin that counts the instructions of function calls.
 *
 *   -plugin libcounter.so,begin=ADDRESS,begin=ADDRESS,end=ADDRESS,out=FILE
 *
 * A count starts when execution comes to one of the begin addresses, and is written to FILE as a line when it next
 * comes to the end address. Counted are executed instructions from the begin address up to, and without, the end address; one
 * that its condition skips inside an IT block counts. All these addresses must be entered by a branch.
 *
 * It counts by translation blocks: QEMU leaves a block early only at a fault or where the plugin has nothing to count.
 * What is used of QEMU's plugin interface is declared here, because Debian has no package with its header and because
 * these five functions are the same in every version of it.
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
struct qemu_info;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS = 0 };
typedef uint64_t plugin_id;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*callback)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*callback)(unsigned, void *),
                                          enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*callback)(plugin_id, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = PLUGIN_API;
EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);

struct block {
    uint64_t instructions;
    int begins, ends;
};

#define MOST_BEGINS 4
static uint64_t begins[MOST_BEGINS], end, count;
static int begin_count, counting;
static FILE *out;

static void executed(unsigned cpu, void *data)
{
    const struct block *const block = data;

    (void)cpu;
    if (block->begins && !counting) { /* the begin address may also be the head of a loop */
        counting = 1;
        count = 0;
    } else if (block->ends && counting) {
        counting = 0;
        fprintf(out, "%llu\n", (unsigned long long)count);
    }
    if (counting)
        count += block->instructions;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    const uint64_t address = qemu_plugin_tb_vaddr(tb);
    struct block *const block = malloc(sizeof *block); /* QEMU does not say when a block is gone: it stays */
    int i;

    (void)id;
    if (!block)
        abort();
    block->instructions = qemu_plugin_tb_n_insns(tb);
    block->begins = 0;
    block->ends = address == end;
    for (i = 0; i < begin_count; i++)
        block->begins |= address == begins[i];
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void finished(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    fclose(out);
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
    int i;

    (void)info;
    for (i = 0; i < argc; i++) {
        if (strncmp(argv[i], "begin=", 6) == 0 && begin_count < MOST_BEGINS)
            begins[begin_count++] = strtoull(argv[i] + 6, NULL, 0);
        else if (strncmp(argv[i], "end=", 4) == 0)
            end = strtoull(argv[i] + 4, NULL, 0);
        else if (strncmp(argv[i], "out=", 4) == 0)
            out = fopen(argv[i] + 4, "w");
        else
            return 1;
    }
    if (!out)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
