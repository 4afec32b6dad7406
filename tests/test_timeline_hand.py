"""A timeline plays beside a person: their knobs, their paths, and words that a model does not know."""

from dataclasses import replace

import numpy as np
import pytest

from fake_video import FakeVideo
from playground import Engine, Timeline, Tracks
from playground.streams.timeline_player import TimelinePlayer
from small_video import SIZE, small_model, stream
from timelines import QUICK, played, told


@pytest.fixture(scope="module")
def model():
    return small_model()


# ---------------------------------------------------------------- beside a hand


def test_what_a_hand_sets_stays_and_its_prompt_holds_until_the_next_entry(model):
    player = TimelinePlayer(stream(model), QUICK)
    played(player, 2)
    player.seed, player.prompt = 9, "a robot in the night"
    by_frame = told(played(player, 4))
    assert by_frame == dict.fromkeys((6, 9), "a robot in the night") | dict.fromkeys(
        (12, 15), "a cat on the beach"
    )
    assert player.controls.seed == 9


def test_a_refused_knob_of_a_hand_changes_nothing(model):
    player = TimelinePlayer(stream(model), QUICK)
    next(player)
    before = player.controls
    with pytest.raises(ValueError, match="prompt must have a word that this model knows"):
        player.prompt = "quantum foam"
    assert player.controls == before
    assert next(player).prompt == "a duck on the sea"


def test_paths_run_frame_by_frame_beside_those_of_a_hand(model):
    way = Tracks.from_strokes([[(2, 2), (14, 12)]], size=SIZE)
    hand = Tracks([[[8, 8]]] * 40, size=SIZE)
    player = TimelinePlayer(stream(model, tracks=hand), QUICK.add_tracks(way, 0.2, 0.5))
    chunks = played(player, 5)
    window = np.concatenate([chunk.tracks.points[:, -1] for chunk in chunks[1:4]])
    seen = np.concatenate([chunk.tracks.visible[:, -1] for chunk in chunks[1:4]])
    assert seen.tolist() == [False] + [True] * 6 + [False] * 2
    np.testing.assert_array_equal(window[1:7], way.points[:6, 0])
    assert all(chunk.tracks.visible[:, 0].all() for chunk in chunks)


def test_a_camera_moves_the_scene_while_its_event_runs_and_stands_in_a_pause(model):
    player = TimelinePlayer(stream(model), QUICK.add_camera(0.15, 0.9, pan_px_s=(20, 0), size=SIZE))
    still, moving, further = played(player, 3)
    assert not still.tracks.visible.any()
    assert moving.tracks.scene.all()
    seen = further.tracks.visible.all(0)
    assert seen.any()
    steps = np.diff(further.tracks.points[:, seen], axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to([-1, 0], steps.shape), atol=1e-4)
    player.pause()
    halted = next(player)
    assert halted.tracks.visible.any()
    assert not np.diff(halted.tracks.points, axis=0).any()


def test_words_that_the_model_does_not_know_are_left_out_and_named(model):
    text = (
        "A gorgeous 3D animated scene. A fluffy duck swims proudly on the wide sea at dawn. " * 20
    )
    player = TimelinePlayer(stream(model), Timeline().add(text))
    assert next(player).prompt == "a duck on the sea"
    assert "entry 1: words this model does not know: gorgeous, 3d, animated" in player.remarks[0]
    assert "it hears 'a duck on the sea'" in player.remarks[0]


def test_where_nothing_is_known_the_prompt_before_stays(model):
    player = TimelinePlayer(stream(model), QUICK.change(2, prompts="quantum foam on the ceiling"))
    assert told(played(player, 6))[15] == "a duck on the sea"
    assert "entry 2: nothing of it is known, so the prompt before stays" in player.remarks


def test_what_the_stream_refuses_is_a_remark_and_the_video_goes_on():
    model = small_model(track_channels=0)
    player = TimelinePlayer(stream(model), QUICK.add_camera(0, 1, pan_px_s=(9, 0)))
    assert len(played(player, 3)) == 3
    assert player.remarks == (
        "the stream refused: tracks must be None for a model without a track input, got some",
    )


def test_several_prompts_are_heard_by_their_weights_and_unknown_ones_left_out(model):
    weighted = [("a duck", 30), ("a cat", 60), ("zeppelin", 10)]
    player = TimelinePlayer(stream(model), Timeline().add(weighted))
    assert next(player).prompt == "67% a cat + 33% a duck"
    assert any("zeppelin" in remark for remark in player.remarks)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda p: setattr(p, "timeline", "a duck[5s]"),
            r"timeline must be a Timeline, got str; use",
        ),
        (lambda p: p.load(None), "timeline must be a Timeline, got NoneType"),
        (lambda p: p.seek(-1), "seconds must be >= 0 seconds, got -1"),
    ],
)
def test_what_cannot_be_played_is_refused(model, act, message):
    player = TimelinePlayer(stream(model), QUICK)
    with pytest.raises(ValueError, match=message):
        act(player)
    assert player.timeline == QUICK


def test_an_engine_drives_it(model):
    player = TimelinePlayer(FakeVideo(work_s=0), QUICK)
    engine = Engine(player, max_fps=None)
    with engine:
        while player.stream.frame < 24:
            pass
        engine.replace(seed=7)
    assert engine.error is None
    assert (
        player.stream.prompts[:24]
        == ["a duck on the sea"] * 12 + ["a cat on the beach"] * 9 + ["a fox on snow"] * 3
    )
    engine.restart()
    engine.stop()
    assert player.stream.prompts[:1] == ["a duck on the sea"]
    assert replace(player.controls, prompt="") == replace(player._hand, prompt="")
