"""Writing the result: all files or none, and never over a file that is not ours."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .emit import MARK
from .errors import OutputExistsError, UsageError

MARK_WITHIN = 400  # bytes at the start of a file where our mark must stand


def write_files(folder: Path, files: Mapping[str, str], *, force: bool = False) -> list[Path]:
    """Write ``files`` (names relative to ``folder``, and contents) and return their paths.

    Everything is written to a temporary folder first and moved when it is complete. Raises OutputExistsError where a
    file exists that does not bear our mark (unless ``force``), UsageError where the folder cannot be written.
    """
    targets = [folder / name for name in files]
    for target in targets:
        if target.exists() and not (force or _is_ours(target)):
            raise OutputExistsError(
                f"{target} exists and was not written by tflite2int", remedy="Give --force to overwrite it."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".tflite2int-", dir=folder) as temporary:
            for name, text in files.items():
                staged = Path(temporary) / name
                staged.parent.mkdir(parents=True, exist_ok=True)
                staged.write_text(text, encoding="utf-8", newline="\n")
            for name, target in zip(files, targets, strict=True):
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(Path(temporary) / name, target)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written: {error.strerror or error}", remedy="Give another folder with -o."
        ) from None
    return targets


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return MARK.encode() in file.read(MARK_WITHIN)
    except OSError:
        return False
