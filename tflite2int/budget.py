"""Budgets of RAM and flash: what the user allows, what is used, and the verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .errors import UsageError, printable
from .program import Program

_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}
_FREQUENCIES = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Budget:
    """The most bytes that may be used, None where there is no limit."""

    ram: int | None = None
    flash: int | None = None

    @staticmethod
    def parse(ram: str | None, flash: str | None) -> Budget:
        """From sizes as the user writes them. Raises UsageError."""
        return Budget(*(None if text is None else parse_size(text) for text in (ram, flash)))


@dataclass(frozen=True)
class Verdict:
    """Whether the sum of ``parts``, in bytes, is within the limit. ``missing`` says what is not counted."""

    memory: str
    limit: int
    parts: Mapping[str, int]
    missing: str = ""

    @property
    def used(self) -> int:
        return sum(self.parts.values())

    @property
    def passed(self) -> bool:
        return self.used <= self.limit

    def to_dict(self) -> dict[str, object]:
        """The verdict for JSON."""
        return {**asdict(self), "used": self.used, "passed": self.passed}

    def __str__(self) -> str:
        word = ("so far PASS" if self.missing else "PASS") if self.passed else "FAIL"
        missing = f"; {self.missing} not counted" if self.missing else ""
        return f"budget     {self.memory} {self.used:,} of {self.limit:,} bytes: {word} ({listed(self.parts)}{missing})"


def listed(parts: Mapping[str, int]) -> str:
    """``code 600, weights 400``."""
    return ", ".join(f"{name} {size:,}" for name, size in parts.items())


def verdicts(budget: Budget, ram: Mapping[str, int], flash: Mapping[str, int], missing: bool) -> tuple[Verdict, ...]:
    """The verdicts for the limits that are set; ``missing``: stack and code are not among the parts."""
    found = []
    if budget.ram is not None:
        found.append(Verdict("RAM", budget.ram, ram, "stack" if missing else ""))
    if budget.flash is not None:
        found.append(Verdict("flash", budget.flash, flash, "code" if missing else ""))
    return tuple(found)


def known_verdicts(program: Program, budget: Budget) -> tuple[Verdict, ...]:
    """What a conversion knows already, before anything is compiled."""
    weights = program.weight_bytes
    ram = {"arena": program.arena_size, "inputs and outputs": port_bytes(program)}
    flash = {"weights": weights, "tables": program.constant_bytes - weights}
    return verdicts(budget, ram, flash, missing=True)


def port_bytes(program: Program) -> int:
    """Bytes of the caller's input and output buffers."""
    return sum(port.tensor.bytes for port in (*program.inputs, *program.outputs))


def parse_size(text: str) -> int:
    """Bytes from ``2048``, ``8K`` or ``1M`` (of 1024; KB and KiB mean the same). Raises UsageError."""
    match = re.fullmatch(r"(\d+)\s*([KM]?)(?:I?B)?", text.strip().upper())
    if match is None:
        raise UsageError(f'"{printable(text)}" is no size', remedy="Write bytes, or 8K, or 1M.")
    return int(match[1]) * _UNITS[match[2]]


def parse_clock(text: str) -> float:
    """Hertz from ``48MHz``, ``32.768 kHz`` or ``16000000``. Raises UsageError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?)(?:HZ)?", text.strip().upper())
    if match is None or float(match[1]) == 0:
        raise UsageError(f'"{printable(text)}" is no clock', remedy="Write 48MHz, or 32.768kHz, or hertz.")
    return float(match[1]) * _FREQUENCIES[match[2]]
