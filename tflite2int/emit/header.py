"""The C header: what a caller needs to know."""

from __future__ import annotations

from ..graph import DType
from ..ops.text import plus
from ..program import Entry, Port, Program, programs
from ..version import VERSION
from .text import MARK, comment, shape_text, wrapped


def prototype(program: Program) -> list[str]:
    """``void NAME_predict(inputs, outputs)``, without a semicolon."""
    if program.function == "predict":
        arguments = [f"const {p.tensor.dtype.c} *{p.name}" for p in program.inputs]
        arguments += [f"{p.tensor.dtype.c} *{p.name}" for p in program.outputs]
    else:
        arguments = [f"const {_array(p)}" for p in program.inputs] + [_array(p) for p in program.outputs]
    return wrapped(f"{program.result or 'void'} {program.name}_{program.function}", arguments)


def _array(port: Port) -> str:
    """A parameter that says its number of elements."""
    count = port.tensor.elements
    return f"{port.tensor.dtype.c} {f'*{port.name}' if count == 1 else f'{port.name}[{count}]'}"


def title(program: Program, extension: str, file_name: str) -> list[str]:
    """The first lines of both files."""
    return [
        f"/* {program.name}.{extension}: {MARK} {VERSION} from {comment(file_name)}",
        f"   (SHA-256 {program.graph.sha256}).",
        "   Convert again rather than edit. SPDX-License-Identifier: 0BSD",
    ]


def header(program: Program, file_name: str, entry: Entry | None = None) -> str:
    """The text of NAME.h."""
    name, upper = program.name, program.name.upper()
    lines = [
        *title(program, "h", file_name),
        "*/",
        f"#ifndef {upper}_H",
        f"#define {upper}_H",
        "",
        "#include <stdint.h>",
        "",
    ]
    for port in (*program.inputs, *program.outputs):
        lines += [*_port(program, port), ""]
    size = arena_size(program, entry)
    lines += [f"#define {upper}_ARENA_SIZE {size} /* bytes of working memory, a static array */", ""]
    if size:
        lines += [
            f"/* With {upper}_EXTERNAL_ARENA defined the arena is yours, aligned to 8 bytes, free between calls. */",
            f"#if defined({upper}_EXTERNAL_ARENA)",
            f"extern int8_t {name}_arena[{upper}_ARENA_SIZE];",
            "#endif",
            "",
        ]
    lines += [
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "/* One inference. Inputs and outputs must not overlap. */",
        *_declaration(program),
        "",
        *((*entry.about, *_declaration(entry.program), "") if entry else ()),
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def arena_size(program: Program, entry: Entry | None) -> int:
    """Bytes of the arena, which all functions share."""
    return max(p.arena_size for p in programs(program, entry))


def _declaration(program: Program) -> list[str]:
    call = prototype(program)
    return [*call[:-1], f"{call[-1]};"]


def _port(program: Program, port: Port) -> list[str]:
    """Size, scale and zero point of an input or output, as a comment and as integer macros."""
    tensor, upper = port.tensor, f"{program.name}_{port.name}".upper()
    size = f"#define {upper}_SIZE {tensor.elements} /* elements */"
    about = f'/* {port.name}: {shape_text(tensor)} "{comment(tensor.name)}"'
    if tensor.quantization is None or tensor.dtype not in (DType.INT8, DType.UINT8, DType.INT16):
        return [about + " */", size]
    low, high = tensor.dtype.limits
    scale, zero = tensor.quantization.scale, tensor.quantization.zero_point
    centred = f"({plus('q', -zero)})" if zero else "q"
    quantized = plus(f"round(real / {scale!r})", zero)
    # A float32 scale is a 24-bit integer over a power of two, so two integer macros give it exactly.
    numerator, denominator = scale.as_integer_ratio()
    return [
        about,
        f"   real value = {scale!r} * {centred}, from {scale * (low - zero):.6g} to {scale * (high - zero):.6g}",
        f"   to quantize: q = {quantized}, limited to {low} .. {high} */",
        size,
        f"#define {upper}_ZERO_POINT ({zero})",
        f"#define {upper}_SCALE_NUMERATOR {numerator} /* scale = NUMERATOR / 2^SHIFT, exactly */",
        f"#define {upper}_SCALE_SHIFT {denominator.bit_length() - 1}",
    ]
