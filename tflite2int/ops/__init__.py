"""Operators, one file a family. Each file's ``OPERATORS`` says what it supports; nothing else lists them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from .support import Support


@cache
def supported() -> dict[str, Support]:
    """All supported operators by kind, gathered from the files of this folder."""
    found: dict[str, Support] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        for support in getattr(importlib.import_module(f"{__name__}.{module}"), "OPERATORS", ()):
            if support.kind in found:
                raise RuntimeError(f"{support.kind} is defined twice")
            found[support.kind] = support
    return found
