"""A few random graphs; ``python -m tests.random_graphs FIRST LAST`` compares as many as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compare import assert_identical
from tests.random_graphs import random_graph


@pytest.mark.parametrize("seed", range(10))
def test_random_graphs_are_identical(seed: int, tmp_path: Path) -> None:
    assert_identical(random_graph(seed), tmp_path, steps=5, sanitize=True)
