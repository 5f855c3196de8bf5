"""The corpus on emulated cores: every model that is identical on this machine, compared there as well.

``python -m tests.emulated`` runs all of them on the five targets below, which takes about an hour, and writes the table
EMULATED.md beside this file; ``--new`` runs only those that have no row. test_emulated.py holds a spread of the rows.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.corpus import IDENTICAL, read_table
from tests.recorded import recorded
from tflite2int.compiler import convert
from tflite2int.errors import DoesNotFitError, ToolchainError
from tflite2int.verify.check import compare_outputs
from tflite2int.verify.device import build_for
from tflite2int.verify.emulate import run
from tflite2int.verify.samples import quantize

TABLE = Path(__file__).with_name("EMULATED.md")
# The three Arm architectures, with and without long multiplication and vectors; 8 bits with two address spaces; RISC-V.
TARGETS = ("cortex-m0", "cortex-m4", "cortex-m55", "atmega328p", "riscv32imac")
TOO_LARGE = "too large"


def models() -> list[str]:
    """Names of the corpus models that are identical on the host, as CORPUS.md has it."""
    return [name for name, outcome in read_table().items() if outcome == IDENTICAL]


def outcome(name: str, target: str, optimize: str = "size") -> str:
    """``identical`` on all recorded steps, ``too large`` for the chip, or what differs or fails."""
    path, inputs, outputs = recorded(name)
    conversion = convert(path, "model", optimize=optimize)
    program = conversion.program
    steps = [
        [quantize(v, port.tensor) if v.dtype.kind == "f" else v for v, port in zip(step, program.inputs, strict=True)]
        for step in inputs
    ]
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = run(build_for(conversion, target, Path(folder), optimize), steps)
        except DoesNotFitError:
            return TOO_LARGE
        except ToolchainError as error:
            return f"FAILS: {error}"
    for k, expected in enumerate(outputs):
        difference = compare_outputs(program, k, result.outputs[k], expected)
        if difference is not None:
            return f"DIFFERS: {difference}"
    return IDENTICAL


def read_outcomes() -> dict[str, tuple[str, ...]]:
    """Model name to its outcomes in the order of ``TARGETS``, as the table has them."""
    lines = TABLE.read_text().splitlines() if TABLE.is_file() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: tuple(row[1:]) for row in cells[1:]}


def main() -> None:
    names = models()
    if not names:
        sys.exit("CORPUS.md lists no model")
    kept = read_outcomes() if sys.argv[1:] == ["--new"] else {}
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: kept.get(name) or [outcome(name, t) for t in TARGETS], names))
    counts = [sum(row[k] == IDENTICAL for row in found) for k in range(len(TARGETS))]
    lines = [
        "# The corpus on emulated cores",
        "",
        "Models that equal TensorFlow's reference kernels on this machine (CORPUS.md), run on emulated cores and",
        f"compared with the same recorded answers. Identical of {len(names)}: "
        + ", ".join(f"{count} on {target}" for count, target in zip(counts, TARGETS, strict=True))
        + ".",
        "Written by `python -m tests.emulated`; `tests/test_emulated.py` fails where one of a spread no longer holds.",
        "",
        f"| model | {' | '.join(TARGETS)} |",
        f"|{'---|' * (len(TARGETS) + 1)}",
        *(f"| {name} | {' | '.join(row)} |" for name, row in zip(names, found, strict=True)),
    ]
    TABLE.write_text("\n".join(lines) + "\n")
    print(lines[3])
    wrong = [(n, t, o) for n, row in zip(names, found, strict=True) for t, o in zip(TARGETS, row, strict=True)]
    print("\n".join(f"{n} on {t}: {o}" for n, t, o in wrong if o not in (IDENTICAL, TOO_LARGE)))


if __name__ == "__main__":
    main()
