"""What a model costs on a target: flash, RAM, stack, and the work of each layer, measured on an emulated core.

All is measured in one build of the C as it is emitted, from the call of NAME_predict to its return. Where the compiler
makes one function of several layers, its debugging information says which instruction comes from which; what layers
call (kernels, the compiler's helpers) counts for the caller. So the layers add up to the whole.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .budget import Budget, Verdict, listed, port_bytes, verdicts
from .compiler import Conversion, convert
from .graph import Array
from .report import table
from .verify.counter import Count
from .verify.device import COMPILER_OPTION, build_for, placed
from .verify.emulate import run
from .verify.harness import run_tool
from .verify.image import Sizes
from .verify.samples import default_inputs
from .verify.targets import Target, find_target

SAMPLES = 5
MERGED = "A layer without instructions is one that the compiler has merged with an equal one: they count there."


@dataclass(frozen=True)
class LayerCost:
    """One layer function with all that it calls. ``cycles`` is None where the target's are not known.

    Of layers that are equal the compiler may keep one function, which then has the instructions of all.
    """

    name: str
    operator: int
    kind: str
    macs: int
    instructions: int
    cycles: int | None

    @property
    def work(self) -> int:
        """Cycles, or instructions where there are none."""
        return self.instructions if self.cycles is None else self.cycles


@dataclass(frozen=True)
class Bench:
    """The cost of one inference. Sizes in bytes, without what stands around the model.

    ``flash`` is split into code, weights, tables (other constants) and variables (initial values); ``ram`` into static
    (arena and variables), inputs and outputs (the caller's buffers) and stack (the peak). ``instructions`` and
    ``cycles`` are those of the sample that took longest: the sum of ``layers`` and ``outside``, what belongs to none.
    ``cycle_source`` is simulated, modelled, or empty.
    """

    model: str
    target: str
    about: str
    compiler: str
    samples: int
    flash: dict[str, int]
    ram: dict[str, int]
    macs: int
    instructions: int
    cycles: int | None
    cycle_source: str
    layers: tuple[LayerCost, ...]
    outside: LayerCost

    @property
    def flash_bytes(self) -> int:
        return sum(self.flash.values())

    @property
    def ram_bytes(self) -> int:
        return sum(self.ram.values())

    def seconds(self, clock: float) -> float | None:
        """The time at ``clock`` hertz, from the cycles; None where they are not known."""
        return None if self.cycles is None else self.cycles / clock

    def verdicts(self, budget: Budget) -> tuple[Verdict, ...]:
        """Whether flash and RAM, stack included, keep within the budget."""
        return verdicts(budget, self.ram, self.flash, missing=False)

    def to_dict(self) -> dict[str, object]:
        """The figures for JSON."""
        return {**asdict(self), "flash_bytes": self.flash_bytes, "ram_bytes": self.ram_bytes}

    def text(self, clock: float | None = None) -> str:
        """The figures as lines for a terminal; with a clock in hertz also the time."""
        unit = "instructions" if self.cycles is None else "cycles"
        per_mac = f", {(self.cycles or self.instructions) / self.macs:.2f} {unit} per MAC" if self.macs else ""
        lines = [
            f"target     {self.target}: {self.about}; {self.compiler}",
            f"flash      {self.flash_bytes:,} bytes: {listed(self.flash)}",
            f"RAM        {self.ram_bytes:,} bytes: {listed(self.ram)}",
            f"work       {self.macs:,} multiply-accumulates, {self.instructions:,} instructions{per_mac}",
            f"           the longest of {self.samples} samples: minimum, maximum, random",
            f"cycles     {self._cycles(clock)}",
            "",
            self._table(),
            *(["", MERGED] if any(layer.instructions == 0 for layer in self.layers) else ()),
        ]
        return "\n".join(lines)

    def _cycles(self, clock: float | None) -> str:
        if self.cycles is None:
            return "not known for this core" + (", so no time either" if clock else "")
        origin = {
            "modelled": "modelled from the core's published timings, memory without wait states",
            "simulated": "of the simulated chip",
        }
        time = f", {_time(self.cycles / clock)} at {clock / 1e6:g} MHz" if clock else ""
        return f"{self.cycles:,}{time} ({origin[self.cycle_source]})"

    def _table(self) -> str:
        rows = (*self.layers, self.outside)
        whole = self.cycles or self.instructions
        heads = ["#", "operator", "MACs", "instructions", "cycles", "per MAC", "share"]
        lines = [
            [
                str(row.operator) if row.operator >= 0 else "",
                row.kind,
                f"{row.macs:,}" if row.macs else "-",
                f"{row.instructions:,}",
                "-" if row.cycles is None else f"{row.cycles:,}",
                f"{row.work / row.macs:.2f}" if row.macs else "-",
                f"{100 * row.work / whole:.1f} %",
            ]
            for row in rows
        ]
        if self.cycles is None:
            heads, lines = heads[:4] + heads[5:], [line[:4] + line[5:] for line in lines]
        return table(heads, lines, ("operator",))


def bench(
    model: str | os.PathLike[str],
    target: str,
    *,
    optimize: str = "size",
    eliminate: bool = True,
    samples: int = SAMPLES,
) -> Bench:
    """Convert a model, build it for an emulated target, and measure one inference.

    ``optimize`` is that of ``convert`` and the C compiler's: "size" -Os, "speed" -O2. Of ``samples`` made up inputs the
    one that takes longest counts. Raises the errors of ``convert``, ToolchainError and EmulatorError, DoesNotFitError
    where the chip is too small, and UsageError for a target that is unknown.
    """
    chosen = find_target(target)
    conversion = convert(model, optimize=optimize, eliminate=eliminate)
    steps = default_inputs(conversion.program, samples)
    with placed(Path(model), optimize, target, steps):
        return _measure(conversion, chosen, optimize, steps)


def _measure(conversion: Conversion, target: Target, optimize: str, steps: Sequence[Sequence[Array]]) -> Bench:
    program = conversion.program
    with tempfile.TemporaryDirectory() as folder:
        image = build_for(conversion, target.name, Path(folder), optimize)
        result = run(image, steps, count=True, layers=[layer.name for layer in program.layers])
    whole = max(result.counts, key=lambda counts: (counts.cycles, counts.instructions))
    with_cycles = target.cycles != ""
    rows = tuple(
        _cost(layer.name, layer.operator.index, layer.operator.kind, layer.macs, count, with_cycles)
        for layer, count in zip(program.layers, whole.layers, strict=True)
    )
    return Bench(
        model=program.name,
        target=target.name,
        about=target.about,
        compiler=f"{target.toolchain.gcc.program} {_version(target)} {COMPILER_OPTION[optimize]}",
        samples=len(steps),
        flash=_flash(image.sizes, program.weight_bytes),
        ram={"static": image.sizes.ram, "inputs and outputs": port_bytes(program), "stack": result.stack},
        macs=program.macs,
        instructions=whole.instructions,
        cycles=whole.cycles if with_cycles else None,
        cycle_source=target.cycles,
        layers=rows,
        outside=_cost(f"{program.name}_predict", -1, "(between them)", 0, whole.own, with_cycles),
    )


def _version(target: Target) -> str:
    gcc = target.toolchain.gcc
    return run_tool([gcc.program, "-dumpversion"], gcc.program, gcc.install).strip()


def _flash(sizes: Sizes, weight_bytes: int) -> dict[str, int]:
    weights = min(weight_bytes, sizes.constants)  # the compiler may have made code of some
    parts = {"code": sizes.code, "weights": weights, "tables": sizes.constants - weights}
    return parts | ({"variables": sizes.data} if sizes.data else {})


def _cost(name: str, operator: int, kind: str, macs: int, count: Count, with_cycles: bool) -> LayerCost:
    return LayerCost(name, operator, kind, macs, count.instructions, count.cycles if with_cycles else None)


def _time(seconds: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.4g} {unit}"
    return f"{seconds * 1e6:.4g} us"
