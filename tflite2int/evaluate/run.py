"""The test set through the board, sample by sample, and what its answers are worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from ..graph import Array
from ..program import Program
from ..reader import read_bytes
from ..report import table
from ..verify.check import compare_outputs
from ..verify.samples import Steps, dequantize, load_samples, reference_outputs
from .board import Board, Description
from .line import open_line

TARGETS = ("targets", "labels", "y")  # names of the array in the .npz file
MOST_CLASSES = 32  # of a confusion matrix that is printed


@dataclass(frozen=True)
class Evaluation:
    """Scores of ``samples`` answers.

    For classes: ``top_1`` and ``top_k`` as shares, and ``confusion[target][answer]``. For numbers: ``rmse`` in real
    units. ``ticks``: least and most of an inference, in ``unit``. ``identical``: answers equal to the reference's, None
    where it was not asked.
    """

    model: str
    samples: int
    ticks: tuple[int, int]
    unit: str
    top: int = 0
    top_1: float | None = None
    top_k: float | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    rmse: float | None = None
    identical: int | None = None

    @property
    def passed(self) -> bool:
        """False where an answer is not the reference's."""
        return self.identical in (None, self.samples)

    def to_dict(self) -> dict[str, Any]:
        """The result for JSON."""
        return {"passed": self.passed, **asdict(self)}

    def __str__(self) -> str:
        least, most = self.ticks
        lines = [f"{self.samples} samples on the board, {self.model}: {least:,} to {most:,} {self.unit} an inference"]
        if self.identical is not None:
            lines.append(f"{self.identical} of {self.samples} answers identical to the reference")
        if self.rmse is not None:
            lines.append(f"RMSE {self.rmse:.6g}")
        if self.top_1 is not None and self.top_k is not None:
            lines.append(f"top-1 {self.top_1:.2%}" + (f", top-{self.top} {self.top_k:.2%}" if self.top > 1 else ""))
            if len(self.confusion) <= MOST_CLASSES:
                heads = ("target", *(f"as {k}" for k in range(len(self.confusion))))
                lines.append(table(heads, [tuple(map(str, (k, *row))) for k, row in enumerate(self.confusion)]))
        return "\n".join(lines)


def evaluate(
    port: str, data: Path, *, model: Path | None = None, samples: int | None = None, top: int = 3, baud: int = 115200
) -> Evaluation:
    """Send the inputs of a .npz file (as ``load_samples`` reads them) to a board, and score against its targets.

    ``targets`` in the file: whole numbers, one a sample, are classes; else real values in the shape of the output.
    With ``model`` every answer is compared with the reference interpreter's. Raises UsageError for bad arguments,
    ToolchainError where the board does not answer, ReferenceFailure.
    """
    if not data.is_file():
        raise UsageError(f"{data} is no file", remedy="Give a .npz file with inputs and targets.")
    targets = _targets(data)
    with open_line(port, baud) as line:
        board = Board(line)
        told = board.describe()
        steps, _ = load_samples(data, told.program)
        if len(targets) != len(steps):
            raise UsageError(f"{data} holds {len(steps)} samples and {len(targets)} targets")
        steps, targets = steps[:samples], targets[:samples]
        expected = None if model is None else _reference(model, told, steps)
        answers = [board.predict(told.program, step) for step in steps]
    outputs = [values for values, _ in answers]
    ticks = [count for _, count in answers]
    identical = None
    if expected is not None:
        pairs = enumerate(zip(outputs, expected, strict=True))
        identical = sum(compare_outputs(told.program, k, got, wanted) is None for k, (got, wanted) in pairs)
    scores = _scores(told.program, np.stack([values[0] for values in outputs]), targets, top)
    name = f"{told.program.name} ({told.sha256[:12]})"
    return Evaluation(name, len(steps), (min(ticks), max(ticks)), told.unit, identical=identical, **scores)


def _targets(data: Path) -> Array:
    try:
        loaded = np.load(data, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{data} cannot be read: {error}") from None
    if isinstance(loaded, np.ndarray):
        raise UsageError(f"{data} holds one array", remedy="Give a .npz file with inputs and targets.")
    with loaded:
        key = next((key for key in TARGETS if key in loaded.files), None)
        if key is None:
            raise UsageError(f"{data} has no targets", remedy=f"Name the array {', '.join(TARGETS[:-1])} or y.")
        return np.asarray(loaded[key])


def _scores(program: Program, outputs: Array, targets: Array, top: int) -> dict[str, Any]:
    """Those of the first output. Raises UsageError where the targets do not fit it."""
    tensor = program.outputs[0].tensor
    flat = outputs.reshape(len(outputs), -1)
    if targets.dtype.kind not in "iu":
        if targets.size != flat.size:
            raise UsageError(f"a target has {targets[0].size} elements, the output {flat.shape[1]}")
        real = dequantize(flat, tensor) if tensor.quantization else flat
        difference = real.astype(np.float64) - targets.reshape(flat.shape)
        return {"rmse": float(np.sqrt(np.mean(np.square(difference))))}
    classes = flat.shape[1]
    if targets.ndim != 1 or targets.min() < 0 or targets.max() >= classes:
        raise UsageError(f"targets must be one number from 0 to {classes - 1} a sample")
    order = np.argsort(-flat.astype(np.int64), axis=1, kind="stable")
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (targets, order[:, 0]), 1)
    top = min(top, classes - 1)
    return {
        "top": top,
        "top_1": float(np.mean(order[:, 0] == targets)),
        "top_k": float(np.mean((order[:, :top] == targets[:, None]).any(axis=1))),
        "confusion": tuple(tuple(int(v) for v in row) for row in confusion),
    }


def _reference(model: Path, told: Description, steps: Steps) -> list[list[Array]]:
    """The reference's answers. Raises UsageError where the board runs another model."""
    try:
        content = model.read_bytes()
    except OSError as error:
        raise UsageError(f"{model} cannot be read: {error.strerror}") from None
    if sha256(content).hexdigest() != told.sha256:
        raise UsageError(f"the board runs another model than {model}", remedy="Convert and upload it again.")
    graph = read_bytes(content, model.name)
    shaped = [
        [value.reshape(graph.tensor(i).shape) for value, i in zip(step, graph.inputs, strict=True)] for step in steps
    ]
    return reference_outputs(content, graph, told.program, shaped)
