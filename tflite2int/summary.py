"""What a conversion tells the user: ports, operators, sizes, and what was changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

from .compiler import Conversion
from .emit.estimate import code_bytes
from .emit.header import arena_size
from .emit.text import shape_text
from .errors import printable
from .program import Counts, Port
from .rawio import told


@dataclass(frozen=True)
class PortSummary:
    """An input or output; ``scale`` and ``zero_point`` are None for plain integers."""

    name: str
    tensor: str
    type: str
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True)
class Summary:
    """Sizes in bytes; ``macs`` are multiply-accumulates of one inference; ``code_bytes`` is an estimate.

    ``function`` and ``counts``: the second C function, where there is one, and its inputs and outputs.
    """

    name: str
    ports: tuple[PortSummary, ...]
    operators: dict[str, int]
    macs: int
    weight_bytes: int
    constant_bytes: int
    code_bytes: int
    arena_bytes: int
    changes: tuple[str, ...]
    function: str = ""
    counts: tuple[Counts, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The summary for JSON."""
        return asdict(self)

    def text(self) -> str:
        """The summary as lines for a terminal."""
        width = max(len(port.name) for port in self.ports)
        typed = max(len(port.type) for port in self.ports)
        lines = []
        for port in self.ports:
            scale = "" if port.scale is None else f"scale {port.scale:.9g}, zero point {port.zero_point}"
            lines.append(f"{port.name:{width}}  {port.type:{typed}}  {scale}  {port.tensor}".rstrip())
        other = self.constant_bytes - self.weight_bytes
        operators = ", ".join(f"{count} {kind}" for kind, count in self.operators.items())
        lines += [
            f"operators  {operators}",
            f"work       {self.macs:,} multiply-accumulates",
            f"flash      {self.weight_bytes:,} bytes of weights, {other:,} of other tables, "
            f"about {self.code_bytes:,} of code (Cortex-M0, -Os)",
            f"RAM        {self.arena_bytes:,} bytes of arena, besides inputs, outputs and stack",
        ]
        lines += [f"changed    {change}" for change in self.changes]
        if self.function:
            lines.append(f"function   {self.function}")
            lines += [f"  {c.name}: {c.type}, {told(c)}" for c in self.counts]
        return "\n".join(lines)


def summarize(conversion: Conversion) -> Summary:
    """Gather the numbers of a conversion."""
    program, entry = conversion.program, conversion.entry
    return Summary(
        name=program.name,
        ports=tuple(_port(port) for port in (*program.inputs, *program.outputs)),
        operators=dict(Counter(layer.operator.kind for layer in program.layers)),
        macs=program.macs,
        weight_bytes=program.weight_bytes,
        constant_bytes=program.constant_bytes,
        code_bytes=code_bytes(conversion.source),
        arena_bytes=arena_size(program, entry),
        changes=program.graph.changes,
        function=f"{program.name}_{entry.program.function}" if entry else "",
        counts=entry.counts if entry else (),
    )


def _port(port: Port) -> PortSummary:
    quantization = port.tensor.quantization
    return PortSummary(
        port.name,
        printable(port.tensor.name),
        shape_text(port.tensor),
        quantization.scale if quantization else None,
        quantization.zero_point if quantization else None,
    )
