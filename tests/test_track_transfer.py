"""A clip's motion becomes tracks: known motions are found again, what is lost says nothing."""

import cv2
import numpy as np
import pytest
from tqdm import tqdm

from playground.conditioning.track_transfer import transfer
from playground.conditioning.tracks import Tracks
from playground.frames import ClipFile

SPEED = np.array([1.2, -0.7])  # pixels a frame


def texture(side=200, seed=0):
    noise = np.random.default_rng(seed).random((side, side, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return ((soft - soft.min()) / np.ptp(soft) * 255).astype(np.uint8)


def clip(frames=16, size=(64, 64), zoom=1.0, speed=SPEED):
    """A window over a texture that moves by `speed`, or grows by `zoom`, from frame to frame."""
    height, width = size
    middle = np.array([width, height]) / 2 - 0.5
    shots = []
    for frame in range(frames):
        scale, shift = zoom**frame, middle - 100 * zoom**frame + speed * frame
        lens = np.float32([[scale, 0, shift[0]], [0, scale, shift[1]]])
        shots.append(cv2.warpAffine(texture(), lens, (width, height)))
    return np.stack(shots)


def steps(tracks):
    told = tracks.visible[1:] & tracks.visible[:-1]
    return np.diff(tracks.points, axis=0)[told]


# ---------------------------------------------------------------- what is found


def test_a_moving_picture_gives_its_motion():
    tracks = Tracks.from_video(clip(), fps=24)
    assert tracks.fps == 24 and tracks.size == (64, 64) and tracks.frames == 16
    off = np.hypot(*(steps(tracks) - SPEED).T)
    assert np.median(off) < 0.05 and np.mean(off < 0.3) > 0.96


def test_a_growing_picture_gives_tracks_away_from_its_middle():
    tracks = Tracks.from_video(clip(zoom=1.03, speed=np.zeros(2), size=(48, 80)), fps=20)
    told = tracks.visible[0] & tracks.visible[10]
    before, after = (tracks.points[k, told] - (40, 24) for k in (0, 10))
    assert told.sum() >= 12
    np.testing.assert_allclose((before * after).sum() / (before**2).sum(), 1.03**10, rtol=0.02)


def test_the_picture_stays_covered_and_every_life_is_one_piece():
    tracks = Tracks.from_video(clip(30, speed=np.array([2.0, 0])), fps=20)
    assert tracks.visible.sum(1).min() >= 40 and tracks.count > 70
    edges = np.diff(tracks.visible.astype(int), axis=0)
    assert ((edges == 1).sum(0) <= 1).all() and ((edges == -1).sum(0) <= 1).all()
    assert len(set(tracks.identity.tolist())) == tracks.count
    assert tracks.visible.sum(0).min() >= 3


def test_points_under_a_passing_box_are_lost_and_the_box_is_followed():
    shots = clip(speed=np.zeros(2))
    box = texture(20, seed=5)
    for frame, shot in enumerate(shots):
        shot[20:40, 2 * frame : 2 * frame + 20] = box
    tracks = Tracks.from_video(shots, fps=20)
    speeds = steps(tracks)[:, 0]
    assert np.mean((speeds > 1.8) & (speeds < 2.2)) > 0.05
    assert np.mean(abs(speeds) < 0.1) > 0.7
    start = tracks.points[0]
    ahead = tracks.visible[0] & (abs(start - (38, 30)) < (6, 6)).all(1)
    assert ahead.any() and not tracks.visible[-1, ahead].any()


def test_pictures_that_jump_lose_all_points():
    jump = np.concatenate([clip(4), np.roll(clip(4), (31, 29), (1, 2))[:, ::-1]])
    followed = list(transfer(jump, fps=20))
    survivors = np.intersect1d(followed[3].sighting.identity, followed[4].sighting.identity)
    assert len(survivors) < 0.2 * len(followed[3].sighting.identity)


def test_plain_areas_with_a_little_noise_are_not_followed():
    rng = np.random.default_rng(0)
    noisy = np.clip(128 + rng.normal(0, 3, (6, 64, 64, 3)), 0, 255).astype(np.uint8)
    with pytest.raises(ValueError, match="video must show texture that can be followed"):
        Tracks.from_video(noisy, fps=20)


# ---------------------------------------------------------------- how it is asked


def test_arrays_lists_and_generators_give_the_same_tracks():
    shots = clip(6)
    ways = [shots, list(shots), (shot for shot in shots), shots.astype(np.float32) / 255]
    first, *others = (Tracks.from_video(way, fps=20) for way in ways)
    for other in others:
        np.testing.assert_array_equal(other.points, first.points)


def test_a_video_file_brings_its_own_rate(tmp_path):
    with ClipFile(tmp_path / "clip.mp4", fps=12) as film:
        for shot in clip(8, size=(128, 128)):
            film.write(shot)
    tracks = Tracks.from_video(tmp_path / "clip.mp4")
    assert tracks.fps == 12 and tracks.frames == 8 and tracks.size == (128, 128)
    assert np.median(np.hypot(*(steps(tracks) - SPEED).T)) < 0.15
    small = tracks.resample(fps=20, size=(64, 64))
    assert np.median(np.hypot(*(steps(small) - SPEED / 2 * 12 / 20).T)) < 0.1


def test_progress_is_a_generator_that_one_may_leave():
    seen = []
    for followed in transfer(iter(clip(10)), fps=20):
        seen.append(followed.number)
        if followed.number == 4:
            break
    assert seen == [0, 1, 2, 3, 4] and followed.tracks().frames == 5
    bars = []
    Tracks.from_video(
        clip(5), fps=20, progress=lambda loop: bars.append(tqdm(loop, disable=True)) or loop
    )
    assert len(bars) == 1


def test_an_endless_source_ends_at_max_frames():
    shots = clip(6)
    endless = (shots[k % 6] for k in iter(int, 1))
    assert Tracks.from_video(endless, fps=20, max_frames=4).frames == 4


WRONG = {
    r"video must have at least 2 frames, got 1": {"video": clip(1)},
    r"video must have at least 2 frames, got 0": {"video": []},
    r"video must have shape \[T, H, W, 3\], got \[64, 64\]": {"video": clip(1)[0, ..., 0]},
    r"video must be a path, an array .* or an iterable of frames, got 3": {"video": 3},
    r"frame 1 must have the size of the first one \(64, 64\), got \(8, 8\)": {
        "video": [clip(1)[0], np.zeros((8, 8, 3), np.uint8)]
    },
    r"frame 0 of floats must be in 0..1": {"video": clip(2) * 1.0},
    r"fps must be given for frames that come from no file": {"fps": None},
    r"fps must be a finite number above 0": {"fps": -2},
    r"spacing_px must be a finite number above 0.99, got 0": {"spacing_px": 0},
    r"backward_px must be a finite number above 0, got 0": {"backward_px": 0},
    r"max_frames must be in 2..100000, got 1": {"max_frames": 1},
}


@pytest.mark.parametrize("message", WRONG)
def test_clips_that_cannot_be_followed_are_refused(message):
    asked = {"video": clip(3), "fps": 20, **WRONG[message]}
    with pytest.raises(ValueError, match=message):
        Tracks.from_video(asked.pop("video"), **asked)


def test_files_that_are_no_video_are_refused(tmp_path):
    (tmp_path / "a.mp4").write_text("hello")
    with pytest.raises(ValueError, match="video must be a video that can be read"):
        Tracks.from_video(tmp_path / "a.mp4")
    with pytest.raises(
        FileNotFoundError, match=r"video must be a video file that exists, got .*gone"
    ):
        Tracks.from_video(tmp_path / "gone.mp4")
