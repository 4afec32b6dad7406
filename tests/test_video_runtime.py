"""Faster video networks take over behind a running stream, and change no numbers."""

import importlib.util
import threading

import jaxtyping
import numpy as np
import pytest
import torch
from torch.testing import assert_close

from playground.models import fast_step
from playground.models import runtime as image_runtime
from playground.models.cached_step import CachedStep, rotated, timed, told, turn_of, words
from playground.models.fast_step import FastStep
from playground.models.key_values import KeyValues
from playground.models.runtime import Runtime
from playground.models.video_runtime import SwappingForward, attach, check_equal
from playground.streams.video_stream import VideoStream
from small_video import small_model

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="openvino is not installed"
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))


@pytest.fixture
def _unchecked():
    """Sizes are tensors while a network is traced, which the type checker of the tests refuses."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def call_of(model, frames=6, seed=0):
    """A cached forward's inputs, random."""
    draw = torch.Generator().manual_seed(seed)
    config, (c, h, w) = model.transformer.config, model.latent_shape
    heads = config.num_heads
    shape = (config.num_layers, 1, frames, h * w // 4, heads, config.dim // heads)
    past = KeyValues(*(torch.randn(shape, generator=draw) for _ in range(2)))
    x = torch.randn(1, c, 3, h, w, generator=draw)
    where = {
        "past": past,
        "past_positions": torch.tensor([0, 1, 2, 40, 41, 42][:frames]),
        "positions": torch.tensor([43, 44, 45]),
    }
    if config.track_dim:
        where["tracks"] = torch.randn(1, config.track_channels, 3, h, w, generator=draw)
    return (x, torch.tensor([[0.0, 500.0, 1000.0]]), model.context("a duck on the sea")), where


@pytest.mark.parametrize("channels", [62, 0], ids=["tracks", "no tracks"])
@torch.inference_mode()
def test_the_step_with_a_rotated_past_is_the_cached_forward(channels):
    model = small_model(track_channels=channels)
    (x, t, context), where = call_of(model)
    wan = model.transformer
    velocity, fresh = wan(x, t, context, **where)
    turn = turn_of(wan, 1, 1, where["positions"], where["past_positions"])
    spots = turn.cos[turn.first_new :], turn.sin[turn.first_new :]
    inputs = [x, timed(wan, t), *spots, *rotated(where["past"], turn), *words(context)]
    inputs += [told(wan, x, where["tracks"])] if channels else []
    got, k, v = CachedStep(wan)(*inputs)
    assert_close(got, velocity, atol=1e-5, rtol=1e-5)
    assert_close((k, v), (fresh.k, fresh.v), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("channels", [62, 0], ids=["tracks", "no tracks"])
@torch.inference_mode()
def test_what_is_asked_for_alone_is_what_both_would_be(channels):
    model = small_model(track_channels=channels)
    call, where = call_of(model)
    velocity, fresh = model.transformer(*call, **where)
    alone, nothing = model.transformer(*call, **where, only="velocity")
    assert nothing is None
    assert_close(alone, velocity, rtol=0, atol=0)
    nothing, alone = model.transformer(*call, **where, only="memory")
    assert nothing is None
    assert_close((alone.k, alone.v), (fresh.k, fresh.v), rtol=1e-6, atol=1e-6)


class Uncompiled:
    """A step behind the handles of a compiled network."""

    def __init__(self, step, samples):
        self.step, self.inputs = step, [sample.clone() for sample in samples]
        self.one_at_a_time = threading.Lock()

    def run(self, *wanted):
        answers = self.step(*self.inputs)
        return [answers[place] for place in wanted]


@torch.inference_mode()
def test_a_past_is_handed_over_from_where_it_became_another(monkeypatch):
    """The sink stays where it is; another sink, other positions and earlier pasts come all the same."""
    model = small_model()
    wan, (call, where) = model.transformer, call_of(model)
    step = CachedStep(wan)
    fast = FastStep(wan, lambda name, samples: Uncompiled(step, samples), call, where)
    sink, one, other, late = (call_of(model, frames=3, seed=seed)[1]["past"] for seed in range(4))
    later, frames_of_one = torch.tensor([0, 1, 2, 50, 51, 52]), one.each()
    written = []

    def noting(past, turn, first=0):
        written.append(past.frames)
        return rotated(past, turn, first)

    monkeypatch.setattr(fast_step, "rotated", noting)
    for runs, spots, frames in [
        ((sink, one), where["past_positions"], 6),
        ((sink, other), where["past_positions"], 3),
        ((sink, other), later, 6),
        ((late, other), later, 6),
        ((sink, one), later, 6),
        ((sink, *frames_of_one), later, 3),
        ((sink, *frames_of_one[:2], late.each()[2]), later, 1),
    ]:
        now = where | {"past": KeyValues.join(runs), "past_positions": spots}
        expected, fresh = wan(*call, **now)
        velocity, kept = fast(*call, **now)
        assert_close(velocity, expected, atol=1e-5, rtol=1e-5)
        assert_close((kept.k, kept.v), (fresh.k, fresh.v), atol=1e-5, rtol=1e-5)
        assert written.pop() == frames and not written


class Counting:
    """Stands in for the background: jobs run at once, preparations are counted."""

    def __init__(self):
        self.names = []

    def __call__(self, name, samples, **more):
        self.names.append(name)
        raise RuntimeError("no compiler here")


def test_a_shape_is_made_ready_when_a_second_past_comes_and_a_failure_stays_plain():
    model, prepare, handle = small_model(), Counting(), Runtime("fake")
    forward = SwappingForward(model.transformer, prepare, handle)
    with torch.inference_mode():
        (x, t, context), where = call_of(model)
        for _ in range(3):
            forward(x, t, context, **where)
        assert prepare.names == []
        _, other = call_of(model, seed=1)
        expected = model.transformer(x, t, context, **other)
        assert_close(forward(x, t, context, **other)[0], expected[0], rtol=0, atol=0)
    assert handle.wait(30)
    assert prepare.names == ["step"]
    assert handle.message == "transformer stays on plain PyTorch: no compiler here"


def test_another_numbers_are_refused():
    zeros, ones = torch.zeros(1, 1, 1, 1, 1, 1), torch.ones(1, 1, 1, 1, 1, 1)
    one = torch.zeros(1), KeyValues(zeros, zeros)
    other = torch.zeros(1), KeyValues(zeros, ones)
    with pytest.raises(ArithmeticError, match="the faster transformer must give the plain one's"):
        check_equal(one, other)


def test_runtimes_that_do_not_exist_or_do_not_fit_are_refused(monkeypatch):
    model = small_model()
    with pytest.raises(
        ValueError, match="runtime must be one of auto, eager, openvino, openvino-bf16; got 'fast'"
    ):
        attach(model, "fast")
    monkeypatch.setattr(image_runtime.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match='runtime "openvino" must be installed'):
        attach(model, "openvino")
    assert attach(model, "auto").name == "eager"


@needs_openvino
@pytest.mark.usefixtures("_unchecked")
def test_openvino_takes_over_in_mid_stream_and_gives_the_frames_of_the_plain_network():
    plain, fast = (VideoStream(small_model()) for _ in range(2))
    handle = attach(fast.model, "openvino")
    for number in range(9):
        if number == 5:  # the second past of full size came with the fourth chunk
            assert handle.wait(240)
            assert handle.failures == []
            assert fast.model.networks.forward._ready
        if number == 6:
            for video in (plain, fast):
                video.prompt, video.text_guidance = "a cat on the beach", 2.0
        one, other = next(plain), next(fast)
        assert np.abs(one.frames.astype(int) - other.frames).max() <= 1
    states = [video.state.flight.rollout for video in (plain, fast)]
    assert_close(states[0].clean, states[1].clean, atol=1e-3, rtol=1e-3)


@needs_openvino
@pytest.mark.usefixtures("_unchecked")
@torch.inference_mode()
def test_bfloat16_stays_near_the_plain_network_at_every_time():
    model = small_model()
    handle = attach(model, "openvino-bf16")
    for seed in range(2):  # a second past of that size: made ready
        call, where = call_of(model, seed=seed)
        model.forward(*call, **where)
    assert handle.wait(240)
    assert handle.failures == []
    assert model.networks.forward._ready
    velocity, fresh = model.transformer(*call, **where)
    got, kept = model.forward(*call, **where)
    for one, other in ((got, velocity), (kept.k, fresh.k), (kept.v, fresh.v)):
        assert (one - other).norm() < 0.03 * other.norm()
