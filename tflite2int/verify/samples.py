"""Inputs for a comparison: the default steps, the user's files, and the way between integers and real values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import UsageError
from ..graph import Array, Graph, Tensor
from ..program import Program
from .bias_types import with_bias_types
from .reference import Outputs, run_reference

Steps = list[list[Array]]


def default_inputs(program: Program, steps: int, seed: int = 1) -> Steps:
    """``inputs[k][j]``: all minimum, all maximum, all zero point, minimum and maximum input by input; then random.

    Random steps are uniform over the type, and near the zero point, by turns.
    """
    rng = np.random.default_rng(seed)
    return [[_default(port.tensor, k, j, rng) for j, port in enumerate(program.inputs)] for k in range(steps)]


def _default(tensor: Tensor, step: int, position: int, rng: np.random.Generator) -> Array:
    low, high = tensor.dtype.limits
    zero = tensor.zero_point if tensor.quantization else 0
    constants = {0: low, 1: high, 2: zero, 3: high if position % 2 else low}
    if step in constants:
        values: Array = np.full(tensor.shape, constants[step])
    elif step % 2 == 0:
        values = rng.integers(low, high, tensor.shape, endpoint=True)
    else:
        values = np.clip(np.rint(rng.normal(zero, (high - low) / 20, tensor.shape)), low, high)
    return np.asarray(values, tensor.dtype.numpy)


def dequantize(values: Array, tensor: Tensor) -> Array:
    """Real values in float32, as DEQUANTIZE computes them (internal/reference/dequantize.h)."""
    shifted = values.astype(np.int64) - tensor.zero_point
    return np.asarray(np.float32(tensor.scale) * shifted.astype(np.float32), np.float32)


def quantize(values: Array, tensor: Tensor) -> Array:
    """Integers from real values, as QUANTIZE computes them (internal/reference/quantize.h): halves away from zero."""
    ratio = (values.astype(np.float32) / np.float32(tensor.scale)).astype(np.float64)
    rounded = np.sign(ratio) * np.floor(np.abs(ratio) + 0.5) + tensor.zero_point
    low, high = tensor.dtype.limits
    return np.asarray(np.clip(rounded, low, high), tensor.dtype.numpy)


def for_reference(program: Program, original: Graph, step: Sequence[Array]) -> list[Array]:
    """One step's integers in the types of the file's own inputs: real values where a float edge was stripped."""
    values = []
    for port, index, value in zip(program.inputs, original.inputs, step, strict=True):
        if not original.tensor(index).dtype.is_float:
            values.append(value)
            continue
        real = dequantize(value, port.tensor)
        if not np.array_equal(quantize(real, port.tensor), value):
            raise UsageError(f"real values of {port.tensor} do not lead back to the integers", remedy="Use other data.")
        values.append(real)
    return values


def reference_outputs(content: bytes, original: Graph, program: Program, steps: Steps) -> Outputs:
    """What the reference answers to our steps: ``outputs[k][j]`` of the file ``content``, whose graph is ``original``.

    It gets real values where a float edge was stripped, and the type of each bias named. Raises UsageError as
    ``for_reference`` does, ReferenceFailure.
    """
    return run_reference(with_bias_types(content), [for_reference(program, original, step) for step in steps])


def load_samples(path: Path, program: Program) -> tuple[Steps, str]:
    """Samples from a .npy, .npz or .csv file, and a sentence on how they were read.

    .npy holds (samples, ...) for a model with one input; .npz one such array for each input, named as the port
    ("inputs" will do for one), or in the order of the ports; .csv one sample a line. Integer data are taken as they
    are, float data are real values that are quantized first. Raises UsageError, naming what does not fit.
    """
    if not path.is_file():
        raise UsageError(f"{path} is no file", remedy="Give a .npy, .npz or .csv file.")
    try:
        arrays = _arrays(path, program)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    count = len(arrays[0])
    if not count or any(len(a) != count for a in arrays):
        raise UsageError(
            f"{path} holds {', '.join(str(len(a)) for a in arrays)} samples", remedy="Give each input as many."
        )
    columns = [_column(a, port.tensor, path) for a, port in zip(arrays, program.inputs, strict=True)]
    kind = "real values, quantized" if any(a.dtype.kind == "f" for a in arrays) else "quantized integers"
    return [list(step) for step in zip(*columns, strict=True)], f"{count} samples of {path.name}, read as {kind}"


def _arrays(path: Path, program: Program) -> list[Array]:
    names = [port.name for port in program.inputs]
    if path.suffix == ".csv":
        text = [line.split(",") for line in path.read_text().splitlines() if line.strip()]
        whole = all(cell.strip().lstrip("+-").isdigit() for line in text for cell in line)
        rows = np.array([[int(c) if whole else float(c) for c in line] for line in text])
        sizes = np.cumsum([port.tensor.elements for port in program.inputs])
        if rows.ndim != 2 or rows.shape[1] != sizes[-1]:
            raise ValueError(f"each line must have {sizes[-1]} numbers")
        return list(np.split(rows, sizes[:-1], axis=1))
    loaded = np.load(path, allow_pickle=False)
    found = [loaded] if isinstance(loaded, np.ndarray) else [loaded[key] for key in _keys(loaded.files, names)]
    if len(found) != len(names):
        raise ValueError(f"it holds one array, the model has {len(names)} inputs")
    if any(values.ndim == 0 for values in found):
        raise ValueError("it holds a single number, not samples")
    return found


def _keys(present: list[str], names: list[str]) -> list[str]:
    """Names of the arrays to take: those of the ports, "inputs" for a single port, or all there are in their order."""
    if set(names) <= set(present):
        return names
    if len(names) == 1 and "inputs" in present:
        return ["inputs"]
    if len(present) != len(names):
        raise ValueError(f"it holds {', '.join(present)}, and the model's inputs are {', '.join(names)}")
    return present


def _column(values: Array, tensor: Tensor, path: Path) -> list[Array]:
    if values[0].size != tensor.elements:
        raise UsageError(f"{path}: a sample must have {tensor.elements} elements for {tensor}, not {values[:1].size}")
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise UsageError(f"{path}: there are values that are not finite")
        values = quantize(values, tensor)
    elif values.dtype.kind in "iub":
        low, high = tensor.dtype.limits
        if values.min() < low or values.max() > high:
            raise UsageError(f"{path}: values leave the range {low} .. {high} of {tensor}")
    else:
        raise UsageError(f"{path}: elements are {values.dtype}, not numbers")
    return list(values.astype(tensor.dtype.numpy).reshape(len(values), *tensor.shape))
