"""Writing the result where something stands in its way: a line of error, and nothing written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tflite2int.emit import MARK
from tflite2int.errors import OutputExistsError, UsageError
from tflite2int.output import write_files

FILES = {"net.c": f"/* {MARK} */\n", "net.h": f"/* {MARK}, too */\n"}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_folder_in_place_of_a_file_stops_both(name: str, force: bool, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises((OutputExistsError, UsageError), match=name):
        write_files(tmp_path, FILES, force=force)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_file_in_place_of_a_folder_stops_all(tmp_path: Path) -> None:
    (tmp_path / "src").write_text("mine")
    with pytest.raises(UsageError, match="cannot be written"):
        write_files(tmp_path, {**FILES, "src/main.c": ""})
    assert [p.name for p in tmp_path.iterdir()] == ["src"]


def test_a_pipe_in_place_of_a_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.c")
    with pytest.raises(OutputExistsError, match=r"net\.c"):
        write_files(tmp_path, FILES)
    assert [p.name for p in tmp_path.iterdir()] == ["net.c"]


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "precious.txt"
    elsewhere.write_text("mine")
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "net.c").symlink_to(elsewhere)
    with pytest.raises(OutputExistsError, match=r"net\.c"):
        write_files(folder, FILES)
    write_files(folder, FILES, force=True)
    assert elsewhere.read_text() == "mine" and not (folder / "net.c").is_symlink()
    assert {p.name: p.read_text() for p in folder.iterdir()} == FILES


def test_names_that_no_file_system_takes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_files(tmp_path, {"n" * 300 + ".c": ""})
    with pytest.raises(UsageError, match="cannot be written"):
        write_files(tmp_path / ("n" * 300), FILES)
    assert not list(tmp_path.iterdir())
