"""What a machine can run follows from its memory and its speed, and the page says the numbers."""

import dataclasses
import itertools

import pytest

from playground import doctor
from playground.models.catalogue import everything
from playground.models.fit import CLASSES, LIVE, Machine, best, fit, fits, sizes, this_machine

LAPTOP = Machine(device="cpu", free_bytes=8 * 10**9, host_free_bytes=8 * 10**9, rate=0.1e12)
H100 = Machine(device="cuda", free_bytes=79 * 10**9, host_free_bytes=64 * 10**9, rate=650e12)
OLD_GPU = Machine(device="cuda", free_bytes=6 * 10**9, host_free_bytes=16 * 10**9, rate=10e12)


def named(name):
    return next(entry for entry in everything() if entry.name == name)


@pytest.mark.parametrize(
    ("machine", "name", "speed"),
    [
        (LAPTOP, "tiny", "live"),
        (LAPTOP, "tiny-video", "live"),
        (LAPTOP, "sd-turbo", "slow"),
        (LAPTOP, "sdxl-turbo", "does not fit"),
        (OLD_GPU, "sd-turbo", "slow"),
        (OLD_GPU, "self-forcing", "does not fit"),
        (H100, "sd-turbo", "live"),
        (H100, "sdxl-turbo", "live"),
        (H100, "self-forcing", "live"),
    ],
)
def test_known_machines_are_judged_as_they_are(machine, name, speed):
    assert fit(named(name), machine).speed == speed


def test_the_published_speed_of_self_forcing_is_met_within_a_factor_of_two():
    assert 17 / 2 < fit(named("self-forcing"), H100).pictures_per_s < 17 * 2  # 17 on an H100


@pytest.mark.parametrize("entry", everything(), ids=lambda entry: entry.name)
def test_smaller_is_never_slower_and_never_larger(entry):
    found = fits(entry, H100)
    assert found[0].size == entry.size
    for larger, smaller in itertools.pairwise(found):
        assert smaller.pictures_per_s > larger.pictures_per_s
        assert smaller.needed_bytes < larger.needed_bytes
    assert all(side % 16 == 0 for size in sizes(entry) for side in size)


def test_a_text_encoder_that_visits_needs_room_beside_the_device():
    crowded = dataclasses.replace(H100, host_free_bytes=4 * 10**9)
    assert fit(named("self-forcing"), crowded).speed == "does not fit"
    assert fit(named("sd-turbo"), crowded).speed == "live"


def test_the_best_size_is_the_largest_live_one_else_the_largest_that_fits():
    entry = named("sdxl-lcm")
    found = fits(entry, H100)
    slow = [dataclasses.replace(one, speed="slow") for one in found]
    assert best(slow) is slow[0]
    assert best([slow[0], dataclasses.replace(found[1], speed="live")]).size == found[1].size
    none = [dataclasses.replace(one, speed="does not fit") for one in found]
    assert best(none) is none[-1]


def test_this_machine_is_measured():
    here = this_machine()
    assert here.free_bytes > 0 and here.rate > 1e8
    assert fit(named("tiny"), here).speed in CLASSES


def test_the_page_of_doctor_has_every_model_with_the_numbers_it_judged_by(monkeypatch):
    monkeypatch.setattr(doctor.fit, "this_machine", lambda: OLD_GPU)
    found = doctor.models()
    assert found["judged_by"]["free_gb"] == 6.0
    assert found["judged_by"]["live_from_pictures_per_s"] == LIVE
    assert [row["name"] for row in found["fits"]] == [entry.name for entry in everything()]
    page = "\n".join(doctor._models_page(found))
    assert "judged by 6.0 GB free on cuda and 10 TFLOP/s" in page
    assert "self-forcing" in page and "does not fit: needs" in page and "not fetched" in page
