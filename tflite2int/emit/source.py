"""The C source: what the model is, constants, kernels, layers, predict."""

from __future__ import annotations

from collections.abc import Sequence

from ..lowering import output_roots
from ..program import Constant, Entry, Layer, Program, parameter_names, programs
from .header import arena_size, prototype, title
from .kernels import kernel_text
from .text import LINE, comment, shape_text, table, wrapped

LARGEST_16_BIT_INT = 32767
AVR_FLASH_REACH = 65000  # 64 KB less the interrupt vectors, which come first
LARGEST_PARAMETERS = 64  # bytes of a layer's parameter struct on AVR, at most
NOTE_COLUMN = 40  # a longer row of a struct has its note on the line above
SPECIALISE = (
    "/* Each layer gets its own copy of its kernel, with the layer's numbers in it. */",
    "#if defined(__GNUC__)",
    "#define SPECIALISE static inline __attribute__((always_inline))",
    "#else",
    "#define SPECIALISE static",
    "#endif",
    "",
)


def source(
    program: Program, file_name: str, entry: Entry | None = None, *, speed: bool = False, trace: bool = False
) -> str:
    """The text of NAME.c.

    ``speed`` lets the compiler make a copy of a kernel for each layer; ``trace`` adds a call of ``NAME_trace`` after
    each layer, for verification.
    """
    whole = program if entry is None else entry.program
    layers = list({layer.name: layer for p in programs(program, entry) for layer in p.layers}.values())
    used = sorted({kernel for layer in layers for kernel in layer.kernels})
    emitted: set[str] = set()
    lines = [
        *title(program, "c", file_name),
        "",
        *_operator_list(program),
        "*/",
        f'#include "{program.name}.h"',
        "",
        *_int_width(whole, layers),
        *_flash_reach(layers),
        *_arena(program, entry),
        *(kernel_text(["flash.h"], emitted) if any(layer.kernels or layer.constants for layer in layers) else []),
    ]
    if trace:
        lines += [
            f"void {program.name}_trace(int operator_number, int output_number, const void *data, long bytes);",
            "",
        ]
    for layer in layers:
        if layer.constants:
            owner = layer.added or f"operator {layer.operator.index}, {comment(layer.operator.kind)}"
            lines += [f"/* {owner} */"]
            lines += [*(line for c in layer.constants for line in _constant(layer, c)), ""]
    lines += [*(SPECIALISE if speed and used else ()), *kernel_text(used, emitted, "SPECIALISE" if speed else "static")]
    for layer in layers:
        lines += _layer(whole, layer)
    lines += _predict(program, _buffer_names(program), trace)
    if entry is not None:
        inner = {index: name for index, name in _port_names(program).items() if index in entry.program.offsets}
        lines += ["", *_predict(entry.program, _buffer_names(entry.program) | inner, trace=False)]
    return "\n".join(lines) + "\n"


def _operator_list(program: Program) -> list[str]:
    return [
        f"   {layer.operator.index:3}  {comment(layer.operator.kind):20}  "
        + ", ".join(shape_text(program.graph.tensor(i)) for i in layer.writes)
        for layer in program.layers
    ]


def _int_width(program: Program, layers: Sequence[Layer]) -> list[str]:
    """A compile-time stop for chips whose int has 16 bits, where the model has larger sizes than that."""
    sizes = [program.graph.tensor(i).bytes for layer in layers for i in (*layer.reads, *layer.writes)]
    sizes += [constant.bytes for layer in layers for constant in layer.constants]
    if max(sizes, default=0) <= LARGEST_16_BIT_INT:
        return []
    return [
        "/* This model's sizes need an int of 32 bits. */",
        "typedef char int_must_have_32_bits[sizeof(int) >= 4 ? 1 : -1];",
        "",
    ]


def _flash_reach(layers: Sequence[Layer]) -> list[str]:
    """A compile-time stop for AVR where the constants may lie beyond what its 16-bit pointers to flash reach."""
    tables = sum(constant.bytes for layer in layers for constant in layer.constants if constant.in_flash)
    if tables + LARGEST_PARAMETERS * len(layers) <= AVR_FLASH_REACH:
        return []
    return [
        "#if defined(__FLASH)",
        '#error "more constants than the first 64 KB of flash hold, which is all that __flash reaches on AVR"',
        "#endif",
        "",
    ]


def _arena(program: Program, entry: Entry | None) -> list[str]:
    if not arena_size(program, entry):
        return []
    name, upper = program.name, program.name.upper()
    width = max(p.graph.tensor(key).dtype.size for p in programs(program, entry) for key in p.offsets)
    if width == 1:
        own = [f"static int8_t arena[{upper}_ARENA_SIZE];"]
    else:
        # Of the widest type that lies in it, for its alignment.
        own = [
            f"static int{8 * width}_t arena_elements[({upper}_ARENA_SIZE + {width - 1}) / {width}];",
            "#define arena ((int8_t *)arena_elements)",
        ]
    return [f"#if defined({upper}_EXTERNAL_ARENA)", f"#define arena {name}_arena", "#else", *own, "#endif", ""]


def _layer_title(program: Program, layer: Layer) -> str:
    if layer.about:
        return "\n".join(layer.about)
    graph = program.graph
    ins = ", ".join(shape_text(graph.tensor(i)) for i in layer.reads) or "constant"
    outs = ", ".join(shape_text(graph.tensor(i)) for i in layer.writes)
    name = comment(graph.tensor(layer.writes[0]).name)
    title = f'/* {layer.operator.index}  {comment(layer.operator.kind)}  "{name}"'
    types = f"{ins} -> {outs} */"
    return f"{title}  {types}" if len(title) + len(types) < LINE else f"{title}\n      {types}"


def _constant(layer: Layer, constant: Constant) -> list[str]:
    values = [int(v) for v in constant.values.reshape(-1)]
    space = " IN_FLASH" if constant.in_flash else ""
    head = f"static const{space} {constant.dtype.c} {layer.name}_{constant.name}[{len(values)}] = {{"
    about = [" x ".join(str(d) for d in constant.values.shape)] if constant.values.ndim > 1 else []
    about += [constant.comment] if constant.comment else []
    note = f" /* {', '.join(about)} */" if about else ""
    rows = list(table(values))
    if len(rows) == 1 and len(head) + len(rows[0]) + len(note) < LINE:
        return [f"{head} {rows[0].strip()} }};{note}"]
    return [head + note, *rows, "};"]


def _parameters(layer: Layer) -> list[str]:
    if layer.parameters is None:
        return []
    rows = layer.parameters.rows
    texts = [text if position + 1 == len(rows) else f"{text}," for position, (text, _) in enumerate(rows)]
    width = max((len(text) for text in texts if len(text) <= NOTE_COLUMN), default=0)
    lines: list[str] = []
    for text, (_, note) in zip(texts, rows, strict=True):
        if note and len(text) <= NOTE_COLUMN:
            lines.append(f"    {text:{width}} /* {note} */")
        else:
            lines += [*([f"    /* {note} */"] if note else ()), f"    {text}"]
    return [f"static const IN_FLASH {layer.parameters.type} {layer.name}_parameters = {{", *lines, "};", ""]


def _layer(program: Program, layer: Layer) -> list[str]:
    graph = program.graph
    types = [f"const {graph.tensor(i).dtype.c}" for i in layer.reads] + [graph.tensor(i).dtype.c for i in layer.writes]
    names = parameter_names("input", len(layer.reads)) + parameter_names("output", len(layer.writes))
    arguments = [f"{t} *{n}" for t, n in zip(types, names, strict=True)]
    return [
        _layer_title(program, layer),
        *_parameters(layer),
        *wrapped(f"static {layer.result or 'void'} {layer.name}", arguments),
        "{",
        *(f"    {line}" if line else "" for line in layer.body),
        "}",
        "",
    ]


def _port_names(program: Program) -> dict[int, str]:
    names = {port.tensor.index: port.name for port in program.inputs}
    return names | {root: program.outputs[position].name for position, root in output_roots(program).items()}


def _buffer_names(program: Program) -> dict[int, str]:
    """The C expression of each buffer: a parameter of predict, or a local pointer named for its layer."""
    names = _port_names(program)
    for layer in program.layers:
        for position, index in enumerate(layer.writes):
            suffix = "" if len(layer.writes) == 1 else str(position)
            names.setdefault(index, f"{layer.name}_output{suffix}")
    return names


def _predict(program: Program, names: dict[int, str], trace: bool) -> list[str]:
    graph, storage = program.graph, program.storage
    lines = [*prototype(program), "{"]
    if any(map(program.overlap, program.layers)):
        lines.append("    /* Where a layer's output lies over its input, it covers what has been read. */")
    for key in sorted(program.offsets, key=lambda k: (program.lifetimes[k], k)):
        tensor, offset = graph.tensor(key), program.offsets[key]
        alive = _alive(*(program.layers[step] for step in program.lifetimes[key]))
        place = "arena" if not offset else f"arena + {offset}"
        if tensor.dtype.c != "int8_t":
            # Through void *: the arena is aligned for its widest type and the offset is a multiple of this one's size.
            place = f"({tensor.dtype.c} *)(void *)" + (f"({place})" if offset else place)
        pointer, note = f"    {tensor.dtype.c} *const {names[key]} = {place};", f"/* {tensor.bytes} bytes, {alive} */"
        lines += [f"{pointer} {note}"] if len(pointer) + len(note) < LINE else [f"    {note}", pointer]
    read = {storage[i] for layer in program.layers for i in layer.reads}
    lines += [f"    (void){port.name};" for port in program.inputs if port.tensor.index not in read]
    if len(lines) > len(prototype(program)) + 1:
        lines.append("")
    for layer in program.layers:
        ins = [names[storage[i]] for i in layer.reads]
        outs = [names[storage[i]] for i in layer.writes]
        if layer.copy_to >= 0:
            outs = [program.outputs[layer.copy_to].name]
        head = f"return {layer.name}" if layer.result else layer.name
        lines += [f"    {line}" for line in wrapped(head, ins + outs, ";")]
        if trace:
            for slot, (index, out) in enumerate(zip(layer.writes, outs, strict=True)):
                lines.append(
                    f"    {program.name}_trace({layer.operator.index}, {slot}, {out}, {graph.tensor(index).bytes});"
                )
    return [*lines, "}"]


def _alive(first: Layer, last: Layer) -> str:
    if first.added or last.added:
        begin, end = (layer.added or f"operator {layer.operator.index}" for layer in (first, last))
        return f"alive from {begin} to {end}"
    begin, end = (str(layer.operator.index) for layer in (first, last))
    return f"alive in operator {begin}" if begin == end else f"alive in operators {begin} to {end}"
