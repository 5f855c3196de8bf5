"""Random damage to sound files: the reader raises a typed error or returns a graph that holds together.

TFLITE2INT_FUZZ_EXAMPLES sets the examples of each test. Without it they are few and always the same.
"""

from __future__ import annotations

import os
import struct
import tracemalloc
from pathlib import Path

import pytest
import tflite
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flatfile import ModelSpec, OperatorSpec, Quantized, TensorSpec, build
from tests.needs import shared_models
from tflite2int.errors import Tflite2IntError
from tflite2int.graph import DType, Graph
from tflite2int.reader import read_bytes

OP = tflite.BuiltinOperator
EXAMPLES = os.environ.get("TFLITE2INT_FUZZ_EXAMPLES")
FUZZ = settings(
    max_examples=int(EXAMPLES or 300),
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# What a length, an offset or an index is most dangerous as.
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 2, 3, 4, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1]),
    st.integers(0, 4096),
    st.integers(0, 2**64 - 1),
)
FORMS = st.sampled_from(["<B", "<H", "<I", "<Q"])


def written() -> bytes:
    """A small file with every kind of field the reader looks at."""
    pair = [TensorSpec((1, 4), quantization=Quantized()), TensorSpec((1, 4), quantization=Quantized())]
    constants = [
        TensorSpec((2, 2), data=b"abcd", quantization=Quantized([0.5, 0.25], [0, 0], 1)),
        TensorSpec((3,), tflite.TensorType.INT4, b"ab", Quantized([0.5, 0.25, 1.0], None)),
        TensorSpec((2,), tflite.TensorType.BOOL, b"\0\1"),
        TensorSpec((2,), tflite.TensorType.INT32, bytes(8), Quantized([0.5, 0.25], [0, 0], 3)),
        TensorSpec((), tflite.TensorType.STRING, b"text"),
        TensorSpec((4,), data=b"abc", sparse=True),
        TensorSpec((0,), tflite.TensorType.INT32),
        TensorSpec((4,), variable=True),
        TensorSpec((4,)),
    ]
    results = [TensorSpec((1, 4)) for _ in range(6)]
    operators = [
        OperatorSpec(OP.FULLY_CONNECTED, (0, 2, -1), (11,), ("FullyConnected", {"KeepNumDims": True})),
        OperatorSpec(OP.CONV_2D, (11, 3, 5), (12,), ("Conv2D", {"StrideW": 1, "StrideH": 1, "Padding": 1})),
        OperatorSpec(OP.RESHAPE, (12, 8), (13,), ("Reshape", {"NewShape": [1, -1]})),
        OperatorSpec(OP.SOFTMAX, (13,), (14,), ("Softmax", {"Beta": 1.0})),
        OperatorSpec(OP.CUSTOM, (14, 10), (15,), custom="own"),
        OperatorSpec(OP.SQUEEZE, (15,), (16,), ("Squeeze", {"SqueezeDims": [0]})),
        OperatorSpec(OP.ADD, (16, 4), (1,), ("Add", {"FusedActivationFunction": 1})),
    ]
    return build(ModelSpec([*pair, *constants, *results], operators, external={2: b"abcd"}))


@pytest.fixture(scope="module", params=["written", "sine", "hello_world"])
def base(request: pytest.FixtureRequest, models_root: Path) -> bytes:
    """A sound file: written here, one of ours, one of other people's."""
    if request.param == "written":
        data = written()
    elif request.param == "sine":
        data = (models_root / "sine" / "sine.tflite").read_bytes()
    else:
        data = (shared_models() / "corpus" / "tflite-micro__hello_world_int8.tflite").read_bytes()
    sound(read_bytes(data, "m"))
    return data


def sound(graph: Graph) -> None:
    """Assert what later stages rely on without a check of their own."""
    graph.check()
    assert graph.outputs
    for tensor in graph.tensors:
        assert all(d >= 0 for d in tensor.shape) and tensor.elements < 2**31
        q = tensor.quantization
        if q is not None:
            assert len(q.scales) == len(q.zero_points) >= 1
            assert all(2.0**-126 <= scale < float("inf") for scale in q.scales)
            assert not q.per_channel or tensor.shape[q.axis] == len(q.scales)
        if tensor.data is not None and not tensor.sparse:
            if tensor.dtype is DType.INT4:
                assert tensor.data.shape == tensor.shape and (abs(tensor.data * 2 + 1) < 16).all()
            elif tensor.dtype.numpy_name:
                assert tensor.data.shape == tensor.shape and tensor.data.dtype == tensor.dtype.numpy


def survives(data: bytes) -> None:
    """Assert that reading ends in a sound graph or a typed error, in memory proportional to the file."""
    tracemalloc.start()
    try:
        sound(read_bytes(data, "m"))
    except Tflite2IntError as error:
        lines = str(error).split("\n")
        assert len(lines) <= 2 and all(line.isascii() and line.isprintable() for line in lines)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 100 * len(data) + 2**20


@FUZZ
@given(flips=st.lists(st.tuples(st.integers(0, 2**16), st.integers(1, 255)), min_size=1, max_size=8))
def test_flipped_bytes(base: bytes, flips: list[tuple[int, int]]) -> None:
    data = bytearray(base)
    for position, mask in flips:
        data[position % len(data)] ^= mask
    survives(bytes(data))


@FUZZ
@given(edits=st.lists(st.tuples(st.integers(0, 2**16), FORMS, NUMBERS), min_size=1, max_size=6))
def test_overwritten_numbers(base: bytes, edits: list[tuple[int, str, int]]) -> None:
    data = bytearray(base)
    for position, form, number in edits:
        size = struct.calcsize(form)
        start = position % (len(data) - 8) // size * size  # numbers are aligned in the file
        struct.pack_into(form, data, start, number % 2 ** (8 * size))
    survives(bytes(data))


@FUZZ
@given(start=st.integers(0, 2**16), length=st.integers(0, 2**16), tail=st.binary(max_size=64))
def test_cut(base: bytes, start: int, length: int, tail: bytes) -> None:
    start %= len(base)
    survives(base[:start] + tail)
    survives(base[:start] + base[start + length % len(base) :])


@FUZZ
@given(splices=st.lists(st.tuples(*[st.integers(0, 2**16)] * 3), min_size=1, max_size=4))
def test_spliced(base: bytes, splices: list[tuple[int, int, int]]) -> None:
    data = bytearray(base)
    for source, destination, length in splices:
        source, destination = source % len(data) // 4 * 4, destination % len(data) // 4 * 4
        piece = data[source : source + length % 256]
        data[destination : destination + len(piece)] = piece
    survives(bytes(data))


@FUZZ
@given(data=st.binary(max_size=512), root=st.integers(0, 512))
def test_noise_behind_a_header(data: bytes, root: int) -> None:
    survives(struct.pack("<I", root) + b"TFL3" + data)
