"""The evaluation protocol, our side: firmware_templates/common/@NAME@_evaluate.h describes it."""

from __future__ import annotations

import binascii
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ToolchainError, printable
from ..graph import Array, DType, Graph, Quantization, Tensor
from ..program import Port, Program, parameter_names
from .line import Line

SYNC = 0xA5
HEAD = struct.Struct("<BBI")
GREETING = 15.0  # seconds: a board that restarts when its port is opened, and its boot loader, take some
ATTEMPTS = 3
LONGEST_TEXT = 4096
MOST_ELEMENTS = 2**24
TYPES = {dtype.label: dtype for dtype in (DType.INT8, DType.UINT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL)}


class BrokenFrame(Exception):
    """No answer, or none that is intact: worth another attempt."""


@dataclass(frozen=True)
class Description:
    """What the board says it runs. ``program`` has the ports only."""

    program: Program
    sha256: str
    unit: str


class Board:
    """A board that answers frames. ``timeout``: seconds without any byte after which an answer is given up."""

    def __init__(self, line: Line, timeout: float = 10.0) -> None:
        self._line, self._timeout = line, timeout
        self._left = b""

    def describe(self) -> Description:
        """Ask until the board answers. Raises ToolchainError where it does not, or its answer is not understood."""
        end = time.monotonic() + GREETING
        while time.monotonic() < end:
            self._line.write(frame("D"))
            try:
                kind, body = self._answer(LONGEST_TEXT, 1.0)
            except BrokenFrame:
                continue
            if kind == "D":
                return _described(body)
        raise ToolchainError(
            "the board does not answer", remedy="Upload the template's evaluation program; look at port and baud."
        )

    def predict(self, program: Program, inputs: Sequence[Array]) -> tuple[list[Array], int]:
        """The outputs, and the ticks of the inference. Raises ToolchainError after some attempts without an answer."""
        asked = frame("P", b"".join(value.tobytes() for value in inputs))
        wanted = sum(port.tensor.bytes for port in program.outputs) + 4
        failure = ""
        for _ in range(ATTEMPTS):
            self._line.write(asked)
            try:
                kind, body = self._answer(max(wanted, 1), self._timeout)
            except BrokenFrame as broken:
                failure = str(broken)
                self._resynchronize(len(asked))
                continue
            if kind == "P" and len(body) == wanted:
                return _outputs(program, body), int.from_bytes(body[-4:], "little")
            failure = {b"\1": "the checksum was wrong", b"\2": "the length was wrong"}.get(body, "another answer came")
        raise ToolchainError(f"the board gave no answer in {ATTEMPTS} attempts: {failure}", remedy="Look at the line.")

    def _resynchronize(self, length: int) -> None:
        """Let a board that waits for the rest of a frame see its end."""
        self._line.write(bytes(length))
        while self._line.read(0.3):
            pass
        self._left = b""

    def _answer(self, longest: int, timeout: float) -> tuple[str, bytes]:
        """The next frame; text before it is passed over."""
        data = self._left
        while True:
            start = data.find(SYNC)
            data = data[start:] if start >= 0 else b""
            if len(data) >= HEAD.size:
                _, kind, length = HEAD.unpack_from(data)
                if length > longest:
                    data = data[1:]
                    continue
                end = HEAD.size + length
                if len(data) >= end + 2:
                    if _checksum(data[1:end]) != int.from_bytes(data[end : end + 2], "little"):
                        data = data[1:]
                        continue
                    self._left = data[end + 2 :]
                    return chr(kind), data[HEAD.size : end]
            more = self._line.read(timeout)
            if not more:
                self._left = b""
                raise BrokenFrame(f"nothing came for {timeout:g} s")
            data += more


def frame(kind: str, body: bytes = b"") -> bytes:
    """A whole frame."""
    whole = HEAD.pack(SYNC, ord(kind), len(body)) + body
    return whole + _checksum(whole[1:]).to_bytes(2, "little")


def _checksum(data: bytes) -> int:
    return binascii.crc_hqx(data, 0xFFFF)


def _outputs(program: Program, body: bytes) -> list[Array]:
    values, offset = [], 0
    for port in program.outputs:
        tensor = port.tensor
        values.append(np.frombuffer(body, tensor.dtype.numpy, tensor.elements, offset).reshape(tensor.shape))
        offset += tensor.bytes
    return values


def _described(body: bytes) -> Description:
    """Raises ToolchainError where the text is not as the template writes it."""
    text = body.decode("ascii", errors="replace")
    try:
        name, sha256, *fields = text.split(" ")
        tensors: dict[str, list[Tensor]] = {"in": [], "out": []}
        unit = fields.pop().removeprefix("unit:")
        for field in fields:
            direction, label, *numbers = field.split(":")
            elements, numerator, shift, zero = map(int, numbers)
            if not (0 < elements <= MOST_ELEMENTS and 0 <= numerator < 2**128 and 0 <= shift < 2**8):
                raise ValueError(field)
            quantization = Quantization((numerator / 2**shift,), (zero,)) if numerator else None
            tensors[direction].append(Tensor(0, f"{direction}put", TYPES[label], (elements,), quantization))
    except (ValueError, KeyError, IndexError):
        raise ToolchainError(
            f"the board's description is not understood: {printable(text)}", remedy="Convert and upload again."
        ) from None
    ports = [
        tuple(Port(n, t) for n, t in zip(parameter_names(stem, len(tensors[key])), tensors[key], strict=True))
        for key, stem in (("in", "input"), ("out", "output"))
    ]
    if not ports[0] or not ports[1]:
        raise ToolchainError("the board's description names no inputs or outputs", remedy="Convert and upload again.")
    graph = Graph(name, sha256, (), (), (), ())
    return Description(Program(printable(name), graph, (), ports[0], ports[1], {}), printable(sha256), printable(unit))
