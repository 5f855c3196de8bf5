"""Where each buffer lies in the arena: offsets from lifetimes, sizes and permitted overlaps. Knows no graph.

Placement is first-fit: one buffer after the other takes the lowest aligned offset that every buffer placed before it
admits. For two buffers u and v that live at the same time the difference of their offsets is forbidden in one open
interval: ``(-size[v], size[u])`` where they must be disjoint, ``(-F, size[a])`` where b may overlap a dying a. So the
lowest free offset is 0 or the end of a forbidden interval, and no other offset needs a look.

Only the order of placement is searched, and nothing is lost by that: with no negative F, placing the buffers of an
optimal plan in the order of their offsets moves none of them up, since a buffer that sinks only makes room above it.
First-fit in a poor order wastes up to a quarter; what helps is to look at the buffer whose end is the arena's size. It
came too late and found only gaps that were too small. It moves to an earlier place in the order, by a sequence of
pseudo-random numbers that is the same in each run, and all are placed again, until the largest live set is reached (no
plan can be smaller) or the tries are used up. Always moving it to the very front runs in circles more often. The first
of the starting orders reaches the largest live set at once for every chain of buffers, see ``_lanes``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from .errors import InternalError

# Placements for each starting order: at least 40, more where there are few buffers and a placement takes little time.
MIN_TRIES, MAX_TRIES, BUFFERS_PLACED = 40, 250, 5000

Overlaps = Mapping[tuple[int, int], int]
# For each buffer: (other, low, high), offset - offset[other] may not lie in the open interval (low, high).
Forbidden = Mapping[int, Sequence[tuple[int, int, int]]]


@dataclass(frozen=True)
class Request:
    """One buffer that needs a place in the arena.

    ``key`` is the tensor's number; ``size`` and ``alignment`` (1, 2, 4 or 8) are in bytes. It is written in step
    ``first`` and read for the last time in step ``last``; both steps belong to its life.
    """

    key: int
    size: int
    alignment: int
    first: int
    last: int


@dataclass(frozen=True)
class Plan:
    """Byte offset of each buffer, bytes of the arena, and the largest live set: no plan has fewer than ``live``."""

    offsets: dict[int, int]
    size: int
    live: int


def plan(requests: Sequence[Request], overlaps: Overlaps) -> Plan:
    """Place all buffers; the result depends on nothing but the arguments.

    ``overlaps[a, b] = F`` says that step ``b.first`` reads a for the last time and writes b, and that b may share bytes
    with a where ``offset[b] <= offset[a] - F`` (F in bytes; 0: in place or below). All other buffers that share a step
    are disjoint. A step with several dying inputs is legal for each of them. Raises InternalError where the arguments
    contradict each other.
    """
    _check(requests, overlaps)
    live = largest_live_set(requests, overlaps)
    if not requests:
        return Plan({}, 0, live)
    forbidden = _forbidden(requests, overlaps)
    lanes = _lanes(requests, overlaps)
    starts: tuple[Callable[[Request], tuple[int, ...]], ...] = (
        lambda r: (lanes[r.key], -r.first, r.key),
        lambda r: (-r.size, r.first, r.key),
        lambda r: (r.first, -r.size, r.key),
        lambda r: (-r.last, -r.size, r.key),
    )
    best: Plan | None = None
    for start in starts:
        for offsets, size in _placements(sorted(requests, key=start), forbidden):
            if best is None or size < best.size:
                best = Plan(offsets, size, live)
            if best.size == live:
                return best
    assert best is not None
    return best


def largest_live_set(requests: Sequence[Request], overlaps: Overlaps) -> int:
    """Bytes that no plan can do without: the most that any step needs at once, overlaps deducted.

    All offsets in a step are multiples of its smallest alignment, so sizes and slacks are rounded up to that; only the
    topmost buffer may do without its padding.
    """
    bound = 0
    for starting, older in _by_first_step(requests):
        alive = [*starting, *older]
        unit = min(r.alignment for r in alive)
        size = {r.key: _round_up(r.size, unit) for r in alive}
        pairs = [(a.key, b.key) for a in older for b in starting if (a.key, b.key) in overlaps]
        slack = {pair: _round_up(overlaps[pair], unit) for pair in pairs}
        padding = max(size[r.key] - r.size for r in alive)
        bound = max(bound, sum(size.values()) - _shared(size, slack) - padding)
    return bound


def _shared(size: Mapping[int, int], slack: Overlaps) -> int:
    """Upper bound of the bytes that the outputs of one step can share with its dying inputs.

    Inputs are disjoint from each other, and so are outputs: a byte belongs to one pair at most. A pair shares no more
    than either buffer holds, nor than what lies above the slack; all pairs of a buffer no more than it holds.
    """
    pair = {(a, b): max(0, min(size[a], size[b], size[b] - f)) for (a, b), f in slack.items()}
    by_input = sum(min(sum(n for (a, _), n in pair.items() if a == i), size[i]) for i in {a for a, _ in pair})
    by_output = sum(min(sum(n for (_, b), n in pair.items() if b == i), size[i]) for i in {b for _, b in pair})
    return min(by_input, by_output)


def _forbidden(requests: Sequence[Request], overlaps: Overlaps) -> Forbidden:
    forbidden: dict[int, list[tuple[int, int, int]]] = {r.key: [] for r in requests}
    for starting, older in _by_first_step(requests):
        for position, b in enumerate(starting):
            for a in (*older, *starting[:position]):
                slack = min(overlaps.get((a.key, b.key), b.size), b.size)
                if -slack < a.size:
                    forbidden[b.key].append((a.key, -slack, a.size))
                    forbidden[a.key].append((b.key, -a.size, slack))
    return forbidden


def _by_first_step(requests: Sequence[Request]) -> Iterator[tuple[list[Request], list[Request]]]:
    """For each step that writes buffers, in order: the buffers it writes, and the older ones that live in it."""
    alive: list[Request] = []
    ordered = sorted(requests, key=lambda r: (r.first, r.key))
    for step, group in groupby(ordered, key=lambda r: r.first):
        starting = list(group)
        older = [r for r in alive if r.last >= step]
        yield starting, older
        alive = older + starting


def _lanes(requests: Sequence[Request], overlaps: Overlaps) -> dict[int, int]:
    """Greedy colouring in order of time: the lowest lane that no live buffer holds; in place, the lane of the input.

    Placed lane by lane, later buffers first, a chain of operators (any of them in place) reaches its largest live set:
    lane 0 lies at offset 0, and each buffer of lane 1 on the larger of its two neighbours. Later ones first, because a
    buffer in place may lie below its source but not above it.
    """
    sources = {b: a for (a, b), f in sorted(overlaps.items()) if f <= 0}
    lanes: dict[int, int] = {}
    for starting, older in _by_first_step(requests):
        for position, r in enumerate(starting):
            taken = {lanes[a.key] for a in (*older, *starting[:position])}
            free = next(lane for lane in range(len(taken) + 1) if lane not in taken)
            lanes[r.key] = lanes[sources[r.key]] if r.key in sources else free
    return lanes


def _placements(order: list[Request], forbidden: Forbidden) -> Iterator[tuple[dict[int, int], int]]:
    """Offsets and arena bytes of one placement after the other, the topmost buffer moved forward in between.

    An order that has been tried before is shuffled. Only ``random()`` gives the same numbers in every Python version.
    """
    chance = random.Random(0)
    tried: set[tuple[int, ...]] = set()
    for _ in range(min(MAX_TRIES, max(MIN_TRIES, BUFFERS_PLACED // len(order)))):
        offsets = _first_fit(order, forbidden)
        top = max(order, key=lambda r: (offsets[r.key] + r.size, r.key))
        yield offsets, offsets[top.key] + top.size
        tried.add(tuple(r.key for r in order))
        earlier = int(chance.random() * order.index(top))
        order = [*order[:earlier], top, *(r for r in order[earlier:] if r is not top)]
        if tuple(r.key for r in order) in tried:
            order.sort(key=lambda _: chance.random())


def _first_fit(order: Sequence[Request], forbidden: Forbidden) -> dict[int, int]:
    offsets: dict[int, int] = {}
    for r in order:
        offset = 0
        intervals = [
            (offsets[other] + low, offsets[other] + high) for other, low, high in forbidden[r.key] if other in offsets
        ]
        for low, high in sorted(intervals):
            if offset <= low:
                break  # all further intervals begin higher still
            if offset < high:
                offset = _round_up(high, r.alignment)
        offsets[r.key] = offset
    return offsets


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _check(requests: Sequence[Request], overlaps: Overlaps) -> None:
    """Raise InternalError unless the requests are well formed and each overlap is of a dying and a new buffer."""
    by_key = {r.key: r for r in requests}
    if len(by_key) != len(requests):
        raise InternalError("two buffers have the same number", "memory")
    for r in requests:
        if r.size <= 0 or r.alignment not in (1, 2, 4, 8) or r.last < r.first:
            raise InternalError(f"{r} is no valid request", "memory")
    for a, b in overlaps:
        if a not in by_key or b not in by_key:
            raise InternalError(f"overlap of buffers {a} and {b}, but only one of them is to be placed", "memory")
        if not by_key[a].first < by_key[a].last == by_key[b].first:
            raise InternalError(
                f"buffer {b} may not overlap buffer {a}, which does not die where {b} is written", "memory"
            )
