"""The kernels' own C source, put together: each file once, after what it includes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources


def kernel_text(names: Sequence[str], emitted: set[str], linkage: str = "static") -> list[str]:
    """Source lines of the named files and what they include, less what is in ``emitted``, which grows.

    Include lines and guards are dropped: in the emitted file they have done their work. Functions of .c files, which
    the layers call, are declared with ``linkage``.
    """
    folder = resources.files("tflite2int") / "kernels"
    lines: list[str] = []

    def add(name: str) -> None:
        if name in emitted:
            return
        emitted.add(name)
        body: list[str] = []
        for line in (folder / name).read_text(encoding="ascii").splitlines():
            included = re.fullmatch(r'#include "(.+)"', line)
            if included:
                add(included[1])
            elif name.endswith(".c") and re.match(r"static \w+ \w+\(", line):
                body.append(line.replace("static", linkage, 1))
            elif line not in ("#pragma once", "#include <stdint.h>") and (line or body):
                body.append(line)
        lines.extend([*body, ""])

    for name in names:
        add(name)
    return lines
