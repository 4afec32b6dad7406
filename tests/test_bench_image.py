import json
import time

import numpy as np
import pytest
import torch

from playground.benchmarks import bench_image, endurance, peers, timing
from playground.benchmarks.pen import ROUND, Pen
from playground.benchmarks.stand_in import weights_folder
from playground.models.image_model import ImageModel
from playground.results import as_json

GOOD = {
    "speedup_vs_streamdiffusion": 2.0,
    "max_difference": 1e-6,
    "missed": [],
    "machine": "a machine",
}


def test_medians_of_sides_that_take_turns():
    order = []
    sides = {
        "slow": lambda: (order.append("s"), time.sleep(0.02)),
        "fast": lambda: order.append("f"),
    }
    ms = timing.in_turns(sides, rounds=2)
    turn = timing.STEPS_IN_TURN + 1
    assert order == (["s"] * turn + ["f"] * turn) * 2
    assert 20 <= ms["slow"] < 200
    assert ms["fast"] < 5


def test_operations_of_a_matrix_product_are_two_a_cell():
    product, operations = timing.matrix_product(64)
    assert timing.operations(product) == operations == 2 * 64**3


def test_the_clock_counts_the_time_inside_the_networks_and_changes_no_numbers(eps_model):
    clock = timing.Clocked(eps_model.networks)
    pixels = torch.zeros(1, 3, 64, 64)
    began = time.perf_counter()
    latents = clock.networks.encode(pixels)
    clock.networks.decode(latents)
    assert 0 < clock.ms <= (time.perf_counter() - began) * 1e3
    torch.testing.assert_close(latents, eps_model.networks.encode(pixels))


def test_the_pen_moves_and_comes_back():
    pen = Pen((64, 48))
    frames = [pen.latest() for _ in range(ROUND + 1)]
    assert frames[0].shape == (64, 48, 3)
    np.testing.assert_array_equal(frames[0], frames[ROUND])
    assert len({frame.tobytes() for frame in frames}) == ROUND
    assert pen.look().index == ROUND + 2


@pytest.mark.peer
def test_peers_do_the_same_work_on_the_same_weights(v_model):
    frame = Pen(v_model.size).latest()
    own = bench_image.stream_of(v_model, 2)
    peer = peers.streamdiffusion(
        v_model,
        prompt=bench_image.PROMPT,
        t_index=bench_image.STEPS[2],
        guidance="self",
        guidance_scale=bench_image.SCALE,
    )
    own.reset()
    assert np.abs(own(frame).astype(int) - peer(frame).astype(int)).max() <= 1
    picture = peers.diffusers_img2img(v_model, (10, 20), "a cat")(frame)
    assert (picture.shape, picture.dtype) == ((64, 64, 3), np.uint8)


def test_a_plain_copy_shares_no_memory_order_with_the_original(v_model):
    copied = peers.plain_copy(v_model).unet.conv_in.weight
    original = v_model.unet.conv_in.weight
    assert original.is_contiguous(memory_format=torch.channels_last)
    assert copied.is_contiguous()
    torch.testing.assert_close(copied, original)


def test_the_networks_share_of_a_step_and_its_distance_to_the_limit_are_shares(v_model):
    with bench_image.threads(1):
        figures = bench_image.network_figures(v_model, rounds=1)
    assert 0 < figures["network_share"] < 1
    assert 0 < figures["roofline"] < 1
    assert figures["matrix_gflops"] > 0.1


def test_the_plain_networks_do_not_differ_from_themselves(v_model):
    assert bench_image.max_difference(v_model, count=3) == 0


def test_full_guidance_does_about_twice_the_operations_of_self(v_model):
    def operations(kind):
        stream = bench_image.stream_of(v_model, 4, guidance=kind)
        return timing.operations(lambda: stream.step(Pen(v_model.size).latest()))

    assert 1.4 < operations("full") / operations("self") < 2


def test_a_long_run_watches_time_and_memory(v_model):
    figures = endurance.long_run(bench_image.stream_of(v_model, 2), frames=120)
    assert figures["long_run_frames"] == 120
    assert abs(figures["long_run_memory_growth"]) < 0.2
    assert 0.2 < figures["long_run_end_over_start"] < 5


def test_a_long_run_that_breaks_says_where_and_why(v_model):
    stream = bench_image.stream_of(v_model, 2)

    class Broken:
        size, lag, controls = stream.size, stream.lag, stream.controls

        def step(self, frame):
            raise ArithmeticError("overflow")

    with pytest.raises(RuntimeError, match="long run stopped after 0 frames") as caught:
        endurance.long_run(Broken(), frames=10)
    assert isinstance(caught.value.__cause__, ArithmeticError)


def test_the_live_rate_counts_pictures(v_model):
    rate = bench_image.frames_per_s(bench_image.stream_of(v_model, 2), seconds=0.5)
    assert 2 < rate < 5000


@pytest.mark.parametrize(
    "settings", [{"rounds": 0}, {"frames": -1}, {"seconds": 0.0}, {"seconds": float("nan")}]
)
def test_settings_that_measure_nothing_are_refused(settings):
    with pytest.raises(ValueError, match=r"rounds must be >= 1, frames >= 0 and seconds > 0, got"):
        bench_image.run(**settings)


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({}, []),
        ({"speedup_vs_streamdiffusion": 1.7}, ["speedup_vs_streamdiffusion"]),
        ({"max_difference": 1e-3}, ["max_difference"]),
        ({"max_difference": float("nan")}, ["max_difference"]),
    ],
)
def test_a_figure_outside_its_limit_is_named(change, missed):
    results = GOOD | change
    results["missed"] = bench_image.missed_limits(results)
    assert results["missed"] == missed
    assert ("MISSED" in bench_image.describe(results)) is bool(missed)


def test_without_trained_weights_a_stand_in_of_the_same_shape_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr("playground.benchmarks.stand_in.TINY", tmp_path / "nothing")
    source, is_random = weights_folder("tiny", tmp_path / "made")
    assert is_random
    model = ImageModel.load(source, runtime="eager")
    assert (model.size, model.prediction) == ((64, 64), "v_prediction")
    assert bench_image.stream_of(model, 2)(Pen(model.size).latest()).shape == (64, 64, 3)


def test_other_models_are_measured_as_they_are(tmp_path):
    assert weights_folder("owner/name", tmp_path) == ("owner/name", False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.peer
def test_one_short_run_prints_every_figure(golden_folder):
    results = bench_image.run(
        str(golden_folder / "pipeline"), rounds=1, frames=40, seconds=0.3, runtime="eager"
    )
    figures = json.loads(as_json(results))
    wanted = {*bench_image.LIMITS, "roofline", "frames_per_s", "machine", "ms", "passed"}
    assert wanted <= figures.keys()
    assert figures["max_difference"] == 0
    assert figures["first_picture_s"] > 0
