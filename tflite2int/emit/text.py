"""C spelling: identifiers, safe comments, number tables, wrapped calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..errors import printable
from ..graph import Tensor

LINE = 116
MARK = "written by tflite2int"  # files that bear it are ours and may be overwritten

RESERVED = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr const_cast
    continue decltype default delete do double dynamic_cast else enum explicit export extern false float for friend
    goto if inline int long main mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected
    public register reinterpret_cast restrict return short signed sizeof static static_assert static_cast struct
    switch template this thread_local throw true try typedef typeid typename typeof union unsigned using virtual void
    volatile wchar_t while xor xor_eq
    """.split()  # noqa: SIM905
)
# NAME.h must not be found in place of these.
STANDARD_HEADERS = frozenset(
    """
    assert complex ctype errno fenv inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbool
    stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
    """.split()  # noqa: SIM905
)


def c_identifier(text: str) -> str:
    """The nearest C identifier: each run of other characters becomes one underscore; never a reserved word
    or the name of a header of C's library."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "model"
    if name[0].isdigit():
        name = f"model_{name}"
    return f"{name}_model" if name.lower() in RESERVED | STANDARD_HEADERS else name


def comment(text: str) -> str:
    """Text made safe inside a C comment: one line of printable ASCII without comment marks, splices or trigraphs."""
    plain = printable(text, 80).replace("\\", "/")  # first: it may make marks
    return re.sub(r"\?(?=\?)", "? ", plain.replace("*/", "* /").replace("/*", "/ *"))


def shape_text(tensor: Tensor) -> str:
    return f"{tensor.dtype.label}[{','.join(str(d) for d in tensor.shape)}]"


def number(value: int) -> str:
    """A C integer constant; the lowest value of a type has no literal of its own."""
    return f"(-{-(value + 1)} - 1)" if value in (-(2**31), -(2**63)) else str(value)


def table(values: Iterable[int], indent: str = "    ") -> Iterator[str]:
    """Lines of numbers separated by commas."""
    line = indent
    texts = [number(v) for v in values]
    for position, text in enumerate(texts):
        item = text if position + 1 == len(texts) else f"{text}, "
        if len(line) + len(item) > LINE and line != indent:
            yield line.rstrip()
            line = indent
        line += item
    yield line


def wrapped(head: str, arguments: Sequence[str], tail: str = "") -> list[str]:
    """``head(a, b, ...)tail`` on as many lines as it takes."""
    lines, line = [], f"{head}("
    for position, argument in enumerate(arguments):
        item = argument if position + 1 == len(arguments) else f"{argument}, "
        if len(line) + len(item) > LINE and not line.endswith("("):
            lines.append(line.rstrip())
            line = "        "
        line += item
    return [*lines, f"{line}){tail}"]
