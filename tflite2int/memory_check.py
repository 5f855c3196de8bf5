"""Check of a memory plan by simulation: every byte of the arena knows which buffer was written there last.

Shares nothing with the planner: no lifetimes, no intervals, no overlap rule. What it knows is the order in which a
layer may touch its operands; of all orders that are allowed it takes the worst. A buffer never moves and is written
once, so the buffer's number tells which of its bytes a byte of the arena is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import InternalError

_NOBODY = -1  # writer of a byte that nobody has written
_NEVER = np.inf  # time of overwriting of a byte that the step leaves alone


@dataclass(frozen=True)
class Step:
    """One layer: the buffers it reads and writes, by number, and bytes an element for each of them.

    ``elementwise`` holds the (read, write) pairs for which element i is written after element i is read for the last
    time, in increasing order of i. ``rows`` are those of ``Layer``, where the step has one input and one output: a row
    may be written before what it reads is read. Nothing is known of the other pairs: all of the output may be written
    before the first byte of the input is read. A buffer that the caller fills is written in a step without reads, and
    one that the caller takes is read in a step without writes.
    """

    reads: tuple[int, ...]
    writes: tuple[int, ...]
    elementwise: frozenset[tuple[int, int]]
    element_bytes: Mapping[int, int]
    rows: tuple[tuple[int, int], ...] = ()


def simulate(steps: Sequence[Step], offsets: Mapping[int, int], sizes: Mapping[int, int], arena: int) -> None:
    """Run all steps on a shadow of the arena.

    ``offsets``, ``sizes`` and ``arena`` are in bytes. Raises InternalError, naming step and buffer, where a byte read
    is not the one that was written, a buffer is written twice, never, or over another output of its step, an element is
    not aligned to its size, or a buffer does not lie inside the arena. Takes 8 bytes of memory a byte of the arena.
    """
    writer = np.full(arena, _NOBODY, np.int32)
    written: set[int] = set()
    for number, step in enumerate(steps):
        for key in (*step.reads, *step.writes):
            _check_place(number, step, key, offsets, sizes, arena)
        _check_pairs(number, step, sizes)
        for key in step.reads:
            place = _place(key, offsets, sizes)
            _expect_intact(number, key, writer[place])
            overwritten = _time_of_overwriting(step, key, offsets, sizes, arena)[place]
            lost = np.flatnonzero(overwritten < _time_of_reading(step, key, sizes))
            if lost.size:
                raise InternalError(f"byte {lost[0]} of buffer {key} is overwritten before it is read", _where(number))
        for key in step.writes:
            if key in written:
                raise InternalError(f"buffer {key} is written a second time", _where(number))
            written.add(key)
            place = _place(key, offsets, sizes)
            writer[place] = key
        for key in step.writes:
            place = _place(key, offsets, sizes)
            _expect_intact(number, key, writer[place])
    for key in sorted(offsets.keys() - written):
        raise InternalError(f"buffer {key} has a place in the arena, but no step writes it", "memory plan")


def _time_of_overwriting(
    step: Step, read: int, offsets: Mapping[int, int], sizes: Mapping[int, int], arena: int
) -> npt.NDArray[np.float64]:
    """For every byte of the arena the time at which ``read`` may lose what it has there.

    Element i of an input is read at time i, just before element i of an output is written, also at time i; row k is
    written at time k - 1/2, before row k is read. Outputs of which nothing is known are written at time -1, before
    everything.
    """
    time = np.full(arena, _NEVER, np.float64)
    for key in step.writes:
        place, element = _place(key, offsets, sizes), np.arange(sizes[key]) // step.element_bytes[key]
        if (read, key) in step.elementwise:
            time[place] = np.minimum(time[place], element)
        elif step.rows:
            time[place] = np.searchsorted([end for _, end in step.rows], element, side="right") - 0.5
        else:
            time[place] = -1
    return time


def _time_of_reading(step: Step, read: int, sizes: Mapping[int, int]) -> npt.NDArray[np.int64]:
    """For every byte of an input the time at which it may be read for the last time: of its element, or of the last row
    that does not begin behind it."""
    element = np.arange(sizes[read]) // step.element_bytes[read]
    if not step.rows:
        return element
    return np.searchsorted([first for first, _ in step.rows], element, side="right") - 1


def _expect_intact(number: int, key: int, writer: npt.NDArray[np.int32]) -> None:
    """Raise unless the bytes of a buffer, as they lie in the arena, are its own."""
    lost = np.flatnonzero(writer != key)
    if lost.size:
        byte = int(lost[0])
        culprit = int(writer[byte])
        if culprit == _NOBODY:
            raise InternalError(f"byte {byte} of buffer {key} was never written", _where(number))
        raise InternalError(f"byte {byte} of buffer {key} is overwritten by buffer {culprit}", _where(number))


def _check_place(
    number: int, step: Step, key: int, offsets: Mapping[int, int], sizes: Mapping[int, int], arena: int
) -> None:
    if key not in offsets or key not in sizes:
        raise InternalError(f"buffer {key} has no place in the arena", _where(number))
    offset, size, element = offsets[key], sizes[key], step.element_bytes.get(key, 0)
    if offset < 0 or size <= 0 or offset + size > arena:
        raise InternalError(
            f"buffer {key}, {size} bytes at {offset}, does not lie in the arena of {arena} bytes", _where(number)
        )
    if element <= 0 or size % element:
        raise InternalError(f"buffer {key}, {size} bytes, does not consist of elements of {element}", _where(number))
    if offset % element:
        raise InternalError(f"buffer {key} at {offset} is not aligned to elements of {element} bytes", _where(number))


def _check_pairs(number: int, step: Step, sizes: Mapping[int, int]) -> None:
    for a, b in sorted(step.elementwise):
        if a not in step.reads or b not in step.writes:
            raise InternalError(f"buffers {a} and {b} are no input and output of the step", _where(number))
        if sizes[a] // step.element_bytes[a] != sizes[b] // step.element_bytes[b]:
            raise InternalError(f"buffers {a} and {b} differ in their number of elements", _where(number))


def _place(key: int, offsets: Mapping[int, int], sizes: Mapping[int, int]) -> slice:
    return slice(offsets[key], offsets[key] + sizes[key])


def _where(number: int) -> str:
    return f"memory plan, step {number}"
