"""Operators that only move data, against the reference: all types, all ways to write an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compare import assert_identical
from tests.model_builder import Op, T, build
from tests.needs import shared_models
from tflite2int import attributes as a
from tflite2int.compiler import Conversion, convert
from tflite2int.errors import UnsupportedModelError

TYPES = ("int8", "uint8", "int16", "int32", "int64")
QUANTIZED = ("int8", "uint8", "int16")

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """An operator on inputs of ``shapes``: constant ``indices`` (values by input position) and shapes of outputs."""

    kind: str
    shapes: Sequence[Shape]
    outputs: Sequence[Shape]
    indices: dict[int, Any] = field(default_factory=dict)
    options: a.Attributes | None = None
    index_type: str = "int32"
    types: Sequence[str] = TYPES
    scale: float = 0.5  # of the outputs; inputs have 0.5

    def tensors(self, label: str, dtype: str) -> tuple[list[T], Op, list[str]]:
        """Tensors, operator, and the names of the inputs that are not constant."""
        scale, zero = (0.5, 0 if dtype == "int16" else 3) if dtype in QUANTIZED else (None, 0)
        tensors, names, inputs = [], [], []
        shapes = iter(self.shapes)
        for position in range(len(self.shapes) + len(self.indices)):
            name = f"{label}_in{position}"
            names.append(name)
            if position in self.indices:
                value = np.asarray(self.indices[position])
                tensors.append(T(name, self.index_type, value.shape, data=value))
            else:
                tensors.append(T(name, dtype, next(shapes), scale, zero))
                inputs.append(name)
        outs = [f"{label}_out{i}" for i in range(len(self.outputs))]
        output_scale = self.scale if scale else None
        tensors += [T(n, dtype, s, output_scale, zero) for n, s in zip(outs, self.outputs, strict=True)]
        return tensors, Op(self.kind, names, outs, self.options), inputs


def model_of(cases: Sequence[Case], dtype: str) -> bytes:
    """One model with all cases side by side: every case has its own inputs and outputs."""
    tensors: list[T] = []
    operators: list[Op] = []
    inputs: list[str] = []
    for number, case in enumerate(cases):
        own, operator, names = case.tensors(f"c{number}", dtype)
        tensors += own
        operators.append(operator)
        inputs += names
    return build(tensors, operators, inputs, [name for op in operators for name in op.outputs])


def sliced(
    shape: Shape, begin: Sequence[int], end: Sequence[int], stride: Sequence[int], out: Shape, **masks: Any
) -> Case:
    return Case("STRIDED_SLICE", [shape], [out], {1: begin, 2: end, 3: stride}, a.StridedSlice(**masks))


CASES = {
    "reshape": [
        Case("RESHAPE", [(2, 3)], [(6,)], {1: [6]}, a.Reshape(), scale=0.25),
        Case("RESHAPE", [(2, 3)], [(3, 2)], {1: [3, -1]}, a.Reshape()),
        Case("RESHAPE", [(2, 3)], [(3, 2)], {}, a.Reshape((3, -1))),
        Case("RESHAPE", [(2, 3)], [(3, 2)], {1: [3, 2]}, a.Reshape((6,))),  # the operand comes first
        Case("RESHAPE", [(2, 3)], [(3, 2)], {1: [[3, 2]]}, a.Reshape((3, 2))),  # unless it is no vector
        Case("RESHAPE", [(1, 1)], [()], {}, a.Reshape((0,))),
        Case("RESHAPE", [(1, 1)], [()], {}, None),
        Case("SQUEEZE", [(1, 2, 1)], [(2,)], {}, a.Squeeze(), scale=0.25),
        Case("SQUEEZE", [(1, 2, 1)], [(1, 2)], {}, a.Squeeze((-1,))),
        Case("EXPAND_DIMS", [(2, 3)], [(2, 1, 3)], {1: 1}),
        Case("EXPAND_DIMS", [(2, 3)], [(2, 3, 1)], {1: [-1]}, index_type="int64"),
    ],
    "pad": [
        Case("PAD", [(2, 3)], [(4, 4)], {1: [[2, 0], [0, 1]]}),
        Case("PAD", [(1, 3, 2, 4)], [(1, 5, 6, 4)], {1: [[0, 0], [1, 1], [3, 1], [0, 0]]}, scale=0.25),
        Case("PAD", [(2, 2, 2, 2, 2)], [(3, 2, 4, 2, 3)], {1: [[0, 1], [0, 0], [1, 1], [0, 0], [1, 0]]}),
        Case("PAD", [(2, 3)], [(2, 3)], {1: [[0, 0], [0, 0]]}, index_type="int64"),
        Case("PAD", [(5,)], [(9,)], {1: [[3, 1]]}, index_type="int64"),
    ],
    "transpose": [
        Case("TRANSPOSE", [(2, 3)], [(3, 2)], {1: [1, 0]}, scale=0.25),
        Case("TRANSPOSE", [(2, 3, 4)], [(4, 2, 3)], {1: [-1, 0, 1]}),
        Case("TRANSPOSE", [(2, 3, 4, 5)], [(2, 4, 3, 5)], {1: [0, 2, 1, 3]}),
        Case("TRANSPOSE", [(1, 2, 3, 2, 1, 2)], [(2, 1, 2, 3, 2, 1)], {1: [5, 4, 3, 2, 1, 0]}),
        Case("TRANSPOSE", [(1, 2, 1, 3)], [(2, 1, 1, 3)], {1: [1, 0, 2, 3]}),  # nothing moves
    ],
    "join": [
        Case("CONCATENATION", [(2, 3), (1, 3)], [(3, 3)], {}, a.Concatenation(0)),
        Case("CONCATENATION", [(2, 3, 2), (2, 1, 2), (2, 2, 2)], [(2, 6, 2)], {}, a.Concatenation(-2)),
        Case("CONCATENATION", [(2, 3, 1, 2, 2, 1), (2, 3, 1, 2, 2, 4)], [(2, 3, 1, 2, 2, 5)], {}, a.Concatenation(5)),
        Case("CONCATENATION", [(2, 3)], [(2, 3)], {}, a.Concatenation(1)),
        Case("PACK", [(2, 3), (2, 3)], [(2, 2, 3)], {}, a.Stack(0, 2)),
        Case("PACK", [(2, 3), (2, 3), (2, 3)], [(2, 3, 3)], {}, a.Stack(-1, 3)),
        Case("PACK", [(2,), (2,)], [(2, 2)], {}, a.Stack(1, 2)),
    ],
    "slice": [
        Case("SLICE", [(4, 3)], [(2, 3)], {1: [1, 0], 2: [2, -1]}, scale=0.25),
        Case("SLICE", [(2, 3, 4, 2, 3)], [(1, 2, 4, 2, 1)], {1: [1, 1, 0, 0, 2], 2: [1, 2, 4, -1, 1]}),
        Case("SLICE", [(4, 3)], [(4, 3)], {1: [0, 0], 2: [-1, 3]}, index_type="int64"),
        Case("SLICE", [(4, 3)], [(2, 3)], {1: [0, 0], 2: [2, 3]}),  # a prefix is no view
    ],
    "split": [
        Case("SPLIT", [(4, 3)], [(2, 3), (2, 3)], {0: 0}, a.Split(2), scale=0.25),
        Case("SPLIT", [(2, 6, 2)], [(2, 2, 2)] * 3, {0: -2}, a.Split(3)),
        Case("SPLIT", [(2, 3)], [(2, 3)], {0: [1]}, a.Split(1)),
        Case("SPLIT_V", [(5, 3)], [(1, 3), (2, 3), (2, 3)], {1: [1, -1, 2], 2: 0}, a.Split(3), scale=0.25),
        Case("SPLIT_V", [(2, 5)], [(2, 4), (2, 1)], {1: [4, 1], 2: -1}, a.Split(2)),
        Case("UNPACK", [(2, 3)], [(3,), (3,)], {}, a.Stack(0, 2), types=TYPES[:-1]),
        Case("UNPACK", [(2, 3, 2)], [(2, 3), (2, 3)], {}, a.Stack(-1, 2), types=TYPES[:-1]),
        Case("UNPACK", [(1, 3)], [(3,)], {}, a.Stack(0, 1), types=TYPES[:-1]),
    ],
    "strided": [
        sliced((7,), [1], [6], [2], (3,)),
        sliced((7,), [-1], [-8], [-2], (4,)),
        sliced((7,), [99], [-99], [-3], (3,)),
        sliced((4, 6), [3, 1], [0, 5], [-1, 3], (3, 2)),
        sliced((4, 6), [1, 2], [3, 4], [1, 1], (3, 6), begin_mask=3, end_mask=2),
        sliced((4, 6), [1, 2], [3, 4], [-1, -2], (2, 3), begin_mask=2, end_mask=3),
        sliced((3, 4), [1, 0], [9, 4], [1, 1], (4,), shrink_axis_mask=1),
        sliced((3, 4), [-1, -2], [0, 0], [2, 1], (), shrink_axis_mask=3),
        sliced((3, 4), [2, 0], [3, 4], [1, 1], (4,), shrink_axis_mask=1, begin_mask=1),  # the first one, not the third
        sliced((3, 4), [-9, 0], [0, 4], [1, 1], (4,), shrink_axis_mask=1),
        sliced((2, 3, 4), [0, 1], [0, 3], [1, 1], (2, 3, 2), ellipsis_mask=1),
        sliced((2, 3, 4), [1, 0, 1], [2, 0, 3], [1, 1, 1], (1, 3, 2), ellipsis_mask=2),
        sliced((2, 3), [0, 0, 1], [0, 2, 3], [1, 1, 1], (1, 2, 2), new_axis_mask=1),
        sliced((2, 3), [0, 0, 1], [0, 2, 3], [1, 1, 1], (1, 2, 2), new_axis_mask=1, shrink_axis_mask=1),
        sliced((2, 3), [0, 0], [0, 0], [1, 1], (2, 3, 1), new_axis_mask=2, ellipsis_mask=1),
        sliced((2, 3), [0, 1], [0, 2], [1, 1], (2, 1), new_axis_mask=1, ellipsis_mask=1),  # the ellipsis wins
        sliced((2, 3, 4), [1], [2], [1], (1, 3, 4)),
        sliced((8,), [2], [3], [1], (3,), offset=True),
        sliced((6, 3), [-2, 1], [2, 1], [1, 1], (2, 1), offset=True),
        sliced((6, 3), [2, 1], [3, 1], [1, 1], (3, 1), offset=True, begin_mask=1),
        sliced((6, 3), [2, 1], [3, 1], [1, 1], (3,), offset=True, shrink_axis_mask=2),
        sliced((2, 2, 3, 2, 3), [0, 1, 0, 0, 2], [2, 2, 3, 2, 0], [1, 1, 2, 1, -1], (2, 1, 2, 2, 2)),
    ],
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("group", CASES)
def test_equals_reference(group: str, dtype: str, tmp_path: Path) -> None:
    cases = [case for case in CASES[group] if dtype in case.types]
    assert_identical(model_of(cases, dtype), tmp_path, sanitize=True)


def random_slices(count: int) -> Iterator[Case]:
    """Slices of all kinds that have elements, their shapes as numpy's indexing gives them."""
    rng = np.random.default_rng(7)
    while count:
        shape = tuple(int(n) for n in rng.integers(1, 6, rng.integers(1, 4)))
        spec = int(rng.integers(1, 6))
        begin, end = (rng.integers(-7, 8, spec).tolist() for _ in range(2))
        stride = (rng.integers(1, 4, spec) * rng.choice([1, 1, -1], spec)).tolist()
        masks = {name: int(rng.integers(0, 2**spec)) for name in ("begin_mask", "end_mask")}
        kinds = rng.choice(["slice", "slice", "slice", "new", "shrink"], spec).tolist()
        if rng.random() < 0.5:
            kinds[int(rng.integers(spec))] = "ellipsis"
        index: list[Any] = []
        for i, kind in enumerate(kinds):
            first, last = (None if masks[m] >> i & 1 else v[i] for m, v in (("begin_mask", begin), ("end_mask", end)))
            if kind == "shrink" and first is None:
                kind = kinds[i] = "slice"  # a mask there means the first element, which numpy has no word for
            whole = {"new": None, "ellipsis": ..., "shrink": begin[i], "slice": slice(first, last, stride[i])}
            index.append(whole[kind])
            stride[i] = 1 if kind == "shrink" else stride[i]
        try:
            out = np.zeros(shape)[tuple(index)]
        except IndexError:
            continue
        filled = len(shape) >= sum(k in ("slice", "shrink") for k in kinds) + ("ellipsis" in kinds)
        if filled and out.size and len(shape) + kinds.count("new") <= 5:
            for mask, kind in (("new_axis_mask", "new"), ("shrink_axis_mask", "shrink"), ("ellipsis_mask", "ellipsis")):
                masks[mask] = sum(1 << i for i in range(spec) if kinds[i] == kind)
            yield sliced(shape, begin, end, stride, out.shape, **masks)
            count -= 1


def test_random_strided_slices(tmp_path: Path) -> None:
    assert_identical(model_of(list(random_slices(80)), "int8"), tmp_path)


def test_padv2(tmp_path: Path) -> None:
    for dtype in TYPES:
        scale, zero = (0.5, 0 if dtype == "int16" else 3) if dtype in QUANTIZED else (None, 0)
        tensors = [
            T("x", dtype, (2, 3), scale, zero),
            T("p", "int32", (2, 2), data=[[1, 0], [2, 1]]),
            T("v", dtype, (), scale, zero, data=7),
            T("y", dtype, (3, 6), scale, zero),
            T("z", dtype, (3, 6), scale, zero),
        ]
        operators = [Op("PADV2", ["x", "p", "v"], ["y"]), Op("PAD", ["x", "p", "v"], ["z"])]
        assert_identical(build(tensors, operators, ["x"], ["y", "z"]), tmp_path)


def test_constant_and_repeated_inputs(tmp_path: Path) -> None:
    tensors = [
        T("x", "int8", (2, 2), 0.5, 3),
        T("c", "int8", (2, 3), 0.5, 3, data=[[1, 2, 3], [-128, 127, 0]]),
        T("y", "int8", (2, 10), 0.5, 3),
        T("z", "int8", (2, 2, 2), 0.5, 3),
    ]
    operators = [
        Op("CONCATENATION", ["x", "c", "x", "c"], ["y"], a.Concatenation(1)),
        Op("PACK", ["x", "x"], ["z"], a.Stack(0, 2)),
    ]
    conversion = assert_identical(build(tensors, operators, ["x"], ["y", "z"]), tmp_path, sanitize=True)
    concatenation, pack = conversion.program.layers
    assert len(concatenation.reads) == len(pack.reads) == 1


def test_int16_concatenation_of_different_scales_is_refused(tmp_path: Path) -> None:
    """The reference copies the values all the same, in silence: what comes out means nothing."""
    tensors = [T("x", "int16", (3,), 0.5), T("w", "int16", (2,), 0.25), T("y", "int16", (5,), 0.5)]
    operators = [Op("CONCATENATION", ["x", "w"], ["y"], a.Concatenation())]
    path = tmp_path / "m.tflite"
    path.write_bytes(build(tensors, operators, ["x", "w"], ["y"]))
    with pytest.raises(UnsupportedModelError, match=r"CONCATENATION.*same scale and zero point"):
        convert(path)


def converted(case: Case, tmp_path: Path, dtype: str = "int8") -> Conversion:
    path = tmp_path / "m.tflite"
    path.write_bytes(model_of([case], dtype))
    return convert(path)


@pytest.mark.parametrize(
    "case",
    [
        *CASES["reshape"],
        Case("TRANSPOSE", [(1, 2, 1, 3)], [(2, 1, 1, 3)], {1: [1, 0, 2, 3]}),
        Case("SLICE", [(4, 3)], [(4, 3)], {1: [0, 0], 2: [-1, 3]}),
        Case("PAD", [(2, 3)], [(2, 3)], {1: [[0, 0], [0, 0]]}),
        Case("SPLIT", [(2, 3)], [(2, 3)], {0: 1}, a.Split(1)),
        sliced((2, 3), [0, 0], [2, 3], [1, 1], (2, 3)),
    ],
)
def test_what_moves_nothing_needs_no_code_of_its_own(case: Case, tmp_path: Path) -> None:
    layers = converted(case, tmp_path).program.layers
    assert [layer.copy_to for layer in layers] == [0]  # the graph's output has to be written by somebody


def test_neighbouring_dimensions_are_one_loop(tmp_path: Path) -> None:
    assert converted(CASES["slice"][0], tmp_path).source.count("for (") == 1
    halves = Case("TRANSPOSE", [(2, 3, 4, 5)], [(4, 5, 2, 3)], {1: [2, 3, 0, 1]})
    assert converted(halves, tmp_path).source.count("for (") == 2


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (Case("RESHAPE", [(2, 3)], [(6,)], {1: [3, 2]}, a.Reshape()), "is [6], not [3, 2]"),
        (Case("RESHAPE", [(2, 3)], [(7,)], {1: [7]}, a.Reshape()), "cannot become [7]"),
        (Case("RESHAPE", [(2, 3)], [(6,)], {1: [-1, -1]}, a.Reshape()), "cannot become [-1, -1]"),
        (Case("RESHAPE", [(2, 3)], [(6,)], {1: [6]}, a.Reshape(), "int64"), "must be a constant of type int32"),
        (Case("SQUEEZE", [(1, 2, 1)], [(1, 1)], {}, a.Squeeze((1,))), "not all 1"),
        (Case("EXPAND_DIMS", [(2, 3)], [(2, 3, 1)], {1: 3}), "dimension 3 of 3"),
        (Case("EXPAND_DIMS", [(2, 3)], [(2, 3, 1)], {1: 2}, scale=0.25), "same scale"),
        (Case("PAD", [(2, 3)], [(2, 3)], {1: [[-1, 1], [0, 0]]}), "is negative"),
        (Case("PAD", [(2, 3)], [(4, 3)], {1: [[1, 1]]}), "is [1, 2], not [2, 2]"),
        (Case("PAD", [(1,) * 6], [(2, *(1,) * 5)], {1: [[1, 0]] + [[0, 0]] * 5}), "more than 5"),
        (Case("TRANSPOSE", [(2, 3)], [(3, 3)], {1: [1, 1]}), "no permutation"),
        (Case("TRANSPOSE", [(2, 3)], [(3, 2)], {1: [1]}), "no permutation"),
        (Case("TRANSPOSE", [(2, 3)], [(3, 2)], {1: [1, 0]}, None, "int64"), "must be a constant of type int32"),
        (Case("TRANSPOSE", [(1,) * 7], [(1,) * 7], {1: list(range(7))}), "more than 6"),
        (Case("CONCATENATION", [(2, 3), (2, 2)], [(4, 3)], {}, a.Concatenation(0)), "shapes [2, 3], [2, 2]"),
        (Case("CONCATENATION", [(2, 3), (2, 3)], [(4, 3)], {}, a.Concatenation(0), scale=0.25), "same scale"),
        (Case("CONCATENATION", [(2, 3), (2, 3)], [(4, 3)], {}, a.Concatenation(0, "RELU")), "no fused activation"),
        (Case("PACK", [(2,), (2,)], [(2, 2)], {}, a.Stack(0, 2), scale=0.25), "same scale"),
        (Case("PACK", [(2,), (2,)], [(2, 2)], {}, a.Stack(0, 3)), "count 3"),
        (Case("UNPACK", [(2, 2)], [(2,), (2,)], {}, a.Stack(0, 2), scale=0.25), "same scale"),
        (Case("UNPACK", [(3, 2)], [(2,), (2,)], {}, a.Stack(0, 2)), "3 slices"),
        (Case("SLICE", [(4, 3)], [(4, 3)], {1: [1, 0], 2: [4, 3]}), "begin [1, 0], size [4, 3] in [4, 3]"),
        (Case("SLICE", [(4, 3)], [(4, 3)], {1: [-1, 0], 2: [4, 3]}), "begin [-1, 0]"),
        (Case("SPLIT", [(5, 3)], [(2, 3), (2, 3)], {0: 0}, a.Split(2)), "5 into 2 equal parts"),
        (Case("SPLIT", [(4, 3)], [(2, 3), (2, 3)], {0: 0}, a.Split(3)), "3 splits"),
        (Case("SPLIT_V", [(5, 3)], [(2, 3), (2, 3)], {1: [2, 2], 2: 0}, a.Split(2)), "parts [2, 2] of 5"),
        (Case("SPLIT_V", [(5, 3)], [(2, 3), (2, 3)], {1: [-1, -1], 2: 0}, a.Split(2)), "parts [-1, -1] of 5"),
        (sliced((8,), [0], [4], [0], (4,)), "the stride is 0"),
        (sliced((3, 4), [1, 0], [2, 4], [-1, 1], (4,), shrink_axis_mask=1), "the stride is -1"),
        (sliced((3, 4), [5, 0], [6, 4], [1, 1], (4,), shrink_axis_mask=1), "index 5 of 3"),
        (sliced((3, 4), [0, 0, 0], [1, 1, 1], [1, 1, 1], (1, 1)), "3 indices"),
        (sliced((3, 4), [0, 0], [0, 0], [1, 1], (3, 4), ellipsis_mask=3), "2 ellipses"),
        (sliced((2, 3), [1, 0, 0], [2, 0, 2], [1, 1, 1], (1, 2), ellipsis_mask=2), "3 indices with 1 ellipses"),
        *(
            (sliced(shape, [1, 0], [2, 2], [1, 1], out, offset=True, **masks), "not every dimension has an end")
            for shape, out, masks in (
                ((4, 2, 3), (2, 2, 3), {}),
                ((4, 3), (3, 3), {"end_mask": 3}),
                ((4, 3), (2, 3), {"ellipsis_mask": 2}),
                ((4,), (1, 2), {"new_axis_mask": 1}),
            )
        ),
        (sliced((1,) * 5, [0] * 6, [1] * 6, [1] * 6, (1,) * 6, new_axis_mask=1), "more than 5"),
    ],
)
def test_refused(case: Case, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError) as caught:
        converted(case, tmp_path)
    assert message in str(caught.value)
    assert f"operator 0 ({case.kind})" in str(caught.value)


def test_a_pad_value_of_another_scale_is_refused(tmp_path: Path) -> None:
    """The reference then leaves the output as it was and reports success."""
    for scale, zero in ((0.25, 3), (0.5, 0)):
        tensors = [
            T("x", "int8", (2,), 0.5, 3),
            T("p", "int32", (1, 2), data=[[1, 1]]),
            T("v", "int8", (), scale, zero, data=7),
            T("y", "int8", (4,), 0.5, 3),
        ]
        path = tmp_path / "m.tflite"
        path.write_bytes(build(tensors, [Op("PADV2", ["x", "p", "v"], ["y"])], ["x"], ["y"]))
        with pytest.raises(UnsupportedModelError, match="padding value must be a constant of the output's type, scale"):
            convert(path)


def test_computed_indices_are_refused(tmp_path: Path) -> None:
    tensors = [T("x", "int8", (2, 3), 0.5), T("s", "int32", (1,)), T("y", "int8", (6,), 0.5)]
    path = tmp_path / "m.tflite"
    path.write_bytes(build(tensors, [Op("RESHAPE", ["x", "s"], ["y"], a.Reshape())], ["x", "s"], ["y"]))
    with pytest.raises(UnsupportedModelError, match=r'new shape must be a constant of type int32\. \(tensor 1 "s"'):
        convert(path)


SINGLE = (
    *("concat", "keras_cropping2d", "keras_permute", "keras_zeropad2d", "pack", "pad_hw", "reshape", "slice"),
    *("split_only", "split_v", "squeeze", "strided_slice", "transpose", "unpack"),
)


def converter_models() -> list[str]:
    folder = Path(__file__).parents[2] / "shared" / "models" / "operators"
    return sorted(p.name for stem in SINGLE for p in folder.glob(f"{stem}*_int8.tflite"))


@pytest.mark.parametrize("name", converter_models() or ["none"])
def test_models_of_the_converter(name: str, tmp_path: Path) -> None:
    assert_identical(shared_models() / "operators" / name, tmp_path)
