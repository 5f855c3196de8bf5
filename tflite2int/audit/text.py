"""An audit as text: findings first, then the numbers of every operator, then every tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..report import count, span, table
from .facts import Finding, OperatorFacts, RescaleFacts, TensorFacts

PARAMETERS_LEGEND = """\
acc = bias + sum((x + input_offset) * weight)
y = clamp(output_offset + acc * multiplier * 2^(shift - 31), act_min, act_max)
multiplier and shift are gemmlowp's and CMSIS-NN's: a positive shift is to the left
low..high spans the channels; --json and --csv have each"""
ACCUMULATOR_LEGEND = """\
acc min and acc max are proved from the weights, for every input that the type admits
form linear: in the C code a line takes the place of multiplier and shift, equal for everything in that range
dead: channels that give the same value for any input; at act_min, at act_max: those that always stand there
removed: channels that the C code does without, dead ones or read by nobody; --no-eliminate keeps them"""


def audit_text(
    name: str,
    tensors: Sequence[TensorFacts],
    operators: Sequence[OperatorFacts],
    findings: Sequence[Finding],
    changes: Sequence[str],
) -> str:
    """The whole report. Names are to be printable already."""
    refused = sum(op.status == "refused" for op in operators)
    verdict = f"{refused} of which cannot be converted" if refused else "all can be converted"
    macs = sum(op.macs for op in operators)
    lines = [
        f"{name}: {count(len(operators), 'operator')}, {verdict}; {count(len(tensors), 'tensor')}; {macs:,} MACs",
        *(f"on conversion: {change}" for change in changes),
        "",
        *_findings(findings),
        "Operators, as CMSIS-NN names their parameters",
        "",
        table(_PARAMETER_HEADS, [row for op in operators for row in _parameter_rows(op)], words=_WORDS),
        "",
        PARAMETERS_LEGEND,
        "",
    ]
    accumulators = [row for op in operators for row in _accumulator_rows(op)]
    if accumulators:
        lines += [
            "Accumulators and weights",
            "",
            table(_ACCUMULATOR_HEADS, accumulators, words=_WORDS),
            "",
            ACCUMULATOR_LEGEND,
            "",
        ]
    lines += ["Tensors", "", table(_TENSOR_HEADS, [_tensor_row(t) for t in tensors], words=_WORDS)]
    return "\n".join(lines)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Findings of the same kind under one heading, in the order of the worst of each."""
    if not findings:
        yield from ("No findings.", "")
        return
    yield from (f"{count(len(findings), 'finding')}, worst first", "")
    order = list(dict.fromkeys((f.severity, f.code) for f in findings))
    ranked = sorted(findings, key=lambda f: order.index((f.severity, f.code)))
    for (severity, _), group in groupby(ranked, key=lambda f: (f.severity, f.code)):
        members = list(group)
        yield f"{severity.upper()}: {members[0].title}"
        yield from (f"  {f.where}: {f.what}" for f in members)
        yield from (f"  > {line}" for line in members[0].remedy.splitlines())
        yield ""


_WORDS = ("operator", "rescale", "status", "name", "role", "type and shape", "more")
_PARAMETER_HEADS = (
    "#", "operator", "rescale", "real multiplier", "multiplier", "shift", "input_offset", "output_offset",
    "act_min", "act_max", "act_min real", "act_max real", "more",
)  # fmt: skip


def _parameter_rows(op: OperatorFacts) -> Iterator[tuple[str, ...]]:
    clamp = (_number(op.act_min), _number(op.act_max), _real(op.act_min_real), _real(op.act_max_real))
    offsets = (", ".join(str(v) for v in op.input_offset) or "-", _number(op.output_offset))
    head, tail = (str(op.index), op.kind), (*offsets, *clamp, _more(op))
    if not op.rescales:
        yield (*head, "-", "-", "-", "-", *tail)
    for position, r in enumerate(op.rescales):
        numbers = (r.name, span(r.real, ".6g"), span(r.multiplier), span(r.shift))
        yield (*head, *numbers, *tail) if position == 0 else ("", "", *numbers, *[""] * len(tail))


def _more(op: OperatorFacts) -> str:
    given = {"stride", "padding", "dilation"}
    pairs = [(n, op.parameters.get(f"{n}_h"), op.parameters.get(f"{n}_w")) for n in sorted(given)]
    plain = {"stride": 1, "padding": 0, "dilation": 1}
    words = [f"{n} {h}x{w}" for n, h, w in pairs if h is not None and (h, w) != (plain[n], plain[n])]
    words += [f"{n} {v}" for n, v in op.parameters.items() if n.partition("_")[0] not in given]
    if op.activation not in ("", "NONE"):
        words.insert(0, op.activation)
    if op.filter_offset:
        words.append(f"filter_offset {op.filter_offset}")
    if op.status != "computed":
        words.append({"view": "costs nothing", "removed": "removed on conversion", "refused": "refused"}[op.status])
    return ", ".join(words)


_ACCUMULATOR_HEADS = (
    "#", "operator", "rescale", "acc min", "acc max", "bits", "relative error", "form", "zero weights",
    "scale max/min", "dead", "at act_min", "at act_max", "removed", "MACs",
)  # fmt: skip


def _accumulator_rows(op: OperatorFacts) -> Iterator[tuple[str, ...]]:
    for position, r in enumerate(op.rescales):
        head = (str(op.index), op.kind) if position == 0 else ("", "")
        numbers = (*_accumulator(r), f"{max(r.relative_error):.1e}", "linear" if r.linear else "-")
        removed = str(len(op.removed)) if op.weights else "-"
        yield (*head, r.name, *numbers, *_weights(op), removed, str(op.macs or "-"))


def _accumulator(r: RescaleFacts) -> tuple[str, str, str]:
    if r.accumulator_bits is None:
        return "-", "-", "-"
    low, high = min(low for low, _ in r.accumulator), max(high for _, high in r.accumulator)
    return str(low), str(high), f"{r.accumulator_bits} of {r.accumulator_width}"


def _weights(op: OperatorFacts) -> tuple[str, ...]:
    w = op.weights
    if w is None:
        return ("-",) * 5
    zeros = f"{w.zeros} ({100 * w.zeros / (w.taps * w.channels):.1f} %)"
    if not w.outputs:
        return zeros, f"{w.scale_spread:.3g}", "?", "?", "?"
    counts = (f"{len(w.dead)} of {w.channels}", str(len(w.always_lowest)), str(len(w.always_highest)))
    return zeros, f"{w.scale_spread:.3g}", *counts


_TENSOR_HEADS = ("#", "type and shape", "role", "scale", "zero point", "axis", "real min", "real max", "bytes", "name")


def _tensor_row(t: TensorFacts) -> tuple[str, ...]:
    shape = f"{t.dtype}[{','.join(str(d) for d in t.shape)}]"
    scales = span(t.scales, ".9g" if len(t.scales) == 1 else ".4g")
    reals = (_real(t.real_min), _real(t.real_max))
    return str(t.index), shape, t.role, scales, span(t.zero_points), _number(t.axis), *reals, str(t.bytes), t.name


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)


def _real(value: float | None) -> str:
    return "-" if value is None else f"{value:.5g}"
