"""The tool's version, as written into every file it emits."""

VERSION = "0.1.0"
