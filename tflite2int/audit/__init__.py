"""What quantization did to a model: every scale, every rescale, and what is worth a look. Works for any readable file.

>>> result = audit("model.tflite")
>>> print(result.text())
>>> [(op.kind, op.rescales[0].multiplier) for op in result.operators if op.rescales]
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import Tflite2IntError, printable
from ..graph import Graph
from ..passes import simplify
from ..passes.eliminate import eliminate
from ..reader import read_model
from . import records, text
from .facts import Finding, OperatorFacts, RescaleFacts, TensorFacts, WeightFacts
from .findings import findings_of
from .measure import operator_facts, refusals, tensor_facts
from .model import Model

__all__ = ["Audit", "Finding", "OperatorFacts", "RescaleFacts", "TensorFacts", "WeightFacts", "audit", "audit_graph"]


@dataclass(frozen=True)
class Audit:
    """Facts of the file as it is, before any pass, and the findings, worst first.

    ``changes`` is what conversion would do before it lowers the model, in words.
    """

    name: str
    sha256: str
    tensors: tuple[TensorFacts, ...]
    operators: tuple[OperatorFacts, ...]
    findings: tuple[Finding, ...]
    changes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON: the fields of this class and of those in ``audit.facts``; channels are arrays."""
        return asdict(self)

    def csv(self) -> str:
        """Everything as one rectangular table; the column ``record`` says what a row is: finding, tensor, operator
        (one without a rescale) or rescale (one row a channel)."""
        return records.csv_text(self.tensors, self.operators, self.findings)

    def text(self) -> str:
        """Findings, then tables of operators and tensors, for people."""
        return text.audit_text(self.name, self.tensors, self.operators, self.findings, self.changes)


def audit(model: str | os.PathLike[str]) -> Audit:
    """Audit a ``.tflite`` file, whether it can be converted or not. Raises UsageError or MalformedModelError."""
    return audit_graph(read_model(model))


def audit_graph(graph: Graph) -> Audit:
    """Audit a graph as the reader gives it, before any pass."""
    try:
        simplified = simplify(graph)
        converted = eliminate(simplified)
    except Tflite2IntError:
        simplified = converted = graph
    operators = operator_facts(graph, simplified, converted)
    return Audit(
        name=printable(graph.name),
        sha256=graph.sha256,
        tensors=tensor_facts(graph),
        operators=operators,
        findings=findings_of(Model(graph, operators, *refusals(simplified))),
        changes=converted.changes,
    )
