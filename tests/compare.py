"""The emitted C, compiled and run on this machine, against the reference interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.needs import need_reference, need_tool
from tflite2int.compiler import Conversion, convert
from tflite2int.graph import Array
from tflite2int.reader import read_bytes
from tflite2int.verify.check import compare_outputs, compile_on_host
from tflite2int.verify.reference import run_reference
from tflite2int.verify.samples import default_inputs, for_reference


def assert_identical(
    model: bytes | Path,
    tmp_path: Path,
    steps: int = 6,
    seed: int = 1,
    inputs: Sequence[Sequence[Array]] | None = None,
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
    program, original = conversion.program, read_bytes(data, path.name)
    given = default_inputs(program, steps, seed) if inputs is None else inputs
    results = run_c(conversion, tmp_path, given, sanitize, flags)
    expected = run_reference(data, [for_reference(program, original, step) for step in given])
    for index, port, value in zip(original.outputs, program.outputs, expected[0], strict=True):
        wanted = original.tensor(index).dtype if value.dtype.kind == "f" else port.tensor.dtype
        assert (value.dtype, value.shape) == (wanted.numpy, port.tensor.shape)
    for k, (got, want) in enumerate(zip(results, expected, strict=True)):
        difference = compare_outputs(program, k, got, want)
        assert difference is None, str(difference)
    return conversion


def run_c(
    conversion: Conversion,
    folder: Path,
    inputs: Sequence[Sequence[Array]],
    sanitize: bool = False,
    flags: Sequence[str] = (),
) -> list[list[Array]]:
    """Write, compile and run the emitted C in ``folder``: ``outputs[k][j]``."""
    return compile_on_host(conversion, folder, sanitize, flags).run(inputs)
