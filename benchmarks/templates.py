"""``python -m benchmarks.templates``: flash and RAM of each template's program with each model, as a table."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.boards import arduino, stm32
from tests.boards.host import TOOLCHAIN, build_host
from tests.boards.project import NAMES, BuildFailed, Memory, build, write_project
from tflite2int.report import table

HEADS = ("template", "built for", "program", "model", "flash", "RAM")
TOO_LARGE = ("not within region", "overflowed by", "will not fit")


def main() -> None:
    """RAM is without the stack; cmake's is the model alone, the others are whole programs."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for model in NAMES for row in _rows(model, Path(folder))]
    rows.sort(key=lambda row: row[:3])
    print(table(HEADS, rows, HEADS[:4]))
    print("bytes; RAM without the stack; the library is the model alone, the others are whole programs")


def _rows(model: str, folder: Path) -> Iterator[tuple[str, ...]]:
    library = write_project("arduino", model, folder / "arduino" / model)
    for name, board in arduino.BOARDS.items():
        for program in ("predict", "evaluate"):
            place = folder / f"{model}_{name}_{program}"
            try:
                memory = arduino.build_sketch(library, program, board, place).memory
            except BuildFailed as failure:
                yield "arduino", name, program, model, *_too_large(failure)
                continue
            yield "arduino", name, program, model, *_cells(memory)
    project = write_project("stm32cube", model, folder / "stm32cube" / model)
    for family in stm32.FAMILIES:
        for program, option in (("predict", "OFF"), ("evaluate", "ON")):
            memory = stm32.build_image(project, family, f"-DEVALUATE={option}").memory
            yield "stm32cube", family, program, model, *_cells(memory)
    project = write_project("cmake", model, folder / "cmake" / model)
    build_host(project, folder / f"{model}_cmake", f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}")
    sizes = build(["arm-none-eabi-size", folder / f"{model}_cmake" / f"lib{model}.a"])
    text, data, bss = (int(size) for size in re.findall(r"\d+", sizes.splitlines()[1])[:3])
    yield "cmake", "Cortex-M4", "library", model, *_cells(Memory(text + data, data + bss))


def _cells(memory: Memory) -> tuple[str, str]:
    return f"{memory.flash:,}", f"{memory.ram:,}"


def _too_large(failure: BuildFailed) -> tuple[str, str]:
    if not any(words in str(failure) for words in TOO_LARGE):
        raise failure
    return "too large", "-"


if __name__ == "__main__":
    main()
