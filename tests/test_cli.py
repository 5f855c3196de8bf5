"""The command line as a user meets it: what it writes, what it prints, how it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.needs import need_reference, need_tool, shared_models
from tflite2int.compiler import convert

SINE = Path(__file__).parents[1] / "models" / "sine" / "sine.tflite"


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from tflite2int.cli import main; main()", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": "200"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def failed(done: subprocess.CompletedProcess[str]) -> str:
    """The error's text, having checked how an error looks: status 1, a line or two, no traceback."""
    assert done.returncode == 1 and done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr and not done.stdout
    return done.stderr


def test_the_bare_form_converts(tmp_path: Path) -> None:
    done = run(SINE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (tmp_path / "sine").iterdir()} == {"sine.c", "sine.h"}
    conversion = convert(SINE)
    assert (tmp_path / "sine" / "sine.c").read_text() == conversion.source
    assert (tmp_path / "sine" / "sine.h").read_text() == conversion.header
    for said in ("int8[1,1]", "scale", "zero point", "FULLY_CONNECTED", "multiply-accumulates", "arena", "sine.c"):
        assert said in done.stdout
    again = run("convert", SINE, "-o", "elsewhere", "--name", "my-net", "--optimize", "speed", cwd=tmp_path)
    assert again.returncode == 0 and {p.name for p in (tmp_path / "elsewhere").iterdir()} == {"my_net.c", "my_net.h"}


def test_json_for_machines(tmp_path: Path) -> None:
    said = json.loads(run(SINE, "--json", cwd=tmp_path).stdout)
    program = convert(SINE).program
    assert said["macs"] == program.macs and said["arena_bytes"] == program.arena_size
    assert [port["name"] for port in said["ports"]] == ["input", "output"]
    assert [Path(f).name for f in said["files"]] == ["sine.c", "sine.h"]


def test_what_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    assert run(SINE, cwd=tmp_path).returncode == 0
    assert run(SINE, cwd=tmp_path).returncode == 0, "our own files are renewed"
    header = tmp_path / "sine" / "sine.h"
    before = (tmp_path / "sine" / "sine.c").read_text()
    header.write_text("/* mine */\n")
    assert "sine.h" in failed(run(SINE, "--optimize", "speed", cwd=tmp_path))
    assert header.read_text() == "/* mine */\n" and (tmp_path / "sine" / "sine.c").read_text() == before
    assert run(SINE, "--force", cwd=tmp_path).returncode == 0
    assert header.read_text() != "/* mine */\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.tflite"], "nothing.tflite"),
        (["."], "no regular file"),
        ([SINE, "--optimize", "fast"], "size, speed"),
        ([SINE, "-o", "/proc/no"], "-o"),
        (["verify", SINE, "--data", "no.npy"], "no.npy"),
        (["audit", "no.tflite"], "no.tflite"),
    ],
)
def test_errors_are_a_line_or_two(arguments: list[str], said: str, tmp_path: Path) -> None:
    message = failed(run(*arguments, cwd=tmp_path))
    assert said in message and len(message.splitlines()) <= 2
    assert not list(tmp_path.iterdir())


def test_an_unsupported_model_leaves_nothing(tmp_path: Path) -> None:
    message = failed(run(shared_models() / "unsupported" / "tiny__model_ToyCar_quant.tflite", cwd=tmp_path))
    assert "representative_dataset" in message and not list(tmp_path.iterdir())


def test_verify_compares_with_the_reference(tmp_path: Path) -> None:
    need_reference()
    need_tool("cc", "gcc")
    done = run("verify", SINE, "-n", "20", cwd=tmp_path)
    assert done.returncode == 0 and "20 of 20 outputs identical" in done.stdout
    np.save(tmp_path / "x.npy", np.linspace(0, 6, 5, dtype=np.float32).reshape(5, 1))
    (tmp_path / "x.csv").write_text("1\n-128\n127\n")
    for name, count, kind in (("x.npy", 5, "real values"), ("x.csv", 3, "quantized integers")):
        done = run("verify", SINE, "--data", name, cwd=tmp_path)
        assert done.returncode == 0 and f"{count} of {count} outputs identical" in done.stdout and kind in done.stdout
    (tmp_path / "x.csv").write_text("1,2\n")
    assert "x.csv" in failed(run("verify", SINE, "--data", "x.csv", cwd=tmp_path))
    (tmp_path / "x.csv").write_text("128\n")
    assert "-128 .. 127" in failed(run("verify", SINE, "--data", "x.csv", cwd=tmp_path))


def test_a_conversion_needs_little() -> None:
    """vww_96_int8 converts in less CPU than counting to twenty million, and without TensorFlow."""
    model = shared_models() / "corpus" / "tiny__vww_96_int8.tflite"
    code = (
        "import resource, sys; from tflite2int.compiler import convert; "
        "cpu = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2]); "
        "start = cpu(); convert(sys.argv[1]).files(); converted = cpu(); "
        "exec('for i in range(20_000_000): pass'); print((converted - start) / (cpu() - converted)); "
        "assert not any(m.split('.')[0] in ('tensorflow', 'ai_edge_litert') for m in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1


def test_verify_takes_archives(tmp_path: Path) -> None:
    need_reference()
    need_tool("cc", "gcc")
    x = np.linspace(0, 6, 4, dtype=np.float32).reshape(4, 1)
    for name in ("input", "inputs"):
        np.savez(tmp_path / "x.npz", allow_pickle=False, targets=x, **{name: x})
        assert "4 of 4 outputs identical" in run("verify", SINE, "--data", "x.npz", cwd=tmp_path).stdout
    np.savez(tmp_path / "x.npz", one=x, two=x)
    assert "one, two" in failed(run("verify", SINE, "--data", "x.npz", cwd=tmp_path))
    np.save(tmp_path / "x.npy", np.float32(1))
    assert "single number" in failed(run("verify", SINE, "--data", "x.npy", cwd=tmp_path))
