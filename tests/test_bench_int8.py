"""`playground bench int8` tells how close 8 bits are and what they save."""

import pytest

from playground.benchmarks import bench_int8
from small_video import small_model


def test_figures_of_a_small_model(monkeypatch):
    monkeypatch.setattr(bench_int8, "model_or_random", lambda *_: (small_model(), True))
    results = bench_int8.run(chunks=2)
    assert results["passed"] and 0 < results["velocity_error"] < bench_int8.LIMIT
    assert results["frame_psnr_db"] > 25
    assert results["transformer_mb_int8"] < results["transformer_mb_float32"]
    if "velocity_error_torchao" in results:
        assert results["velocity_error_torchao"] == pytest.approx(
            results["velocity_error"], rel=0.5
        )


def test_chunks_must_be_some():
    with pytest.raises(ValueError, match="chunks must be >= 1, got 0"):
        bench_int8.run(chunks=0)
