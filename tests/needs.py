"""What a test needs besides Python: where it is missing, the test is skipped and says so, or fails if CI=true."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from tflite2int.verify.available import availability

SHARED_MODELS = Path(__file__).parents[2] / "shared" / "models"


def need(available: bool, what: str) -> None:
    """Skip the running test unless ``available``; under CI=true let it fail instead."""
    if available:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


def need_tool(program: str, package: str) -> None:
    """Need a program on the path, of that Debian package."""
    need(shutil.which(program) is not None, f"{program} (Debian package {package})")


def need_target(name: str) -> None:
    """Need all that building for, and running on, an emulated target takes."""
    entry = next(entry for entry in availability() if entry.name == name)
    need(not entry.missing, f"what {name} needs (Debian packages {' '.join(entry.missing)})")


def need_reference() -> None:
    """Need the reference interpreter."""
    installed = any(importlib.util.find_spec(name) for name in ("ai_edge_litert", "tensorflow"))
    need(installed, "the reference interpreter (pip install ai-edge-litert==1.2.0)")


def shared_models() -> Path:
    """Return the folder of other people's models, which is no part of the project."""
    need(SHARED_MODELS.is_dir(), f"the folder of test models {SHARED_MODELS}")
    return SHARED_MODELS


def need_file(file: Path, package: str) -> None:
    """Need a file of that Debian package."""
    need(file.exists(), f"{file} (Debian package {package})")
