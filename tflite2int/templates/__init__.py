"""Projects around the two C files: templates of ours, in ``firmware_templates``, or a user's own folder."""

from __future__ import annotations

import os
from pathlib import Path

from ..compiler import Conversion
from .fill import Template, all_templates, fill, find_template, substituted
from .known import known_results
from .values import placeholders

__all__ = ["Template", "all_templates", "find_template", "project"]


def project(template: Template, conversion: Conversion, model: str | os.PathLike[str]) -> tuple[dict[str, str], str]:
    """All files of the project (names relative to its folder, and contents), and what the user is told next.

    Raises UsageError for a template that is none.
    """
    path = Path(model)
    known = known_results(path, conversion)
    values = placeholders(conversion, path.name, known)
    note = substituted(template.next, values).rstrip()
    if template.common and known.missing:
        note += f"\nThe self-test has no known results: {known.missing}."
    return fill(template, conversion, values), note
