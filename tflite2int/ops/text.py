"""Small pieces of C that layer bodies are put together from."""

from __future__ import annotations

from collections.abc import Sequence

INDEX_NAMES = "ijklmnpq"


def advance(pointer: str, *terms: tuple[str, int]) -> str:
    """``pointer + i * 8 + j``: a pointer moved by index variables times strides; zero strides vanish."""
    parts = [pointer]
    for variable, stride in terms:
        if stride:
            sign = " + " if stride > 0 else " - "
            parts.append(f"{sign}{variable}" + (f" * {abs(stride)}" if abs(stride) != 1 else ""))
    return "".join(parts)


def plus(term: str, value: int) -> str:
    """``term + 5`` or ``term - 5``; the term alone where there is nothing to add."""
    return f"{term} {'-' if value < 0 else '+'} {abs(value)}" if value else term


def loop(variable: str, stop: int, body: Sequence[str], start: int = 0, step: int = 1) -> tuple[str, ...]:
    """A for loop around statements."""
    advanced = f"{variable}++" if step == 1 else f"{variable} += {step}"
    head = f"for (int {variable} = {start}; {variable} < {stop}; {advanced}) {{"
    return (head, *(f"    {line}" for line in body), "}")


def per_row(call: str, rows: int, input_step: int, output_step: int) -> tuple[str, ...]:
    """``call`` once a row; ``{input}`` and ``{output}`` in it become pointers to the row."""
    if rows == 1:
        return (call.format(input="input", output="output"),)
    line = call.format(input=advance("input", ("row", input_step)), output=advance("output", ("row", output_step)))
    return loop("row", rows, (line,))
