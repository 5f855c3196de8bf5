"""What the host and the emulated cores have in common: the C around the emitted functions, and the files it reads.

A program reads ``inputs.bin`` (an int32, the number of steps, then for each the inputs one after another), calls
NAME_predict once a step, and writes the outputs to ``outputs.bin``. If the C was emitted with tracing, it also writes
``trace.bin`` where there is such a file: records of operator, output position and bytes (three int32), then the data.
Numbers are in the target's byte order, which is little-endian on every emulated core.
"""

from __future__ import annotations

import math
import os
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import ToolchainError, UsageError, printable
from ..graph import Array, DType
from ..program import Program

PORTS = "harness-ports.c"  # no model can have this name, for want of an identifier
FIRMWARE = Path(__file__).with_name("firmware")
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wundef", "-Werror")
ByteOrder = Literal["<", "="]  # numpy's and struct's sign: little-endian, or the host's own
STEP = -1  # in place of an operator number: the harness's own record that a step begins


@dataclass(frozen=True)
class Port:
    """An input or output of NAME_predict: the tensor's name, its integer type and its shape."""

    name: str
    dtype: DType
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * self.dtype.size


@dataclass(frozen=True)
class Interface:
    """The emitted function's name (NAME of NAME.c) and its parameters, inputs then outputs."""

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def interface_of(program: Program) -> Interface:
    """The emitted function's parameters."""
    ins, outs = (
        tuple(Port(p.name, p.tensor.dtype, p.tensor.shape) for p in ports)
        for ports in (program.inputs, program.outputs)
    )
    return Interface(program.name, ins, outs)


@dataclass(frozen=True)
class TraceRecord:
    """The bytes of one output of one operator, as the emitted C held them when the operator was done."""

    operator: int
    output: int
    data: bytes


def glue(interface: Interface) -> str:
    """Return the C between the harness and NAME_predict: buffers, the call, and the check of the header's sizes.

    int8 and uint8 buffers begin at an odd address, because the emitted C may assume no more of them than their type
    says: on a Cortex-M0 a word access to one of them then faults. They end where their object ends, for ASan.
    """
    name = interface.name
    groups = (("input", interface.inputs), ("output", interface.outputs))
    lines = [f'#include "{name}.h"', '#include "harness-interface.h"', ""]
    for kind, ports in groups:
        for position, port in enumerate(ports):
            macro = f"{name.upper()}_{kind.upper()}{position if len(ports) > 1 else ''}_SIZE"
            lines += [f"#if {macro} != {port.elements}", f'#error "{macro} is not {port.elements}"', "#endif"]
    for kind, ports in groups:
        for position, port in enumerate(ports):
            skew = "1 + " if port.dtype.size == 1 else ""
            lines.append(
                f"static {port.dtype.c} {kind}{position}[{skew}{max(port.elements, 1)}] __attribute__((aligned(4)));"
            )
    for kind, ports in groups:
        entries = [f"    {{{_address(kind, i, port)}, {port.bytes}}}," for i, port in enumerate(ports)]
        lines += ["", f"const struct port harness_{kind}s[] = {{", *(entries or ["    {0, 0},"]), "};"]
        lines.append(f"const int harness_{kind}_count = {len(ports)};")
    arguments = ", ".join(_address(kind, i, port) for kind, ports in groups for i, port in enumerate(ports))
    lines += [
        "",
        "void harness_call(void)",
        "{",
        "    platform_before();",
        f"    {name}_predict({arguments});",
        "    platform_after();",
        "}",
        "",
        "/* called by C that was emitted with tracing */",
        f"void {name}_trace(int operator_number, int output_number, const void *data, long bytes);",
        f"void {name}_trace(int operator_number, int output_number, const void *data, long bytes)",
        "{",
        "    harness_record(operator_number, output_number, data, bytes);",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _address(kind: str, position: int, port: Port) -> str:
    return f"{kind}{position} + 1" if port.dtype.size == 1 else f"{kind}{position}"


def pack(ports: Sequence[Port], steps: Sequence[Sequence[Array]], order: ByteOrder = "<") -> bytes:
    """Return the file that the program reads: ``steps[k][j]`` is the value of port j at step k.

    Raises UsageError where a value has not its port's type
    or shape.
    """
    chunks = [struct.pack(f"{order}i", len(steps))]
    for k, step in enumerate(steps):
        if len(step) != len(ports):
            raise UsageError(f"step {k} has {len(step)} inputs, the model has {len(ports)}")
        for port, value in zip(ports, step, strict=True):
            if value.dtype != port.dtype.numpy or value.shape != port.shape:
                raise UsageError(
                    f"step {k} is {value.dtype}{list(value.shape)}, the model's is "
                    f"{port.dtype.label}{list(port.shape)}",
                    f'input "{port.name}"',
                )
            chunks.append(np.ascontiguousarray(value, value.dtype.newbyteorder(order)).tobytes())
    return b"".join(chunks)


def unpack(ports: Sequence[Port], steps: int, data: bytes, order: ByteOrder = "<") -> list[list[Array]]:
    """Return ``outputs[k][j]`` from what the program wrote. Raises ToolchainError where the length is not right."""
    expected = steps * sum(port.bytes for port in ports)
    if len(data) != expected:
        raise ToolchainError(f"the program wrote {len(data)} bytes of output instead of {expected}")
    outputs = []
    position = 0
    for _ in range(steps):
        step: list[Array] = []
        for port in ports:
            stored = np.frombuffer(data, port.dtype.numpy.newbyteorder(order), port.elements, position)
            step.append(stored.reshape(port.shape).astype(port.dtype.numpy))
            position += port.bytes
        outputs.append(step)
    return outputs


def prepare(
    folder: Path, interface: Interface, inputs: Sequence[Sequence[Array]], trace: bool, order: ByteOrder
) -> None:
    """Write the files that the program starts from. Raises UsageError like ``pack``."""
    (folder / "inputs.bin").write_bytes(pack(interface.inputs, inputs, order))
    (folder / "trace.bin").unlink(missing_ok=True)
    if trace:
        (folder / "trace.bin").touch()


def unpack_trace(data: bytes, order: ByteOrder = "<") -> list[list[TraceRecord]]:
    """Return the records of each step. Raises ToolchainError where the file is cut off."""
    steps: list[list[TraceRecord]] = []
    position = 0
    try:
        while position < len(data):
            operator, output, size = struct.unpack_from(f"{order}iii", data, position)
            position += 12
            if operator == STEP:
                steps.append([])
                continue
            if position + size > len(data):
                raise struct.error
            steps[-1].append(TraceRecord(operator, output, data[position : position + size]))
            position += size
    except (struct.error, IndexError):
        raise ToolchainError("the program's trace is cut off") from None
    return steps


def run_tool(command: Sequence[str], where: str, install: str, folder: Path | None = None) -> str:
    """Run a compiler or the like, in ``folder`` if given, and return what it printed.

    Raises ToolchainError where the program is missing (``install`` says how to get it), does not succeed, or is not
    done after ten minutes.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
            timeout=600,
        )
    except FileNotFoundError:
        raise ToolchainError(f"{command[0]} is missing", remedy=install) from None
    except subprocess.TimeoutExpired:
        raise ToolchainError(f"{command[0]} took more than ten minutes", where) from None
    if done.returncode != 0:
        raise ToolchainError(f"{command[0]} failed{complaint(done.stderr)}", where)
    return done.stdout


def ending(status: int) -> str:
    """How a program ended, by its exit status, which is negative for a signal."""
    return f"exit status {status}" if status >= 0 else f"signal {-status}"


def complaint(stderr: str) -> str:
    """Return, to be appended to a message, the line of ``stderr`` that says what is wrong.

    The first that calls itself an error; else the last, where linkers and the emulator say it.
    """
    lines = [line for line in stderr.splitlines() if line.strip() and not line.startswith("collect2:")]
    telling = [line for line in lines if "error:" in line.lower()] or lines[-1:]
    return f": {printable(telling[0].strip(), 300)}" if telling else ""
