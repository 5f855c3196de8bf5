"""A test whose needs are not met is skipped here, and fails where CI=true."""

from __future__ import annotations

import pytest

from tests.needs import need, need_tool


def test_what_is_there_does_not_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("true", "false"):
        monkeypatch.setenv("CI", value)
        need(True, "air")


def test_what_is_missing_skips_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no-such-program \(Debian package no-such-package\)"):
        need_tool("no-such-program", "no-such-package")


def test_what_is_missing_fails_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="air is missing"):
        need(False, "air")
