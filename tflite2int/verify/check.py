"""The emitted C against the reference, byte for byte; where they differ, the first operator that does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..compiler import Conversion, convert
from ..graph import Array, Graph
from ..program import Program
from ..reader import read_bytes
from . import host
from .bias_types import with_bias_types
from .device import placed, run_on_target
from .harness import TraceRecord, interface_of
from .reference import run_reference
from .samples import Steps, default_inputs, dequantize, for_reference, load_samples, reference_outputs
from .targets import HOST, find_target

SAMPLES = {True: 100, False: 20}  # made up for this machine, and for an emulated core


@dataclass(frozen=True)
class Difference:
    """The first element that is not the reference's: sample, place (output or operator), index, both values."""

    sample: int
    place: str
    index: tuple[int, ...]
    ours: float
    reference: float
    count: int

    def __str__(self) -> str:
        return (
            f"sample {self.sample}, {self.place}: {self.count} elements differ, the first at {list(self.index)}: "
            f"{self.ours:g}, the reference has {self.reference:g}"
        )


@dataclass(frozen=True)
class Verification:
    """``identical`` of ``samples`` samples gave the reference's bytes on ``target``. ``data`` says what they were."""

    target: str
    samples: int
    identical: int
    data: str
    difference: Difference | None = None
    operator: Difference | None = None

    @property
    def passed(self) -> bool:
        return self.identical == self.samples

    def to_dict(self) -> dict[str, object]:
        """The result for JSON."""
        return {"passed": self.passed, **asdict(self)}

    def __str__(self) -> str:
        place = "" if self.target == HOST else f" on {self.target}"
        lines = [f"{self.identical} of {self.samples} outputs identical to the reference{place} ({self.data})"]
        if self.difference is not None:
            lines.append(f"first difference: {self.difference}")
        if self.operator is not None:
            lines.append(f"first operator that differs: {self.operator}")
        return "\n".join(lines)


def verify(
    model: str | os.PathLike[str],
    data: str | os.PathLike[str] | None = None,
    samples: int | None = None,
    *,
    optimize: str = "size",
    target: str = HOST,
) -> Verification:
    """Convert a model, compile it for ``target``, run it there, and compare it with the reference interpreter.

    The target is this machine or an emulated one (``targets.TARGETS``); there ``optimize`` is also the compiler's, -Os
    or -O2. ``data`` is a .npy, .npz or .csv file of samples; without it ``samples`` inputs are made up, by default as
    many as ``SAMPLES`` says: all minimum, all maximum, random. The reference gets the file with the type of each bias
    named (``with_bias_types``).
    Raises the errors of ``convert``, ToolchainError, ReferenceFailure, DoesNotFitError, and UsageError for bad data.
    """
    if target != HOST:
        find_target(target)
    path = Path(model)
    conversion = convert(path, optimize=optimize)
    program, content = conversion.program, path.read_bytes()
    original = read_bytes(content, path.name)
    if data is None:
        samples = samples or SAMPLES[target == HOST]
        steps, described = default_inputs(program, samples), f"{samples} samples: minimum, maximum, random"
    else:
        steps, described = load_samples(Path(data), program)
    ours = _run(path, conversion, optimize, target, steps)
    # A new interpreter for each sample would cost more than all of them together: these graphs have no state.
    expected = reference_outputs(content, original, program, steps)
    differences = [
        found for k in range(len(steps)) if (found := compare_outputs(program, k, ours[k], expected[k])) is not None
    ]
    if not differences:
        return Verification(target, len(steps), len(steps), described)
    first = differences[0]
    operator = _first_operator(path, original, optimize, target, first.sample, steps[first.sample])
    return Verification(target, len(steps), len(steps) - len(differences), described, first, operator)


def compile_on_host(
    conversion: Conversion, folder: Path, sanitize: bool = False, flags: Sequence[str] = ()
) -> host.HostProgram:
    """Write the emitted files to ``folder`` and compile them there."""
    for name, text in conversion.files().items():
        (folder / name).write_text(text)
    return host.build(folder, interface_of(conversion.program), folder, sanitize=sanitize, flags=flags)


def run_on_host(conversion: Conversion, steps: Steps) -> list[list[Array]]:
    """Compile in a temporary folder and run all steps: ``outputs[k][j]``."""
    with tempfile.TemporaryDirectory() as folder:
        return compile_on_host(conversion, Path(folder)).run(steps)


def _run(path: Path, conversion: Conversion, optimize: str, target: str, steps: Steps) -> list[list[Array]]:
    """All steps on the target: ``outputs[k][j]``."""
    if target == HOST:
        return run_on_host(conversion, steps)
    with placed(path, optimize, target, steps):
        return run_on_target(conversion, target, optimize, steps).outputs


def compare_outputs(
    program: Program, sample: int, ours: Sequence[Array], expected: Sequence[Array]
) -> Difference | None:
    """The first difference of one sample. A float output of the file is compared as DEQUANTIZE of ours."""
    for port, got, wanted in zip(program.outputs, ours, expected, strict=True):
        value = dequantize(got, port.tensor) if wanted.dtype.kind == "f" else got
        found = _compare(sample, f"{port.name} ({port.tensor})", value, wanted.reshape(value.shape))
        if found is not None:
            return found
    return None


def _compare(sample: int, place: str, ours: Array, reference: Array) -> Difference | None:
    different = np.argwhere(ours != reference)
    if not len(different):
        return None
    first = tuple(int(i) for i in different[0])
    return Difference(sample, place, first, float(ours[first]), float(reference[first]), len(different))


def _first_operator(
    path: Path, original: Graph, optimize: str, target: str, sample: int, step: Sequence[Array]
) -> Difference | None:
    """Run one sample again with every layer's output recorded, on both sides."""
    conversion = convert(path, optimize=optimize, trace=True)
    given = for_reference(conversion.program, original, step)
    tensors = run_reference(with_bias_types(path.read_bytes()), [given], tensors=True)[1][0]
    if target == HOST:
        with tempfile.TemporaryDirectory() as folder:
            _, records = compile_on_host(conversion, Path(folder)).trace([list(step)])
    else:
        records = run_on_target(conversion, target, optimize, [step], trace=True).trace
    return next(
        (d for r in records[0] if (d := _compare_record(conversion.program, sample, r, tensors)) is not None), None
    )


def _compare_record(program: Program, sample: int, record: TraceRecord, tensors: dict[int, Array]) -> Difference | None:
    for layer in program.layers:
        if layer.operator.index == record.operator and layer.copy_to < 0:
            tensor = program.graph.tensor(layer.writes[record.output])
            if tensor.index not in tensors:
                return None
            value = np.frombuffer(record.data, tensor.dtype.numpy).reshape(tensor.shape)
            place = f"{layer.operator} {tensor}"
            reference = tensors[tensor.index]
            if tensor.kept is not None:
                reference = reference[..., list(tensor.kept)]
            return _compare(sample, place, value, reference.reshape(tensor.shape))
    return None
