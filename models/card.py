"""The table in each model card, from results.json: ``python -m models.card [NAME ...]``. The rest is by hand."""

from __future__ import annotations

from typing import Any

from models.common import FOLDER, METRICS, Metric, command, load_results

BEGIN, END = "<!-- results.json, by python -m models.card -->", "<!-- end -->"
# Columns of those cards that have them.
COLUMNS = {
    "further": "further, TensorFlow",
    "raw_c": "C, `--io`",
    "wide_c": "C, `--io --output wide`",
    "class_c": "C, `--output argmax`",
}


def table(results: dict[str, Any]) -> str:
    """The generated part of a card."""
    metric, count = METRICS[results["metric"]], results["test_samples"]
    better = "lower" if metric.lower else "higher"
    further = results["further_samples"]
    more = f", and on {further:,} further ones that are not shipped" if further else ""
    shown = {key: head for key, head in COLUMNS.items() if any(key in row for row in results["rows"].values())}
    heads = ["", "TensorFlow", "generated C", "identical outputs", *shown.values(), "file", "bytes"]
    lines = [
        f"{metric.name} on the {count:,} samples of `testset.npz`{more} ({better} is better).",
        "",
        _line(heads),
        "|---" * len(heads) + "|",
    ]
    for label, row in results["rows"].items():
        cells = [label, _number(row["tensorflow"], metric), *_generated(row, count, metric)]
        cells += [_number(row[key], metric) if key in row else "" for key in shown]
        cells += [f"`{row['file']}`", f"{row['bytes']:,}"] if "file" in row else ["", ""]
        lines.append(_line(cells))
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def _number(value: float, metric: Metric) -> str:
    return f"{value:.{5 if metric.lower else 4}f}"


def _generated(row: dict[str, Any], count: int, metric: Metric) -> list[str]:
    if "generated_c" not in row:
        return ["", ""]
    if row["generated_c"] is None:
        return ["refused", ""]
    return [_number(row["generated_c"], metric), f"{row['identical']} of {count}"]


def card(name: str) -> str:
    """The text of the card with a fresh table. Raises ValueError where its markers are missing."""
    before, rest = (FOLDER / name / "README.md").read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table(load_results(name))}\n{END}{after}"


def write_card(name: str) -> None:
    (FOLDER / name / "README.md").write_text(card(name), encoding="utf-8")


def main(names: list[str]) -> int:
    for name in names:
        write_card(name)
    return 0


if __name__ == "__main__":
    command(main)
