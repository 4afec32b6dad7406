"""The moving world: exact positions, rest while unspecified, the same take every time, nothing told of mists."""

import numpy as np
import pytest
import torch

from playground.models.words import WordEncoder
from playground.world import clips
from playground.world.captions import words_of


def take(seed=0, frames=24, **options):
    return clips.sample_take(np.random.default_rng(seed), frames, **options)


def difference_centre(picture, ground):
    """The middle of what differs from the ground."""
    changed = np.abs(picture.astype(int) - ground.astype(int)).sum(-1) > 24
    rows, columns = np.nonzero(changed)
    return np.array([columns.min() + columns.max() + 1, rows.min() + rows.max() + 1]) / 2


def still(word, centre, mist=None, frames=3):
    middle = np.tile([clips.STAGE / 2, clips.STAGE / 2, 1.0], (frames, 1))
    figure = clips.Figure(
        object=word,
        size=28.0,
        centre=np.tile(np.array(centre, float), (frames, 1)),
        tracked=np.ones(frames, bool),
    )
    return clips.Take(
        figures=(figure,), background="sea", seed=3, mist=mist, camera=middle, camera_tracked=np.zeros(frames, bool)
    )  # fmt: skip


def test_a_take_is_the_same_every_time():
    first, again = take(5), take(5)
    np.testing.assert_array_equal(clips.render_take(first), clips.render_take(again))
    assert first.caption() == again.caption()


@pytest.mark.parametrize("centre", [(32, 32), (20.5, 40), (45, 23.25)])
def test_a_sprite_stands_where_it_is_said_to_stand(centre):
    scene = still("ball", centre)
    ground = clips.render_take(clips.dataclasses.replace(scene, figures=()))
    found = difference_centre(clips.render_take(scene)[0], ground[0])
    np.testing.assert_allclose(found, centre, atol=1.0)


def test_what_is_not_tracked_rests_on_the_stage():
    for seed in range(20):
        scene = take(seed, 48)
        for figure in scene.figures:
            rests = ~figure.tracked[1:] & ~figure.tracked[:-1]
            still_camera = (np.diff(scene.camera, axis=0) == 0).all(1)
            moved = np.abs(np.diff(figure.centre, axis=0)).max(1)
            assert (moved[rests & still_camera] < 1e-9).all()


def test_what_is_grabbed_rested_untold_before():
    releases = 0
    for seed in range(40):
        scene = clips.sample_take(np.random.default_rng(seed), 48, grabbed=True)
        for figure in scene.figures:
            grab = int(figure.tracked.argmax())
            assert 3 <= grab <= 24
            assert not figure.tracked[:grab].any()
            assert figure.tracked[grab:24].all()
            releases += not figure.tracked[-1]
    assert 5 < releases < 30


def test_nothing_is_let_go_in_the_frame_of_its_grab():
    rng = np.random.default_rng(0)
    short = [clips.sample_take(rng, 8, grabbed=True) for _ in range(500)]
    assert all(figure.tracked.any() for scene in short for figure in scene.figures)


def test_steps_are_small_enough_to_follow():
    steps = [
        np.abs(np.diff(f.centre, axis=0)).max() for s in range(30) for f in take(s, 48).figures
    ]
    assert max(steps) < 8
    assert np.median(steps) > 0.5


def test_the_caption_tells_nothing_of_the_mist():
    clear, rosy = still("fox", (32, 36)), still("fox", (32, 36), mist="rose")
    assert clear.caption() == rosy.caption()
    different = (clips.render_take(clear) != clips.render_take(rosy)).any(-1)
    assert different[0][:12].all()  # over the ground
    assert not different[0][36:40, 30:34].any()  # not over the sprite


def test_scene_points_move_against_the_camera():
    scene = still("fox", (32, 32))
    camera = scene.camera + np.array([[0, 0, 0], [2, 0, 0], [4, 1, 0]])
    moving = clips.dataclasses.replace(scene, camera=camera)
    path = moving.scene_points(np.array([[64.0, 64.0]]))[:, 0]
    np.testing.assert_allclose(path, [[32, 32], [30, 32], [28, 31]])


def test_a_switched_take_keeps_mist_path_and_camera():
    rng, changed_scene = np.random.default_rng(0), 0
    for seed in range(30):
        before = take(seed)
        after = clips.switched(before, rng)
        assert after.mist == before.mist
        np.testing.assert_array_equal(after.figures[0].centre, before.figures[0].centre)
        other_object = after.figures[0].object != before.figures[0].object
        other_scene = after.background != before.background
        assert other_object != other_scene
        changed_scene += other_scene
    assert 2 < changed_scene < 20


def test_no_training_take_shows_a_held_out_pair():
    held = set(clips.held_out_video_pairs())
    assert len(held) == len(clips.VIDEO_OBJECTS)
    rng = np.random.default_rng(1)
    for seed in range(150):
        scene = take(seed, 4)
        for shown in (scene, clips.switched(scene, rng)):
            assert not held & {(f.object, shown.background) for f in shown.figures}


def test_words_know_every_caption():
    words = WordEncoder(words_of(clips.VIDEO_OBJECTS, clips.VIDEO_SCENES))
    rng = np.random.default_rng(2)
    for seed in range(200):
        assert words.unknown(take(seed, 2).caption(rng)) == []


def test_unknown_words_are_named_and_left_out():
    words = WordEncoder(("a", "fox", "snow"), width=8, length=4)
    assert words.known("A zebra, a FOX!") == ["a", "a", "fox"]
    assert words.unknown("A zebra, a FOX!") == ["zebra"]
    torch.testing.assert_close(words(["a zebra a fox"]), words(["a a fox"]))
    assert words(["zebra"]).abs().max() == 0


def test_what_nothing_tells_of_stands_in_the_middle():
    for seed in range(60):
        sampled = take(seed, frames=6, two=0.0)
        if not sampled.figures[0].tracked[0]:
            assert abs(sampled.figures[0].centre[0] - (32, 36)).max() <= 3
