"""Measurements: which models on which targets, their figures, and what is worse than the recorded ones."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tflite2int.bench import bench
from tflite2int.compiler import OPTIMIZE
from tflite2int.errors import DoesNotFitError
from tflite2int.verify.targets import TARGETS

ROOT = Path(__file__).parents[1]
OURS = ROOT / "models"
SHARED = ROOT.parent / "shared" / "models" / "corpus"
RESULTS = Path(__file__).with_name("results.json")
OWN_MODELS = ("sine", "pose", "gesture", "kws", "residual")
PEOPLES_MODELS = (  # the file's origin, two underscores, its name
    "tflite-micro__hello_world_int8",
    "tiny__ad01_int8",
    "tiny__kws_ref_model",
    "tiny__pretrainedResnet_quant",
    "tiny__vww_96_int8",
    "tflite-micro__person_detect",
    "tflite-micro__micro_speech_quantized",
    "TinyMaix__mnist_valid_q",
    "TinyMaix__mnist_arduino_q",
)
MODELS = (*OWN_MODELS, *PEOPLES_MODELS)
TOLERANCE = 0.02  # more than this is worse
Case = tuple[str, str, str]  # model, target, optimize


@dataclass(frozen=True)
class Figures:
    """One case. ``flash`` and ``ram`` in their parts, bytes; without any if ``refused`` says why the chip is too small.

    ``cycles`` is None where the target's are not known.
    """

    model: str
    target: str
    optimize: str
    compiler: str = ""
    flash: dict[str, int] | None = None
    ram: dict[str, int] | None = None
    macs: int = 0
    instructions: int = 0
    cycles: int | None = None
    refused: str = ""

    @property
    def case(self) -> Case:
        return (self.model, self.target, self.optimize)

    @property
    def flash_bytes(self) -> int:
        return sum((self.flash or {}).values())

    @property
    def ram_bytes(self) -> int:
        return sum((self.ram or {}).values())

    @property
    def watched(self) -> dict[str, int]:
        """The figures that may not become worse."""
        figures = {"flash": self.flash_bytes, "RAM": self.ram_bytes, "instructions": self.instructions}
        return figures if self.cycles is None else {**figures, "cycles": self.cycles}


def model_file(name: str) -> Path:
    """Our own in models/, others in the folder of test data beside the project, which may be missing."""
    return OURS / name / f"{name}.tflite" if name in OWN_MODELS else SHARED / f"{name}.tflite"


def cases() -> list[Case]:
    """All cases whose model is there."""
    names = [name for name in MODELS if model_file(name).is_file()]
    return [(name, target, optimize) for name in names for target in TARGETS for optimize in OPTIMIZE]


def measure(case: Case) -> Figures:
    """Raises the errors of ``bench``, but for a chip that is too small."""
    name, target, optimize = case
    try:
        found = bench(model_file(name), target, optimize=optimize)
    except DoesNotFitError as error:
        return Figures(name, target, optimize, refused=error.what)
    figures = (found.compiler, found.flash, found.ram, found.macs, found.instructions, found.cycles)
    return Figures(name, target, optimize, *figures)


def measure_all(wanted: Iterable[Case]) -> list[Figures]:
    """In the order of ``wanted``, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(measure, wanted))


def recorded() -> list[Figures]:
    """What results.json holds."""
    return [Figures(**entry) for entry in json.loads(RESULTS.read_text())["results"]]


def write(results: Iterable[Figures]) -> None:
    """Renew results.json: one case a line, so that a change can be read."""
    lines = ",\n".join(f"  {json.dumps(asdict(figures))}" for figures in results)
    RESULTS.write_text(f'{{"results": [\n{lines}\n]}}\n')


def worse(before: Figures, after: Figures) -> list[str]:
    """What of ``after`` is worse than ``before`` by more than the tolerance, one line each."""
    where = f"{after.model} on {after.target}, optimized for {after.optimize}"
    if after.refused and not before.refused:
        return [f"{where}: no longer fits, {after.refused}"]
    if before.refused or after.refused:
        return []
    return [
        f"{where}: {name} {value:,}, was {before.watched[name]:,} ({value / before.watched[name] - 1:+.1%})"
        for name, value in after.watched.items()
        if name in before.watched and value > before.watched[name] * (1 + TOLERANCE)
    ]
