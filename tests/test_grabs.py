"""The arithmetic of grabs: a perfect stand-in scores well, one that ignores the hand does not."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from playground.benchmarks import grabs, video_scripts
from playground.models.video_model import VideoModel
from playground.world.clips import render_take, sample_take
from small_video import small_model

SCRIPT = video_scripts.seen_scripts(4, 1, seed=3)[1]


class Obedient:
    """A stream that paints the thing where it is told, or where it was last; `deaf` = always in the middle."""

    fps, size = 20, (64, 64)

    def __init__(self, script, deaf):
        self.script, self.deaf, self.place = script, deaf, np.array([32.0, 36.0])
        self._tracks, self.at = None, 0

    @property
    def tracks(self):
        return self._tracks

    @tracks.setter
    def tracks(self, tracks):
        self._tracks, self.at = tracks, 0

    def __next__(self):
        told = None if self.tracks is None else self.tracks.window(self.at, 3)
        places = np.repeat(self.place[None], 3, 0)
        if told is not None:
            self.at += 3
            places = places if self.deaf else told.points[:, 0]
        self.place = places[-1]
        rng = np.random.default_rng(self.script.seed)
        take = sample_take(rng, 3, pairs=((self.script.word, self.script.scene),), two=0.0)
        figure = dataclasses.replace(take.figures[0], centre=places.astype(float))
        camera = np.repeat(take.camera[:1], 3, 0)
        frames = render_take(dataclasses.replace(take, figures=(figure,), camera=camera))
        return SimpleNamespace(frames=frames, tracks=told)


@pytest.mark.parametrize("deaf", [False, True])
def test_distance_from_the_hand_and_from_where_it_was_let_go(monkeypatch, deaf):
    monkeypatch.setattr(grabs, "VideoStream", lambda model, controls: Obedient(SCRIPT, deaf))
    drags = list(grabs.dragged(small_model(size=64), SCRIPT))
    assert len(drags) == grabs.ROUNDS
    if deaf:
        assert np.mean([drag.held for drag in drags]) > 4
        assert np.mean([drag.left for drag in drags]) > grabs.LOST_PX
    else:
        assert max(drag.held for drag in drags) < 0.7
        assert max(drag.left for drag in drags) < 0.7


def test_paths_begin_at_the_thing_stay_inside_and_wait():
    rng = np.random.default_rng(0)
    for _ in range(20):
        path = grabs.path(rng, np.array([40.0, 20.0]))
        assert path.shape == (grabs.HELD, 2)
        np.testing.assert_array_equal(path[0], (40, 20))
        assert np.hypot(*np.diff(path, axis=0).T).max() <= grabs.PACE_PX + 1e-3
        low, high = video_scripts.INSIDE
        assert ((path >= low) & (path <= high)).all()


def test_a_stream_with_the_old_sink_is_measured_beside_it():
    results = grabs.figures(small_model(size=64), 1, seed=0)
    for name in ("grab_epe_px_64", "let_go_px_64", "grabs_kept"):
        assert np.isfinite(results[name])
        assert np.isfinite(results[f"{name}_old_sink"])


def test_the_shipped_duck_follows_the_hand_and_stays_where_it_is_let_go():
    duck = dataclasses.replace(SCRIPT, word="duck", scene="sea")
    drags = list(grabs.dragged(VideoModel.load("tiny", device="cpu"), duck))
    assert max(drag.held for drag in drags) < 2
    assert max(drag.left for drag in drags) < 3
