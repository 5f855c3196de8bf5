"""What a user installs: three light dependencies, the kernels' C files, and no TensorFlow on import."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = {"numpy", "tflite", "typer"}

# Imports every module of the package, with a finder in front that reports who asks for a heavy package.
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys

HEAVY = {"tensorflow", "tensorflow_model_optimization", "tf_keras", "keras", "ai_edge_litert"}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HEAVY:
            sys.exit(f"{name} is imported while importing {module}")

sys.meta_path.insert(0, Refuse())
module = "tflite2int"
import tflite2int
for info in pkgutil.walk_packages(tflite2int.__path__, "tflite2int."):
    module = info.name
    if not module.endswith("__main__"):
        importlib.import_module(module)
"""


def read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))


def parsed(requirement: str) -> tuple[str, str]:
    """Name and specifier of a requirement such as ``numpy>=1.26; python_version < "3.13"``, without the marker."""
    found = re.match(r"([a-z0-9-]+)([^; ]*)", requirement)
    assert found, requirement
    return found[1], found[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run = subprocess.run([*command, "--wheel-dir", folder, ROOT], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def distribution_info(wheel: zipfile.ZipFile, name: str) -> str:
    """The text of a file of the wheel's ``.dist-info`` folder."""
    (path,) = (path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode("utf-8")


def sources(folder: str) -> set[str]:
    """All files of a source folder but byte code, relative to the repository."""
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in files}


def test_core_dependencies_are_three_light_packages(wheel: zipfile.ZipFile) -> None:
    fields = Parser().parsestr(distribution_info(wheel, "METADATA"))
    required = fields.get_all("Requires-Dist", [])
    assert {parsed(r)[0] for r in required if "extra ==" not in r} == CORE
    assert set(fields.get_all("Provides-Extra", [])) == {"reference", "training"}


def test_wheel_holds_the_package_and_its_templates_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    templates = {f"tflite2int/{name}" for name in sources("firmware_templates")}
    assert held == sources("tflite2int") | templates
    assert any(re.fullmatch(r"tflite2int/kernels/.*\.c", name) for name in held)


def test_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    assert "tflite2int = tflite2int.cli:main" in distribution_info(wheel, "entry_points.txt").splitlines()


def test_no_module_imports_tensorflow_or_the_reference() -> None:
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr


def test_uv_lock_is_for_these_dependencies_and_from_pypi() -> None:
    project = read_toml("pyproject.toml")
    packages: list[dict[str, Any]] = read_toml("uv.lock")["package"]
    (own,) = (package for package in packages if package["name"] == "tflite2int")

    extras: dict[str, list[str]] = project["project"]["optional-dependencies"]
    wanted = {(*parsed(r), "") for r in project["project"]["dependencies"]}
    wanted |= {(*parsed(r), extra) for extra, requirements in extras.items() for r in requirements}
    wanted |= {(*parsed(r), "dev") for r in project["dependency-groups"]["dev"]}
    locked = {(entry["name"], entry.get("specifier", ""), "dev") for entry in own["metadata"]["requires-dev"]["dev"]}
    for entry in own["metadata"]["requires-dist"]:
        extra = re.search(r"extra == '(\w+)'", entry.get("marker", ""))
        locked.add((entry["name"], entry.get("specifier", ""), extra[1] if extra else ""))
    assert locked == wanted

    registries = {package["source"].get("registry") for package in packages if package is not own}
    assert registries == {"https://pypi.org/simple"}


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("requirements-dev.lock", CORE | {"ai-edge-litert", "hatchling", "mypy", "pytest", "ruff"}),
        ("requirements-training.lock", CORE | {"tensorflow", "tensorflow-model-optimization", "tf-keras"}),
    ],
)
def test_requirements_are_an_export_of_uv_lock(name: str, holds: set[str]) -> None:
    hashes: dict[tuple[str, str], set[str]] = {}
    for package in read_toml("uv.lock")["package"]:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        hashes[package["name"], package.get("version", "dynamic")] = {file["hash"] for file in files if "hash" in file}

    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^([a-z0-9-]+)==([^ ;]+)(.*(?:\n    .*)*)", text, flags=re.MULTILINE)
    assert {distribution for distribution, _, _ in blocks} >= holds
    for distribution, version, rest in blocks:
        wanted = hashes[distribution, version]
        assert wanted and set(re.findall(r"--hash=(sha256:\w+)", rest)) == wanted, distribution
    assert "://" not in text
