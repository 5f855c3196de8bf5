"""Program to C: one source file that reads from top to bottom, one header."""

from .header import header
from .source import source
from .text import MARK, c_identifier

__all__ = ["MARK", "c_identifier", "header", "source"]
