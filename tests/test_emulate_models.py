"""Real networks on emulated cores give the recorded bytes of the reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.needs import need_target
from tests.recorded import recorded
from tflite2int.compiler import convert
from tflite2int.verify.check import compare_outputs
from tflite2int.verify.emulate import Run, run
from tflite2int.verify.harness import interface_of
from tflite2int.verify.image import Image, build
from tflite2int.verify.samples import quantize
from tflite2int.verify.targets import TARGETS

pytestmark = pytest.mark.emulator

CORES = ("cortex-m0", "cortex-m4", "cortex-m55")  # the three architectures: ARMv6-M, Armv7E-M, Armv8.1-M with vectors
SOFT_FLOAT = (
    "__aeabi_f",
    "__aeabi_d",
    "__aeabi_i2",
    "__aeabi_ui2",
    "__aeabi_l2",
    "__aeabi_ul2",
    "__aeabi_cf",
    "__aeabi_cd",
)
WIDE = ("__aeabi_lmul", "__aeabi_ldivmod", "__aeabi_uldivmod")  # 64-bit multiplication and division


def check(name: str, target: str, optimize: str, folder: Path) -> tuple[Image, Run]:
    """Assert that a corpus model gives the recorded outputs in all steps on ``target``."""
    need_target(target)
    path, inputs, outputs = recorded(name)
    conversion = convert(path)
    for file, text in conversion.files().items():
        (folder / file).write_text(text)
    program = conversion.program
    steps = [
        [quantize(v, port.tensor) if v.dtype.kind == "f" else v for v, port in zip(step, program.inputs, strict=True)]
        for step in inputs
    ]
    image = build(target, folder, interface_of(program), folder, optimize)
    result = run(image, steps)
    for k, expected in enumerate(outputs):
        difference = compare_outputs(program, k, result.outputs[k], expected)
        assert difference is None, f"{image}: {difference}"
    return image, result


@pytest.mark.parametrize("target", list(TARGETS))
def test_a_small_network_on_every_core(tmp_path: Path, target: str) -> None:
    check("TinyML__hello_world_int8", target, "-Os", tmp_path)


@pytest.mark.parametrize("target", CORES)
@pytest.mark.parametrize(
    "name", ["tiny__ad01_int8", "tiny__kws_ref_model", "tiny__pretrainedResnet_quant", "tiny__vww_96_int8"]
)
def test_mlperf_tiny(tmp_path: Path, name: str, target: str) -> None:
    image, result = check(name, target, "-O2", tmp_path)
    assert not [symbol for symbol in image.added if symbol.startswith(SOFT_FLOAT + WIDE)]
    assert result.stack < 1024


def test_the_smallest_network_is_small(tmp_path: Path) -> None:
    image, result = check("TinyML__hello_world_int8", "cortex-m0", "-Os", tmp_path)
    assert image.sizes.flash < 1536
    assert image.sizes.ram + result.stack < 128
    assert not [symbol for symbol in image.added if symbol.startswith(SOFT_FLOAT + WIDE)]
