"""The arena planner against brute force and against the separate checker; the checker against corrupted plans."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.needs import shared_models
from tflite2int import memory
from tflite2int.errors import InternalError
from tflite2int.graph import Graph
from tflite2int.memory import Plan, Request, plan
from tflite2int.memory_check import Step, simulate
from tflite2int.reader import read_model

Overlaps = dict[tuple[int, int], int]
Problem = tuple[list[Request], Overlaps]

VIEWS = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS"}
ELEMENTWISE = {
    *("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "QUANTIZE", "DEQUANTIZE", "LOGISTIC", "TANH"),
    *("RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "ABS", "NEG"),
}


def slack(elements: int, source: int, target: int) -> int:
    """Least F where element i of ``target`` bytes is written after element i of ``source`` bytes is read.

    Writing element i ends at offset[b] + (i + 1) * target; the elements still to be read, if any, begin at
    offset[a] + (i + 1) * source. A lone element is in nobody's way.
    """
    if elements == 1:
        return -source
    return max((i + 1) * (target - source) for i in range(elements - 1))


def may_coexist(a: Request, b: Request, overlaps: Overlaps, at_a: int, at_b: int) -> bool:
    """The contract of ``plan`` for one pair, word for word."""
    if a.last < b.first or b.last < a.first or at_a + a.size <= at_b or at_b + b.size <= at_a:
        return True
    for source, target, x, y in ((a, b, at_a, at_b), (b, a, at_b, at_a)):
        if (source.key, target.key) in overlaps and y <= x - overlaps[source.key, target.key]:
            return True
    return False


def legal(requests: Sequence[Request], overlaps: Overlaps, offsets: Mapping[int, int]) -> bool:
    return all(offsets[r.key] >= 0 and offsets[r.key] % r.alignment == 0 for r in requests) and all(
        may_coexist(a, b, overlaps, offsets[a.key], offsets[b.key])
        for i, a in enumerate(requests)
        for b in requests[:i]
    )


def feasible(requests: Sequence[Request], overlaps: Overlaps, arena: int) -> bool:
    """Whether any plan fits, by trying all offsets."""

    def place(count: int, offsets: dict[int, int]) -> bool:
        if count == len(requests):
            return True
        r = requests[count]
        return any(
            all(may_coexist(r, q, overlaps, at, offsets[q.key]) for q in requests[:count])
            and place(count + 1, {**offsets, r.key: at})
            for at in range(0, arena - r.size + 1, r.alignment)
        )

    return place(0, {})


def steps_of(requests: Sequence[Request], overlaps: Overlaps) -> list[Step]:
    """Steps that write each buffer in its first step and read it in all others of its life."""
    bytes_of = {r.key: r.alignment for r in requests}
    return [
        Step(
            reads=tuple(r.key for r in requests if r.first < t <= r.last),
            writes=tuple(r.key for r in requests if r.first == t),
            elementwise=frozenset((a, b) for a, b in overlaps if any(r.key == b and r.first == t for r in requests)),
            element_bytes=bytes_of,
        )
        for t in range(max((r.last for r in requests), default=-1) + 1)
    ]


def check(requests: Sequence[Request], overlaps: Overlaps, offsets: Mapping[int, int], arena: int) -> None:
    simulate(steps_of(requests, overlaps), offsets, {r.key: r.size for r in requests}, arena)


@st.composite
def problems(draw: st.DrawFn, buffers: int = 12) -> Problem:
    """Random lifetimes; alignment is the bytes an element; overlaps are element-wise with their least slack."""
    requests = []
    for key in range(draw(st.integers(1, buffers))):
        element = draw(st.sampled_from([1, 1, 2, 4]))
        first = draw(st.integers(0, 6))
        last = first + draw(st.integers(0, 4))
        requests.append(Request(key, draw(st.sampled_from([1, 2, 3, 8])) * element, element, first, last))
    overlaps = {}
    for a in requests:
        for b in requests:
            elements = a.size // a.alignment
            if a.first < a.last == b.first and elements == b.size // b.alignment and draw(st.booleans()):
                overlaps[a.key, b.key] = slack(elements, a.alignment, b.alignment)
    return requests, overlaps


def random_problem(rng: random.Random, buffers: int, size: int, life: int) -> Problem:
    """A network in miniature: each step writes one buffer; overlaps with any slack."""
    requests = [Request(k, rng.randint(1, size), 1, k, k + rng.randint(1, life)) for k in range(buffers)]
    overlaps = {
        (a.key, b.key): rng.randint(0, b.size)
        for a in requests
        for b in requests
        if a.last == b.first and rng.random() < 0.5
    }
    return requests, overlaps


@settings(deadline=None, max_examples=300)
@given(problems())
def test_plans_pass_the_checker(problem: Problem) -> None:
    requests, overlaps = problem
    result = plan(requests, overlaps)
    assert set(result.offsets) == {r.key for r in requests}
    assert result.size == max(result.offsets[r.key] + r.size for r in requests)
    assert result.live <= result.size <= sum(r.size + r.alignment - 1 for r in requests)
    check(requests, overlaps, result.offsets, result.size)
    assert legal(requests, overlaps, result.offsets)


@settings(deadline=None, max_examples=300)
@given(problems(), st.randoms(use_true_random=False))
def test_checker_raises_exactly_where_the_rules_are_broken(problem: Problem, rng: random.Random) -> None:
    """Two tellings of one contract, simulated and by inequality, on plans with one buffer moved or all at random."""
    requests, overlaps = problem
    offsets = dict(plan(requests, overlaps).offsets)
    arena = 2 * sum(r.size + r.alignment for r in requests)
    for r in requests if rng.random() < 0.2 else [rng.choice(requests)]:
        offsets[r.key] = rng.randrange(arena // 4) // r.alignment * r.alignment
    if legal(requests, overlaps, offsets):
        check(requests, overlaps, offsets, arena)
    else:
        with pytest.raises(InternalError, match=r"step \d+: byte \d+ of buffer \d+ is overwritten"):
            check(requests, overlaps, offsets, arena)


@pytest.mark.parametrize("source", [1, 2, 4])
@pytest.mark.parametrize("target", [1, 2, 4])
def test_checker_knows_the_order_of_elements(source: int, target: int) -> None:
    """One element-wise step, at every distance that alignment admits: legal up to the slack, not beyond."""
    elements = 5
    requests = [Request(0, elements * source, source, 0, 1), Request(1, elements * target, target, 1, 2)]
    overlaps = {(0, 1): slack(elements, source, target)}
    verdicts = set()
    for at in range(0, 61, target):
        offsets = {0: 20, 1: at}
        fits = legal(requests, overlaps, offsets)
        verdicts.add(fits)
        if fits:
            check(requests, overlaps, offsets, 100)
        else:
            with pytest.raises(InternalError, match=r"step 1: byte \d+ of buffer 0 is overwritten before it is read"):
                check(requests, overlaps, offsets, 100)
    assert verdicts == {True, False}


def test_checker_keeps_other_outputs_disjoint() -> None:
    """Without the element-wise claim the very plan that is legal in place is refused."""
    requests = [Request(0, 4, 1, 0, 1), Request(1, 4, 1, 1, 2)]
    check(requests, {(0, 1): 0}, {0: 0, 1: 0}, 4)
    with pytest.raises(InternalError, match="step 1: byte 0 of buffer 0 is overwritten before it is read"):
        check(requests, {}, {0: 0, 1: 0}, 4)


GOOD = Step((0,), (1,), frozenset({(0, 1)}), {0: 2, 1: 2})
FILL = Step((), (0,), frozenset(), {0: 2})


@pytest.mark.parametrize(
    ("steps", "offsets", "sizes", "message"),
    [
        ([FILL, GOOD], {0: 0, 1: 5}, {0: 4, 1: 4}, "step 1: buffer 1 at 5 is not aligned"),
        ([FILL, GOOD], {0: 0, 1: 14}, {0: 4, 1: 4}, "step 1: buffer 1, 4 bytes at 14, does not lie in the arena of 16"),
        ([FILL, GOOD], {0: -2, 1: 4}, {0: 4, 1: 4}, "step 0: buffer 0, 4 bytes at -2, does not lie"),
        ([FILL, GOOD], {0: 0}, {0: 4, 1: 4}, "step 1: buffer 1 has no place"),
        ([FILL, GOOD], {0: 0, 1: 4}, {0: 4, 1: 6}, "step 1: buffers 0 and 1 differ in their number of elements"),
        ([FILL, GOOD], {0: 0, 1: 4}, {0: 4, 1: 5}, "step 1: buffer 1, 5 bytes, does not consist of elements of 2"),
        ([GOOD], {0: 0, 1: 4}, {0: 4, 1: 4}, "step 0: byte 0 of buffer 0 was never written"),
        ([FILL, FILL], {0: 0}, {0: 4}, "step 1: buffer 0 is written a second time"),
        ([FILL], {0: 0, 1: 4}, {0: 4, 1: 4}, "buffer 1 has a place in the arena, but no step writes it"),
        (
            [FILL, replace(GOOD, elementwise=frozenset({(1, 0)}))],
            {0: 0, 1: 4},
            {0: 4, 1: 4},
            "step 1: buffers 1 and 0 are no input and output of the step",
        ),
        (
            [Step((), (0, 1), frozenset(), {0: 2, 1: 2})],
            {0: 0, 1: 2},
            {0: 4, 1: 4},
            "step 0: byte 2 of buffer 0 is overwritten by buffer 1",
        ),
    ],
)
def test_checker_refuses(steps: list[Step], offsets: dict[int, int], sizes: dict[int, int], message: str) -> None:
    with pytest.raises(InternalError, match=message):
        simulate(steps, offsets, sizes, 16)


def test_checker_accepts() -> None:
    """The plan that the cases of test_checker_refuses spoil."""
    simulate([FILL, GOOD], {0: 0, 1: 4}, {0: 4, 1: 4}, 16)


def plan_at_once(requests: Sequence[Request], overlaps: Overlaps) -> Plan:
    """The best of the starting orders alone: chains need no search."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "MAX_TRIES", 1)
        return plan(requests, overlaps)


def test_against_brute_force() -> None:
    """Never below what all offsets tried admit, the bound never above it, and the optimum in at least 99 of 100."""
    optimal = 0
    for seed in range(300):
        rng = random.Random(seed)
        requests, overlaps = random_problem(rng, rng.randint(1, 6), 3, 3)
        if seed % 3 == 0:
            requests = [replace(r, alignment=rng.choice([1, 2, 4])) for r in requests]
        result = plan(requests, overlaps)
        assert legal(requests, overlaps, result.offsets), seed
        assert feasible(requests, overlaps, result.size), seed
        assert not feasible(requests, overlaps, result.live - 1), seed
        optimal += result.size == result.live or not feasible(requests, overlaps, result.size - 1)
    assert optimal >= 297


@settings(deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_chain_needs_its_largest_pair(sizes: list[int]) -> None:
    requests = [Request(k, size, 1, k, k + 1) for k, size in enumerate(sizes)]
    result = plan_at_once(requests, {})
    assert result.size == result.live == max(a + b for a, b in zip([0, *sizes], [*sizes, 0], strict=True))


def test_chain_with_operators_in_place_needs_its_largest_pair() -> None:
    """Each run is a buffer and the element-wise operators that follow it; they cost nothing."""
    for seed in range(60):
        rng = random.Random(seed)
        sizes = [rng.randint(1, 1000) for _ in range(40)]
        requests: list[Request] = []
        overlaps: Overlaps = {}
        for size in sizes:
            for position in range(rng.randint(1, 4)):
                key = len(requests)
                requests.append(Request(key, size, 1, key, key + 1))
                if position:
                    overlaps[key - 1, key] = 0
        result = plan_at_once(requests, overlaps)
        assert result.size == result.live == max(a + b for a, b in zip([0, *sizes], [*sizes, 0], strict=True)), seed
        check(requests, overlaps, result.offsets, result.size)


def test_two_dying_inputs() -> None:
    """ADD of two buffers that die there: the sum lies in one of them and clear of the other, or below both."""
    requests = [Request(0, 8, 1, 0, 2), Request(1, 8, 1, 1, 2), Request(2, 8, 1, 2, 3)]
    assert plan(requests, {(0, 2): 0, (1, 2): 0}).size == 16
    assert plan(requests, {(0, 2): 0}).size == 16
    assert plan(requests, {}).size == 24


def test_slack_between_rows() -> None:
    """An output of 10 bytes that may slide into its input of 12 all but 3 bytes."""
    requests = [Request(0, 12, 1, 0, 1), Request(1, 10, 1, 1, 2)]
    assert plan(requests, {(0, 1): 3}) == Plan({0: 3, 1: 0}, 15, 15)


def test_padding_counts_in_the_live_set() -> None:
    """Three buffers of 5 bytes at multiples of 4: two are padded to 8."""
    requests = [Request(k, 5, 4, 0, 1) for k in range(3)]
    result = plan(requests, {})
    assert (result.size, result.live) == (21, 21)


def test_order_of_requests_does_not_matter() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        requests, overlaps = random_problem(rng, 40, 100, 6)
        expected = plan(requests, overlaps)
        rng.shuffle(requests)
        assert plan(requests, dict(reversed(overlaps.items()))) == expected


@pytest.mark.parametrize(
    ("requests", "overlaps"),
    [
        ([Request(0, 0, 1, 0, 1)], {}),
        ([Request(0, 4, 3, 0, 1)], {}),
        ([Request(0, 4, 1, 1, 0)], {}),
        ([Request(0, 4, 1, 0, 1), Request(0, 4, 1, 1, 2)], {}),
        ([Request(0, 4, 1, 0, 1)], {(0, 1): 0}),
        ([Request(0, 4, 1, 0, 2), Request(1, 4, 1, 1, 2)], {(0, 1): 0}),
        ([Request(0, 4, 1, 0, 0), Request(1, 4, 1, 0, 2)], {(0, 1): 0}),
    ],
    ids=["empty", "alignment", "life", "twice", "unknown", "still alive", "same step"],
)
def test_contradictory_requests(requests: list[Request], overlaps: Overlaps) -> None:
    with pytest.raises(InternalError):
        plan(requests, overlaps)


def test_nothing_to_place() -> None:
    assert plan([], {}) == Plan({}, 0, 0)
    simulate([], {}, {}, 0)


def networks() -> Iterator[Path]:
    corpus = shared_models() / "corpus"
    with (corpus / "manifest.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            if row["group"] == "network":
                yield corpus / f"{row['name']}.tflite"


def buffers_of(graph: Graph, ports: bool, in_place: bool) -> Problem:
    """Every activation tensor, views merged; graph inputs and outputs (``ports``) have a step before and after all."""
    root = {t.index: t.index for t in graph.tensors if not t.constant and not t.variable and t.bytes}
    steps = []
    for op in graph.operators:
        reads = [root[i] for i in op.inputs if i in root]
        writes = [i for i in op.outputs if i in root]
        if op.kind in VIEWS and reads and writes:
            root[writes[0]] = reads[0]
        else:
            steps.append((op.kind, list(dict.fromkeys(reads)), writes))
    first = {root[i]: 0 for i in graph.inputs if i in root}
    last = dict(first)
    for number, (_, reads, writes) in enumerate(steps, 1):
        first.update((key, number) for key in writes)
        last.update((key, number) for key in (*reads, *writes))
    last.update((root[i], len(steps) + 1) for i in graph.outputs if i in root)
    outside = set() if ports else {root[i] for i in (*graph.inputs, *graph.outputs) if i in root}
    requests = [
        Request(key, graph.tensor(key).bytes, graph.tensor(key).dtype.size, first[key], last[key])
        for key in sorted(first.keys() - outside)
    ]
    overlaps = {}
    for number, (kind, reads, writes) in enumerate(steps, 1):
        for a in reads if in_place and kind in ELEMENTWISE else ():
            source, target = graph.tensor(a), graph.tensor(writes[0])
            if last[a] == number and source.elements == target.elements and not {a, target.index} & outside:
                overlaps[a, target.index] = slack(source.elements, source.dtype.size, target.dtype.size)
    return requests, overlaps


@pytest.mark.parametrize("ports", [False, True], ids=["caller's ports", "ports in the arena"])
def test_networks_reach_their_largest_live_set(ports: bool) -> None:
    paths = list(networks())
    assert len(paths) == 75
    missed = {}
    in_place = 0
    for path in paths:
        requests, overlaps = buffers_of(read_model(path), ports, in_place=True)
        result = plan(requests, overlaps)
        check(requests, overlaps, result.offsets, result.size)
        in_place += sum(result.offsets[a] == result.offsets[b] for a, b in overlaps)
        if result.size != result.live:
            missed[path.stem] = result.size, result.live
    assert not missed
    assert in_place > 20  # the element-wise rule is used, not only allowed


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tiny__kws_ref_model", 16000),
        ("tiny__pretrainedResnet_quant", 49152),
        ("tiny__vww_96_int8", 55296),
        ("tflite-micro__person_detect", 55296),
        ("tiny__ad01_int8", 768),
        ("mltk__keyword_spotting_on_off_v3", 21560),
    ],
)
def test_arena_of_known_networks(name: str, expected: int) -> None:
    """Against the largest live sets (inputs and outputs included) of an independent study of these networks."""
    graph = read_model(shared_models() / "corpus" / f"{name}.tflite")
    assert plan(*buffers_of(graph, ports=True, in_place=True)).size == expected
