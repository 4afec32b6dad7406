"""One environment, three ways in: pip, conda and make; the constraints name every version."""

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()


def names(requirements: list[str]) -> set[str]:
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(r.name) for r in parsed if r.marker is None or r.marker.evaluate()}


def asked() -> set[str]:
    return names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["test"])


def conda_pip_lines() -> list[str]:
    return next(entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict))


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def pins_here() -> dict[str, Requirement]:
    here = [pin for pin in pins() if pin.marker is None or pin.marker.evaluate()]
    return {canonicalize_name(pin.name): pin for pin in here}


def run_make(*arguments: str) -> subprocess.CompletedProcess:
    """As typed by a person, whatever make runs this suite."""
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "PYTEST_ARGS", "LAB_ARGS")
    env = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=env, capture_output=True, text=True)


def test_conda_users_get_what_pip_users_get():
    lines = conda_pip_lines()
    assert names([line for line in lines if not line.startswith("-")]) == asked()
    assert {"--constraint constraints.txt", "--editable ."} <= set(lines)
    python = next(entry for entry in CONDA["dependencies"] if str(entry).startswith("python"))
    assert python == "python" + PROJECT["requires-python"]


def test_every_dependency_is_pinned_for_every_python():
    for version in ("3.10", "3.11", "3.13"):
        here = {"python_version": version}
        pinned = {canonicalize_name(p.name) for p in pins() if p.marker is None or p.marker.evaluate(here)}
        assert asked() <= pinned, f"Python {version}: {asked() - pinned} have no version"


def test_each_pin_names_one_exact_version():
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in pins())
    assert pins_here()["torch"].specifier.contains("2.13.0+cpu")


@pytest.mark.parametrize("name", sorted(asked()))
def test_the_running_environment_holds_the_pinned_version(name: str):
    version = Version(importlib.metadata.version(name))
    assert pins_here()[name].specifier.contains(version.public)


def test_streamdiffusion_has_one_version_everywhere_and_comes_without_its_pins():
    from playground.doctor import STREAMDIFFUSION

    step = f"pip install --no-deps {STREAMDIFFUSION}"
    assert step in (ROOT / "environment.yml").read_text()
    assert step in (ROOT / "README.md").read_text()
    assert f"STREAMDIFFUSION := {STREAMDIFFUSION}" in MAKEFILE
    assert str(pins_here()["streamdiffusion"]) == STREAMDIFFUSION
    assert "streamdiffusion" not in asked()


def test_make_installs_once_then_goes_straight_on(tmp_path: Path):
    (tmp_path / "bin").mkdir()
    for name in ("bin/python", ".installed", ".installed-test"):
        (tmp_path / name).touch()
    play, test = (run_make("-n", goal, f"VENV={tmp_path}").stdout for goal in ("play", "test"))
    assert play.split() == [f"{tmp_path}/bin/playground", "lab"]
    assert f"{tmp_path}/bin/ruff check ." in test and "-m pytest" in test
    assert "pip install" not in play + test


def test_make_installs_again_when_the_dependencies_change(tmp_path: Path):
    planned = run_make("-n", "test", f"VENV={tmp_path}/fresh").stdout
    assert planned.index("-m venv") < planned.index("--editable .") < planned.index("--no-deps")
    assert planned.index("--no-deps") < planned.index("'.[test]'") < planned.index("-m pytest")


BROKEN_PYTHONS = {
    "Python must be >= 3.10": "case \"$*\" in *version_info*) exit 1;; *) echo 'Python 3.8.1';; esac",
    "apt-get install python3-venv": 'case "$*" in *ensurepip*) exit 1;; esac',
}


@pytest.mark.parametrize("message", BROKEN_PYTHONS)
def test_a_python_that_cannot_make_environments_is_named(tmp_path: Path, message: str):
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{BROKEN_PYTHONS[message]}\n")
    python.chmod(0o755)
    done = run_make("play", f"PYTHON={python}", f"VENV={tmp_path}/venv")
    assert done.returncode != 0
    assert message in done.stdout


def test_a_missing_python_is_named(tmp_path: Path):
    done = run_make("play", f"PYTHON={tmp_path}/none", f"VENV={tmp_path}/venv")
    assert done.returncode != 0
    assert "apt-get install python3 python3-venv" in done.stdout
