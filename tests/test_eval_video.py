"""The evaluation's own arithmetic, on renders where the truth is known."""

import dataclasses

import numpy as np
import pytest

from playground.benchmarks import eval_video, video_measures, video_scripts
from playground.world.clips import VIDEO_OBJECTS, held_out_video_pairs, sample_take
from small_video import small_model

SCRIPTS = video_scripts.seen_scripts(16, 48, seed=3)
CLIPS = [video_scripts.rendered(script, 48) for script in SCRIPTS]


def test_renders_are_followed_to_a_fraction_of_a_pixel_and_named_right():
    assert eval_video.epe(CLIPS, SCRIPTS) < 0.4
    objects, scenes = eval_video.shares_named(CLIPS, SCRIPTS)
    assert objects >= 0.97
    assert scenes >= 0.97


def test_a_shift_of_three_pixels_is_measured_as_three_pixels():
    shifted = [np.roll(clip, 3, axis=2) for clip in CLIPS[:4]]
    assert eval_video.epe(shifted, SCRIPTS[:4]) == pytest.approx(3, abs=0.4)


def test_tracks_of_another_stream_score_far_worse():
    others = [*SCRIPTS[1:], SCRIPTS[0]]
    assert eval_video.epe(CLIPS, others, words=SCRIPTS) > 5


def test_a_wrong_object_is_not_taken_for_the_right_one():
    wrong = [dataclasses.replace(script, word="robot") for script in SCRIPTS]
    names = [script.word == "robot" for script in SCRIPTS]
    objects, _ = eval_video.shares_named(CLIPS, wrong)
    assert objects == pytest.approx(np.mean(names), abs=0.03)


def test_mists_are_read_from_renders():
    right = []
    for script, clip in zip(SCRIPTS, CLIPS, strict=True):
        rng = np.random.default_rng(script.seed)
        take = sample_take(rng, 48, pairs=((script.word, script.scene),), two=0.0)
        place = tuple(script.path[20].tolist())
        said = video_measures.mist_of(clip[20], place, script.scene)
        right.append(said == take.mist)
    assert np.mean(right) >= 0.95


def test_a_mist_that_changes_is_noticed():
    scripts = [dataclasses.replace(s, path=np.tile(s.path, (7, 1))[:303]) for s in SCRIPTS[:6]]
    kept = [np.repeat(clip[10:11], 303, 0) for clip in CLIPS[:6]]
    assert eval_video.mists_kept(kept, scripts) == 1
    changed = [clip.copy() for clip in kept]
    for clip in changed:
        clip[200:] = clip[200:, :, :, ::-1]  # red and blue change places
    assert eval_video.mists_kept(changed, scripts) < 0.7


def test_streams_that_all_begin_alike_show_no_variety():
    assert eval_video.variety(CLIPS[:1] * 4, SCRIPTS[:1] * 4) == 0
    assert eval_video.variety(CLIPS, SCRIPTS) > 0.5


def test_scripts_are_fixed_by_their_seed_and_keep_the_sprite_inside():
    again = video_scripts.seen_scripts(16, 48, seed=3)
    for one, other in zip(SCRIPTS, again, strict=True):
        assert (one.word, one.scene, one.seed) == (other.word, other.scene, other.seed)
        np.testing.assert_array_equal(one.path, other.path)
        assert ((one.path >= 17) & (one.path <= 47)).all()
    held = set(held_out_video_pairs())
    assert not held & {(s.word, s.scene) for s in SCRIPTS}
    assert {(s.word, s.scene) for s in video_scripts.held_out_scripts(16, 3, 0)} == held
    assert len(held) == len(VIDEO_OBJECTS)


@pytest.mark.parametrize("kind", video_scripts.DRAWN)
def test_drawn_paths_are_as_fast_as_a_hand_and_inside(kind):
    path = video_scripts.drawn_path(kind, 72)
    steps = np.hypot(*np.diff(path, axis=0).T)
    assert steps.max() < 3
    assert ((path > 14) & (path < 50)).all()
    assert (steps < 0.01).any() == (kind == "stops")


def test_periodic_paths_come_back():
    path = video_scripts.smooth_path(np.random.default_rng(0), 300, period=100)
    np.testing.assert_allclose(path[:100], path[200:], atol=1e-3)


def test_a_model_is_filmed_along_the_path_in_its_own_size():
    model = small_model()
    clip = video_scripts.filmed(model, dataclasses.replace(SCRIPTS[0], word="fox"), 7)
    assert clip.shape == (7, 16, 16, 3)
    np.testing.assert_array_equal(
        clip, video_scripts.filmed(model, dataclasses.replace(SCRIPTS[0], word="fox"), 7)
    )
    assert np.isfinite(eval_video.codec_psnr(small_model(size=64), 0, count=2))


@pytest.mark.slow
def test_renders_pass_every_limit():
    figures = eval_video.first_look(lambda s, n, **_: video_scripts.rendered(s, n), 12, 5)
    assert figures["sharpness_ratio"] == 1
    assert figures["epe_control_px_64"] > 5 > figures["epe_drawn_px_64"]
    assert not eval_video.bench_image.missed_limits(figures, eval_video.LIMITS)


def test_too_few_streams_are_refused():
    with pytest.raises(ValueError, match="streams must be >= 4, got 3"):
        eval_video.run(streams=3)
