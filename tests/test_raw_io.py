"""Raw integers in, physical units out: the emitted maps against exact rational numbers, and the file's errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.entries import converted, counts_of, run_entry
from tests.model_builder import Op, T, build
from tests.needs import need_tool
from tflite2int import attributes as a
from tflite2int.compiler import Conversion
from tflite2int.errors import IoFileError, UsageError
from tflite2int.graph import Array, DType
from tflite2int.program import Counts
from tflite2int.rawio.maps import AffineMap, Form, fit
from tflite2int.rawio.text import spelled

HALF = Fraction(1, 2)


def nearest(value: Fraction) -> int:
    """Halves away from zero."""
    return math.floor(abs(value) + HALF) * (1 if value >= 0 else -1)


def limited(value: Fraction, dtype: DType) -> Fraction:
    low, high = dtype.limits
    return min(max(value, Fraction(low)), Fraction(high))


def carrier(dtype: str, elements: int, scale: float, zero_point: int) -> bytes:
    """A model that gives its input, so that the maps are all there is to see."""
    tensors = [T("x", dtype, (1, elements), scale, zero_point), T("y", dtype, (elements, 1), scale, zero_point)]
    return build(tensors, [Op("RESHAPE", ["x"], ["y"], a.Reshape((elements, 1)))], ["x"], ["y"])


def check(results: Array, exact: Sequence[Fraction], dtype: DType, counts: Counts) -> None:
    """Every result is as near to the exact value, which saturates, as the conversion says."""
    assert counts.error is not None and counts.error <= 1
    for got, value in zip(results.reshape(-1).tolist(), exact, strict=True):
        wanted = limited(value, dtype)
        if counts.exact:
            assert got == limited(Fraction(nearest(value)), dtype), f"{got} for {float(value)}"
        assert abs(got - wanted) <= Fraction(str(counts.error)), f"{got} for {float(value)}"


def exact_inputs(
    raws: Sequence[int], unit: Sequence[Fraction], zero: Sequence[Fraction], scale: float, zero_point: int
) -> list[Fraction]:
    """Real value over scale. The zero point is added behind: rounding goes away from the real value 0."""
    return [u * (r - z) / Fraction(scale) for r, u, z in zip(raws, unit, zero, strict=True)]


@pytest.fixture(autouse=True)
def _tools() -> None:
    need_tool("cc", "gcc")


U, I8, I16, U8 = "uint16", "int8", "int16", "uint8"
INPUTS = {
    "xor": (U, 'unit = "1/32768"\nzero = 32768', I16, 2.0**-15, 0),
    "upper byte": (U, 'unit = "1/32768"\nzero = 32768', I8, 2.0**-7, 0),
    "shift": (I16, "unit = 0.000030517578125", I8, 2.0**-7, 0),
    "decimal": (I16, "unit = 0.0000305", I8, 0.0078125, 3),
    "decimal16": (U, "unit = 0.0000305\nzero = 32000.5", I16, 2.0**-15, 0),
    "12 bits": (U, "unit = 0.0015343\noffset = 0.01", I8, 0.02463994361460209, -128),
    "saturates": (I16, "unit = 0.01\noffset = -20", I8, 0.0235, 17),
    "steep": (U, "unit = 3\nzero = 32768", I16, 0.01, 0),
    "third": (U, 'unit = "1/3"\nzero = "100000/3"', I16, 0.31, 0),
    "bytes": (U8, "unit = 1", I8, 1.0, -128),
    "bytes16": (U8, "unit = 0.0039\noffset = -0.5", I16, 2.0**-15, 0),
    "signed bytes": ("int8", "unit = 0.1\nzero = -4", I8, 0.07, 5),
}


@pytest.mark.parametrize("case", INPUTS)
def test_every_raw_count(case: str, tmp_path: Path) -> None:
    raw_type, keys, dtype, scale, zero_point = INPUTS[case]
    source, elements = DType[raw_type.upper()], 4096 if raw_type in (U, I16) else 256
    toml = f'[input]\ntype = "{raw_type}"\n{keys}\n'
    conversion = converted(carrier(dtype, elements, scale, zero_point), tmp_path, toml)
    low, high = source.limits
    raws = np.arange(low, high + 1)
    results = np.concatenate(
        [step[0] for step in run_entry(conversion, tmp_path, [[r] for r in raws.reshape(-1, elements)], sanitize=True)]
    )
    numbers = {k: Fraction(v.strip('"')) for k, v in (line.split(" = ") for line in keys.splitlines())}
    zero = -numbers["offset"] / numbers["unit"] if "offset" in numbers else numbers.get("zero", Fraction(0))
    scaled = exact_inputs(
        raws.tolist(), [numbers["unit"]] * len(raws), [zero] * len(raws), float(np.float32(scale)), zero_point
    )
    counts, target = counts_of(conversion, "raw"), DType[dtype.upper()]
    for got, value in zip(results.tolist(), scaled, strict=True):
        wanted = int(limited(Fraction(nearest(value) + zero_point), target))
        assert abs(got - limited(value + zero_point, target)) <= Fraction(str(counts.error)) <= 1
        assert not counts.exact or got == wanted


OUTPUTS = {
    "tenth": (I8, 0.0084, 0, I16, "unit = 0.001"),
    "fine": (I8, 0.0084, -7, I16, "unit = 0.00001\noffset = 0.02"),
    "coarse": (I8, 0.0084, 5, I8, "unit = 0.1\nzero = 4"),
    "unsigned": (I8, 0.02, -128, U8, "unit = 0.02"),
    "half": (I8, 0.5, 3, I16, "unit = 1"),
    "int16": (I16, 0.0001, 0, I16, "unit = 0.00017"),
    "int16 fine": (I16, 0.0001, 0, I16, 'unit = "1/3000000"'),
    "int16 to unsigned": (I16, 0.0001, 0, U, "unit = 0.0001\nzero = 32768"),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_every_output(case: str, tmp_path: Path) -> None:
    dtype, scale, zero_point, count_type, keys = OUTPUTS[case]
    source, elements = DType[dtype.upper()], 4096 if dtype == I16 else 256
    conversion = converted(
        carrier(dtype, elements, scale, zero_point), tmp_path, f'[output]\ntype = "{count_type}"\n{keys}\n'
    )
    values = np.arange(source.limits[0], source.limits[1] + 1)
    steps = run_entry(conversion, tmp_path, [[v] for v in values.reshape(-1, elements)], sanitize=True)
    numbers = {k: Fraction(v.strip('"')) for k, v in (line.split(" = ") for line in keys.splitlines())}
    zero = -numbers["offset"] / numbers["unit"] if "offset" in numbers else numbers.get("zero", Fraction(0))
    real = [Fraction(float(np.float32(scale))) * (q - zero_point) for q in values.tolist()]
    exact = [r / numbers["unit"] + zero for r in real]
    results = np.concatenate([step[0] for step in steps])
    check(results, exact, DType[count_type.upper()], counts_of(conversion, "counts"))


WIDE = {
    "24-bit converter": ("int32", "unit = 0.00000011\nzero = 100", I16, 0.0000335),
    "24 bits, a power of two": ("int32", 'unit = "1/8388608"', I16, 2.0**-15),
    "all 32 bits": ("int32", "unit = 0.000000000465", I16, 0.0000302),
    "all 32 bits to 8": ("int32", "unit = 0.000000000465", I8, 2.0**-7),
    "unsigned": ("uint32", "unit = 0.000000000465\nzero = 2147483648", I16, 0.0000302),
    "unsigned from 0": ("uint32", "unit = 0.00000025", I16, 0.0000302),
    "few of many": ("uint32", "unit = 0.001\nzero = 3000000000", I8, 2.0**-7),
    "12 bits in 32": ("int32", "unit = 0.00049\nzero = 2047", I16, 2.0**-15),
}


@pytest.mark.parametrize("case", WIDE)
def test_32_bit_counts(case: str, tmp_path: Path) -> None:
    raw_type, keys, dtype, scale = WIDE[case]
    conversion = converted(carrier(dtype, 4096, scale, 0), tmp_path, f'[input]\ntype = "{raw_type}"\n{keys}\n')
    source, target = DType[raw_type.upper()], DType[dtype.upper()]
    numbers = {k: Fraction(v.strip('"')) for k, v in (line.split(" = ") for line in keys.splitlines())}
    unit, zero = numbers["unit"], numbers.get("zero", Fraction(0))
    rng = np.random.default_rng(1)
    low, high = source.limits
    # Ends, places where the result steps and their neighbours, and random counts over all and over what matters.
    reach = Fraction(float(np.float32(scale))) / unit
    edges = [
        zero + (k + HALF) * reach for k in range(target.limits[0], target.limits[1], max(1, target.limits[1] // 300))
    ]
    counts = {low, low + 1, high - 1, high, *(math.floor(e) + d for e in edges for d in (-1, 0, 1, 2))}
    counts |= set(rng.integers(low, high, 4096, endpoint=True).tolist())
    span = int(reach * target.limits[1])
    counts |= {int(zero) + int(v) for v in rng.integers(-span, span, 4096)}
    raws = sorted(c for c in counts if low <= c <= high)
    raws += [raws[-1]] * (-len(raws) % 4096)
    steps = [[r] for r in np.array(raws).reshape(-1, 4096)]
    results = np.concatenate([step[0] for step in run_entry(conversion, tmp_path, steps, sanitize=True)])
    exact = exact_inputs(raws, [unit] * len(raws), [zero] * len(raws), float(np.float32(scale)), 0)
    check(results, exact, target, counts_of(conversion, "raw"))


LISTS = {
    "two loops": (["0.01"] * 3 + ["0.004"] * 3, ["0"] * 6, "int16"),
    "a period": (["0.01", "0.004", "0.003"] * 4, ["0", "100", "-3.5"] * 4, "int16"),
    "all different": ([f"0.00{k}" for k in range(10, 22)], [str(k * 999) for k in range(12)], "uint16"),
    "shift and multiply": (['"1/256"', "0.0039", '"1/128"', "0.01", '"1/512"', "0.02"], ["0"] * 6, "int16"),
    "bytes": ([f"0.0{k}" for k in range(10, 16)], [str(k) for k in range(6)], "uint8"),
    "32 bits": ([f"0.00000000{k}" for k in range(10, 16)], [str(k * 10**8) for k in range(6)], "int32"),
    "32 bits unsigned": ([f"0.00000{k}1" for k in range(10, 16)], [str(k * 7 * 10**8) for k in range(6)], "uint32"),
}


@pytest.mark.parametrize("case", LISTS)
@pytest.mark.parametrize("dtype", [I8, I16])
def test_a_map_for_each_element(case: str, dtype: str, tmp_path: Path) -> None:
    units, zeros, raw_type = LISTS[case]
    scale, zero_point = (0.05, -3) if dtype == I8 else (0.0004, 0)
    toml = f'[input]\ntype = "{raw_type}"\nunit = [{", ".join(units)}]\nzero = [{", ".join(zeros)}]\n'
    conversion = converted(carrier(dtype, len(units), scale, zero_point), tmp_path, toml)
    source = DType[raw_type.upper()]
    rng = np.random.default_rng(2)
    steps = [rng.integers(*source.limits, len(units), endpoint=True) for _ in range(300)]
    steps += [np.full(len(units), end) for end in source.limits]
    unit, zero = ([Fraction(v.strip('"')) for v in values] for values in (units, zeros))
    near = [[int(z + Fraction(k) / u) for u, z in zip(unit, zero, strict=True)] for k in range(-7, 8)]
    steps += [np.clip(n, *source.limits) for n in near]
    results = run_entry(conversion, tmp_path, [[s] for s in steps], sanitize=True)
    counts, target = counts_of(conversion, "raw"), DType[dtype.upper()]
    assert counts.error is not None and counts.error <= 1
    for step, result in zip(steps, results, strict=True):
        for got, value in zip(
            result[0].tolist(),
            exact_inputs(step.tolist(), unit, zero, float(np.float32(scale)), zero_point),
            strict=True,
        ):
            wanted = int(limited(Fraction(nearest(value) + zero_point), target))
            assert abs(got - limited(value + zero_point, target)) <= Fraction(str(counts.error))
            assert not counts.exact or got == wanted


def body(conversion: Conversion, function: str) -> list[str]:
    text = conversion.source.split(f"static void {function}(")[1]
    return [line.strip() for line in text.split("{\n", 1)[1].split("\n}\n")[0].splitlines()]


def test_powers_of_two_cost_no_multiplication(tmp_path: Path) -> None:
    xor = converted(carrier(I16, 6, 2.0**-15, 0), tmp_path, '[input]\ntype = "uint16"\nunit = "1/32768"\nzero = 32768')
    assert body(xor, "input_from_raw")[1] == "output[i] = (int16_t)((int32_t)input[i] - 32768);"
    assert counts_of(xor, "raw").error == 0
    byte = converted(carrier(I8, 6, 2.0**-7, 0), tmp_path, '[input]\ntype = "uint16"\nunit = "1/32768"\nzero = 32768')
    lines = body(byte, "input_from_raw")
    assert ">> 8" in lines[2] and "*" not in "".join(lines)
    up = converted(carrier(I16, 6, 2.0**-15, 0), tmp_path, '[input]\ntype = "int8"\nunit = "1/128"')
    assert body(up, "input_from_raw")[1] == "output[i] = (int16_t)((int32_t)input[i] * 256);"


def test_what_is_the_same_is_passed_through(tmp_path: Path) -> None:
    toml = '[input]\ntype = "int16"\nunit = "1/32768"\n[output]\ntype = "int16"\nunit = 0.000030517578125\n'
    conversion = converted(carrier(I16, 4, 2.0**-15, 0), tmp_path, toml)
    assert conversion.entry is not None and not [x for x in conversion.entry.program.layers if x.added]
    assert "model_predict_raw(const int16_t raw[4], int16_t counts[4])" in conversion.header
    values = np.array([-32768, -1, 0, 32767], np.int16)
    assert np.array_equal(run_entry(conversion, tmp_path, [[values]])[0][0], values)


def test_halves_go_away_from_zero(tmp_path: Path) -> None:
    conversion = converted(carrier(I8, 6, 1.0, 10), tmp_path, '[input]\ntype = "int16"\nunit = 0.5\n')
    got = run_entry(conversion, tmp_path, [[np.array([-3, -1, 0, 1, 3, 5])]])[0][0]
    assert got.tolist() == [8, 9, 10, 11, 12, 13]


@settings(max_examples=40, deadline=None)
@given(
    st.fractions(Fraction(1, 3000), 40, max_denominator=10**6),
    st.fractions(-300, 300, max_denominator=1000),
    st.sampled_from([(-128, 127), (0, 255), (-3000, 3500)]),
    st.sampled_from([(-128, 127), (0, 65535), (-32768, 32767)]),
    st.booleans(),
)
def test_any_map_is_within_a_count(
    slope: Fraction, intercept: Fraction, source: tuple[int, int], target: tuple[int, int], alike: bool
) -> None:
    wanted = AffineMap(slope, intercept, 0, source, target)
    low, high = (min(max(nearest(slope * x + intercept), target[0]), target[1]) for x in source)
    assume(low != high)
    found = fit(wanted, Form(alike=alike))
    xs = np.arange(source[0], source[1] + 1)
    for x, got in zip(xs.tolist(), found.formula.apply(xs).tolist(), strict=True):
        exact = min(max(slope * x + intercept, Fraction(target[0])), Fraction(target[1]))
        assert abs(got - exact) <= found.error <= 1
        if found.exact:
            assert got == min(max(nearest(slope * x + intercept), target[0]), target[1])


@settings(max_examples=25, deadline=None)
@given(
    st.integers(20, 46),
    st.fractions(1, 2, max_denominator=10**6),
    st.integers(-(2**31), 2**31 - 1),
    st.sampled_from([(-128, 127), (-32768, 32767)]),
)
def test_the_error_of_large_sources_is_proved(power: int, factor: Fraction, zero: int, target: tuple[int, int]) -> None:
    slope = factor * (target[1] + 1) / 2**power
    wanted = AffineMap(slope, -slope * zero, 0, (-(2**31), 2**31 - 1), target)
    assume(wanted.rounded(-(2**31)) != wanted.rounded(2**31 - 1))
    found = fit(wanted)
    rng = np.random.default_rng(power)
    xs = np.unique(
        np.clip(
            np.concatenate(
                [
                    rng.integers(-(2**31), 2**31, 3000),
                    zero + (rng.normal(size=3000) / float(slope) * 40).astype(np.int64),
                ]
            ),
            -(2**31),
            2**31 - 1,
        )
    )
    for x, got in zip(xs.tolist(), found.formula.apply(xs).tolist(), strict=True):
        exact = min(max(slope * (x - zero), Fraction(target[0])), Fraction(target[1]))
        assert abs(got - exact) <= found.error <= 1


def test_numbers_are_spelled_exactly() -> None:
    assert [spelled(Fraction(v)) for v in ("0.01", "1/3", "-2.50", "32768", "0")] == [
        "0.01",
        "1/3",
        "-2.5",
        "32768",
        "0",
    ]


GOOD = 'type = "uint16"\nunit = 0.1\n'
ERRORS = {
    "nothing": ("", "it has no table"),
    "syntax": ('[input]\ntype = "uint16\n', "line 2"),
    "not text": ("[input]\nunit = 0.1 # \udcff\n", "line 2"),
    "twice": (f"[input]\n{GOOD}unit = 2\n", "line 4"),
    "other port": (f"[input0]\n{GOOD}", "[input0]: there is no port of this name: the model has [input], [output]"),
    "no table": ("input = 3\n", "it must be a table"),
    "list of tables": (f"[[input]]\n{GOOD}", "it must be a table"),
    "unknown key": (f"[input]\n{GOOD}scale = 1\n", "[input] scale: the key is not known"),
    "no unit": ('[input]\ntype = "int16"\n', "the key unit is missing"),
    "no type": ("[input]\nunit = 1\n", "the key type is missing"),
    "type": ('[input]\ntype = "float"\nunit = 1\n', "[input] type: the type must be one of int8"),
    "types": ('[input]\ntype = ["int8", "int16", "int8"]\nunit = 1\n', "it is one array"),
    "output type": ('[output]\ntype = "int32"\nunit = 1\n', "[output] type: the type must be one of int8"),
    "zero unit": ('[input]\ntype = "int16"\nunit = 0.0\n', "[input] unit: the real value of one count must be more"),
    "negative": ('[output]\ntype = "int16"\nunit = [1, -0.1, 1]\n', "[output] unit: the real value of one count"),
    "nan": ('[input]\ntype = "int16"\nunit = nan\n', "[input] unit: it is not a number (nan)"),
    "nan in a list": ('[input]\ntype = "int16"\nunit = [1, 2, nan]\n', "[input] unit[2]: it is not a number (nan)"),
    "infinite": ('[input]\ntype = "int16"\nunit = 1\nzero = -inf\n', "[input] zero: it is out of reach"),
    "huge": ('[input]\ntype = "int16"\nunit = 1e999999999999999999999\n', "[input] unit: it is out of reach"),
    "huge integer": (f'[input]\ntype = "int16"\nunit = 1{"0" * 60}\n', "[input] unit: it is out of reach"),
    "larger integer": (f'[input]\ntype = "int16"\nunit = 1{"0" * 6000}\n', "no TOML"),
    "deep": ("[input]\nunit = " + "[" * 5000, "no TOML"),
    "boolean": ('[input]\ntype = "int16"\nunit = true\n', "[input] unit: it is neither a number nor a fraction"),
    "nested": ('[input]\ntype = "int16"\nunit = [[1], 1, 1]\n', "[input] unit[0]: it is neither a number"),
    "string": ('[input]\ntype = "int16"\nunit = "0.1 deg"\n', 'unit: "0.1 deg" is no number'),
    "division": ('[input]\ntype = "int16"\nunit = "1/0"\n', 'unit: "1/0" divides by zero'),
    "count": ('[input]\ntype = "int16"\nunit = [1, 2]\n', "[input] unit: 2 values for 3 elements"),
    "count of zeros": (f"[input]\n{GOOD}zero = [1, 2, 3, 4]\n", "[input] zero: 4 values for 3 elements"),
    "both": (f"[input]\n{GOOD}zero = 1\noffset = 1\n", "zero and offset both say where 0 is"),
    "constant map": ('[input]\ntype = "uint16"\nunit = 1e-9\n', "every count becomes -3"),
    "saturated map": ('[input]\ntype = "uint16"\nunit = 1\nzero = 100000\n', "every count becomes -128"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_is_wrong_in_the_file_is_said(case: str, tmp_path: Path) -> None:
    text, said = ERRORS[case]
    model = carrier(I8, 3, 0.05, -3)
    (tmp_path / "model.tflite").write_bytes(model)
    io = tmp_path / "io.toml"
    io.write_bytes(text.encode("utf-8", "surrogateescape"))
    from tflite2int.compiler import convert

    with pytest.raises(IoFileError) as caught:
        convert(tmp_path / "model.tflite", io=io)
    message = str(caught.value)
    assert "io.toml" in message and said in message and len(message.splitlines()) <= 2, message


def test_several_inputs_have_their_own_tables(tmp_path: Path) -> None:
    tensors = [T("x", I8, (1, 3), 0.05, -3), T("y", I8, (1, 2), 0.05, -3), T("z", I8, (1, 5), 0.05, -3)]
    model = build(tensors, [Op("CONCATENATION", ["x", "y"], ["z"], a.Concatenation(axis=1))], ["x", "y"], ["z"])
    toml = '[input1]\ntype = "uint16"\nunit = 0.05\nzero = 7\n[output]\ntype = "int16"\nunit = 0.05\n'
    conversion = converted(model, tmp_path, toml)
    assert "_predict_raw(const int8_t input0[3], const uint16_t raw1[2], int16_t counts[5]);" in conversion.header
    got = run_entry(conversion, tmp_path, [[np.array([1, 2, 3], np.int8), np.array([7, 65535])]], sanitize=True)
    assert got[0][0].tolist() == [4, 5, 6, 0, 130]
    with pytest.raises(IoFileError, match=r"\[input\]: there is no port"):
        converted(model, tmp_path, '[input]\ntype = "int8"\nunit = 1\n')


def test_a_port_without_a_scale_has_no_unit(tmp_path: Path) -> None:
    tensors = [T("x", "int32", (4,)), T("y", "int32", (2, 2))]
    model = build(tensors, [Op("RESHAPE", ["x"], ["y"], a.Reshape((2, 2)))], ["x"], ["y"])
    with pytest.raises(IoFileError, match="without a scale"):
        converted(model, tmp_path, f"[input]\n{GOOD}")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    from tflite2int.compiler import convert

    (tmp_path / "model.tflite").write_bytes(carrier(I8, 3, 0.05, -3))
    with pytest.raises(UsageError, match="cannot be read"):
        convert(tmp_path / "model.tflite", io=tmp_path / "no.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        convert(tmp_path / "model.tflite", io=tmp_path)
