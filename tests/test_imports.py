"""Imports go one way: notebooks -> widgets -> playground, and down inside it. Nothing heavy at import."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "diffusers", "transformers", "openvino", "cv2", "scipy")


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return subprocess.run([*command, "--no-cache"], cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The sources alone, to plant imports in."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("playground", "widgets"):
        for path in (ROOT / name).rglob("*.py"):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_are_kept():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: \d+ kept, 0 broken", done.stdout)


PLANTS = {
    "playground/streams/planted.py": "import widgets",
    "playground/frames/planted.py": "from playground.models import image_model",
    "playground/models/planted.py": "def late():\n    import playground.streams.controls",
    "playground/planted.py": "",
    "playground/world/planted.py": "import ipywidgets",
    "widgets/planted.py": "import torch",
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_import_or_an_unplaced_module_breaks_them(copy: Path, name: str):
    (copy / name).write_text(PLANTS[name])
    try:
        done = lint_imports(copy)
    finally:
        (copy / name).unlink()
    assert done.returncode != 0
    assert "planted" in done.stdout + done.stderr


@pytest.mark.parametrize("module", ["playground", "playground.cli", "playground.doctor", "widgets"])
def test_importing_loads_no_network_library(module: str):
    script = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
