#include "dense_outputs.h"

typedef struct {
    int outputs;
    dense_parameters dense;
} fully_connected_parameters;

static void fully_connected(const IN_FLASH fully_connected_parameters *p, const sample_t *input, output_t *output)
{
    dense_outputs(&p->dense, 0, p->outputs, input, output);
}
