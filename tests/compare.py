"""The emitted C, compiled and run on this machine, against the reference interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.needs import need_reference, need_tool
from tflite2int import program
from tflite2int.compiler import Conversion, convert
from tflite2int.graph import Array, Tensor
from tflite2int.reader import read_bytes
from tflite2int.verify import host
from tflite2int.verify.harness import Interface, Port
from tflite2int.verify.reference import run_reference

Steps = Sequence[Sequence[Array]]


def assert_identical(
    model: bytes | Path,
    tmp_path: Path,
    steps: int = 6,
    seed: int = 1,
    inputs: Steps | None = None,
    sanitize: bool = False,
    flags: Sequence[str] = (),
) -> Conversion:
    """Convert, compile and run ``model``, and assert that every output byte of every step is the reference's.

    ``inputs[k][j]`` are values of the C function's inputs, by default those of ``default_inputs``. Where a float edge
    of the graph was stripped, the reference gets, and gives, the real values of the same integers. Returns the
    conversion for further looks.
    """
    need_reference()
    need_tool("cc", "gcc")
    data = model if isinstance(model, bytes) else model.read_bytes()
    path = tmp_path / "model.tflite"
    path.write_bytes(data)
    conversion = convert(path)
    given = default_inputs(conversion.program, steps, seed) if inputs is None else inputs
    results = run_c(conversion, tmp_path, given, sanitize, flags)
    expected = run_reference(data, [to_reference(conversion.program, data, step) for step in given])
    for k, (step, wanted) in enumerate(zip(results, expected, strict=True)):
        for j, (port, got, want) in enumerate(zip(conversion.program.outputs, step, wanted, strict=True)):
            value = dequantize(got, port.tensor) if want.dtype == np.float32 else got
            assert value.dtype == want.dtype and value.shape == want.shape, f"output {j}: {got.shape}, {want.shape}"
            different = np.argwhere(value != want)
            if len(different):
                first = tuple(int(i) for i in different[0])
                raise AssertionError(
                    f"step {k}, output {j} ({port.tensor}): {len(different)} of {want.size} differ, "
                    f"the first at {list(first)}: {value[first]}, the reference has {want[first]}"
                )
    return conversion


def run_c(
    conversion: Conversion, folder: Path, inputs: Steps, sanitize: bool = False, flags: Sequence[str] = ()
) -> list[list[Array]]:
    """Write, compile and run the emitted C in ``folder``: ``outputs[k][j]``."""
    for name, text in conversion.files().items():
        (folder / name).write_text(text)
    ported = [
        tuple(Port(p.name, p.tensor.dtype, p.tensor.shape) for p in ports)
        for ports in (conversion.program.inputs, conversion.program.outputs)
    ]
    interface = Interface(conversion.name, ported[0], ported[1])
    return host.build(folder, interface, folder, sanitize=sanitize, flags=flags).run(inputs)


def default_inputs(compiled: program.Program, steps: int, seed: int) -> list[list[Array]]:
    """All minimum, all maximum, all zero point, minimum and maximum input by input; then random, uniform and near
    zero point by turns."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(steps):
        row = []
        for j, port in enumerate(compiled.inputs):
            tensor = port.tensor
            (low, high), zero = tensor.dtype.limits, tensor.zero_point if tensor.quantization else 0
            constant = {0: low, 1: high, 2: zero, 3: high if j % 2 else low}
            if k in constant:
                value: Any = np.full(tensor.shape, constant[k])
            elif k % 2 == 0:
                value = rng.integers(low, high, tensor.shape, endpoint=True)
            else:
                value = np.clip(np.rint(rng.normal(zero, 12, tensor.shape)), low, high)
            row.append(np.asarray(value, tensor.dtype.numpy))
        rows.append(row)
    return rows


def dequantize(values: Array, tensor: Tensor) -> Array:
    """Real values as DEQUANTIZE computes them."""
    return np.asarray(np.float32(tensor.scale) * (values.astype(np.int64) - tensor.zero_point), np.float32)


def to_reference(compiled: program.Program, model: bytes, step: Sequence[Array]) -> list[Array]:
    """One step's inputs in the types of the model's own inputs."""
    graph = read_bytes(model, "model")
    values = []
    for port, index, value in zip(compiled.inputs, graph.inputs, step, strict=True):
        if not graph.tensor(index).dtype.is_float:
            values.append(value)
            continue
        real = dequantize(value, port.tensor)
        ratio = (real / np.float32(port.tensor.scale)).astype(np.float64)
        again = np.sign(ratio) * np.floor(np.abs(ratio) + 0.5) + port.tensor.zero_point
        assert np.array_equal(again, value), "QUANTIZE does not give back the integers that are tested"
        values.append(real)
    return values
