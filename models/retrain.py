"""Train shipped models again and say whether the recorded outcome still holds: ``python -m models.retrain [NAME ...]``.

The shipped files are left alone: a folder under the system's temporary one takes the new ones. Exit status 1 where a
task error is worse than recorded by more than the metric's tolerance (models/common.py).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from models.common import FOLDER, METRICS, command, load_results
from models.pipeline import run


def compare(name: str, results: dict[str, Any], folder: Path) -> tuple[bool, list[str]]:
    """Whether the ``results`` of a new training hold against the recorded ones, and a line for each of their rows.

    Judged are the float net and the shipped integer files. The other rows stand there to compare those with: plain
    post-training quantization is a matter of luck (over seeds, the task error of `sine` varies by a factor of two).
    """
    metric, recorded = METRICS[results["metric"]], load_results(name)["rows"]
    lines, held = [], True
    for label, row in recorded.items():
        column = "further" if "further" in row else "tensorflow"  # the larger sample
        new, old = results["rows"][label][column], row[column]
        verdict = "for comparison"
        if label == "float" or row.get("generated_c") is not None:
            holds = metric.holds(new, old)
            held = held and holds
            verdict = "holds" if holds else f"WORSE than {metric.limit(old):.4f}"
        if "file" in row:
            same = (folder / row["file"]).read_bytes() == (FOLDER / name / row["file"]).read_bytes()
            verdict += ", the same file" if same else ", another file"
        lines.append(f"{name:10} {label:20} {metric.name} {new:.4f}, recorded {old:.4f}: {verdict}")
    return held, lines


def main(names: list[str]) -> int:
    status = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            held, lines = compare(name, run(name, Path(folder)), Path(folder))
        print("\n".join(lines), flush=True)
        status = status if held else 1
    return status


if __name__ == "__main__":
    command(main)
