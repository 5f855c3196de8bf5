"""The kernels' own C source, put together: each file once, after what it includes.

Kernels that all sample types share are written with the words of ``sample.h``, for 8-bit samples as they stand. A
variant is the same source with other words in their place and its suffix on the names that the source defines:
``dot_pair_int16`` comes from dot_pair.h. Where a file of the variant's own name exists, such as requantize_int16.h,
that is taken instead. A file in which a variant changes nothing serves the variant as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from .text import LINE

_INT8 = {
    "sample_t": "int8_t",
    "output_t": "int8_t",
    "product_t": "int16_t",
    "accumulator_t": "int32_t",
    "SUM_SHIFT": "20",
}
_INT16 = {
    "sample_t": "int16_t",
    "output_t": "int16_t",
    "product_t": "int32_t",
    "accumulator_t": "int32_t",
    "SUM_SHIFT": "15",
}
# Suffix -> what stands for the words of sample.h.
_WORDS = {
    "": _INT8,
    "_gemmlowp": _INT8,
    "_gemmlowp_counts": {**_INT8, "output_t": "int16_t"},
    "_int16": _INT16,
    "_int16_gemmlowp": _INT16,
    "_int16_wide": {**_INT16, "accumulator_t": "int64_t"},
}
_DROPPED = ("#pragma once", "#include <stdint.h>", '#include "sample.h"')


def kernel_text(names: Sequence[str], emitted: set[str], linkage: str = "static") -> list[str]:
    """Source lines of the named files and what they include, less what is in ``emitted``, which grows.

    Include lines and guards are dropped: in the emitted file they have done their work. Functions of .c files, which
    the layers call, are declared with ``linkage``.
    """
    lines: list[str] = []

    def add(name: str, suffix: str) -> None:
        source, own = _resolved(name, suffix)
        if _named(source, own) in emitted:
            return
        emitted.add(_named(source, own))
        for included in _includes(source):
            add(included, suffix)
        body: list[str] = []
        for line in _instantiated(source, own):
            if name.endswith(".c") and re.match(r"static \w+ \w+\(", line):
                line = line.replace("static", linkage, 1)
            if line or body:
                body.append(line)
        lines.extend([*body, ""])

    for name in names:
        add(*_split(name))
    return lines


def _split(name: str) -> tuple[str, str]:
    """``conv_2d_int16_wide.c`` to ``conv_2d.c`` and the variant ``_int16_wide``."""
    stem, dot, extension = name.partition(".")
    suffix = max((s for s in _WORDS if stem.endswith(s)), key=len)
    return stem.removesuffix(suffix) + dot + extension, suffix


def _named(name: str, suffix: str) -> str:
    """The file's name in a variant, whatever variant it was written for."""
    stem, dot, extension = _split(name)[0].partition(".")
    return stem + suffix + dot + extension


def _derived_from(suffix: str) -> str:
    return suffix.rpartition("_")[0]


def _file(name: str) -> Traversable:
    return resources.files("tflite2int") / "kernels" / name


@cache
def _text(name: str) -> str:
    return _file(name).read_text(encoding="ascii")


@cache
def _resolved(name: str, suffix: str) -> tuple[str, str]:
    """The file that a variant takes for ``name``, and the suffix on what that file defines."""
    own = _named(name, suffix)
    if not suffix or _file(own).is_file():
        return own, suffix
    base = _derived_from(suffix)
    source, inherited = _resolved(name, base)
    words = set(re.findall(r"\w+", _text(source)))
    if any(_WORDS[suffix][word] != _WORDS[base][word] for word in _WORDS[base] if word in words) or any(
        _resolved(included, suffix) != _resolved(included, base) for included in _includes(source)
    ):
        return source, suffix
    return source, inherited


def _includes(name: str) -> Iterator[str]:
    for line in _text(name).splitlines():
        included = re.fullmatch(r'#include "(.+)"', line)
        if included and line not in _DROPPED:
            yield _split(included[1])[0]


@cache
def _definitions(name: str, suffix: str) -> dict[str, str]:
    """What a file and its includes define: the names in the source, and those of the variant."""
    source, own = _resolved(name, suffix)
    names = {k: v for included in _includes(source) for k, v in _definitions(included, suffix).items()}
    for defined in re.findall(r"^(?:static [\w ]+?\*?|} )(\w+)(?=[(;\[])", _text(source), re.MULTILINE):
        plain = defined.removesuffix(_split(source)[1])
        names[defined] = names[plain] = plain + own
    return names


def _instantiated(source: str, suffix: str) -> Iterator[str]:
    """The lines of a file with the types and names of the variant, wrapped anew where these made them too long."""
    words = _definitions(_split(source)[0], suffix) | _WORDS[suffix]
    text = re.sub(r"\w+", lambda word: words.get(word[0], word[0]), _text(source))
    text = re.sub(r"^static [^;{}=]*\)$", lambda head: re.sub(r",\s+", ", ", head[0]), text, flags=re.MULTILINE)
    for line in text.splitlines():
        if line not in _DROPPED and not line.startswith('#include "'):
            yield from _wrapped(line)


def _wrapped(line: str) -> Iterator[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 8)
    while len(line) > LINE + 4 and ", " in line[len(indent) :]:
        cut = line.rindex(", ", 0, LINE)
        yield line[: cut + 1]
        line = indent + line[cut + 2 :]
    yield line
