"""How large the code will be, without a compiler."""

from __future__ import annotations

import re

# Fitted to arm-none-eabi-gcc 12.2 -Os for a Cortex-M0. The code of the 14 models in benchmarks has 0.73 to 1.12 times
# what it says.
BYTES_PER_TOKEN = 0.72
SAVED = 170  # what inlining and the branches of #if that are not compiled take off
LEAST = 100

NO_CODE = (
    re.compile(r"/\*.*?\*/", re.DOTALL),
    re.compile(r"static const[^;{]*\{[^;]*\};"),
    re.compile(r"typedef struct \{.*?\} \w+;", re.DOTALL),
    re.compile(r"^#.*$", re.MULTILINE),
)
TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|[-+*/%&|^<>=!?:]+|[(\[{;,]")


def code_bytes(source: str) -> int:
    """About how many bytes of Thumb code the functions of ``source`` become with -Os, from the number of C tokens."""
    for pattern in NO_CODE:
        source = pattern.sub("", source)
    return max(LEAST, int(BYTES_PER_TOKEN * len(TOKEN.findall(source))) - SAVED)
