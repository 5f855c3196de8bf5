"""Typed errors. Each says what is wrong, where (operator number and kind, tensor name), and what to do."""

from __future__ import annotations

from collections.abc import Sequence


def printable(text: str, limit: int = 80) -> str:
    """Return ``text`` on one line of printable ASCII: names in a model file are not to be trusted."""
    clean = "".join(c if " " <= c <= "~" else "?" for c in text)
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


class Tflite2IntError(Exception):
    """Anything a user can cause. ``str()`` is the one or two lines that the user reads."""

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__(f"{where}: {what}" if where else what)

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}\n{self.remedy}" if self.remedy else line


class UsageError(Tflite2IntError):
    """A wrong option or argument, or a file or program that is missing."""


class MalformedModelError(Tflite2IntError):
    """The file is no valid TensorFlow Lite model: cut off, corrupted or inconsistent."""


class IoFileError(Tflite2IntError):
    """The file given with ``--io`` is malformed or does not fit the model; names the line or the key."""


class OutputExistsError(Tflite2IntError):
    """A file would be overwritten that we did not write."""


class ReferenceFailure(Tflite2IntError):
    """The reference interpreter is missing, refuses the model, or crashed."""


class ToolchainError(Tflite2IntError):
    """A compiler or emulator is missing or failed."""


class EmulatorError(ToolchainError):
    """The program faulted, hung or wrote past its stack on an emulated core, or the emulator itself failed."""


class DoesNotFitError(Tflite2IntError):
    """The model is too large for the chip: flash, RAM, or what its compiler can address."""


class UnsupportedModelError(Tflite2IntError):
    """A valid model that cannot be computed exactly in integers; lists all obstacles at once."""

    def __init__(self, obstacles: Sequence[Tflite2IntError], remedy: str = "") -> None:
        self.obstacles = tuple(obstacles)
        lines = [f"{o.where}: {o.what}" if o.where else o.what for o in self.obstacles]
        count = len(lines)
        head = lines[0] if count == 1 else f"{count} obstacles:\n" + "\n".join(f"  {line}" for line in lines)
        super().__init__(head, remedy=remedy)


class InternalError(Tflite2IntError):
    """A check of our own failed. Nothing that a user does may cause it."""

    def __init__(
        self,
        what: str,
        where: str = "",
        remedy: str = "This is a defect of tflite2int, not of the model: please report it.",
    ) -> None:
        super().__init__(what, where, remedy)
