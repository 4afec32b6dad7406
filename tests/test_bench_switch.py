"""The switch benchmark: its figures are what they say."""

import json
import time
from dataclasses import dataclass

import numpy as np
import pytest

from playground.benchmarks import bench_switch
from playground.benchmarks.bench_video import ready_stream
from playground.results import as_json
from small_video import small_model


@pytest.fixture(scope="module")
def model():
    return small_model()


def test_a_pass_costs_something_and_none_costs_next_to_nothing(model):
    table = {name: bench_switch.cost(model, name, 4) for name in ("stale", "longlive", "causal")}
    for name in ("longlive", "causal"):
        assert 0 < table["stale"]["switch_ms"] < table[name]["switch_ms"]
        assert 0.02 < table[name]["switch_over_chunk"] < 5


def test_chunks_come_with_a_switch_each_third_time(model):
    video = ready_stream(model)
    chunks = list(bench_switch.switched_chunks(video, 4))
    assert [chunk.switch is not None for chunk in chunks] == [True, False, False] * 4


def test_gaps_are_measured_through_an_engine(model):
    figures = bench_switch.gaps_of(ready_stream(model), 3)
    assert 0 < figures["median_gap_chunks"] <= figures["longest_gap_chunks"]
    assert figures["longest_gap_ms"] > 0


@dataclass
class Shot:
    frame: int
    details: object


@dataclass
class Told:
    prompt: str
    frame: int


class Box:
    def __init__(self, shots):
        self.shots = iter(shots)

    def take(self):
        return next(self.shots)


def test_a_hole_after_a_switch_is_found(monkeypatch, model):
    """Chunks of three frames every 30 ms, and 75 ms before the first one under new words."""
    moments, shots, now = [], [], 0.0
    for chunk in range(12):
        now += 0.075 if chunk == 6 else 0.03
        told = Told("b" if chunk >= 6 else "a", 3 * chunk)
        shots += [Shot(3 * chunk + place, told) for place in range(3)]
        moments += [now + 0.001 * place for place in range(3)]
    clock = iter(moments)
    watched = bench_switch._Watched("a")
    box = Box(shots)
    with monkeypatch.context() as patched:
        patched.setattr(bench_switch.time, "perf_counter", lambda: next(clock))
        for _ in shots:
            watched.note(box)
    figures = watched.figures()
    assert figures["longest_gap_chunks"] == pytest.approx(0.073 / 0.03)
    assert watched.firsts == [18]


def test_many_switches_in_a_row_are_compared_end_with_beginning(model):
    figures = bench_switch.endurance(ready_stream(model), 20)
    assert 0.9 < figures["memory_growth"] < 1.1
    assert 0.3 < figures["chunk_time_growth"] < 3


def test_a_stream_that_is_slower_than_a_young_one_is_noticed():
    def busy(seconds):
        for _ in range(20):
            end = time.process_time() + seconds
            while time.process_time() < end:
                pass
            yield "chunk"

    times = bench_switch.compared(busy(0.002), busy(0.003))
    assert len(times["old"]) == len(times["young"]) == 20
    assert 1.3 < np.median(times["old"]) / np.median(times["young"]) < 1.7


def test_the_command_gives_all_figures(monkeypatch, model):
    monkeypatch.setattr(bench_switch, "model_or_random", lambda *_: (model, True))
    model.use_runtime("eager")
    usual = {"longlive": bench_switch.STRATEGIES["longlive"]}
    monkeypatch.setattr(bench_switch, "STRATEGIES", usual)
    results = bench_switch.run(switches=10, gaps=1)
    assert results.keys() >= bench_switch.LIMITS.keys()
    assert results["switch_over_chunk"] == results["strategies"]["longlive"]["switch_over_chunk"]
    assert results["passed"] == (not results["missed"])
    assert np.isfinite(json.loads(as_json(results))["longest_gap_chunks"])
    assert "switch_over_chunk" in bench_switch.describe(results)


def test_too_few_switches_are_refused():
    with pytest.raises(ValueError, match="switches must be >= 10 and gaps >= 1, got switches 9"):
        bench_switch.run(switches=9)
