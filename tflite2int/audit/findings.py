"""What is worth a look, in words, worst first. Every finding is computed from the file; nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator

from . import range_checks as ranges
from . import weight_checks as weights
from .facts import Finding, Severity
from .model import Model, Topic

REFUSED = Topic("refused", "what stands in the way of exact integer C", "")

# The worst first, within each severity.
_TOPICS = (
    REFUSED,
    weights.ACCUMULATOR,
    weights.BIAS_SCALE,
    ranges.SHIFTED,
    weights.DEAD,
    weights.BIAS_RANGE,
    ranges.SATURATION,
    ranges.CLAMP,
    weights.OUTPUT_RANGE,
    weights.WEIGHT_RANGE,
    ranges.ADD_SCALES,
    ranges.CONCATENATED,
    ranges.REQUANTIZED,
    weights.SKIPS,
    weights.TINY,
    weights.SPREAD,
    weights.ZEROS,
    weights.ASYMMETRIC,
)
_ORDER = {topic.code: position for position, topic in enumerate(_TOPICS)}
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


def findings_of(model: Model) -> tuple[Finding, ...]:
    """All findings: errors (results differ, or the model is refused), warnings (bits or cycles are lost), notes."""
    found = [*_refused(model), *weights.all_dead_channels(model)]
    for op in model.operators:
        for check in (*weights.WEIGHT_CHECKS, *ranges.RANGE_CHECKS):
            found += check(model, op)
    return tuple(sorted(found, key=_rank))


def _rank(f: Finding) -> tuple[int, int, float, int]:
    return _SEVERITIES.index(f.severity), _ORDER[f.code], -f.weight, -1 if f.operator is None else f.operator


def _refused(model: Model) -> Iterator[Finding]:
    numbers = {str(op): op.index for op in model.graph.operators}
    for error in model.refusals:
        where, operator = error.where or "the model", numbers.get(error.where)
        yield Finding("error", REFUSED.code, REFUSED.title, where, error.what, model.remedy, operator, None, 0.0)
