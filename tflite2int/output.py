"""Writing the result: all files or none, and never over a file that is not ours."""

from __future__ import annotations

import os
import re
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from .emit import MARK
from .errors import OutputExistsError, UsageError
from .version import VERSION

MARK_WITHIN = 400  # bytes at the start of a file where our mark must stand
# The mark of files that users are meant to change: with a checksum, which tells whether they have.
MARK_LINE = f"{MARK} {VERSION}, checksum 00000000"
CHECKSUM = re.compile(rf"({re.escape(MARK)} \S+ checksum )([0-9a-f]{{8}})")


def write_files(folder: Path, files: Mapping[str, str], *, force: bool = False, keep: bool = False) -> list[Path]:
    """Write ``files`` (names relative to ``folder``, and contents) and return their paths.

    Everything is written to a temporary folder first and moved when it is complete. Raises OutputExistsError where
    files exist that do not bear our mark or were changed since (unless ``force``; with ``keep`` they are left as they
    are), UsageError where the folder cannot be written or a folder has the name of a file.
    """
    try:
        folders = [folder / name for name in files if (folder / name).is_dir()]
        taken = [name for name in files if (folder / name).exists() and not (force or _is_ours(folder / name))]
    except OSError as error:
        raise _unwritable(folder, error) from None
    if folders:
        raise UsageError(f"{folders[0]} is a folder", remedy="Give another folder with -o.")
    if taken and not keep:
        raise OutputExistsError(
            f"{', '.join(str(folder / name) for name in taken)}: exists and was not written by tflite2int, or was "
            "changed since",
            remedy="Give --force to overwrite it, --keep to leave it as it is.",
        )
    files = {name: text for name, text in files.items() if name not in taken}
    targets = [folder / name for name in files]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".tflite2int-", dir=folder) as temporary:
            for name, text in files.items():
                staged = Path(temporary) / name
                staged.parent.mkdir(parents=True, exist_ok=True)
                staged.write_text(text, encoding="utf-8", newline="\n")
            # Whatever can fail comes before the first file is moved.
            for target in targets:
                target.parent.mkdir(parents=True, exist_ok=True)
            for name, target in zip(files, targets, strict=True):
                os.replace(Path(temporary) / name, target)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return targets


def _unwritable(folder: Path, error: OSError) -> UsageError:
    return UsageError(f"{folder} cannot be written: {error.strerror or error}", remedy="Give another folder with -o.")


def checked(text: str) -> str:
    """``text`` with the checksum in its ``MARK_LINE``; as it is where it has none."""
    if not CHECKSUM.search(text[:MARK_WITHIN]):
        return text
    # Line ends may have been changed by an editor or by git.
    blank = CHECKSUM.sub(r"\g<1>00000000", text, count=1).replace("\r\n", "\n")
    return CHECKSUM.sub(rf"\g<1>{zlib.crc32(blank.encode()):08x}", text, count=1)


def _is_ours(path: Path) -> bool:
    """Whether the file bears our mark and, where that has a checksum, is as it was written."""
    if not path.is_file():
        return False  # reading a pipe would wait for ever
    try:
        text = path.read_bytes().decode(errors="replace")
    except OSError:
        return False
    return MARK in text[:MARK_WITHIN] and checked(text) == text
