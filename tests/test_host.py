"""The host's compiler around small hand-written C, and what is said when something is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.needs import need_tool
from tflite2int.errors import ToolchainError, UsageError
from tflite2int.graph import Array, DType
from tflite2int.verify.harness import Interface, Port, TraceRecord, glue, pack, unpack, unpack_trace
from tflite2int.verify.host import HostProgram, build

SUM = Interface("sum", (Port("x", DType.INT8, (1, 5)),), (Port("y", DType.INT32, (1,)),))
SUM_H = """#include <stdint.h>
#define SUM_INPUT_SIZE 5
#define SUM_OUTPUT_SIZE 1
#define SUM_ARENA_SIZE 4
void sum_predict(const int8_t *input, int32_t *output);
"""
SUM_C = """#include "sum.h"
static int32_t arena[1];  /* carried from step to step */
void sum_predict(const int8_t *input, int32_t *output)
{
    int i;
    for (i = 0; i < 5; i++)
        arena[0] += input[i];
    output[0] = arena[0];
}
"""


@pytest.fixture(autouse=True)
def _compiler() -> None:
    need_tool("cc", "gcc")


def write(folder: Path, name: str, header: str, source: str) -> Path:
    (folder / f"{name}.h").write_text(header)
    (folder / f"{name}.c").write_text(source)
    return folder


def build_sum(folder: Path, source: str = SUM_C, sanitize: bool = False) -> HostProgram:
    return build(write(folder, "sum", SUM_H, source), SUM, folder, sanitize=sanitize)


def steps(*rows: list[int]) -> list[list[Array]]:
    return [[np.array([row], np.int8)] for row in rows]


@pytest.mark.parametrize("sanitize", [False, True])
def test_all_steps_run_in_one_process(tmp_path: Path, sanitize: bool) -> None:
    program = build_sum(tmp_path, sanitize=sanitize)
    inputs = steps([1, 2, 3, 4, 5], [-128, 127, -128, 127, -128])
    for _ in range(2):  # a second run starts afresh
        outputs = program.run(inputs)
        assert [(step[0].dtype, step[0].tolist()) for step in outputs] == [(np.dtype("<i4"), [15]), (np.int32, [-115])]
    assert program.run([]) == []


def test_every_type_and_several_ports(tmp_path: Path) -> None:
    types = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32)
    mixed = Interface(
        "mixed",
        tuple(Port(f"in {t.label}", t, (2, 3)) for t in types),
        tuple(Port(f"out {t.label}", t, (6,)) for t in types),
    )
    sizes = "".join(f"#define MIXED_{kind}{i}_SIZE 6\n" for kind in ("INPUT", "OUTPUT") for i in range(4))
    parameters = ", ".join(
        [f"const {t.c} *input{i}" for i, t in enumerate(types)] + [f"{t.c} *output{i}" for i, t in enumerate(types)]
    )
    copies = "".join(f"        output{i}[5 - k] = input{i}[k];\n" for i in range(4))
    header = f"#include <stdint.h>\n{sizes}void mixed_predict({parameters});\n"
    body = f"{{\n    int k;\n    for (k = 0; k < 6; k++) {{\n{copies}    }}\n}}\n"
    write(tmp_path, "mixed", header, f'#include "mixed.h"\nvoid mixed_predict({parameters})\n{body}')
    rng = np.random.default_rng(1)
    inputs = [[rng.integers(*t.limits, size=(2, 3), dtype=t.numpy, endpoint=True) for t in types] for _ in range(3)]
    outputs = build(tmp_path, mixed, tmp_path, sanitize=True).run(inputs)
    for given, got in zip(inputs, outputs, strict=True):
        for value, result in zip(given, got, strict=True):
            assert result.dtype == value.dtype and np.array_equal(result, value.reshape(6)[::-1])


def test_the_compiler_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    with pytest.raises(ToolchainError, match="no-such-compiler is missing") as caught:
        build_sum(tmp_path)
    assert "apt install gcc" in str(caught.value)
    monkeypatch.setenv("CC", f"cc -Dsum_predict=sum_{'x' * 3}")
    with pytest.raises(ToolchainError, match=r"sum\.c: cc failed"):
        build(
            write(tmp_path, "sum", SUM_H, '#include "sum.h"\n#ifdef sum_predict\n#error renamed\n#endif\n'),
            SUM,
            tmp_path,
        )


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("    int8_t lost = arena[0]; arena[0] = lost;", "conversion"),
        ("    unsigned u = i; arena[0] = (int32_t)u;", "sign-conversion"),
        ("    { int i = 1; arena[0] = i; }", "shadow"),
        ("\n#if NOT_DEFINED\n#endif\n", "undef"),
    ],
)
def test_a_warning_is_an_error(tmp_path: Path, line: str, warning: str) -> None:
    source = SUM_C.replace("    int i;\n", f"    int i = 0;\n{line}\n")
    told = rf"sum\.c: .* failed: .*error: .*-W(error=|error,-W)(implicit-int-)?{warning}"  # gcc's words, or clang's
    with pytest.raises(ToolchainError, match=told):
        build_sum(tmp_path, source)


def test_the_header_must_give_the_size(tmp_path: Path) -> None:
    write(tmp_path, "sum", SUM_H.replace("INPUT_SIZE 5", "INPUT_SIZE 4"), SUM_C)
    with pytest.raises(ToolchainError, match="SUM_INPUT_SIZE is not 5"):
        build(tmp_path, SUM, tmp_path)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("    output[1] = input[5];", "AddressSanitizer"),
        ("    output[0] = input[5];", "AddressSanitizer"),
        ("    output[0] = (INT32_MAX - 1) + (input[0] + 2);", "signed integer overflow"),
        ("    { const int32_t *w = (const int32_t *)(const void *)input; output[0] = *w; }", "misaligned address"),
    ],
)
def test_sanitizers_see_what_the_plain_program_hides(tmp_path: Path, line: str, complaint: str) -> None:
    program = build_sum(tmp_path, SUM_C.replace("    output[0] = arena[0];", line), sanitize=True)
    with pytest.raises(ToolchainError, match=complaint):
        program.run(steps([0] * 5))


def test_a_crash_and_a_hang_are_told(tmp_path: Path) -> None:
    program = build_sum(tmp_path, SUM_C.replace("    output", "    *(volatile int *)0 = 1;\n    output"))
    with pytest.raises(ToolchainError, match="sum on this machine: the program ended with signal"):
        program.run(steps([0] * 5))
    program = build_sum(
        tmp_path, SUM_C.replace("    output", "    for (;;) arena[0] ^= *(volatile int32_t *)arena;\n    output")
    )
    with pytest.raises(ToolchainError, match=r"more than 0\.5 s"):
        program.run(steps([0] * 5), timeout=0.5)


def test_an_output_that_is_not_written_shows(tmp_path: Path) -> None:
    source = SUM_C.replace("    output[0] =", "    if (arena[0] != 7) output[0] =")
    outputs = build_sum(tmp_path, source).run(steps([3, 0, 0, 0, 0], [4, 0, 0, 0, 0]))
    assert [int(step[0][0]) & 0xFFFFFFFF for step in outputs] == [3, 0xA5A5A5A5]


def test_the_trace_has_a_list_for_each_step(tmp_path: Path) -> None:
    source = SUM_C.replace(
        "    output",
        "    sum_trace(3, 0, arena, 4);\n    sum_trace(4, 1, input, 2);\n    output",
    ).replace("static", "void sum_trace(int, int, const void *, long);\nstatic", 1)
    program = build_sum(tmp_path, source)
    inputs = steps([1, 2, 3, 4, 5], [-1, 0, 0, 0, 0])
    outputs, trace = program.trace(inputs)
    assert [step[0].tolist() for step in outputs] == [[15], [14]]
    assert trace == [
        [TraceRecord(3, 0, np.int32(15).tobytes()), TraceRecord(4, 1, bytes([1, 2]))],
        [TraceRecord(3, 0, np.int32(14).tobytes()), TraceRecord(4, 1, bytes([255, 0]))],
    ]
    assert program.run(inputs)[1][0].tolist() == [14]  # without the file it runs as well


def test_without_tracing_in_the_c_the_trace_is_empty(tmp_path: Path) -> None:
    assert build_sum(tmp_path).trace(steps([0] * 5, [0] * 5))[1] == [[], []]


def test_inputs_are_checked() -> None:
    with pytest.raises(UsageError, match=r'input "x": step 0 is uint8\[1, 5\], the model\'s is int8\[1, 5\]'):
        pack(SUM.inputs, [[np.zeros((1, 5), np.uint8)]])
    with pytest.raises(UsageError, match=r"step 1 is int8\[5\]"):
        pack(SUM.inputs, [[np.zeros((1, 5), np.int8)], [np.zeros(5, np.int8)]])
    with pytest.raises(UsageError, match="step 0 has 0 inputs, the model has 1"):
        pack(SUM.inputs, [[]])


def test_cut_off_files_are_told() -> None:
    with pytest.raises(ToolchainError, match="wrote 7 bytes of output instead of 8"):
        unpack(SUM.outputs, 2, bytes(7))
    head = np.array([-1, 0, 0, 2, 0, 4], "<i4").tobytes()
    assert unpack_trace(head + bytes(4)) == [[TraceRecord(2, 0, bytes(4))]]
    for damaged in (head + bytes(3), head[:-1], head[12:] + bytes(4)):
        with pytest.raises(ToolchainError, match="cut off"):
            unpack_trace(damaged)


def test_byte_buffers_begin_at_an_odd_address() -> None:
    text = glue(SUM)
    assert "sum_predict(input0 + 1, output0);" in text
    assert "static int8_t input0[1 + 5] __attribute__((aligned(4)));" in text
