"""Tables as plain ASCII text: every cell whole, so that a table may be piped, searched and pasted."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: Collection[str] = ()) -> str:
    """Lines of aligned columns under their heads and a rule. Numbers stand to the right.

    The columns named in ``words`` stand to the left; put long ones last, where a narrow terminal breaks the line.
    """
    lines = [heads, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(heads))]
    left = [head in words for head in heads]

    def aligned(line: Sequence[str]) -> str:
        cells = zip(line, widths, left, strict=True)
        return "  ".join(cell.ljust(width) if to_left else cell.rjust(width) for cell, width, to_left in cells).rstrip()

    return "\n".join([aligned(heads), "  ".join("-" * width for width in widths), *(aligned(row) for row in rows)])


def span(values: Sequence[float], form: str = "") -> str:
    """One or a channel: the value, or the lowest and highest as ``low..high``; '-' where there is none."""
    if not values:
        return "-"
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low}..{high}"


def count(number: int, noun: str) -> str:
    """``1 channel``, ``2 channels``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
