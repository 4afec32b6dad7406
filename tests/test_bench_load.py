"""Nothing heavy before it is needed, and the figures of a start are those of real processes."""

import subprocess
import sys

import pytest

import playground
from playground.benchmarks import bench_load

HEAVY = ("torch", "diffusers", "transformers", "openvino", "cv2", "numpy", "ipywidgets")


def test_import_playground_loads_nothing_heavy():
    code = f"import sys, playground; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_table_of_models_comes_without_a_network_library():
    code = (
        "import sys; from playground.models.listing import run, everything; everything(); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", playground.__all__)
def test_every_public_name_can_be_had_from_the_package(name):
    assert getattr(playground, name).__module__.startswith("playground.")


def test_a_fresh_start_is_measured_in_processes_of_its_own(monkeypatch):
    monkeypatch.setattr(bench_load, "FIRST", {"image": "sum(frame.shape)"})
    monkeypatch.setattr(bench_load, "LIMITS", {"import_s": 0.0, "image_first_s": 60.0})
    results = bench_load.run(tries=1)
    assert 0 < results["image_warm_s"] < results["image_first_s"] < results["image_process_s"]
    assert results["import_s"] < results["image_first_s"] and results["start_s"] > 0
    assert not results["passed"] and list(results["missed"]) == ["import_s"]


def test_a_process_that_shows_nothing_is_reported(monkeypatch):
    monkeypatch.setattr(bench_load, "FIRST", {"video": "raise SystemExit('no weights')"})
    with pytest.raises(RuntimeError, match=r"no first video: .*no weights"):
        bench_load.run(tries=1)


def test_it_wants_one_try_at_least():
    with pytest.raises(ValueError, match="tries must be >= 1, got 0"):
        bench_load.run(tries=0)
