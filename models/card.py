"""The table in each model card, from results.json: ``python -m models.card [NAME ...]``. The rest is by hand."""

from __future__ import annotations

from typing import Any

from models.common import FOLDER, METRICS, command, load_results

BEGIN, END = "<!-- results.json, by python -m models.card -->", "<!-- end -->"


def table(results: dict[str, Any]) -> str:
    """The generated part of a card."""
    metric, count = METRICS[results["metric"]], results["test_samples"]
    better = "lower" if metric.lower else "higher"
    further = results["further_samples"]
    more = f", and on {further:,} further ones that are not shipped" if further else ""
    heads = ["", "TensorFlow", "generated C", "identical outputs", *(["further"] if further else []), "file", "bytes"]
    lines = [
        f"{metric.name} on the {count:,} samples of `testset.npz`{more} ({better} is better).",
        "",
        _line(heads),
        "|---" * len(heads) + "|",
    ]
    for label, row in results["rows"].items():
        cells = [label, _number(row["tensorflow"]), *_generated(row, count)]
        cells += [_number(row["further"])] if further else []
        cells += [f"`{row['file']}`", f"{row['bytes']:,}"] if "file" in row else ["", ""]
        lines.append(_line(cells))
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def _number(value: float) -> str:
    return f"{value:.4f}"


def _generated(row: dict[str, Any], count: int) -> list[str]:
    if "generated_c" not in row:
        return ["", ""]
    if row["generated_c"] is None:
        return ["refused", ""]
    return [_number(row["generated_c"]), f"{row['identical']} of {count}"]


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
