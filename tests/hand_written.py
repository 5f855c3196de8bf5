"""Hand-written C in the place of a model: sum_predict, which takes five int8 and gives one int32."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tflite2int.graph import Array, DType
from tflite2int.verify.emulate import Run
from tflite2int.verify.harness import Interface, Port
from tflite2int.verify.image import Image, build

SUM_H = """#include <stdint.h>
#define SUM_INPUT_SIZE 5
#define SUM_OUTPUT_SIZE 1
void sum_predict(const int8_t *input, int32_t *output);
"""
SUM = Interface("sum", (Port("x", DType.INT8, (1, 5)),), (Port("y", DType.INT32, (1,)),))
BODY = """    int i;
    int32_t sum = 0;
    for (i = 0; i < 5; i++)
        sum += input[i];
    output[0] = sum;
"""


def image(folder: Path, target: str, body: str = BODY, before: str = "", optimize: str = "-Os") -> Image:
    """Build a sum_predict of this body, with ``before`` above it."""
    (folder / "sum.h").write_text(SUM_H)
    function = f"void sum_predict(const int8_t *input, int32_t *output)\n{{\n{body}}}\n"
    (folder / "sum.c").write_text(f'#include "sum.h"\n{before}{function}')
    return build(target, folder, SUM, folder, optimize)


def steps(*rows: list[int]) -> list[list[Array]]:
    return [[np.array([row], np.int8)] for row in rows]


ZEROS = steps([0] * 5)


def values(result: Run) -> list[int]:
    return [int(step[0][0]) for step in result.outputs]
