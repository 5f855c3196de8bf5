"""Fixtures for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.needs import shared_models


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of other people's test data, beside this project. Where it is missing the test is skipped or fails."""
    return shared_models().parent


@pytest.fixture(scope="session")
def models_root() -> Path:
    """The folder of the project's own models."""
    return Path(__file__).parents[1] / "models"
