"""The second C function of a conversion, run on this machine or an emulated core."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tflite2int.compiler import Conversion, convert
from tflite2int.graph import Array, DType
from tflite2int.program import Counts
from tflite2int.verify import host
from tflite2int.verify.harness import Interface, Port


def converted(
    model: bytes | Path, folder: Path, toml: str | None = None, output: str | None = None, **options: str
) -> Conversion:
    """Convert a model, or a file of that content, with a file of that TOML."""
    path = folder / "model.tflite"
    if isinstance(model, bytes):
        path.write_bytes(model)
    io = None
    if toml is not None:
        io = folder / "io.toml"
        io.write_text(toml)
    return convert(path if isinstance(model, bytes) else model, io=io, output=output, **options)  # type: ignore[arg-type]


def counts_of(conversion: Conversion, name: str) -> Counts:
    """What is said of one input or output of the second function."""
    assert conversion.entry is not None
    return next(c for c in conversion.entry.counts if c.name == name)


def adapter(conversion: Conversion, folder: Path) -> Interface:
    """Write the C files and ``adapter.c``, whose ``adapter_predict`` calls the second function; what that returns is
    its first output."""
    entry = conversion.entry
    assert entry is not None
    for name, text in conversion.files().items():
        (folder / name).write_text(text)
    program = entry.program
    result = any(layer.result for layer in program.layers)
    inputs = [Port(p.name, p.tensor.dtype, (p.tensor.elements,)) for p in program.inputs]
    outputs = [Port(p.name, p.tensor.dtype, (p.tensor.elements,)) for p in program.outputs]
    if result:
        outputs.insert(0, Port("result", DType.INT32, (1,)))
    lines = []
    for kind, ports in (("INPUT", inputs), ("OUTPUT", outputs)):
        for position, port in enumerate(ports):
            lines.append(f"#define ADAPTER_{kind}{position if len(ports) > 1 else ''}_SIZE {port.elements}")
    parameters = [f"const {p.dtype.c} *{p.name}" for p in inputs] + [f"{p.dtype.c} *{p.name}" for p in outputs]
    head = f"void adapter_predict({', '.join(parameters)})"
    names = ", ".join(p.name for p in (*inputs, *outputs[1 if result else 0 :]))
    call = f"{conversion.name}_{program.function}({names});"
    (folder / "adapter.h").write_text("\n".join(["#include <stdint.h>", *lines, f"{head};", ""]))
    body = f"result[0] = {call}" if result else call
    (folder / "adapter.c").write_text(
        f'#include "{conversion.name}.c"\n#include "adapter.h"\n\n{head}\n{{\n    {body}\n}}\n'
    )
    return Interface("adapter", tuple(inputs), tuple(outputs))


def run_entry(
    conversion: Conversion, folder: Path, steps: Sequence[Sequence[Array]], sanitize: bool = False
) -> list[list[Array]]:
    """``outputs[k][j]`` of the second function for ``steps[k][j]``; arrays are given and returned flat."""
    interface = adapter(conversion, folder)
    flat = [
        [np.asarray(value, port.dtype.numpy).reshape(-1) for value, port in zip(step, interface.inputs, strict=True)]
        for step in steps
    ]
    return host.build(folder, interface, folder, sanitize=sanitize).run(flat)
