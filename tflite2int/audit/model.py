"""What the checks look at, and how they speak."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..attributes import Attributes
from ..errors import Tflite2IntError, printable
from ..graph import Graph, Tensor
from .facts import Finding, Interval, OperatorFacts, RescaleFacts, Severity

_SAME_CODES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE", "MAX_POOL_2D")
_LISTED = 12  # channels that a sentence names


@dataclass(frozen=True)
class Topic:
    """A kind of finding: its code for machines, its heading, and what to do."""

    code: str
    title: str
    remedy: str


@dataclass(frozen=True)
class Model:
    """The file's graph, the facts of its operators, and why it would not be converted, with the remedy."""

    graph: Graph
    operators: tuple[OperatorFacts, ...]
    refusals: tuple[Tflite2IntError, ...] = ()
    remedy: str = ""

    @cached_property
    def macs(self) -> int:
        return sum(op.macs for op in self.operators)

    def dead_share(self, op: OperatorFacts) -> float:
        """The share of the model's multiply-accumulates that go into the operator's dead channels."""
        if op.weights is None or not self.macs:
            return 0.0
        return op.macs * len(op.weights.dead) / op.weights.channels / self.macs

    @cached_property
    def writers(self) -> dict[int, OperatorFacts]:
        return {index: op for op in self.operators for index in op.outputs}

    def attributes(self, op: OperatorFacts) -> Attributes:
        return self.graph.operators[op.index].attributes

    def codes(self, tensor: Tensor) -> Interval:
        """Proved interval of a quantized tensor's integers, by the operator that writes it."""
        limits, index = tensor.dtype.limits, tensor.index
        while index in self.writers and self.graph.tensor(index).dtype is tensor.dtype:
            writer = self.writers[index]
            if writer.weights and writer.weights.outputs:
                return union(writer.weights.outputs)
            if writer.kind not in _SAME_CODES or not writer.inputs:
                known = writer.act_min is not None and writer.act_max is not None
                return (writer.act_min or 0, writer.act_max or 0) if known else limits
            index = writer.inputs[0]
        return limits


Check = Callable[[Model, OperatorFacts], Iterator[Finding]]


def finding(
    op: OperatorFacts, severity: Severity, topic: Topic, what: str, weight: float = 0.0, tensor: Tensor | None = None
) -> Finding:
    """A finding at an operator, and at one of its tensors."""
    where = f"operator {op.index} ({printable(op.kind)})"
    if tensor is not None:
        where += f', tensor {tensor.index} "{printable(tensor.name, 40)}"'
    index = None if tensor is None else tensor.index
    return Finding(severity, topic.code, topic.title, where, what, topic.remedy, op.index, index, weight)


def union(intervals: Sequence[Interval]) -> Interval:
    return min(low for low, _ in intervals), max(high for _, high in intervals)


def size(interval: Interval) -> int:
    """Number of integers in an interval."""
    return interval[1] - interval[0] + 1


def output_rescale(op: OperatorFacts) -> RescaleFacts | None:
    """The rescale that gives the output of an operator with weights."""
    return op.rescales[0] if op.weights and len(op.rescales) == 1 else None


def of_channels(channels: Sequence[int], total: int) -> str:
    """``3 of 64 channels (0, 7, 9)``; a single one of one is "the only channel"."""
    if total == 1:
        return "the only channel"
    if len(channels) == total:
        return f"all {total} channels"
    names = ", ".join(str(c) for c in channels[:_LISTED]) + (", ..." if len(channels) > _LISTED else "")
    return f"{len(channels)} of {total} channels ({names})"


def percent(share: float) -> str:
    return f"{100 * share:.3g} %"
