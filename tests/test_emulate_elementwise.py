"""Arithmetic, tables, SOFTMAX and MEAN on emulated cores: among them one whose int has 16 bits and that keeps constants
in a memory of their own, and one without long multiplication."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import golden
from tests.compare import assert_identical, run_c
from tests.model_builder import Op, T, build
from tests.needs import need_target
from tflite2int import attributes as a
from tflite2int.verify.emulate import run
from tflite2int.verify.harness import interface_of
from tflite2int.verify.image import build as build_image
from tflite2int.verify.samples import default_inputs

pytestmark = pytest.mark.emulator


def small_model() -> bytes:
    """Each kernel once, with rows of constants, broadcast rows and the ends of the range."""
    constant = np.array([[-128], [127], [3]])
    tensors = [
        T("x", "int8", (3, 7), 0.05, -128),
        T("z", "int8", (7,), 0.031, 127),
        T("c", "int8", (3, 1), 0.02, -7, data=constant),
        T("axes", "int32", (1,), data=[0]),
        T("sum", "int8", (3, 7), 0.06, -20),
        T("difference", "int8", (3, 7), 0.08, 90),
        T("product", "int8", (3, 7), 0.1, 3),
        T("table", "int8", (3, 7), 1 / 128, 0),
        T("shares", "int8", (3, 7), 1 / 256, -128),
        T("mean", "int8", (7,), 0.004, 1),
    ]
    operators = [
        Op("ADD", ["x", "z"], ["sum"], a.Arithmetic("RELU6")),
        Op("SUB", ["c", "sum"], ["difference"], a.Arithmetic()),
        Op("MUL", ["difference", "x"], ["product"], a.Arithmetic()),
        Op("TANH", ["product"], ["table"]),
        Op("SOFTMAX", ["product"], ["shares"], a.Softmax()),
        Op("MEAN", ["table", "axes"], ["mean"], a.Reduce()),
    ]
    return build(tensors, operators, ["x", "z"], ["shares", "mean", "difference"])


def small_int16_model() -> bytes:
    """The same for 16-bit elements, as far as the golden model has not got it."""
    constant = [[[-32768]], [[32767]], [[300]]]
    tensors = [
        T("x", "int16", (1, 3, 7, 1), 2**-13),
        T("z", "int16", (7, 1), 0.0003),
        T("c", "int16", (3, 1, 1), 0.0002, data=constant),
        T("axes", "int32", (1,), data=[2]),
        T("difference", "int16", (1, 3, 7, 1), 0.0005),
        T("product", "int16", (1, 3, 7, 1), 0.0004),
        T("bent", "int16", (1, 3, 7, 1), 0.0003),
        T("table", "int16", (1, 3, 7, 1), 2**-15),
        T("pool", "int16", (1, 2, 6, 1), 2**-15),
        T("mean", "int16", (1, 2, 1), 0.00002),
        T("bytes", "int8", (1, 3, 7, 1), 0.05, -100),
        T("words", "int32", (1, 3, 7, 1), 0.0001),
    ]
    operators = [
        Op("SUB", ["c", "x"], ["difference"], a.Arithmetic("RELU6")),
        Op("MUL", ["difference", "z"], ["product"], a.Arithmetic()),
        Op("LEAKY_RELU", ["x"], ["bent"], a.LeakyRelu(0.3)),
        Op("TANH", ["bent"], ["table"]),
        Op("AVERAGE_POOL_2D", ["table"], ["pool"], a.Pool2D("VALID", 1, 1, 2, 2)),
        Op("MEAN", ["pool", "axes"], ["mean"], a.Reduce()),
        Op("QUANTIZE", ["product"], ["bytes"]),
        Op("QUANTIZE", ["bent"], ["words"]),
    ]
    return build(tensors, operators, ["x", "z"], ["mean", "bytes", "words"])


@pytest.mark.parametrize("model", [small_model, small_int16_model, golden.sixteen])
@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4", "atmega2560", "riscv32imc"])
def test_cores_give_the_bytes_of_the_host(target: str, model: Callable[[], bytes], tmp_path: Path) -> None:
    need_target(target)
    conversion = assert_identical(model(), tmp_path)
    inputs = default_inputs(conversion.program, 8)
    image = build_image(target, tmp_path, interface_of(conversion.program), tmp_path)
    got, expected = run(image, inputs).outputs, run_c(conversion, tmp_path, inputs)
    for step, wanted in zip(got, expected, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(step, wanted, strict=True))
    assert len({step[0].tobytes() for step in expected}) >= 5  # the inputs tell
