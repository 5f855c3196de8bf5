"""A template's project around one of our models, and its lines on an emulated board's serial line."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflite2int.compiler import convert
from tflite2int.evaluate.line import Line
from tflite2int.graph import Array
from tflite2int.output import write_files
from tflite2int.templates import find_template, project
from tflite2int.verify.bias_types import with_bias_types
from tflite2int.verify.reference import run_reference

MODELS = Path(__file__).parents[2] / "models"
NAMES = ("sine", "pose", "gesture", "kws")
BUILD_SECONDS = 300


@dataclass(frozen=True)
class Memory:
    """Bytes of an image: flash, and RAM without the stack."""

    flash: int
    ram: int


class BuildFailed(Exception):
    """A compiler or linker refused the project; the text is what it said."""


def model_file(name: str) -> Path:
    return MODELS / name / f"{name}.tflite"


def samples_file(name: str) -> Path:
    return MODELS / name / "testset.npz"


def write_project(template: str, model: str, folder: Path, **options: str) -> Path:
    """Write the project as the command does, and return its folder."""
    conversion = convert(model_file(model), **options)  # type: ignore[arg-type]
    files, _ = project(find_template(template), conversion, model_file(model))
    write_files(folder, files)
    return folder


def build(command: Sequence[str | Path], folder: Path | None = None) -> str:
    """Run a build tool and return what it printed. Raises BuildFailed."""
    arguments = [str(argument) for argument in command]
    done = subprocess.run(
        arguments, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_SECONDS
    )
    if done.returncode != 0:
        raise BuildFailed(f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def quantized_samples(model: str, count: int) -> Array:
    """The first inputs of the model's test set as int8: ``[count, elements]``."""
    with np.load(samples_file(model)) as data:
        return np.asarray(data["quantized"][:count]).reshape(count, -1)


def reference_answers(model: str, samples: Array) -> Array:
    """The reference's outputs for int8 inputs: ``[count, elements]``."""
    content = model_file(model).read_bytes()
    shape = tuple(convert(model_file(model)).program.inputs[0].tensor.shape)
    outputs = run_reference(with_bias_types(content), [[sample.reshape(shape)] for sample in samples])
    return np.stack([values[0].reshape(-1) for values in outputs])


class Terminal:
    """What a user at a serial terminal sees and types."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._left = b""

    def next_line(self, starts: str = "", seconds: float = 60) -> str:
        """The next line that is not empty and begins so; others are passed over. Raises TimeoutError."""
        end = time.monotonic() + seconds
        seen = []
        while time.monotonic() < end:
            whole, newline, rest = self._left.partition(b"\n")
            if not newline:
                self._left += self._line.read(1.0)
                continue
            self._left = rest
            text = whole.decode("ascii", errors="replace").strip()
            if text and text.startswith(starts):
                return text
            seen.append(text)
        raise TimeoutError(f"no line begins with {starts!r}: {seen} {self._left!r}")

    def ask(self, sample: Array) -> list[int]:
        """Type one sample and return the numbers that the example prints."""
        text = " ".join(str(int(v)) for v in sample.reshape(-1)) + "\n"
        self._line.write(text.encode())
        return [int(word) for word in self.next_line().split()]
