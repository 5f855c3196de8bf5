"""The pose estimator as a whole firmware for a Cortex-M0: raw counts in, pose out, in 4 KB of flash and 256 of RAM."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.needs import need_tool
from tflite2int.compiler import convert

ROOT = Path(__file__).parents[1]
POSE = ROOT / "models" / "pose"
BOARD = Path(__file__).with_name("boards") / "pose_image"
SAMPLES = 12
HOST_PUT = '#include <stdio.h>\n#include "platform.h"\nvoid platform_put(char c) { putchar(c); }\n'


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize(("model", "output"), [("pose", None), ("pose", "wide"), ("pose_int16x8", None)])
def test_whole_image(model: str, output: str | None, tmp_path: Path) -> None:
    """The linker script has no more than 4 KB and 256 bytes, the stack among them; the results are the host's."""
    for program, package in (("arm-none-eabi-gcc", "gcc-arm-none-eabi"), ("qemu-system-arm", "qemu-system-arm")):
        need_tool(program, package)
    need_tool("cc", "gcc")
    conversion = convert(POSE / f"{model}.tflite", "pose", io=POSE / "io.toml", output=output)
    for name, text in conversion.files().items():
        (tmp_path / name).write_text(text)
    with np.load(POSE / "testset.npz") as data:
        rows = [*data["raw"][: SAMPLES - 2].tolist(), [0] * 6, [65535] * 6]
    lines = ",\n".join("{" + ", ".join(str(v) for v in row) + "}" for row in rows)
    (tmp_path / "samples.h").write_text(f"static const uint16_t samples[{SAMPLES}][6] = {{\n{lines}\n}};\n")
    (tmp_path / "put.c").write_text(HOST_PUT)

    run("cc", "-std=c99", "-I.", f"-I{BOARD}", BOARD / "main.c", "pose.c", "put.c", "-o", "host", cwd=tmp_path)
    expected = run(tmp_path / "host", cwd=tmp_path)
    assert len(expected) == SAMPLES * 6 * 4 and len({expected[i : i + 24] for i in range(0, len(expected), 24)}) > 2

    core = (
        "-mcpu=cortex-m0",
        "-mthumb",
        "-Os",
        "-ffunction-sections",
        "-fdata-sections",
        "-std=c99",
        "-Wall",
        "-Wextra",
    )
    link = ("-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-T", BOARD / "image.ld", "-o", "image.elf")
    sources = (BOARD / "startup.c", BOARD / "main.c", "pose.c")
    run("arm-none-eabi-gcc", *core, "-I.", f"-I{BOARD}", *sources, *link, cwd=tmp_path)
    machine = ("-M", "microbit", "-display", "none", "-monitor", "none", "-serial", "none")
    semihosting = ("-semihosting-config", "enable=on,target=native", "-kernel", "image.elf")
    done = subprocess.run(
        ["qemu-system-arm", *machine, *semihosting], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, "a fault, or the stack went over its end"
    assert (done.stdout + done.stderr).strip() == expected
    symbols = run("arm-none-eabi-nm", "image.elf", cwd=tmp_path)
    assert "__aeabi_" not in symbols, "a helper of the compiler: soft float, 64-bit multiplication or division"
