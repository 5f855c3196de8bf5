"""Files made to crash, hang or mislead a reader. None may do more than raise a typed error of one or two lines."""

from __future__ import annotations

import re
import struct
import tracemalloc
from pathlib import Path

import pytest
import tflite

from tests.flatfile import ModelSpec, OperatorSpec, Quantized, TensorSpec, build
from tflite2int.errors import MalformedModelError
from tflite2int.reader import read_bytes, read_model

OP = tflite.BuiltinOperator
# Well-formed files whose contents make no sense to an operator: its own checks refuse them, not the reader.
OPERATORS_REFUSE = {"h07_missing_quant.tflite", "h10_zero_size.tflite", "h12_custom_op.tflite"}


def refused(data: bytes, message: str | None) -> None:
    """Assert that the reader refuses the file in two lines of printable ASCII, without memory for what it claims."""
    tracemalloc.start()
    try:
        with pytest.raises(MalformedModelError, match=message and re.escape(message)) as caught:
            read_bytes(data, "m")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(data) + 2**20
    lines = str(caught.value).split("\n")
    assert len(lines) <= 2
    assert all(line.isascii() and line.isprintable() for line in lines)


def listed(folder: Path) -> dict[str, str]:
    """Name of each hostile file -> what its README says a converter should do."""
    rows = [line.split(" | ") for line in (folder / "README").read_text(encoding="utf-8").splitlines()]
    return {row[0]: row[2] for row in rows if row[0].endswith(".tflite")}


def test_every_listed_file(shared: Path) -> None:
    verdicts = listed(shared / "models" / "hostile")
    assert len(verdicts) >= 30
    for name, verdict in verdicts.items():
        path = shared / "models" / "hostile" / name
        if verdict.startswith("accept") or name in OPERATORS_REFUSE:
            assert read_model(path).operators, name
        else:
            refused(path.read_bytes(), None)


def test_control_reads_as_the_original(shared: Path) -> None:
    control = read_model(shared / "models" / "hostile" / "h00_control_repacked.tflite")
    original = read_model(shared / "models" / "corpus" / "tflite-micro__hello_world_int8.tflite")
    assert control.operators == original.operators
    assert [(t.shape, t.dtype, t.quantization) for t in control.tensors] == [
        (t.shape, t.dtype, t.quantization) for t in original.tensors
    ]


@pytest.fixture(scope="module")
def model() -> bytes:
    """A sound file."""
    quantized = Quantized([0.5, 0.25], [1, 2], 0)
    tensors = [TensorSpec((2,), quantization=quantized), TensorSpec((2,)), TensorSpec((2,), data=b"\1\2")]
    data = build(ModelSpec(tensors, [OperatorSpec(OP.ADD, (0, 2), (1,), ("Add", {"FusedActivationFunction": 1}))]))
    read_bytes(data, "m")
    return data


def word(data: bytes, position: int) -> int:
    return int(struct.unpack_from("<I", data, position)[0])


def patched(data: bytes, position: int, form: str, value: int) -> bytes:
    new = bytearray(data)
    struct.pack_into(form, new, position, value)
    return bytes(new)


def field(data: bytes, table: int, slot: int) -> int:
    """Position of a field of the table at ``table``."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0]
    assert offset
    return int(table + offset)


def target(data: bytes, position: int) -> int:
    return position + word(data, position)


def subgraph(data: bytes) -> int:
    return target(data, target(data, field(data, word(data, 0), 2)) + 4)


def first_tensor(data: bytes) -> int:
    return target(data, target(data, field(data, subgraph(data), 0)) + 4)


def test_header(model: bytes) -> None:
    refused(b"", "the file is empty")
    refused(model[:4], "it lacks the identifier TFL3")
    refused(model[:4] + b"TFL2" + model[8:], "it lacks the identifier TFL3")
    for root in (len(model) - 3, 2**31, 2**32 - 1):
        refused(patched(model, 0, "<I", root), "the root table")


@pytest.mark.parametrize("distance", [-(2**31), 2**31 - 1, -1, 0])
def test_field_list_elsewhere(model: bytes, distance: int) -> None:
    root = word(model, 0)
    distance = distance or root + 1  # one byte before the file begins
    refused(patched(model, root, "<i", distance), "a")


@pytest.mark.parametrize(("offset", "size"), [(0, 0), (0, 2), (0, 5), (0, 65534), (2, 0), (2, 65535)])
def test_sizes_of_a_table(model: bytes, offset: int, size: int) -> None:
    root = word(model, 0)
    vtable = root - struct.unpack_from("<i", model, root)[0]
    refused(patched(model, vtable + offset, "<H", size), "table")


@pytest.mark.parametrize("offset", [1, 3, 65535])
def test_field_outside_its_table(model: bytes, offset: int) -> None:
    root = word(model, 0)
    vtable = root - struct.unpack_from("<i", model, root)[0]
    refused(patched(model, vtable + 4, "<H", offset), f"a field of the table at byte {root} lies outside it")


@pytest.mark.parametrize("length", [2**32 - 1, 2**31, 2**30, 2**29 + 1])
def test_length_of_a_vector(model: bytes, length: int) -> None:
    tensor = first_tensor(model)
    quantization = target(model, field(model, tensor, 4))
    for position in (
        target(model, field(model, subgraph(model), 1)),  # inputs
        target(model, field(model, tensor, 0)),  # shape
        target(model, field(model, tensor, 3)),  # name
        target(model, field(model, quantization, 2)),  # scale
        target(model, field(model, quantization, 3)),  # zero point
    ):
        refused(patched(model, position, "<I", length), "outside the file")


def test_length_of_a_list_of_tables(model: bytes) -> None:
    root, main = word(model, 0), subgraph(model)
    for table, slot, name in ((root, 1, "operator codes"), (root, 2, "subgraphs"), (root, 4, "buffers")):
        for count in (len(model) // 4 + 1, 2**30, 2**32 - 1):
            data = patched(model, target(model, field(model, table, slot)), "<I", count)
            refused(data, f"the list of {name} claims {count} entries")
    for slot, name in ((0, "tensors"), (3, "operators")):
        data = patched(model, target(model, field(model, main, slot)), "<I", 2**32 - 1)
        refused(data, f"the list of {name} claims")
        refused(patched(model, target(model, field(model, main, slot)), "<I", len(model) // 4), None)


def test_number_that_ends_behind_the_file() -> None:
    vtable = struct.pack("<HHH", 6, 5, 4)
    root = struct.pack("<i", len(vtable)) + b"\3"  # the first byte of the version, which has four
    refused(struct.pack("<I", 8 + len(vtable)) + b"TFL3" + vtable + root, "a number at byte 18 lies outside")


def test_offset_behind_the_end(model: bytes) -> None:
    operators = target(model, field(model, subgraph(model), 3))
    options = field(model, target(model, operators + 4), 4)
    for position in (field(model, first_tensor(model), 4), options, operators + 4):
        for distance in (len(model) - position - 3, 2**31, 2**32 - 1):
            refused(patched(model, position, "<I", distance), "a table at byte")


def test_every_prefix(model: bytes) -> None:
    for length in range(len(model)):
        try:
            graph = read_bytes(model[:length], "m")
        except MalformedModelError:
            continue
        assert graph.operators == read_bytes(model, "m").operators  # only padding or a string's end was cut


def test_shared_tables_and_vectors() -> None:
    """A small file that describes a large model: one tensor many times over."""
    int4 = TensorSpec((20000,), tflite.TensorType.INT4, bytes(10000))
    long_name = TensorSpec(name=b"n" * 20000)
    many_scales = TensorSpec((5000,), quantization=Quantized([0.5] * 5000, [0] * 5000))
    boolean = TensorSpec((20000,), tflite.TensorType.BOOL, bytes(20000))
    zero_scale = TensorSpec((20000,), data=bytes(20000), quantization=Quantized([0.0]))
    for tensor in (int4, long_name, many_scales, boolean, zero_scale):
        spec = ModelSpec([TensorSpec(), TensorSpec()] + [tensor] * 200, [OperatorSpec(OP.ABS)])
        refused(build(spec), "referred to over and over")
    tables_alone = [TensorSpec((), name=None)] * 20000
    refused(build(ModelSpec([TensorSpec(), TensorSpec(), *tables_alone], [OperatorSpec(OP.ABS)])), "over and over")


def test_shared_constant_is_not_copied() -> None:
    constant = TensorSpec((20000,), data=bytes(20000))
    data = build(ModelSpec([TensorSpec(), TensorSpec()] + [constant] * 500, [OperatorSpec(OP.ABS)]))
    tracemalloc.start()
    graph = read_bytes(data, "m")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(graph.tensors) == 502
    assert peak < 500 * 20000 / 4
