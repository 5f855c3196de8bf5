"""Tensors, written field by field: shapes, constants, quantization."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite

from tests.flatfile import ModelSpec, OperatorSpec, Quantized, TensorSpec, build
from tflite2int.errors import MalformedModelError
from tflite2int.graph import Quantization, Tensor
from tflite2int.reader import read_bytes

OP = tflite.BuiltinOperator
TYPE = tflite.TensorType
DETAILS = Path(__file__).with_name("interpreter_details.py")


def one_tensor(tensor: TensorSpec) -> Tensor:
    """Read a model that has the tensor and an operator that copies another."""
    model = ModelSpec([TensorSpec(), TensorSpec(), tensor], [OperatorSpec(OP.TRANSPOSE)])
    return read_bytes(build(model), "m").tensors[2]


def fails(data: bytes, message: str) -> None:
    with pytest.raises(MalformedModelError, match=re.escape(message)):
        read_bytes(data, "m")


def tensor_fails(tensor: TensorSpec, message: str) -> None:
    with pytest.raises(MalformedModelError, match=re.escape(f'tensor 2 "tensor": {message}')):
        one_tensor(tensor)


@pytest.mark.parametrize(
    ("code", "name", "form", "values"),
    [
        (TYPE.INT8, "int8", "<4b", (-128, -1, 0, 127)),
        (TYPE.UINT8, "uint8", "<4B", (0, 1, 128, 255)),
        (TYPE.INT16, "int16", "<4h", (-32768, -2, 258, 32767)),
        (TYPE.INT32, "int32", "<4i", (-(2**31), 1, 66051, 2**31 - 1)),
        (TYPE.INT64, "int64", "<4q", (-(2**63), 1, 2**40 + 3, 2**63 - 1)),
        (TYPE.FLOAT32, "float32", "<4f", (-0.5, 0.0, 1.5, 3.0e38)),
        (TYPE.BOOL, "bool", "<4?", (True, False, False, True)),
    ],
)
def test_constants_are_little_endian(code: int, name: str, form: str, values: tuple[Any, ...]) -> None:
    tensor = one_tensor(TensorSpec((2, 2), code, struct.pack(form, *values)))
    assert tensor.dtype.label == name
    assert tensor.value().shape == (2, 2)
    assert tensor.value().ravel().tolist() == pytest.approx(values)
    assert not tensor.value().flags.writeable


def test_int4_has_its_first_value_in_the_low_half() -> None:
    tensor = one_tensor(TensorSpec((5,), TYPE.INT4, bytes([0x21, 0x8F, 0xF7]), Quantized(zero_point=[-8])))
    assert tensor.dtype.label == "int4"
    assert tensor.value().dtype == np.int8
    assert tensor.value().tolist() == [1, 2, -1, -8, 7]
    tensor_fails(TensorSpec((5,), TYPE.INT4, bytes(2)), "int4[5] takes 3 bytes but its buffer holds 2")
    tensor_fails(
        TensorSpec((4,), TYPE.INT4, None, Quantized(zero_point=[8])), "its zero point 8 is outside int4's -8 to 7"
    )


def test_constants_that_numpy_has_not() -> None:
    for code, label in ((TYPE.STRING, "string"), (TYPE.BFLOAT16, "bfloat16")):
        tensor = one_tensor(TensorSpec((2,), code, b"abcd"))
        assert (tensor.dtype.label, bytes(tensor.value())) == (label, b"abcd")
    tensor = one_tensor(TensorSpec((100,), TYPE.INT8, b"abcd", sparse=True))
    assert tensor.sparse and bytes(tensor.value()) == b"abcd"


def test_scalar_and_shapeless_tensor() -> None:
    for shape in ((), None):
        tensor = one_tensor(TensorSpec(shape, TYPE.INT32, struct.pack("<i", 7)))
        assert tensor.shape == ()
        assert tensor.value() == 7


def test_tensor_without_elements_is_constant_unless_written() -> None:
    empty, text = TensorSpec((0,), TYPE.INT32), TensorSpec((0,), TYPE.STRING)
    model = ModelSpec([TensorSpec(()), TensorSpec(()), empty], [OperatorSpec(OP.RESHAPE, (0, 2), (1,))])
    assert read_bytes(build(model), "m").tensors[2].value().tolist() == []
    assert not one_tensor(text).constant
    assert not read_bytes(build(ModelSpec([empty, empty], [OperatorSpec(OP.ABS)])), "m").tensors[1].constant


def test_data_behind_the_flatbuffer() -> None:
    tensors = [TensorSpec(), TensorSpec(), TensorSpec(), TensorSpec((3,))]
    operators = [OperatorSpec(OP.TRANSPOSE)]
    data = build(ModelSpec(tensors, operators, external={2: b"abcd", 3: b"efg"}))
    graph = read_bytes(data, "m")
    assert graph.tensors[2].value().tobytes() == b"abcd"
    assert graph.tensors[3].value().tobytes() == b"efg"
    fails(data[:-1], 'tensor 3 "tensor": a buffer at byte')
    short = build(ModelSpec(tensors, operators, external={2: b"abc", 3: b"efg"}))
    fails(short, "int8[4] takes 4 bytes but its buffer holds 3")


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (TensorSpec(data=b"abc"), "int8[4] takes 4 bytes but its buffer holds 3"),
        (TensorSpec(data=b"abcde"), "int8[4] takes 4 bytes but its buffer holds 5"),
        (TensorSpec((0,), data=b"a"), "int8[0] takes 0 bytes but its buffer holds 1"),
        (TensorSpec((2,), TYPE.FLOAT16, b"abc"), "float16[2] takes 4 bytes but its buffer holds 3"),
        (TensorSpec((2,), TYPE.BOOL, b"\x01\x02"), "its boolean value 2 is neither 0 nor 1"),
        (TensorSpec(buffer=1), "buffer 1 does not exist: the model has 1"),
        (TensorSpec(type=19), "the element type 19 is unknown"),
        (TensorSpec(type=-1), "the element type -1 is unknown"),
        (TensorSpec((4, -1)), "its shape [4, -1] has a negative dimension"),
        (TensorSpec((65536, 65536)), "its shape [65536, 65536] has more than 2^31 elements"),
        (TensorSpec((2**31 - 1, 0, 2**31 - 1)), "its shape [2147483647, 0, 2147483647] has more than 2^31 elements"),
        (TensorSpec((1,) * 33), "its shape has 33 dimensions"),
        (TensorSpec(data=b"abcd", variable=True), "it is a variable and has a constant value"),
    ],
)
def test_wrong_tensor(tensor: TensorSpec, message: str) -> None:
    tensor_fails(tensor, message)


def test_variable() -> None:
    assert one_tensor(TensorSpec(variable=True)).variable
    assert not one_tensor(TensorSpec()).variable


@pytest.mark.parametrize(
    ("quantized", "expected"),
    [
        (Quantized([0.1], [3]), Quantization((float(np.float32(0.1)),), (3,))),
        (Quantized([0.5], None), Quantization((0.5,), (0,))),
        (Quantized([0.5, 0.25], [1, 2], 1), Quantization((0.5, 0.25), (1, 2), 1)),
        (Quantized([0.5, 0.25], [0], 1), Quantization((0.5, 0.25), (0, 0), 1)),
        (Quantized([0.5, 0.25], None, 1), Quantization((0.5, 0.25), (0, 0), 1)),
        (Quantized([0.5], [0], 7), Quantization((0.5,), (0,), 0)),
        (Quantized([2.0**-126], [0]), Quantization((2.0**-126,), (0,))),
        (Quantized(None, None, min=[0.0]), None),
        (Quantized([], []), None),
        (Quantized(None, [0]), None),
        (None, None),
    ],
)
def test_quantization(quantized: Quantized | None, expected: Quantization | None) -> None:
    assert one_tensor(TensorSpec((3, 2), quantization=quantized)).quantization == expected


@pytest.mark.parametrize(
    ("quantized", "message"),
    [
        (Quantized([0.0]), "its scale 0 is not a positive, normal number"),
        (Quantized([-0.5]), "its scale -0.5 is not"),
        (Quantized([float("nan")]), "its scale nan is not"),
        (Quantized([float("inf")]), "its scale inf is not"),
        (Quantized([2.0**-127]), "its scale 5.87747e-39 is not"),
        (Quantized([0.5, 0.0], [0, 0], 1), "its scale 0 is not"),
        (Quantized([0.5, 0.5], [0, 0, 0], 1), "it has 2 scales but 3 zero points"),
        (Quantized([0.5], [0, 0]), "it has 1 scales but 2 zero points"),
        (Quantized([0.5, 0.5], [0, 0], 0), "it has 2 scales for 3 slices of dimension 0"),
        (Quantized([0.5, 0.5], [0, 0], 2), "its quantized dimension 2 is none of its 2"),
        (Quantized([0.5, 0.5], [0, 0], -1), "its quantized dimension -1 is none of its 2"),
        (Quantized([0.5], [128]), "its zero point 128 is outside int8's -128 to 127"),
        (Quantized([0.5], [-129]), "its zero point -129 is outside int8's -128 to 127"),
        (Quantized([0.5, 0.5], [0, 300], 1), "its zero point 300 is outside"),
    ],
)
def test_wrong_quantization(quantized: Quantized, message: str) -> None:
    tensor_fails(TensorSpec((3, 2), quantization=quantized), message)


def test_axis_of_a_bias() -> None:
    bias = TensorSpec((2,), TYPE.INT32, bytes(8), Quantized([0.5, 0.25], [0, 0], 3))
    assert one_tensor(bias).quantization == Quantization((0.5, 0.25), (0, 0), 0)
    tensor_fails(TensorSpec((2,), TYPE.INT8, bytes(2), Quantized([0.5, 0.25], [0, 0], 3)), "its quantized dimension 3")
    two_dimensions = TensorSpec((2, 1), TYPE.INT32, bytes(8), Quantized([0.5, 0.25], [0, 0], 3))
    tensor_fails(two_dimensions, "its quantized dimension 3")
    tensor_fails(TensorSpec((3,), TYPE.INT32, bytes(12), Quantized([0.5, 0.25], [0, 0], 3)), "it has 2 scales for 3")


def test_zero_scale_of_a_zero_constant() -> None:
    zeros = TensorSpec((2,), TYPE.INT16, bytes(4), Quantized([0.0]))
    assert one_tensor(zeros).quantization is None
    tensor_fails(TensorSpec((2,), TYPE.INT16, b"\0\0\1\0", Quantized([0.0])), "its scale 0 is not")
    tensor_fails(TensorSpec((2,), TYPE.INT8, bytes(2), Quantized([0.5, 0.0], [0, 0])), "its scale 0 is not")


def test_names_are_not_trusted() -> None:
    assert one_tensor(TensorSpec(name=None)).name == ""
    assert one_tensor(TensorSpec(name=b"\xff\n*/")).name == "\ufffd\n*/"
    with pytest.raises(MalformedModelError) as caught:
        one_tensor(TensorSpec((-1,), name=b"a\n\x1b[2J\xff" + b"x" * 500))
    first, _, rest = str(caught.value).partition("\n")
    assert first.isprintable() and first.isascii() and len(first) < 200
    assert "\n" not in rest
