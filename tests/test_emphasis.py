"""Words on a new scene are stressed, chunk by chunk; then what shows it is the sink. Nothing else is touched."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from playground import VideoStream
from playground.benchmarks import scene_switches
from playground.models.video_model import VideoModel
from playground.streams import emphasis
from playground.streams.making import Making
from playground.streams.transition import Transition
from replays import assert_same, chunk, recorded, replay_of
from small_video import small_model

WEIGHTS = (1.5, 2.5, 3.0)
DUCK, CAT = "a duck on the sea", "a cat on the beach"


@pytest.fixture
def model():
    return small_model(emphasis=WEIGHTS)


@pytest.fixture
def share(monkeypatch):
    """What share of the picture new words change, and whether the scene is there, to be set."""
    asked = {"share": 1.0, "times": 0, "is_there": False}
    monkeypatch.setattr(emphasis, "is_there", lambda *_: asked["is_there"])

    def changed(*_):
        asked["times"] += 1
        return asked["share"]

    monkeypatch.setattr(emphasis, "changed_by_words", changed)
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
    model, share
):
    video, plain = begun(model), begun(model, emphasis=False)
    video.prompt = plain.prompt = CAT
    for number, weight in enumerate(WEIGHTS):
        plain.text_guidance = weight
        made, expected = next(video), next(plain)
        assert np.array_equal(made.frames, expected.frames)
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
    assert share["times"] == 1


def test_a_scene_that_is_there_needs_no_more_stress_and_becomes_the_sink(model, share):
    video = begun(model)
    video.prompt = CAT
    assert not next(video).resunk and left(video) == WEIGHTS[1:]
    share["is_there"] = True
    newest = video.state.flight.rollout.clean[:, :, -3:]
    assert next(video).resunk and left(video) is None
    assert torch.equal(video.state.flight.rollout.sink, newest)
    assert not next(video).resunk


def test_a_scene_is_there_when_the_newest_chunk_is_near_what_its_words_mean(model):
    flight = begun(model).state.flight
    newest = flight.rollout.clean[:, :, -3:]
    assert emphasis.is_there(flight, newest)
    near, far = (newest + part * newest.std() * torch.ones_like(newest) for part in (0.29, 0.31))
    assert emphasis.is_there(flight, near) and not emphasis.is_there(flight, far)
    assert not emphasis.is_there(flight, newest[:, :, :2])  # chunks of another length


def test_chunks_may_change_their_length_meanwhile(model, monkeypatch):
    monkeypatch.setattr(emphasis, "changed_by_words", lambda *_: 1.0)
    video = begun(model)
    video.prompt = CAT
    next(video)
    video.chunk = 2
    made = [next(video) for _ in range(5)]
    assert [chunk.resunk for chunk in made].count(True) == 1 and left(video) is None


def test_words_on_a_thing_change_nothing_else(model, share):
    share["share"] = emphasis.MOST
    video, plain = begun(model), begun(model, emphasis=False)
    video.prompt = plain.prompt = CAT
    for _ in range(5):
        assert np.array_equal(next(video).frames, next(plain).frames)
        assert left(video) is None


def test_the_first_words_the_same_words_and_those_of_other_models_are_not_stressed(model, share):
    video = begun(model)
    video.prompt = ((DUCK, 2.0),)
    next(video)
    other = begun(small_model())
    other.prompt = CAT
    next(other)
    assert share["times"] == 0 and left(video) is left(other) is None
    assert "emphasis" in other.cannot and "emphasis" not in video.cannot


def test_the_knob_stops_it_at_once(model, share):
    video = begun(model)
    video.prompt = CAT
    next(video)
    video.emphasis = False
    assert not next(video).resunk and left(video) is None
    assert not next(video).resunk


def test_words_that_come_softly_are_asked_for_once_when_they_are_there(model, share):
    video = begun(model)
    video.transition, video.prompt = Transition(chunks=3), CAT
    shown = []
    for _ in range(4):
        next(video)
        shown.append((share["times"], left(video)))
    assert shown == [(0, None), (0, None), (1, WEIGHTS[1:]), (1, WEIGHTS[2:])]


def test_the_next_new_scene_begins_it_again_and_a_new_thing_goes_on_with_it(model, share):
    video = begun(model)
    video.prompt = CAT
    next(video), next(video)
    video.prompt = DUCK
    next(video)
    assert left(video) == WEIGHTS[1:]
    share["share"] = 0.0
    video.prompt = CAT
    next(video)
    assert left(video) == WEIGHTS[2:]


def test_a_policy_without_a_sink_only_stresses(model, share):
    video = begun(model, policy="sliding")
    video.prompt = CAT
    assert not any(next(video).resunk for _ in range(5)) and left(video) is None


def test_a_stronger_guidance_of_a_persons_own_stays(model, share):
    video, plain = begun(model, text_guidance=4.0), begun(model, text_guidance=4.0, emphasis=False)
    video.prompt = plain.prompt = CAT
    assert np.array_equal(next(video).frames, next(plain).frames)


def test_a_snapshot_in_the_middle_goes_on_as_the_original_does(model, share):
    video = begun(model)
    video.prompt = CAT
    next(video), next(video)
    again = VideoStream.restore(video.state)
    for _ in range(4):
        assert np.array_equal(next(video).frames, next(again).frames)


def test_it_replays_bit_for_bit_and_older_recordings_are_without_it(model, share, tmp_path):
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
def test_a_scene_changes_more_of_the_picture_than_a_thing():
    model = VideoModel.load("tiny", device="cpu", runtime="eager")
    video = begun(model, chunks=8)
    making, flight = Making.of(model, video.controls), video.state.flight

    def changed(words):
        contexts = model.context(DUCK), model.context(words)
        return emphasis.changed_by_words(flight, *contexts, making)

    assert changed(DUCK) == 0
    assert changed("a turtle on the sea") < emphasis.MOST < changed("a duck in the snow") <= 1


def test_the_trained_model_turns_from_grass_to_sea():
    """The pair that stopped half way: a fox on grass, then a duck on the sea."""
    model = VideoModel.load("tiny", device="cpu", runtime="eager")
    script = scene_switches.SceneScript(
        before=("fox", "grass"), after=("duck", "sea"), path=None, seed=4
    )
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
