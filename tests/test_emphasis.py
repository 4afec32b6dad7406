"""New words are stressed, chunk by chunk, until what they say is there; that is the sink then."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from playground import VideoStream
from playground.benchmarks import scene_switches
from playground.models.video_model import VideoModel
from playground.streams import emphasis, rollout
from playground.streams.making import Making
from playground.streams.steering import guided
from playground.streams.transition import Transition
from replays import assert_same, chunk, recorded, replay_of
from small_video import small_model

WEIGHTS = (1.5, 2.5, 3.0)
DUCK, CAT = "a duck on the sea", "a cat on the beach"


@pytest.fixture
def model():
    return small_model(emphasis=WEIGHTS)


@pytest.fixture
def reached(monkeypatch):
    """How far the chunks are on the way from old words to new, to be set; and how often it was asked."""
    asked = {"way": 0.6, "times": 0}

    def how_far(*_):
        asked["times"] += 1
        return asked["way"]

    monkeypatch.setattr(emphasis, "how_far", how_far)
    return asked


def begun(model, chunks=3, **knobs):
    video = VideoStream.load(model, prompt=DUCK, **knobs)
    for _ in range(chunks):
        next(video)
    return video


def left(video):
    now = video.state.flight.emphasis
    return None if now is None else now.weights


def test_new_words_weigh_more_from_chunk_to_chunk_and_then_the_newest_chunk_is_the_sink(
    model, reached
):
    video, plain = begun(model), begun(model, emphasis=False)
    video.prompt = plain.prompt = CAT
    for number in range(len(WEIGHTS)):
        made = next(video)
        assert not np.array_equal(made.frames, next(plain).frames)
        assert left(video) == WEIGHTS[number + 1 :] and not made.resunk
    newest = video.state.flight.rollout
    made = next(video)
    assert made.resunk and left(video) is None
    after = video.state.flight.rollout
    assert after.sink is not newest.sink and torch.equal(after.sink, newest.clean[:, :, -3:])
    assert after.cache.frames == (
        *range(newest.frame - 3, newest.frame),
        *range(newest.frame, newest.frame + 3),
    )
    assert not next(video).resunk and left(video) is None
    assert reached["times"] == len(WEIGHTS)


def test_what_is_there_needs_no_more_stress_and_becomes_the_sink(model, reached):
    video = begun(model)
    video.prompt = CAT
    assert not next(video).resunk and left(video) == WEIGHTS[1:]
    reached["way"] = 0.8
    newest = video.state.flight.rollout.clean[:, :, -3:]
    assert next(video).resunk and left(video) is None
    assert torch.equal(video.state.flight.rollout.sink, newest)
    assert not next(video).resunk


def test_a_past_that_stays_stronger_than_the_words_is_forgotten(model, reached):
    reached["way"] = 0.4
    video = begun(model)
    video.prompt = CAT
    for _ in WEIGHTS:
        assert len(next(video).cache.frames) > 3
    made, state = next(video), video.state.flight.rollout
    assert made.cache.frames == state.cache.frames == tuple(range(made.frame, made.frame + 3))
    assert torch.equal(state.sink, state.clean) and left(video) is None and not made.resunk
    assert len(next(video).cache.frames) == 6


@torch.inference_mode()
def test_guidance_goes_from_the_old_words_to_the_new_and_a_stronger_one_of_a_persons_own_stays(
    model,
):
    video = begun(model, text_guidance=2.0)
    flight, making = video.state.flight, Making.of(model, video.controls)
    old, new = model.context(DUCK), model.context(CAT)
    noise, where = (
        torch.randn(1, *model.latent_shape)[:, :, None].repeat(1, 1, 3, 1, 1),
        flight.rollout,
    )
    for stress, weight in ((3.0, 3.0), (1.5, 2.0)):
        forward = guided(making, has_tracks=False, emphasis=stress, old=old)
        got, by_old, by_new = (
            rollout.look(network, where.cache, words, making.policy, where.frame, 3)(
                noise, 500.0, "velocity"
            )[0]
            for network, words in ((forward, new), (model.forward, old), (model.forward, new))
        )
        torch.testing.assert_close(got, by_old + weight * (by_new - by_old), rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_words_that_say_the_same_are_there_at_once(model):
    flight, words = begun(model).state.flight, model.context(DUCK)
    assert emphasis.how_far(flight, words, words, Making.of(model, begun(model).controls)) == 1


def test_chunks_may_change_their_length_meanwhile(model):
    video = begun(model)
    video.prompt = CAT
    next(video)
    video.chunk = 2
    for _ in range(5):
        next(video)
    assert left(video) is None


def test_the_first_words_the_same_words_and_those_of_other_models_are_not_stressed(model, reached):
    video = begun(model)
    video.prompt = ((DUCK, 2.0),)
    next(video)
    other = begun(small_model())
    other.prompt = CAT
    next(other)
    assert reached["times"] == 0 and left(video) is left(other) is None
    assert "emphasis" in other.cannot and "emphasis" not in video.cannot


def test_the_knob_stops_it_at_once(model, reached):
    video = begun(model)
    video.prompt = CAT
    next(video)
    video.emphasis = False
    assert not next(video).resunk and left(video) is None
    assert not next(video).resunk


def test_words_that_come_softly_are_stressed_when_they_are_there(model, reached):
    video = begun(model)
    video.transition, video.prompt = Transition(chunks=3), CAT
    shown = []
    for _ in range(4):
        next(video)
        shown.append((reached["times"], left(video)))
    assert shown == [(0, None), (0, None), (0, WEIGHTS[1:]), (1, WEIGHTS[2:])]


def test_the_next_new_words_begin_it_again(model, reached):
    video = begun(model)
    video.prompt = CAT
    next(video), next(video)
    video.prompt = DUCK
    next(video)
    assert left(video) == WEIGHTS[1:]


def test_a_policy_without_a_sink_only_stresses(model, reached):
    video = begun(model, policy="sliding")
    video.prompt = CAT
    assert not any(next(video).resunk for _ in range(5)) and left(video) is None


def test_a_snapshot_in_the_middle_goes_on_as_the_original_does(model, reached):
    video = begun(model)
    video.prompt = CAT
    next(video), next(video)
    again = VideoStream.restore(video.state)
    for _ in range(4):
        assert np.array_equal(next(video).frames, next(again).frames)


def test_it_replays_bit_for_bit_and_older_recordings_are_without_it(model, reached, tmp_path):
    script = [chunk(), chunk(), chunk(prompt=CAT), chunk(), chunk(), chunk(), chunk()]
    made, recording = recorded(VideoStream.load(model, prompt=DUCK), tmp_path / "new.jsonl", script)
    assert_same(made, list(replay_of(recording, model)))
    plain, recording = recorded(
        VideoStream.load(model, prompt=DUCK, emphasis=False), tmp_path / "old.jsonl", script
    )
    knobs = dict(recording.head["controls"])
    assert knobs.pop("emphasis") is False
    old = replace(recording, head={**recording.head, "controls": knobs})
    assert_same(plain, list(replay_of(old, model)))
    assert not np.array_equal(made[2], plain[2])


@torch.inference_mode()
def test_the_trained_model_tells_which_words_a_chunk_shows():
    model = VideoModel.load("tiny", device="cpu", runtime="eager")
    video = begun(model, chunks=8)
    making, flight = Making.of(model, video.controls), video.state.flight

    def far(old, new):
        return emphasis.how_far(flight, model.context(old), model.context(new), making)

    for other in ("a turtle on the sea", "a duck in the snow"):
        assert far(DUCK, other) < emphasis.HALF < emphasis.THERE < far(other, DUCK)
    assert far(DUCK, "a big duck swims on the sea") == 1


@pytest.mark.parametrize(
    ("before", "after", "seed"),
    [(("fox", "grass"), ("duck", "sea"), 4), (("ghost", "sunset"), ("panda", "sunset"), 103)],
    ids=["stopped half way", "did not come"],
)
def test_the_trained_model_turns_where_it_did_not(before, after, seed):
    model = VideoModel.load("tiny", device="cpu", runtime="eager")
    script = scene_switches.SceneScript(before=before, after=after, path=None, seed=seed)
    snapshot = scene_switches.begun(model, script).state
    shown = [
        scene_switches.shows(
            script, scene_switches.filmed_after(VideoStream.restore(snapshot), script, on)
        )
        for on in (True, False)
    ]
    assert shown == [True, False]


@pytest.mark.parametrize("wrong", [None, 3, ("strong",)])
def test_what_is_no_list_of_numbers_is_refused(wrong):
    with pytest.raises(ValueError, match="emphasis must be a list of numbers"):
        replace(small_model().settings, emphasis=wrong)


@pytest.mark.parametrize("wrong", [(11.0,), (-1.0,), (1.5, float("nan"))])
def test_weights_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"emphasis must be weights in 0\.\.10"):
        replace(small_model().settings, emphasis=wrong)
