"""The evaluation protocol: a line that loses and changes bytes, boards that answer nonsense, and the scores."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.boards.host import on_a_terminal
from tests.boards.project import build, model_file, samples_file, write_project
from tests.needs import need_reference, need_tool
from tflite2int.errors import ToolchainError
from tflite2int.evaluate import board as protocol
from tflite2int.evaluate import evaluate
from tflite2int.evaluate.board import Board, frame
from tflite2int.evaluate.line import Line, open_line

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The template's own server for the gesture model, on standard input and output."""
    need_tool("cc", "gcc")
    need_reference()
    folder = write_project("cmake", "gesture", tmp_path_factory.mktemp("gesture"))
    sources = [folder / "example" / "main.c", *(folder / "src").glob("*.c")]
    build(["cc", "-O1", f"-I{folder / 'include'}", *sources, "-o", folder / "server"])
    return [str(folder / "server"), "--evaluate"]


class Disturbed:
    """A line that treats some writes, or what comes, in its own way."""

    def __init__(self, line: Line, outward: Callable[[bytes], bytes], inward: Callable[[bytes], bytes]) -> None:
        self._line, self._outward, self._inward = line, outward, inward

    def write(self, data: bytes) -> None:
        self._line.write(self._outward(data))

    def read(self, timeout: float) -> bytes:
        return self._inward(self._line.read(timeout))


def once(change: Callable[[bytes], bytes], at: int) -> Callable[[bytes], bytes]:
    """Apply ``change`` at the call of that number only."""
    calls = iter(range(10**6))
    return lambda data: change(data) if next(calls) == at else data


def same(data: bytes) -> bytes:
    return data


def flipped(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 4]) + data[-4:] if len(data) > 5 else data


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:20] + data[21:],
        lambda data: data[:3] + b"\xff" + data[4:],
        lambda data: data[: len(data) // 2],
        lambda data: b"noise" + data + b"noise",
        lambda data: data[:2] + b"\xa5" + data[3:],
        flipped,
    ],
    ids=["lost", "length", "half", "noise", "sync", "bit"],
)
def test_a_disturbed_question_is_asked_again(server: list[str], change: Callable[[bytes], bytes], at: int) -> None:
    samples = np.arange(-75, 75, dtype=np.int8)
    with on_a_terminal(server) as port, open_line(port, 115200) as line:
        told = Board(line).describe()
        assert told.program.name == "gesture" and told.unit == "us"
        clean, _ = Board(line, 0.5).predict(told.program, [samples])
        board = Board(Disturbed(line, once(change, at), same), 0.5)
        for _ in range(3):
            answer, _ = board.predict(told.program, [samples])
            assert np.array_equal(answer[0], clean[0])


def test_a_disturbed_answer_is_asked_for_again(server: list[str]) -> None:
    samples = np.arange(-75, 75, dtype=np.int8)
    with on_a_terminal(server) as port, open_line(port, 115200) as line:
        told = Board(line).describe()
        clean, _ = Board(line, 0.5).predict(told.program, [samples])
        for change in (flipped, lambda data: data[:-1], lambda data: b""):
            board = Board(Disturbed(line, same, once(change, 0)), 0.5)
            answer, _ = board.predict(told.program, [samples])
            assert np.array_equal(answer[0], clean[0])


def test_a_line_that_always_disturbs_is_given_up(server: list[str]) -> None:
    with on_a_terminal(server) as port, open_line(port, 115200) as line:
        told = Board(line).describe()
        board = Board(Disturbed(line, flipped, same), 0.5)
        with pytest.raises(ToolchainError, match="3 attempts: the checksum was wrong"):
            board.predict(told.program, [np.zeros(150, np.int8)])


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A TCP port behind which every question gets these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(4096):
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"tcp:127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (frame("D", b"hello"), "description is not understood"),
        (frame("D", b"net aa in:int8:x:1:7:0 out:int8:2:1:8:0 unit:us"), "not understood"),
        (frame("D", b"net aa in:int9:3:1:7:0 out:int8:2:1:8:0 unit:us"), "not understood"),
        (frame("D", b"net aa in:int8:-3:1:7:0 out:int8:2:1:8:0 unit:us"), "not understood"),
        (frame("D", b"net aa in:int8:3:1:99999:0 out:int8:2:1:8:0 unit:us"), "not understood"),
        (frame("D", b"net aa unit:us"), "no inputs or outputs"),
        (b"\xa5D\x05\0\0\0hello\0\0", "does not answer"),
        (b"all is well\r\n" * 50, "does not answer"),
    ],
)
def test_nonsense_is_an_error(answer: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "GREETING", 2.0)
    with answering(answer) as port, pytest.raises(ToolchainError, match=said):
        evaluate(port, samples_file("gesture"))


def test_scores(server: list[str], tmp_path: Path) -> None:
    """Inputs all at one value give one class: what targets say about it is arithmetic."""
    with on_a_terminal(server) as port, open_line(port, 115200) as line:
        told = Board(line).describe()
        answer, _ = Board(line).predict(told.program, [np.full(150, -128, np.int8)])
    winner = int(answer[0].argmax())
    targets = np.array([winner] * 3 + [1 - winner])
    data = tmp_path / "data.npz"
    np.savez(data, inputs=np.full((4, 150), -128, np.int8), labels=targets)
    with on_a_terminal(server) as port:
        result = evaluate(port, data, top=5)
    assert (result.top_1, result.samples, result.top, result.identical) == (0.75, 4, 1, None)
    wanted = [[0, 0], [0, 0]]
    wanted[winner][winner], wanted[1 - winner][winner] = 3, 1
    assert [list(row) for row in result.confusion] == wanted


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from tflite2int.cli import main; main()", "evaluate", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_the_command(server: list[str]) -> None:
    arguments = ("--data", samples_file("gesture"), "-n", "30")
    with on_a_terminal(server) as port:
        done = run("--port", port, *arguments, "--model", model_file("gesture"))
        assert done.returncode == 0, done.stderr
        for said in (
            "30 samples on the board, gesture (",
            "30 of 30 answers identical",
            "top-1 ",
            "target  as 0  as 1",
        ):
            assert said in done.stdout
        told = json.loads(run("--port", port, *arguments, "--json").stdout)
    assert told["passed"] and told["identical"] is None and np.sum(told["confusion"]) == 30


@pytest.mark.parametrize(
    ("port", "data", "said"),
    [
        ("/dev/no-such-port", "targets", "cannot be opened"),
        ("/dev/null", "targets", "no serial port"),
        ("tcp:127.0.0.1:x", "targets", "cannot be reached"),
        ("/dev/null", "none", "has no targets"),
        ("/dev/null", "missing", "is no file"),
    ],
)
def test_errors_are_a_line_or_two(port: str, data: str, said: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "targets.npz", inputs=np.zeros((2, 150), np.int8), targets=np.zeros(2, np.int64))
    np.savez(tmp_path / "none.npz", inputs=np.zeros((2, 150), np.int8))
    done = run("--port", port, "--data", tmp_path / f"{data}.npz")
    assert done.returncode == 1 and said in done.stderr and len(done.stderr.splitlines()) <= 2
    assert done.stderr.startswith("error: ") and not done.stdout
