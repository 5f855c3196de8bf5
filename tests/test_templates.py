"""All templates: what is written, what is never overwritten, a user's own folder, and what can be checked of each."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.boards.arduino import HARDWARE
from tests.boards.project import build, model_file, write_project
from tests.needs import need_file, need_reference, need_tool
from tflite2int.compiler import convert
from tflite2int.emit import MARK
from tflite2int.errors import OutputExistsError, ReferenceFailure, UsageError
from tflite2int.output import checked, write_files
from tflite2int.rawio import told
from tflite2int.templates import all_templates, find_template, known, project
from tflite2int.templates.fill import COMMON, PLACEHOLDER, substituted, templates_folder

ROOT = Path(__file__).parents[1]
BOARDS = Path(__file__).parent / "boards"
TEMPLATES = ("arduino", "cmake", "cmsis-pack", "esp-idf", "platformio", "rust", "stm32cube", "zephyr")
EXAMPLES = (".ino", ".cpp", "predict.rs", "main.c", "app_pose.c")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror")


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from tflite2int.cli import main; main()", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def no_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ReferenceFailure("the reference interpreter is not installed")

    monkeypatch.setattr(known, "reference_outputs", missing)


def test_the_list_is_the_folder(tmp_path: Path) -> None:
    assert tuple(template.name for template in all_templates()) == TEMPLATES
    told = run("templates", cwd=tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in told] == list(TEMPLATES)
    assert all(len(template.description) > 20 and template.next for template in all_templates())
    listed = json.loads(run("templates", "--json", cwd=tmp_path).stdout)["templates"]
    assert [entry["name"] for entry in listed] == list(TEMPLATES)
    assert {p.name for p in templates_folder().iterdir() if p.is_dir()} == {*TEMPLATES, COMMON}


def test_an_installed_package_finds_its_templates(tmp_path: Path) -> None:
    """As the wheel lays them out; test_packaging.py looks into the wheel."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tflite2int", tmp_path / "tflite2int", ignore=ignore)
    shutil.copytree(ROOT / "firmware_templates", tmp_path / "tflite2int" / "firmware_templates", ignore=ignore)
    code = "from tflite2int.templates import all_templates; print(*(t.folder for t in all_templates()), sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    folder = tmp_path / "tflite2int" / "firmware_templates"
    assert done.stdout.split() == [str(folder / name) for name in TEMPLATES], done.stderr


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("options", [{}, {"output": "argmax+margin"}], ids=["plain", "class"])
def test_what_is_written(name: str, options: dict[str, str], tmp_path: Path, no_reference: None) -> None:
    conversion = convert(model_file("gesture"), "my_net", **options)  # type: ignore[arg-type]
    files, note = project(find_template(name), conversion, model_file("gesture"))
    assert {"my_net.c", "my_net.h"} <= {Path(file).name for file in files}
    function = "my_net_predict_class" if options else "my_net_predict"
    # Without the reference the self-test has no table, and the user is told why.
    assert "not installed" in note
    everything = "\n".join(files.values())
    for file, text in files.items():
        assert not PLACEHOLDER.search(file) and not PLACEHOLDER.search(text), file
        assert MARK in text[:400] and checked(text) == text, file
        assert text.endswith("\n") and "\r" not in text, file
    examples = [
        text
        for file, text in files.items()
        if file.endswith((".ino", ".cpp", ".rs")) or re.search(r"(main|app_my_net)\.c$", file)
    ]
    assert any((f"{function}(" if name != "rust" else f"::{function.removeprefix('my_net_')}(") in t for t in examples)
    assert "#define SAMPLES 0" in everything
    write_files(tmp_path, files)
    write_files(tmp_path, files)


@pytest.mark.parametrize("name", TEMPLATES)
def test_raw_counts_are_explained_where_they_are_used(name: str, tmp_path: Path, no_reference: None) -> None:
    conversion = convert(model_file("pose"), io=model_file("pose").with_name("io.toml"), output="wide")
    assert conversion.entry is not None
    files, _ = project(find_template(name), conversion, model_file("pose"))
    call = "pose::predict_raw(&raw)" if name == "rust" else "pose_predict_raw(raw, counts);"
    (example, *_) = (text for file, text in files.items() if call in text and file.endswith(EXAMPLES))
    if name == "rust":
        assert "raw: &[u16; 6]) -> [i16; 6]" in files["src/lib.rs"]
        return
    assert "static uint16_t raw[6];" in example and "static int16_t counts[6];" in example
    for counts in conversion.entry.counts:
        assert f"{counts.name}: {counts.type}, {told(counts)}" in " ".join(example.split())


@pytest.mark.parametrize("name", ["cmake", "stm32cube"])
def test_our_c_is_clean(name: str, tmp_path: Path) -> None:
    """Strict warnings, with known results and without, as C and as C++; the common files are the same everywhere."""
    need_reference()
    need_tool("cc", "gcc")
    need_tool("g++", "g++")
    folder = write_project(name, "pose", tmp_path)
    for source in [*folder.rglob("pose_*.c"), *folder.rglob("app_pose.c")]:
        include = next(folder.rglob("pose.h")).parent
        for compiler in (("cc", *STRICT), ("g++", "-x", "c++", *STRICT[1:], "-std=c++17")):
            for samples in ((), ("-DSAMPLES=0",)):
                text = source.read_text()
                assert not samples or source.name != "pose_selftest.c" or "#define SAMPLES 8\n" in text
                given = text.replace("#define SAMPLES 8\n", "#define SAMPLES 0\n") if samples else text
                copy = tmp_path / "copy.c"
                copy.write_text(given)
                build([*compiler, f"-I{include}", "-c", copy, "-o", tmp_path / "out.o"])


def test_a_changed_file_is_refused_by_name_and_kept(tmp_path: Path) -> None:
    model = model_file("pose")
    arguments = (model, "--template", "stm32cube", "-o", "cube")
    assert run(*arguments, cwd=tmp_path).returncode == 0
    cube = tmp_path / "cube"
    app, hal, readme = (cube / "Core" / "Src" / n for n in ("app_pose.c", "app_pose_hal.c", "pose.c"))
    app.write_text(app.read_text().replace("pose begins", "hello"))
    hal.write_text("/* mine */\n")
    changed, source = app.read_text(), readme.read_text()
    done = run(*arguments, "--optimize", "speed", cwd=tmp_path)
    assert done.returncode == 1 and not done.stdout and len(done.stderr.splitlines()) <= 2
    assert "app_pose.c" in done.stderr and "app_pose_hal.c" in done.stderr and "pose_selftest" not in done.stderr
    assert app.read_text() == changed and readme.read_text() == source, "all or nothing"

    done = run(*arguments, "--optimize", "speed", "--keep", cwd=tmp_path)
    assert done.returncode == 0 and "app_pose.c" not in done.stdout
    assert app.read_text() == changed and hal.read_text() == "/* mine */\n" and readme.read_text() != source
    assert run(*arguments, "--force", cwd=tmp_path).returncode == 0
    assert "pose begins" in app.read_text() and "HAL_UART_Transmit" in hal.read_text()


def test_line_ends_are_no_change(tmp_path: Path) -> None:
    text = checked("/* @MARK@ */\nint x;\n".replace("@MARK@", "written by tflite2int 0.1.0, checksum 00000000"))
    assert "checksum 00000000" not in text
    (tmp_path / "x.c").write_bytes(text.replace("\n", "\r\n").encode())
    write_files(tmp_path, {"x.c": text})
    (tmp_path / "x.c").write_text(text.replace("x;", "y;"))
    with pytest.raises(OutputExistsError, match="changed"):
        write_files(tmp_path, {"x.c": text})


def test_a_folder_of_ones_own(tmp_path: Path, no_reference: None) -> None:
    mine = tmp_path / "mine"
    (mine / "sub").mkdir(parents=True)
    (mine / ".git").mkdir()
    (mine / ".git" / "config").write_text("@NAME@")
    (mine / "sub" / "run_@NAME@.c").write_text('/* @MARK@ */\n{\n    @EXAMPLE_READ@\n}\nconst char *m = "@me@ @ME@";\n')
    (mine / "template.toml").write_text('source = "lib"\nheader = "lib"\n')
    conversion = convert(model_file("pose"))
    files, note = project(find_template(str(mine)), conversion, model_file("pose"))
    assert set(files) == {"lib/pose.c", "lib/pose.h", "sub/run_pose.c"} and not note
    text = files["sub/run_pose.c"]
    assert "\n    for (int32_t i = 0; i < 6; i++) {\n        input[i] = (int8_t)next_value();\n    }\n}" in text
    assert '"@me@ @ME@"' in text
    (mine / "template.toml").unlink()
    files, _ = project(find_template(str(mine)), conversion, model_file("pose"))
    assert set(files) == {"pose.c", "pose.h", "sub/run_pose.c"}


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("template.toml", b"source = 3\n", "source is no key, or no text"),
        ("template.toml", b'sauce = "x"\n', "sauce is no key"),
        ("template.toml", b'source = "../x"\n', "no folder of the project"),
        ("template.toml", b"source = \n", "template.toml"),
        ("picture.png", b"\x89PNG\xff", "cannot be read as text"),
        ("@NAME@.c", b"int x;\n", "two files"),
    ],
)
def test_what_is_wrong_with_ones_own_is_named(
    file: str, content: bytes, said: str, tmp_path: Path, no_reference: None
) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        project(find_template(str(tmp_path)), convert(model_file("sine")), model_file("sine"))


def test_an_unknown_template(tmp_path: Path) -> None:
    done = run(model_file("sine"), "--template", "arduin", cwd=tmp_path)
    assert done.returncode == 1 and "arduino" in done.stderr and "./my_template" in done.stderr
    assert not list(tmp_path.iterdir())


def test_substitution_keeps_indentation() -> None:
    values = {"A": "one\n\ntwo", "B": "b"}
    assert substituted("  @A@\n@B@ @A@ @C@", values) == "  one\n\n  two\nb one\n\ntwo @C@"


def test_the_pack_description(tmp_path: Path) -> None:
    need_tool("xmllint", "libxml2-utils")
    folder = write_project("cmsis-pack", "pose", tmp_path)
    (description,) = folder.glob("*.pdsc")
    build(["xmllint", "--noout", "--schema", BOARDS / "PACK.xsd", description])
    root = ET.parse(description).getroot()
    assert description.name == f"{root.findtext('vendor')}.{root.findtext('name')}.pdsc"
    for named in [*(element.get("name", "") for element in root.iter("file")), root.findtext("license") or ""]:
        assert (folder / named).exists(), named
    assert {"src/pose.c", "include/pose.h"} <= {element.get("name") for element in root.iter("file")}


@pytest.mark.parametrize("name", ["cmsis-pack", "esp-idf", "zephyr"])
def test_examples_compile(name: str, tmp_path: Path) -> None:
    """That of the pack runs; the others are compiled against what they use of their systems."""
    need_reference()
    need_tool("cc", "gcc")
    folder = write_project(name, "pose", tmp_path)
    (main,) = folder.rglob("main.c")
    flags = ["-DSELF_TEST=1", "-DCONFIG_POSE_SELF_TEST=1", f"-I{folder / 'include'}", f"-I{BOARDS / 'stubs'}"]
    if name != "cmsis-pack":
        build(["cc", "-Wall", "-Wextra", "-Werror", *flags, "-fsyntax-only", main])
        return
    build(["cc", "-Wall", "-Wextra", "-Werror", *flags, main, *(folder / "src").glob("*.c"), "-o", tmp_path / "main"])
    assert build([tmp_path / "main"]).startswith("PASS 8 samples")


def test_the_platformio_example_compiles_for_avr(tmp_path: Path) -> None:
    need_tool("avr-gcc", "gcc-avr")
    core = HARDWARE / "arduino" / "avr"
    need_file(core / "boards.txt", "arduino-core-avr")
    folder = write_project("platformio", "pose", tmp_path)
    json.loads((folder / "library.json").read_text())
    where = [f"-I{core / 'cores' / 'arduino'}", f"-I{core / 'variants' / 'standard'}", f"-I{folder / 'include'}"]
    command = [
        "avr-g++",
        "-mmcu=atmega328p",
        "-DF_CPU=16000000L",
        "-DARDUINO=10819",
        "-DSELF_TEST=1",
        "-Os",
        "-std=gnu++11",
    ]
    build([*command, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *where, folder / "examples/predict/src/main.cpp"])


@pytest.mark.parametrize(
    ("name", "program", "arguments"),
    [
        ("platformio", "pio", ["pkg", "pack", "."]),
        ("esp-idf", "compote", ["component", "pack", "--name", "pose"]),
    ],
)
def test_the_packager_accepts_it(name: str, program: str, arguments: list[str], tmp_path: Path) -> None:
    """Optional: neither is in the test environment, being 80 MB of packages."""
    if shutil.which(program) is None:
        pytest.skip(
            f"{program} is missing (pip install platformio idf-component-manager, in an environment of its own)"
        )
    folder = write_project(name, "pose", tmp_path)
    build([program, *arguments], folder)
    assert list(folder.rglob("*.t*gz"))


def test_the_crate_with_rustc_alone(tmp_path: Path) -> None:
    need_reference()
    need_tool("rustc", "rustc")
    need_tool("cc", "gcc")
    folder = write_project("rust", "gesture", tmp_path, output="argmax+margin")
    for name in ("gesture", "gesture_selftest"):
        build(["cc", "-Os", "-c", folder / "c" / f"{name}.c", "-o", tmp_path / f"{name}.o"])
    build(["ar", "rcs", "libgesture_c.a", "gesture.o", "gesture_selftest.o"], tmp_path)
    rustc = ["rustc", "--edition", "2021", "-D", "warnings", "-L", "."]
    library = ["--crate-type", "rlib", "--crate-name", "gesture", "-l", "static=gesture_c"]
    build([*rustc, *library, folder / "src" / "lib.rs"], tmp_path)
    linked = ["--extern", "gesture=libgesture.rlib"]
    build([*rustc, *linked, "--test", folder / "tests" / "selftest.rs", "-o", "selftest"], tmp_path)
    assert "1 passed" in build([tmp_path / "selftest"])
    build([*rustc, *linked, folder / "examples" / "predict.rs", "-o", "predict"], tmp_path)
    done = subprocess.run([tmp_path / "predict"], input="5 " * 300, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 2
