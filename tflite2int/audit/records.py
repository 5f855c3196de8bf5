"""An audit as CSV: one rectangular table, so that a spreadsheet or pandas reads it as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .facts import Finding, OperatorFacts, RescaleFacts, TensorFacts

Row = dict[str, Any]

COLUMNS = (
    "record", "severity", "operator", "tensor", "kind", "name", "status", "dtype", "shape", "role", "bytes", "scale",
    "zero_point", "axis", "real_min", "real_max", "rescale", "channel", "real_multiplier", "multiplier", "shift",
    "relative_error", "input_offset", "filter_offset", "output_offset", "act_min", "act_max", "act_min_real",
    "act_max_real", "accumulator_min", "accumulator_max", "accumulator_bits", "output_min", "output_max",
    "removed", "linear_multiplier", "linear_offset", "linear_below", "linear_middle", "linear_shift", "weight_peak",
    "macs", "parameters", "text", "remedy",
)  # fmt: skip


def csv_text(tensors: Sequence[TensorFacts], operators: Sequence[OperatorFacts], findings: Sequence[Finding]) -> str:
    """Rows of all findings, tensors and operators; lists within a cell are separated by spaces."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in (*map(_finding, findings), *map(_tensor, tensors)):
        writer.writerow(row)
    for op in operators:
        writer.writerows(_operator(op))
    return stream.getvalue().rstrip("\n")


def _finding(f: Finding) -> Row:
    return {
        "record": "finding",
        "severity": f.severity,
        "operator": f.operator,
        "tensor": f.tensor,
        "kind": f.code,
        "text": f"{f.title}: {f.what}",
        "remedy": " ".join(f.remedy.split()),
    }


def _tensor(t: TensorFacts) -> Row:
    return {
        "record": "tensor",
        "tensor": t.index,
        "name": t.name,
        "dtype": t.dtype,
        "shape": _list(t.shape),
        "role": t.role,
        "bytes": t.bytes,
        "scale": _list(t.scales),
        "zero_point": _list(t.zero_points),
        "axis": t.axis,
        "real_min": t.real_min,
        "real_max": t.real_max,
    }


def _operator(op: OperatorFacts) -> Iterator[Row]:
    common = {
        "operator": op.index,
        "kind": op.kind,
        "status": op.status,
        "input_offset": _list(op.input_offset),
        "filter_offset": op.filter_offset,
        "output_offset": op.output_offset,
        "act_min": op.act_min,
        "act_max": op.act_max,
        "act_min_real": op.act_min_real,
        "act_max_real": op.act_max_real,
        "macs": op.macs,
        "parameters": _list(f"{name}={value}" for name, value in op.parameters.items()),
        "text": "; ".join(op.obstacles),
    }
    if not op.rescales:
        yield {"record": "operator", **common}
    for rescale in op.rescales:
        for channel in range(len(rescale.real)):
            yield {"record": "rescale", **common, **_channel(op, rescale, channel)}


def _channel(op: OperatorFacts, rescale: RescaleFacts, channel: int) -> Row:
    row: Row = {
        "rescale": rescale.name,
        "channel": channel,
        "real_multiplier": rescale.real[channel],
        "multiplier": rescale.multiplier[channel],
        "shift": rescale.shift[channel],
        "relative_error": rescale.relative_error[channel],
        "accumulator_bits": rescale.accumulator_bits,
    }
    if rescale.accumulator:
        interval = rescale.accumulator[channel if len(rescale.accumulator) > 1 else 0]
        row |= {"accumulator_min": interval[0], "accumulator_max": interval[1]}
    row["removed"] = "yes" if channel in op.removed else ""
    if rescale.linear and channel not in op.removed:
        place = channel - sum(c < channel for c in op.removed)
        tables = (rescale.linear.multiplier, rescale.linear.offset, rescale.linear.below or (0,))
        multiplier, offset, below = (table[place if len(table) > 1 else 0] for table in tables)
        row |= {"linear_multiplier": multiplier, "linear_offset": offset, "linear_below": below}
        row |= {"linear_middle": rescale.linear.middle, "linear_shift": rescale.linear.shift}
    if op.weights:
        row["weight_peak"] = op.weights.peak[channel]
        if op.weights.outputs:
            row |= {"output_min": op.weights.outputs[channel][0], "output_max": op.weights.outputs[channel][1]}
    return row


def _list(values: Iterable[object]) -> str:
    return " ".join(str(value) for value in values)
