"""Run an image on an emulated core: outputs, peak stack, instructions, cycles.

All is measured from the call of NAME_predict to its return.
"""

from __future__ import annotations

import bisect
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import EmulatorError, ToolchainError
from ..graph import Array
from . import qemu, simavr
from .counter import Counts, read_counts
from .harness import TraceRecord, complaint, ending, prepare, unpack, unpack_trace
from .image import Image
from .targets import AVR

EXIT_FAULT = 3  # firmware/semihost.h, firmware/simavr.c


@dataclass(frozen=True)
class Run:
    """What a run gave: ``outputs[k][j]``; the most bytes of stack that NAME_predict needed in any step.

    ``trace[k]`` holds the step's records if a trace was asked for and the C was emitted with tracing; ``counts[k]``
    what step k executed, if that was counted.
    """

    outputs: list[list[Array]]
    stack: int
    trace: list[list[TraceRecord]]
    counts: tuple[Counts, ...]

    @property
    def instructions(self) -> tuple[int, ...]:
        """Of each step, call to return."""
        return tuple(counted.instructions for counted in self.counts)


class Report(NamedTuple):
    """What the program or the simulator wrote at its end (firmware/semihost.c). Without a fault its part is zeros."""

    stack_peak: int
    stack_span: int
    exception: int
    pc: int
    return_address: int
    status: int


def run(
    image: Image,
    inputs: Sequence[Sequence[Array]],
    timeout: float = 300,
    trace: bool = False,
    count: bool = False,
    layers: Sequence[str] = (),
) -> Run:
    """Run all steps in one start of the emulator: ``inputs[k][j]`` for step k and input j.

    ``layers`` names functions that NAME_predict calls: they are counted one by one too. Raises UsageError for a value
    that does not fit its port, EmulatorError where the program faults, uses more stack than is measured, takes more
    than ``timeout`` seconds or the emulator fails, ToolchainError where it is missing.
    """
    folder = image.folder
    prepare(folder, image.interface, inputs, trace, "<")
    (folder / "report.bin").unlink(missing_ok=True)
    driver = simavr if image.target.toolchain is AVR else qemu
    report = _execute(image, driver.command(image, count, layers), timeout)
    if report.stack_peak >= report.stack_span:
        raise EmulatorError(f"{report.stack_peak} bytes of stack and more were used", str(image))
    outputs = unpack(image.interface.outputs, len(inputs), (folder / "outputs.bin").read_bytes())
    records = unpack_trace((folder / "trace.bin").read_bytes()) if trace else []
    return Run(outputs, report.stack_peak, records, read_counts(image, len(inputs), len(layers)) if count else ())


def _execute(image: Image, command: Sequence[str], timeout: float) -> Report:
    """Run the emulator in the image's folder. Raises EmulatorError unless the program came to its end."""
    emulator = image.target.emulator
    try:
        done = subprocess.run(
            command,
            cwd=image.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except FileNotFoundError:
        raise ToolchainError(f"{emulator.program} is missing", remedy=emulator.install) from None
    except subprocess.TimeoutExpired:
        raise EmulatorError(f"it took more than {timeout:g} s{_last_operator(image)}", str(image)) from None
    path = image.folder / "report.bin"
    if done.returncode == EXIT_FAULT and path.exists():
        raise EmulatorError(_fault(image, _report(path.read_bytes())) + _last_operator(image), str(image))
    if done.returncode != 0 or not path.exists():
        how = f"{ending(done.returncode)}{complaint(done.stderr)}"
        raise EmulatorError(f"{emulator.program} ended with {how}{_last_operator(image)}", str(image))
    return _report(path.read_bytes())


def _report(data: bytes) -> Report:
    return Report(*struct.unpack("<6I", data))


def _fault(image: Image, report: Report) -> str:
    """Return what happened, and where."""
    driver = simavr if image.target.toolchain is AVR else qemu
    causes = driver.causes(image.target, report.exception, report.status)
    what = f"fault{f' (exception {report.exception})' if report.exception else ''}{f': {causes}' if causes else ''}"
    caller = f", called from {_function(image, report.return_address)}" if report.return_address else ""
    return f"{what} in {_function(image, report.pc)}{caller}"


def _function(image: Image, address: int) -> str:
    """Return the symbol that the address lies behind."""
    code = (item for item in image.symbols.items() if not item[0].startswith(("$", "__")))
    ordered = sorted((symbol.address & ~1, name) for name, symbol in code)
    position = bisect.bisect_right(ordered, (address & ~1, "\x7f")) - 1
    if position < 0 or address >= image.symbols["data_load"].address:
        return f"{address:#010x}"
    return ordered[position][1]


def _last_operator(image: Image) -> str:
    """Return, to be appended to a message, how far the trace came, if there is one."""
    path = image.folder / "trace.bin"
    if not path.exists():
        return ""
    try:
        steps = unpack_trace(path.read_bytes())
    except ToolchainError:  # stopped while it was written
        return ""
    if not any(steps):  # the C was emitted without tracing
        return f", in step {len(steps) - 1}" if steps else ""
    done = f"after operator {steps[-1][-1].operator}" if steps[-1] else "before the first operator was done"
    return f", in step {len(steps) - 1} {done}"
