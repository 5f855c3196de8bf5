"""Remove channels that no output of the model depends on: constants and channels nobody reads. Byte-identical.

A channel (index of the last dimension) of an activation may go where every operator that reads it can do without: a
convolution or dense layer, because its weights for it are all 0, or because the channel has one value for every input
(``intervals``) whose products move into the bias. Into the bias they may move only where no window meets padding, or
where the value is the zero point, as that is what padding holds. An operator that works channel by channel ties its
input to its output: both lose the same channels, or none. Whatever else touches a tensor keeps all of its channels:
so do graph inputs and outputs, additions, concatenations, reshapes that mix channels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..graph import Array, DType, Graph, Operator, Quantization, Tensor
from ..intervals import ACTIVATIONS, POOLS, VIEWS, Interval, channels, interval_of, intervals, padded, tap_channels
from ..ops import supported
from ..ops.support import obstacles

Mask = npt.NDArray[np.bool_]  # True for a channel that stays

MIXING = ("CONV_2D", "FULLY_CONNECTED")
CHANNELWISE = (*POOLS, *VIEWS, "DEPTHWISE_CONV_2D")


def eliminate(graph: Graph) -> Graph:
    """Remove what can go, if anything; operators that cannot be converted stop it."""
    for op in graph.operators:
        if op.kind not in supported() or obstacles(supported()[op.kind], graph, op):
            return graph
    known = intervals(graph)
    tied = _ties(graph)
    kept = {group: np.ones(channels(graph.tensor(group)), np.bool_) for group in set(tied.values())}
    while _shrink(graph, known, tied, kept):
        pass
    if all(mask.all() for mask in kept.values()):
        return graph
    return _rewrite(graph, known, {index: kept[group] for index, group in tied.items()})


def _ties(graph: Graph) -> dict[int, int]:
    """Tensor number to the number of a tensor that stands for its group: all of a group lose the same channels.

    Holds only tensors that may lose channels: activations written and read by operators that can do with fewer.
    """
    group = {i: i for op in graph.operators for i in op.outputs if graph.tensor(i).dtype in ACTIVATIONS}
    fixed = set(graph.outputs)
    for op in graph.operators:
        source, target = op.inputs[0], op.outputs[0]
        if op.kind in CHANNELWISE and channels(graph.tensor(source)) == channels(graph.tensor(target)):
            if source in group and target in group:
                old, new = group[target], group[source]
                group = {i: new if g == old else g for i, g in group.items()}
            else:
                fixed |= {source, target}
        elif op.kind in MIXING and tap_channels(graph, op) is not None:
            fixed |= set(op.inputs[1:])
        else:
            fixed |= {*op.inputs, *op.outputs}
    pinned = {group[i] for i in fixed if i in group}
    return {i: g for i, g in group.items() if g not in pinned}


def _shrink(graph: Graph, known: dict[int, Interval], tied: dict[int, int], kept: dict[int, Mask]) -> bool:
    """Drop what the readers of each group can do without, given what is dropped already. True where anything was."""
    needed = {group: np.zeros_like(mask) for group, mask in kept.items()}
    for op in graph.operators:
        if op.kind in MIXING and op.inputs[0] in tied:
            needed[tied[op.inputs[0]]] |= _needs(graph, op, known, _mask(graph, op.outputs[0], tied, kept))
    changed = False
    for group, mask in kept.items():
        new = mask & needed[group]
        # Two at least: a tensor of none is no tensor, and weights with one scale would count as per-tensor ones.
        new[np.flatnonzero(mask & ~new)[: max(0, 2 - int(new.sum()))]] = True
        changed |= bool((new != mask).any())
        kept[group] = new
    return changed


def _mask(graph: Graph, index: int, tied: dict[int, int], kept: dict[int, Mask]) -> Mask:
    group = tied.get(index)
    return np.ones(channels(graph.tensor(index)), np.bool_) if group is None else kept[group]


def _needs(graph: Graph, op: Operator, known: dict[int, Interval], rows: Mask) -> Mask:
    """Input channels that a mixing operator cannot do without, for the output channels in ``rows``."""
    columns = tap_channels(graph, op)
    assert columns is not None
    weights = graph.required(op, 1).value().reshape(len(rows), -1)[rows]
    used = np.zeros(channels(graph.required(op, 0)), np.bool_)
    np.logical_or.at(used, columns, weights.any(axis=0))
    return np.asarray(used & ~_foldable(graph, op, known))


def _foldable(graph: Graph, op: Operator, known: dict[int, Interval]) -> Mask:
    """Input channels whose products are the same for every input and every window."""
    x = graph.required(op, 0)
    low, high = interval_of(graph, x.index, known)
    return np.asarray((low == high) & ((low == x.zero_point) | (not padded(graph, op))))


@dataclass
class _Editor:
    """The graph's tensors as they change; constants are added, never replaced: others may read the old ones."""

    tensors: list[Tensor]

    def constant(self, like: Tensor, data: Array, quantization: Quantization | None) -> int:
        index = len(self.tensors)
        self.tensors.append(replace(like, index=index, shape=data.shape, data=data, quantization=quantization))
        return index


def _rewrite(graph: Graph, known: dict[int, Interval], kept: dict[int, Mask]) -> Graph:
    editor = _Editor(list(graph.tensors))
    try:
        operators = [_narrow(graph, op, known, kept, editor) for op in graph.operators]
    except OverflowError:
        return graph
    dropped = 0
    for index, mask in kept.items():
        tensor = graph.tensor(index)
        if not mask.all():
            positions = tuple(int(p) for p in np.flatnonzero(mask))
            editor.tensors[index] = replace(tensor, shape=(*tensor.shape[:-1], len(positions)), kept=positions)
            dropped += int((~mask).sum())
    change = f"{dropped} channels removed that no output depends on (--no-eliminate keeps them)"
    narrow = replace(graph, tensors=tuple(editor.tensors), operators=tuple(operators), changes=(*graph.changes, change))
    for op in narrow.operators:
        if obstacles(supported()[op.kind], narrow, op):
            return graph
    return narrow


def _narrow(graph: Graph, op: Operator, known: dict[int, Interval], kept: dict[int, Mask], editor: _Editor) -> Operator:
    """The operator with the weights of the channels that stay, and the constants of those that go in its bias."""
    source, target = op.inputs[0], op.outputs[0]
    columns, rows = kept.get(source), kept.get(target)
    if (columns is None or columns.all()) and (rows is None or rows.all()):
        return op
    if op.kind == "DEPTHWISE_CONV_2D":
        assert rows is not None
        return _with_constants(
            graph, op, editor, graph.required(op, 1).value()[..., rows], _bias(graph, op)[rows], rows
        )
    if op.kind in MIXING:
        x = graph.required(op, 0)
        columns = np.ones(channels(x), np.bool_) if columns is None else columns
        rows = np.ones(channels(graph.result(op)), np.bool_) if rows is None else rows
        weights = graph.required(op, 1).value()
        gone = ~columns & _foldable(graph, op, known)
        constants = np.where(gone, interval_of(graph, source, known)[0] - x.zero_point, 0)
        bias = _bias(graph, op) + (weights.astype(np.int64) * constants).reshape(len(weights), -1).sum(axis=1)
        return _with_constants(graph, op, editor, weights[rows][..., columns], bias[rows], rows)
    if op.kind == "RESHAPE" and len(op.inputs) > 1:
        assert rows is not None
        shape = graph.required(op, 1)
        new_shape: Array = np.array([*graph.result(op).shape[:-1], int(rows.sum())], shape.dtype.numpy)
        return replace(op, inputs=(source, editor.constant(shape, new_shape, shape.quantization)))
    return op


def _bias(graph: Graph, op: Operator) -> npt.NDArray[np.int64]:
    bias = graph.operand(op, 2)
    size = channels(graph.result(op))
    return np.zeros(size, np.int64) if bias is None else bias.value().astype(np.int64).reshape(size)


def _bias_type(graph: Graph, op: Operator) -> DType:
    """Of a bias where there was none, so that the reference's arithmetic stays what it is."""
    narrow = graph.required(op, 0).dtype is DType.INT8 or getattr(op.attributes, "quantized_bias_type", "") == "int32"
    return DType.INT32 if narrow else DType.INT64


def _with_constants(
    graph: Graph, op: Operator, editor: _Editor, weights: Array, bias: npt.NDArray[np.int64], rows: Mask
) -> Operator:
    old, old_bias = graph.required(op, 1), graph.operand(op, 2)
    quantization = old.quantization
    if quantization is not None and quantization.per_channel:
        stay = np.flatnonzero(rows)
        scales, points = quantization.scales, quantization.zero_points
        quantization = replace(
            quantization,
            scales=tuple(scales[i] for i in stay),
            zero_points=tuple(points[i] for i in stay),
        )
    like = (
        old_bias if old_bias is not None else replace(old, dtype=_bias_type(graph, op), name=f"{old.name}/folded_bias")
    )
    if (bias < like.dtype.limits[0]).any() or (bias > like.dtype.limits[1]).any():
        raise OverflowError("a folded bias leaves its type")
    kernel = editor.constant(old, weights, quantization)
    added = editor.constant(like, bias.astype(like.dtype.numpy), None)
    return replace(op, inputs=(op.inputs[0], kernel, added))
