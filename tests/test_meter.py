import time

import pytest

from playground.streams import meter as meter_module
from playground.streams.meter import Meter


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when the test says so."""
    now = [100.0]
    monkeypatch.setattr(meter_module.time, "perf_counter", lambda: now[0])
    return now


def test_an_unused_meter_reads_nothing():
    assert Meter().snapshot() == {
        "fps": 0.0,
        "ms": {},
        "latency_p50_ms": None,
        "latency_p95_ms": None,
        "pictures": 0,
        "skipped": 0,
        "dropped": 0,
    }


def test_the_rate_is_pictures_a_second(clock):
    meter = Meter()
    for _ in range(100):
        clock[0] += 0.025
        meter.step({"step": 25.0}, picture=True)
    assert meter.snapshot()["fps"] == pytest.approx(40)


def test_the_rate_falls_when_pictures_stop(clock):
    meter = Meter()
    for _ in range(20):
        clock[0] += 0.1
        meter.step({}, picture=True)
    steady = meter.snapshot()["fps"]
    clock[0] += 1
    slower = meter.snapshot()["fps"]
    clock[0] += 5
    assert 0 < slower < steady
    assert meter.snapshot()["fps"] == 0


def test_stages_are_medians_so_one_hiccup_does_not_show():
    meter = Meter()
    for ms in (10, 11, 500, 12, 13):
        meter.step({"unet": float(ms), "decode": 1.0}, picture=True)
    assert meter.snapshot()["ms"] == {"unet": 12.0, "decode": 1.0}


def test_a_stage_that_is_missing_in_some_steps_counts_where_it_was():
    meter = Meter()
    meter.step({"unet": 4.0}, picture=True)
    meter.step({}, picture=False, skipped=True)
    snapshot = meter.snapshot()
    assert snapshot["ms"] == {"unet": 4.0}
    assert (snapshot["pictures"], snapshot["skipped"]) == (1, 1)


def test_latencies_are_percentiles_of_the_answers():
    meter = Meter()
    for ms in range(1, 101):
        meter.answered(float(ms))
    snapshot = meter.snapshot()
    assert snapshot["latency_p50_ms"] == pytest.approx(50.5)
    assert snapshot["latency_p95_ms"] == pytest.approx(95.05)


def test_memory_stays_bounded():
    meter = Meter()
    for _ in range(10_000):
        meter.step({"unet": 1.0}, picture=True)
        meter.answered(1.0)
    assert len(meter._moments) <= meter_module.STEPS_KEPT
    assert len(meter._stages) <= meter_module.STEPS_KEPT
    assert len(meter._latencies_ms) <= meter_module.CHANGES_KEPT


def test_reset_forgets_everything():
    meter = Meter()
    meter.step({"unet": 1.0}, picture=True)
    meter.answered(3.0)
    meter.reset()
    assert meter.snapshot() == Meter().snapshot()


def test_noting_a_step_costs_microseconds():
    meter = Meter()
    began = time.thread_time()
    for _ in range(1000):
        meter.step({"unet": 1.0}, picture=True)
    assert time.thread_time() - began < 1
