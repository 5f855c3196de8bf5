"""SUPPORTED_OPS.md, from the constraints in the code: ``python -m tflite2int.supported > SUPPORTED_OPS.md``."""

from __future__ import annotations

from .ops import supported
from .ops.support import sentence


def page() -> str:
    """The text of SUPPORTED_OPS.md."""
    table = supported()
    lines = [
        "# Supported operators",
        "",
        "Written by `python -m tflite2int.supported > SUPPORTED_OPS.md` from the constraints that the compiler checks;",
        "a test keeps it fresh. What does not meet them is refused with the sentence below and what was found.",
        "",
    ]
    for kind in sorted(table):
        support = table[kind]
        lines += [f"## {kind}", ""]
        if support.note:
            lines += [support.note, ""]
        lines += [f"- {sentence(c)}" for c in support.constraints]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    print(page(), end="")
