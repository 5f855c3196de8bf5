"""SLICE, STRIDED_SLICE, SPLIT, SPLIT_V, UNPACK: kernels/slice.cc, strided_slice.cc, split.cc, split_v.cc, unpack.cc."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..attributes import Split, Stack, StridedSlice
from ..graph import Graph, Operator
from .copies import Copy, Moves, Region, movement, row_major
from .operands import RAW_TYPES, constant, integers, limited_rank, one_type, same_scale, single, wrapped_axis


@dataclass(frozen=True)
class Range:
    """``count`` indices of one dimension: ``start``, ``start + step``, ..."""

    start: int
    count: int
    step: int = 1


def _cut(shape: Sequence[int], ranges: Sequence[Range], source: int = 0, target: int = 0) -> Copy:
    """The box of a tensor of ``shape`` that the ranges pick, one a dimension, into a dense output."""
    strides, extents = row_major(shape), tuple(r.count for r in ranges)
    offset = sum(r.start * stride for r, stride in zip(ranges, strides, strict=True))
    read = Region(offset, tuple(r.step * stride for r, stride in zip(ranges, strides, strict=True)))
    return Copy(extents, read, Region(0, row_major(extents)), source, target)


def slice_(graph: Graph, op: Operator) -> Moves:
    x, begin, size = graph.required(op, 0), integers(graph, op, 1), integers(graph, op, 2)
    rank = limited_rank(x, 5)
    if not len(begin) == len(size) == rank:
        raise ValueError(f"{len(begin)} begins and {len(size)} sizes for {rank} dimensions")
    sizes = [n - b if s == -1 else s for n, b, s in zip(x.shape, begin, size, strict=True)]
    if any(b < 0 or s < 0 or b + s > n for n, b, s in zip(x.shape, begin, sizes, strict=True)):
        raise ValueError(f"begin {begin}, size {size} in {list(x.shape)}")
    return Moves((tuple(sizes),), (_cut(x.shape, [Range(b, s) for b, s in zip(begin, sizes, strict=True)]),))


@dataclass(frozen=True)
class _Index:
    """One entry of a STRIDED_SLICE: a new dimension of 1, or begin, end and stride (None: as far as it goes)."""

    begin: int | None = None
    end: int | None = None
    stride: int = 1
    new: bool = False
    shrink: bool = False


def _indices(graph: Graph, op: Operator, rank: int) -> list[_Index]:
    """The entries, the ellipsis and what is left out after the last one written as whole dimensions."""
    options = op.attributes
    assert isinstance(options, StridedSlice)
    begin, end, stride = (integers(graph, op, p) for p in (1, 2, 3))
    if not len(begin) == len(end) == len(stride):
        raise ValueError(f"{len(begin)} begins, {len(end)} ends and {len(stride)} strides")
    ellipses = [i for i in range(len(begin)) if options.ellipsis_mask >> i & 1]
    entries = [
        _Index(
            None if options.begin_mask >> i & 1 else begin[i],
            None if options.end_mask >> i & 1 else end[i],
            stride[i],
            bool(options.new_axis_mask >> i & 1),
            bool(options.shrink_axis_mask >> i & 1),
        )
        for i in range(len(begin))
    ]
    place = ellipses[0] if ellipses else len(entries)
    whole = rank - sum(not e.new for i, e in enumerate(entries) if i not in ellipses)
    # An ellipsis of no dimension takes one in the reference, and the last index is then ignored.
    if len(ellipses) > 1 or whole < len(ellipses):
        raise ValueError(f"{len(entries)} indices with {len(ellipses)} ellipses for {rank} dimensions")
    return [*entries[:place], *[_Index()] * whole, *entries[place + 1 :]]


def _range(index: _Index, size: int, offset: bool) -> Range:
    """StridedSliceStartForAxis and StridedSliceEndForAxis in kernels/internal/strided_slice_logic.h."""
    stride = index.stride
    if stride == 0 or (index.shrink and stride < 0):
        raise ValueError(f"the stride is {stride}")
    lowest, highest = (0, size) if stride > 0 else (-1, size - 1)

    def position(value: int) -> int:
        return min(max(value + size if value < 0 else value, lowest), highest)

    start = (0 if stride > 0 else size - 1) if index.begin is None else position(index.begin)
    if index.shrink:
        if start == size:
            raise ValueError(f"index {index.begin} of {size}")
        return Range(start, 1)
    end = (size if stride > 0 else -1) if index.end is None else position(index.end + start * offset)
    return Range(start, max(0, -((start - end) // stride)), stride)


def strided_slice(graph: Graph, op: Operator) -> Moves:
    x, options = graph.required(op, 0), op.attributes
    assert isinstance(options, StridedSlice)
    entries = _indices(graph, op, limited_rank(x, 5))
    if len(entries) > 5:
        raise ValueError(f"{len(entries)} dimensions with the new ones, more than 5")
    # The reference adds the begin to an end that is not there, and reads far beyond the input.
    if options.offset and any(entry.new or entry.end is None for entry in entries):
        raise ValueError("ends count from begins, and not every dimension has an end")
    sizes = iter(x.shape)
    shape: list[int] = []
    ranges: list[Range] = []
    for entry in entries:
        if entry.new:
            shape.append(1)
            continue
        ranges.append(_range(entry, next(sizes), options.offset))
        if not entry.shrink:
            shape.append(ranges[-1].count)
    return Moves((tuple(shape),), (_cut(x.shape, ranges),))


def _parts(shape: tuple[int, ...], axis: int, sizes: Sequence[int], source: int) -> tuple[Copy, ...]:
    """One box a part, along ``axis``."""
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    whole = [Range(0, n) for n in shape]
    return tuple(
        _cut(shape, [*whole[:axis], Range(start, size), *whole[axis + 1 :]], source, target)
        for target, (start, size) in enumerate(zip(starts, sizes, strict=True))
    )


def _split(graph: Graph, op: Operator, source: int, axis: int, sizes: Sequence[int]) -> Moves:
    x, options = graph.required(op, source), op.attributes
    assert isinstance(options, Split)
    if not len(sizes) == options.num_splits == len(op.outputs):
        raise ValueError(f"{len(sizes)} parts, {options.num_splits} splits and {len(op.outputs)} outputs")
    if any(s < 0 for s in sizes) or sum(sizes) != x.shape[axis]:
        raise ValueError(f"parts {list(sizes)} of {x.shape[axis]}")
    shapes = tuple((*x.shape[:axis], s, *x.shape[axis + 1 :]) for s in sizes)
    return Moves(shapes, _parts(x.shape, axis, sizes, source))


def split(graph: Graph, op: Operator) -> Moves:
    x = graph.required(op, 1)
    axis, count = wrapped_axis(single(graph, op, 0), len(x.shape)), len(op.outputs)
    if not count or x.shape[axis] % count:
        raise ValueError(f"{x.shape[axis]} into {count} equal parts")
    return _split(graph, op, 1, axis, [x.shape[axis] // count] * count)


def split_v(graph: Graph, op: Operator) -> Moves:
    x, sizes = graph.required(op, 0), integers(graph, op, 1)
    axis = wrapped_axis(single(graph, op, 2), len(x.shape))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    return _split(graph, op, 0, axis, sizes)


def unpack(graph: Graph, op: Operator) -> Moves:
    x, options = graph.required(op, 0), op.attributes
    assert isinstance(options, Stack)
    axis = wrapped_axis(options.axis, len(x.shape))
    count = x.shape[axis]
    if not count == options.count == len(op.outputs):
        raise ValueError(f"{count} slices, {options.count} of them wanted, {len(op.outputs)} outputs")
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    return Moves((shape,) * count, _parts(x.shape, axis, [1] * count, 0))


NARROW_TYPES = RAW_TYPES[:-1]  # the reference has no int64 here

OPERATORS = (
    movement("SLICE", (one_type(), constant(1, "begin"), constant(2, "size")), slice_),
    movement(
        "STRIDED_SLICE",
        (one_type(), *(constant(p, n, ("int32",)) for p, n in ((1, "begin"), (2, "end"), (3, "stride")))),
        strided_slice,
    ),
    movement("SPLIT", (one_type(first=1), constant(0, "axis", ("int32",))), split),
    movement("SPLIT_V", (one_type(), constant(1, "list of sizes"), constant(2, "axis", ("int32",))), split_v),
    movement("UNPACK", (one_type(NARROW_TYPES), same_scale), unpack),
)
