"""Known inputs and outputs for the self-test, from the reference interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..budget import port_bytes
from ..compiler import Conversion
from ..errors import ReferenceFailure, UsageError
from ..graph import Array, Tensor
from ..reader import read_bytes
from ..verify.samples import default_inputs, dequantize, quantize, reference_outputs

MOST_SAMPLES = 8
MOST_BYTES = 4096  # of the tables; one sample is always taken


@dataclass(frozen=True)
class KnownResults:
    """``inputs[k][j]`` and what the reference answers, ``outputs[k][j]``; or none, and the reason."""

    inputs: Sequence[Sequence[Array]] = ()
    outputs: Sequence[Sequence[Array]] = ()
    missing: str = ""


def known_results(model: Path, conversion: Conversion) -> KnownResults:
    """Run the reference on a few made up inputs: all minimum, all maximum, all zero point, random.

    Where the reference is not installed, or does not run the model, there are none.
    """
    program, content = conversion.program, model.read_bytes()
    inputs = default_inputs(program, max(1, min(MOST_SAMPLES, MOST_BYTES // port_bytes(program))))
    original = read_bytes(content, model.name)
    try:
        answers = reference_outputs(content, original, program, inputs)
        outputs = [
            [_integers(value, port.tensor) for value, port in zip(answer, program.outputs, strict=True)]
            for answer in answers
        ]
    except (ReferenceFailure, UsageError) as failure:  # also where real values do not lead back to integers
        return KnownResults(missing=failure.what)
    return KnownResults(inputs, outputs)


def _integers(value: Array, tensor: Tensor) -> Array:
    """The answer in the type of our output; a float output of the file is DEQUANTIZE of it."""
    if value.dtype.kind != "f":
        return value.reshape(-1)
    whole = quantize(value, tensor).reshape(-1)
    if not np.array_equal(dequantize(whole, tensor), value.reshape(-1)):
        raise ReferenceFailure(f"real values of {tensor} do not lead back to integers")
    return whole
