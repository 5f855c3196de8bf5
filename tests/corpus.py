"""Every model of the corpus, converted and compared with the reference's recorded answers.

``python -m tests.corpus`` writes the table CORPUS.md beside this file; test_corpus.py holds each row against it.
"""

from __future__ import annotations

import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.needs import SHARED_MODELS
from tests.recorded import recorded
from tflite2int.compiler import convert
from tflite2int.errors import MalformedModelError, UnsupportedModelError
from tflite2int.verify.check import compare_outputs, run_on_host
from tflite2int.verify.samples import quantize

TABLE = Path(__file__).with_name("CORPUS.md")
IDENTICAL = "identical"


def rows() -> list[dict[str, str]]:
    """The manifest's rows; empty where the corpus is missing."""
    manifest = SHARED_MODELS / "corpus" / "manifest.csv"
    if not manifest.is_file():
        return []
    with manifest.open(newline="") as file:
        return list(csv.DictReader(file))


def outcome(name: str) -> str:
    """``identical``, ``refused: REASON``, ``identical, no reference`` or what differs."""
    try:
        conversion = convert(SHARED_MODELS / "corpus" / f"{name}.tflite", "model")
    except UnsupportedModelError as error:
        reasons = []
        for obstacle in error.obstacles:
            kind = obstacle.where.partition("(")[2].rstrip(")")
            reason = obstacle.what.split(" (")[0]
            reasons.append(f"{kind}: {reason}" if kind else reason)
        return "refused: " + "; ".join(dict.fromkeys(reasons))
    except MalformedModelError as error:
        return f"refused: {error.what}"
    program = conversion.program
    if not (SHARED_MODELS / "golden" / "reference" / f"{name}.npz").is_file():
        return "converted, the reference has no answer"
    _, given, expected = recorded(name)
    steps = [
        [
            quantize(value, port.tensor) if value.dtype.kind == "f" else value
            for value, port in zip(step, program.inputs, strict=True)
        ]
        for step in given
    ]
    ours = run_on_host(conversion, steps)
    for k in range(len(steps)):
        difference = compare_outputs(program, k, ours[k], expected[k])
        if difference is not None:
            return f"DIFFERS: {difference}"
    return IDENTICAL


def read_table() -> dict[str, str]:
    """Model name to outcome, as the table has it."""
    lines = TABLE.read_text().splitlines() if TABLE.is_file() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row[3] for row in cells[1:]}


def main() -> None:
    listed = rows()
    if not listed:
        sys.exit(f"{SHARED_MODELS} is missing")
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda row: outcome(row["name"]), listed))
    identical = sum(o == IDENTICAL for o in outcomes)
    lines = [
        "# The corpus, model by model",
        "",
        f"{identical} of {len(listed)} models convert and equal the recorded answers of TensorFlow 2.19's reference",
        "kernels on all five steps.",
        "Written by `python -m tests.corpus`; `tests/test_corpus.py` fails where a row no longer holds.",
        "",
        "| model | group | operators | outcome |",
        "|---|---|---|---|",
        *(f"| {row['name']} | {row['group']} | {row['ops']} | {o} |" for row, o in zip(listed, outcomes, strict=True)),
    ]
    TABLE.write_text("\n".join(lines) + "\n")
    print(f"{identical} of {len(listed)} identical; {sum(o.startswith('DIFFERS') for o in outcomes)} differ")


if __name__ == "__main__":
    main()
