"""Weighted prompts on video: a mixture is streamed, switched, recorded and played like a text."""

import numpy as np
import pytest
import torch

from playground import Timeline, VideoStream
from playground.conditioning.timeline_values import Entry
from playground.conditioning.timeline_values import Transition as Taking
from playground.streams.mixed_prompts import context_of
from playground.streams.timeline_player import TimelinePlayer
from playground.streams.transition import KINDS, Hearing, Transition
from playground.streams.video_controls import VideoControls
from playground.streams.weighted_prompts import in_words, shares_of
from replays import assert_same, chunk, recorded, replay_of
from small_video import frames, small_model, stream

DUCK, FOX, CAT = "a duck on the sea", "a fox on snow", "a cat on snow"
BOTH = ((FOX, 0.7), (CAT, 0.3))


@pytest.fixture(scope="module")
def model():
    return small_model()


def test_one_prompt_is_the_plain_text_bit_for_bit(model):
    plain = frames(stream(model, prompt=FOX))
    for prompt in (((FOX, 1),), ((FOX, 0.2),), ((FOX, 3), (CAT, 0)), ((FOX, 1), (FOX, 2))):
        np.testing.assert_array_equal(frames(stream(model, prompt=prompt)), plain)


def test_weights_are_relative_and_their_order_does_not_count(model):
    expected = frames(stream(model, prompt=BOTH))
    for prompt in (((FOX, 7), (CAT, 3)), ((CAT, 30), (FOX, 70)), [[FOX, 0.07], [CAT, 0.03]]):
        np.testing.assert_array_equal(frames(stream(model, prompt=prompt)), expected)
    video = stream(model, prompt=BOTH)
    frames(video)
    video.prompt = ((CAT, 3), (FOX, 7))
    assert next(video).switch is None


def test_a_mixture_is_neither_of_its_texts_and_moves_with_its_weights(model):
    alone = model.context(FOX).k
    mixed = [
        context_of(model, Hearing(target=((FOX, share), (CAT, 1 - share)))).k
        for share in (0.25, 0.5, 0.75)
    ]
    distances = [(one - alone).norm().item() for one in mixed]
    assert distances == sorted(distances, reverse=True) and distances[-1] > 0


def test_a_mixture_is_made_once_and_remembered(model):
    hearing = Hearing(target=BOTH)
    assert context_of(model, hearing) is context_of(model, hearing)


def test_texts_are_mixed_by_the_kind_of_the_transition(model):
    linear, slerp = (
        frames(stream(model, prompt=BOTH, transition=Transition(chunks=1, kind=kind)))
        for kind in KINDS
    )
    np.testing.assert_array_equal(linear, frames(stream(model, prompt=BOTH)))
    assert (linear != slerp).any()


def test_a_switch_to_a_mixture_rewrites_the_past_and_the_cache_names_it(model):
    video = stream(model, prompt=DUCK)
    frames(video, 4)
    video.prompt = BOTH
    made = next(video)
    assert made.switch.rewritten and made.prompt == f"70% {FOX} + 30% {CAT}"
    assert made.cache.prompts[-1] == made.prompt and made.heard == BOTH
    assert next(video).switch is None
    video.prompt = FOX
    assert next(video).switch is not None and video.prompt == FOX


def test_a_soft_switch_ends_at_the_mixture_itself(model):
    video, hard = stream(model, transition=Transition(chunks=2), recache="flush"), stream(model)
    frames(video, 2)
    video.prompt = BOTH
    first, last = next(video), next(video)
    assert dict(first.heard) == pytest.approx({DUCK: 0.5, FOX: 0.35, CAT: 0.15})
    hard.prompt = BOTH
    assert last.heard == next(hard).heard == BOTH


def test_a_snapshot_under_a_mixture_goes_on_as_the_original_did(model):
    video = stream(model, prompt=BOTH)
    frames(video)
    state = video.state
    expected = frames(video)
    np.testing.assert_array_equal(frames(VideoStream.restore(state)), expected)


def test_a_recording_holds_the_weights_exactly(model, tmp_path):
    prompt = ((FOX, 0.1 + 0.2), (CAT, 1 / 3))
    script = [chunk(), chunk(), chunk(prompt=prompt), chunk(), chunk(prompt=DUCK)]
    start = stream(model, prompt=BOTH)
    made, recording = recorded(start, tmp_path / "run.jsonl", script)
    assert recording.controls.prompt == BOTH
    assert recording.lines[2]["knobs"]["prompt"] == [list(pair) for pair in prompt]
    assert recording.prompts == ((0, in_words(BOTH)), (2, in_words(prompt)), (4, DUCK))
    assert_same(made, list(replay_of(recording, model)))


def test_a_timeline_plays_its_mixtures(model):
    entries = [
        Entry(prompts=DUCK, start=0, end=0.3),
        Entry(prompts=((FOX, 70), (CAT, 30)), start=0.3, end=0.9, transition=Taking(0, "slerp")),
    ]
    video = stream(model, prompt=DUCK)
    player = TimelinePlayer(video, Timeline(entries))
    by_hand = stream(model, prompt=DUCK)
    expected = frames(by_hand, 2)
    by_hand.transition, by_hand.prompt = Transition(chunks=1, kind="slerp"), BOTH
    expected = np.concatenate([expected, frames(by_hand, 6)])
    np.testing.assert_array_equal(frames(player, 8), expected)
    assert video.prompt == ((FOX, 70.0), (CAT, 30.0)) and not player.remarks


def test_unknown_words_of_every_text_are_named(model):
    video = stream(model, prompt=((FOX, 1), ("a zeppelin and a cat", 1)))
    assert video.unknown_words(video.prompt) == ("zeppelin",)
    assert video.remarks == ("words this model does not know: zeppelin",)
    with pytest.raises(ValueError, match="prompt must have a word that this model knows, got 'zep"):
        video.prompt = ((FOX, 1), ("zeppelin", 1))
    assert in_words(video.prompt).startswith("50% ")


BAD = [
    (3, "prompt must be a text or .text, weight. pairs such as .*, got 3"),
    ((), r"prompt must be a text or .*, got \(\)"),
    ((FOX, CAT), "prompt must be a text or .* pairs"),
    (((3, 1),), "prompt text must be a text, got 3"),
    ((("", 1),), "prompt text must not be empty"),
    (((FOX, -1),), r"prompt weight must be in 0\.\.1e\+06, got -1"),
    (((FOX, "much"),), "prompt weight must be a number"),
    (((FOX, 0), (CAT, 0)), r"prompt must have a weight above 0, got \[0\.0, 0\.0\]"),
]


@pytest.mark.parametrize(("prompt", "message"), BAD, ids=[str(prompt) for prompt, _ in BAD])
def test_prompts_that_make_no_sense_are_refused_and_the_stream_stays(model, prompt, message):
    with pytest.raises(ValueError, match=message):
        VideoControls(prompt=prompt)
    video = stream(model, prompt=FOX)
    with pytest.raises(ValueError, match=message):
        video.prompt = prompt
    assert video.prompt == FOX


def test_shares_are_above_zero_and_add_up_to_one():
    assert shares_of("a fox") == (("a fox", 1.0),)
    assert shares_of((("b", 1), ("a", 1), ("c", 0))) == (("a", 0.5), ("b", 0.5))
    thirds = shares_of(tuple((name, 1 / 3) for name in "abc"))
    torch.testing.assert_close(sum(share for _, share in thirds), 1.0)
