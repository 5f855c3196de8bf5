"""Templates: where they are, what is in them, and plain substitution of ``@NAME@`` in texts and file names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..compiler import Conversion
from ..errors import UsageError, printable
from ..output import checked

DESCRIPTION = "template.toml"
COMMON = "common"  # the self-test and the evaluation server, the same in every template
KEYS = {"description", "source", "header", "common", "next"}
LARGEST_FILE = 2**20
MOST_FILES = 500
PLACEHOLDER = re.compile(r"@([A-Z][A-Z0-9_]*)@")


@dataclass(frozen=True)
class Template:
    """A folder of project files.

    ``source`` and ``header``: where in the project NAME.c and NAME.h go, and with ``common`` the self-test and the
    evaluation server. ``next``: what the user is told after the files are written.
    """

    name: str
    folder: Path
    description: str = ""
    source: str = "."
    header: str = "."
    common: bool = False
    next: str = ""


def templates_folder() -> Path:
    """``firmware_templates`` of a checkout, or its copy inside an installed package."""
    package = Path(__file__).resolve().parents[1]
    return next(
        (f for f in (package / "firmware_templates", package.parent / "firmware_templates") if f.is_dir()),
        package / "firmware_templates",
    )


def all_templates() -> tuple[Template, ...]:
    """Our own templates by name."""
    folders = sorted(f for f in templates_folder().glob("*") if (f / DESCRIPTION).is_file())
    return tuple(_load(folder.name, folder) for folder in folders)


def find_template(name: str) -> Template:
    """One of ours by its name, or a user's own folder by a path such as ``./mine``. Raises UsageError."""
    ours = {template.name: template for template in all_templates()}
    if name in ours:
        return ours[name]
    folder = Path(name)
    if not folder.is_dir():
        raise UsageError(
            f"there is no template {printable(name)}",
            remedy=f"It is one of: {', '.join(ours)}; or a folder of your own, such as ./my_template.",
        )
    return _load(folder.resolve().name, folder)


def _load(name: str, folder: Path) -> Template:
    """The folder with what its template.toml says; a user's folder needs none. Raises UsageError."""
    file = folder / DESCRIPTION
    if not file.exists():
        return Template(name, folder)
    try:
        table = tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: {error}") from None
    for key, value in table.items():
        wanted = bool if key == "common" else str
        if key not in KEYS or not isinstance(value, wanted):
            raise UsageError(
                f"{file}: {printable(key)} is no key, or no {'true or false' if wanted is bool else 'text'}",
                remedy=f"The keys are {', '.join(sorted(KEYS))}.",
            )
    for key in ("source", "header"):
        path = PurePosixPath(table.get(key, "."))
        if path.is_absolute() or ".." in path.parts:
            raise UsageError(f"{file}: {key} is no folder of the project", remedy="Give a relative path.")
    return Template(name, folder, **table)


def fill(template: Template, conversion: Conversion, values: Mapping[str, str]) -> dict[str, str]:
    """All files of the project, NAME.c and NAME.h among them: names relative to its folder, and contents.

    ``@KEY@`` becomes ``values[KEY]``, in file names too; where that has several lines, each is indented as the first
    is. Other text between at signs stays. Raises UsageError for files that are no text and for names that meet.
    """
    files = _places(conversion.files(), template)
    if template.common:
        common = _filled(templates_folder() / COMMON, values)
        files |= _places(common, template)
    for name, text in _filled(template.folder, values).items():
        if name in files:
            raise UsageError(f"two files of the template {template.name} are to be {name}")
        files[name] = text
    return files


def _places(files: Mapping[str, str], template: Template) -> dict[str, str]:
    folders = {".c": template.source, ".h": template.header}
    return {(PurePosixPath(folders[Path(n).suffix]) / n).as_posix(): text for n, text in files.items()}


def _filled(folder: Path, values: Mapping[str, str]) -> dict[str, str]:
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).as_posix() != DESCRIPTION)
    paths = [p for p in paths if not {".git", "__pycache__"} & set(p.relative_to(folder).parts)]
    if len(paths) > MOST_FILES:
        raise UsageError(f"{folder} holds more than {MOST_FILES} files", remedy="Give the folder of a template.")
    return {
        substituted(p.relative_to(folder).as_posix(), values): checked(substituted(_text(p), values)) for p in paths
    }


def substituted(text: str, values: Mapping[str, str]) -> str:
    """``text`` with every ``@KEY@`` of ``values`` replaced."""

    def replaced(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if value is None:
            return match[0]
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        indent = line if not line.strip() else ""
        return f"\n{indent}".join(value.split("\n")).replace(f"\n{indent}\n", "\n\n")

    return PLACEHOLDER.sub(replaced, text)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UsageError(f"{path} has more than {LARGEST_FILE} bytes", remedy="A template holds small text files.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as text: {error}", remedy="A template holds text files.") from None
