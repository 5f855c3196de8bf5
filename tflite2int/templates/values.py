"""What the placeholders of a template stand for: names, and the C lines that depend on inputs and outputs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from ..compiler import Conversion
from ..emit.text import comment, number, shape_text, table
from ..graph import Array
from ..ops.text import plus
from ..output import MARK_LINE
from ..program import Port, Program
from ..rawio import told
from ..version import VERSION
from .known import KnownResults
from .rust import rust_placeholders


def placeholders(conversion: Conversion, model: str, known: KnownResults) -> dict[str, str]:
    """Every placeholder by name. ``model`` is the file's name."""
    program, name = conversion.program, conversion.name
    values = {
        "MARK": MARK_LINE,
        "NAME": name,
        "UPPER": name.upper(),
        "MODEL": comment(model),
        "SHA256": program.graph.sha256,
        "VERSION": VERSION,
        "NAME_WITH_DASHES": name.lower().replace("_", "-"),
        "CRATE": name.lower(),
    }
    return values | _example(conversion) | _model(program) | _selftest(program, known) | rust_placeholders(conversion)


def _example(conversion: Conversion) -> dict[str, str]:
    """The function that examples call: NAME_predict_raw or NAME_predict_class where the model was converted so."""
    entry = conversion.entry
    program = conversion.program if entry is None else entry.program
    arguments = ", ".join(p.name for p in (*program.inputs, *program.outputs))
    call = f"{program.name}_{program.function}({arguments});"
    shown = [_print(port) for port in program.outputs]
    if entry is None:
        about = [f"{p.name}: {shape_text(p.tensor)}{_meaning(p)}" for p in (*program.inputs, *program.outputs)]
    else:
        about = [f"{counts.name}: {counts.type}, {told(counts)}" for counts in entry.counts]
    return {
        "EXAMPLE_ABOUT": "\n".join(comment(line) for text in about for line in textwrap.wrap(text, 80)),
        "EXAMPLE_FUNCTION": f"{program.name}_{program.function}",
        "EXAMPLE_NUMBERS": str(sum(p.tensor.elements for p in program.inputs)),
        "EXAMPLE_BUFFERS": "\n".join(_buffer(p) for p in (*program.inputs, *program.outputs)),
        "EXAMPLE_READ": "\n".join(_read(port) for port in program.inputs),
        "EXAMPLE_PREDICT": f"const int result = {call}" if program.result else call,
        "EXAMPLE_PRINT": "\n".join((["print_value(result);"] if program.result else []) + shown),
        "SCALAR": str(int(_scalar(conversion))),
        "ANALOG": _analog(conversion),
    }


def _scalar(conversion: Conversion) -> bool:
    """One int8 in, one int8 out, and nothing else asked for: a function that can be swept."""
    ports = (*conversion.program.inputs, *conversion.program.outputs)
    return conversion.entry is None and len(ports) == 2 and all(_is_int8_number(p) for p in ports)


def _is_int8_number(port: Port) -> bool:
    return port.tensor.elements == 1 and port.tensor.dtype.label == "int8"


def _analog(conversion: Conversion) -> str:
    """A 10-bit reading as an element of the input: raw counts as they are, else the whole range of the type."""
    program = conversion.program if conversion.entry is None else conversion.entry.program
    types = {port.tensor.dtype.label for port in program.inputs}
    if conversion.entry is not None and types != {"int8"}:
        return "reading"
    forms = {"int8": "(reading >> 2) - 128", "uint8": "reading >> 2", "int16": "(reading - 512) * 64"}
    return forms.get(types.pop(), "reading") if len(types) == 1 else "reading"


def _meaning(port: Port) -> str:
    q = port.tensor.quantization
    if q is None:
        return ""
    return f", real value = {q.scale:.6g} * " + (f"({plus('q', -q.zero_point)})" if q.zero_point else "q")


def _buffer(port: Port) -> str:
    return f"static {port.tensor.dtype.c} {port.name}[{port.tensor.elements}];"


def _read(port: Port) -> str:
    return "\n".join(_each(port, f"{port.name}[i] = ({port.tensor.dtype.c})next_value();"))


def _print(port: Port) -> str:
    return "\n".join(_each(port, f"print_value((int32_t){port.name}[i]);"))


def _model(program: Program) -> dict[str, str]:
    """NAME_predict itself, for the self-test and the evaluation."""
    names = ", ".join(p.name for p in (*program.inputs, *program.outputs))
    total = sum(p.tensor.bytes for p in program.inputs)
    return {
        "MODEL_BUFFERS": "\n".join(_buffer(p) for p in (*program.inputs, *program.outputs)),
        "MODEL_PREDICT": f"{program.name}_predict({names});",
        "MODEL_INPUT_BYTES": str(total),
        "MODEL_OUTPUT_BYTES": str(sum(p.tensor.bytes for p in program.outputs)),
        "MODEL_RECEIVE": "\n".join(f"receive(link, {p.name}, {p.tensor.bytes});" for p in program.inputs),
        "MODEL_SEND": "\n".join(f"send(link, {p.name}, {p.tensor.bytes});" for p in program.outputs),
        "MODEL_DESCRIPTION": " ".join(
            [
                program.name,
                program.graph.sha256,
                *(_described("in", port) for port in program.inputs),
                *(_described("out", port) for port in program.outputs),
            ]
        ),
    }


def _described(direction: str, port: Port) -> str:
    """Such as ``in:int8:6:1:7:0``: type, elements, and the scale 1 / 2^7 with zero point 0; the scale 0 if none."""
    tensor, q = port.tensor, port.tensor.quantization
    numerator, denominator = (0, 1) if q is None else q.scale.as_integer_ratio()
    zero = 0 if q is None else q.zero_point
    shift = denominator.bit_length() - 1
    return f"{direction}:{tensor.dtype.label}:{tensor.elements}:{numerator}:{shift}:{zero}"


def _selftest(program: Program, known: KnownResults) -> dict[str, str]:
    """Tables of known inputs and outputs, and the lines that go through them."""
    tables, load, compare = [], [], []
    for position, port in enumerate(program.inputs):
        tables.append(_table(port, [step[position] for step in known.inputs]))
        load += _each(port, f"{port.name}[i] = known_{port.name}[sample][i];")
    for position, port in enumerate(program.outputs):
        tables.append(_table(port, [step[position] for step in known.outputs]))
        compare += _each(
            port,
            f"if ({port.name}[i] != known_{port.name}[sample][i]) {{",
            f"    const int32_t got = (int32_t){port.name}[i], known = (int32_t)known_{port.name}[sample][i];",
            f"    differs(result, sample, {position}, i, got, known);",
            "    return;",
            "}",
        )
    return {
        "SELFTEST_SAMPLES": str(len(known.inputs)),
        "SELFTEST_TABLES": "\n".join(tables) if known.inputs else "",
        "SELFTEST_LOAD": "\n".join(load),
        "SELFTEST_COMPARE": "\n".join(compare),
        "SELFTEST_ABOUT": comment(f"No known results: {known.missing}.") if known.missing else "Known results.",
    }


def _each(port: Port, *lines: str) -> list[str]:
    return [f"for (int32_t i = 0; i < {port.tensor.elements}; i++) {{", *(f"    {line}" for line in lines), "}"]


def _table(port: Port, rows: Sequence[Array]) -> str:
    head = f"static const IN_FLASH {port.tensor.dtype.c} known_{port.name}[{len(rows)}][{port.tensor.elements}] = {{"
    lines = [head]
    for row in rows:
        values = [int(v) for v in row.reshape(-1)]
        if len(values) == 1:
            lines.append(f"    {{ {number(values[0])} }},")
        else:
            lines += ["    {", *table(values, "        "), "    },"]
    return "\n".join([*lines, "};"])
