"""Files of trackers are read whatever their names and axes; broken ones are refused, none is unpickled."""

import json
import pickle

import numpy as np
import pytest

from playground.conditioning.tracks import Tracks

SIZE, FPS = (48, 80), 25  # height, width


def walk(frames=12, points=5, seed=0):
    rng = np.random.default_rng(seed)
    start = rng.uniform((20, 15), (60, 33), (points, 2))
    return (start + rng.uniform(-1, 1, (frames, points, 2)).cumsum(0)).astype(np.float32)


def seen(frames=12, points=5):
    return np.random.default_rng(1).random((frames, points)) > 0.3


def read(path, **more):
    return Tracks.from_file(path, **{"fps": FPS, "size": SIZE, **more})


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(
    ("track_key", "seen_key"),
    [
        ("tracks", "visibility"),
        ("pred_tracks", "pred_visibility"),
        ("tracks", "visibles"),
        ("Tracks", "vis"),
    ],
)
def test_tracks_of_trackers_are_read_under_their_usual_names(tmp_path, track_key, seen_key, batch):
    tracks, visible = (a[None] if batch else a for a in (walk(), seen()))
    np.savez(tmp_path / "a.npz", **{track_key: tracks, seen_key: visible})
    got = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(got.points, walk())
    np.testing.assert_array_equal(got.visible, seen())
    assert got.fps == FPS and got.size == SIZE and len(set(got.identity.tolist())) == 5


@pytest.mark.parametrize(
    "visible",
    [seen()[..., None], seen()[None, ..., None], seen().astype(np.uint8), seen() * 0.9],
    ids=["last axis", "both axes", "bytes", "confidence"],
)
def test_visibility_is_read_in_all_its_forms(tmp_path, visible):
    np.savez(tmp_path / "a.npz", tracks=walk(), visibility=visible)
    np.testing.assert_array_equal(read(tmp_path / "a.npz").visible, seen())


def test_occluded_points_are_unspecified_or_kept(tmp_path):
    np.savez(tmp_path / "a.npz", tracks=walk(), visibility=seen())
    assert read(tmp_path / "a.npz").unspecified.sum() == (~seen()).sum() > 0
    assert read(tmp_path / "a.npz", occluded="keep").visible.all()


@pytest.mark.parametrize("array", [walk(), walk()[None], walk().astype(np.float64)])
def test_a_bare_array_is_tracks_that_are_seen_everywhere(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    got = read(tmp_path / "a.npy")
    np.testing.assert_array_equal(got.points, walk())
    assert got.visible.all()


def test_tracks_of_a_large_video_fit_the_stream_after_resampling(tmp_path):
    np.save(tmp_path / "a.npy", walk() * 10)
    got = read(tmp_path / "a.npy", size=(480, 800)).resample(fps=20, size=(64, 64))
    np.testing.assert_allclose(got.points[0], walk()[0] * (64 / 80, 64 / 48), rtol=1e-5)
    assert got.frames == 9 and got.visible.all()


# ---------------------------------------------------------------- our own formats


def mixture():
    strokes = Tracks.from_strokes([[(10, 40), (50, 20)]], pinned=True)
    return strokes | Tracks.grid(32) | Tracks.camera(1, zoom_per_s=0.3) | Tracks.pins([(70, 5)])


@pytest.mark.parametrize("tracks", [mixture(), Tracks.pins([(0.1, 0.2)])], ids=["many", "one pin"])
@pytest.mark.parametrize("ending", [".json", ".npz"])
def test_what_was_saved_is_read_again(tmp_path, ending, tracks):
    tracks.save(tmp_path / f"a{ending}")
    got = Tracks.from_file(tmp_path / f"a{ending}")
    for name in ("visible", "identity", "scene", "pinned"):
        np.testing.assert_array_equal(getattr(got, name), getattr(tracks, name))
    np.testing.assert_array_equal(got.points[got.visible], tracks.points[tracks.visible])
    assert (got.fps, got.size) == (tracks.fps, tracks.size)
    if ending == ".npz":
        np.testing.assert_array_equal(got.points, tracks.points)


def test_the_json_can_be_written_by_hand(tmp_path):
    (tmp_path / "a.json").write_text("""
        {"format": "playground tracks", "version": 1, "fps": 10, "size": [48, 80], "points": [
            {"path": [[1, 2], null, [5, 6.5]]},
            {"path": [[9, 9]], "pinned": true, "scene": true}]}
    """)
    got = Tracks.from_file(tmp_path / "a.json")
    assert got.visible.tolist() == [[True, True], [False, True], [True, True]]
    np.testing.assert_allclose(got.points[:, 0], [(1, 2), (1, 2), (5, 6.5)])
    assert got.pinned.tolist() == got.scene.tolist() == [False, True]


# ---------------------------------------------------------------- what is refused


def lines(**more):
    base = {"format": "playground tracks", "version": 1, "fps": FPS, "size": [48, 80]}
    return json.dumps(base | {"points": [{"path": [[1, 2], [3, 4]]}]} | more)


def npz(**arrays):
    return lambda path: np.savez(path, **arrays)


def text(content):
    return lambda path: path.write_text(content)


def bad_values(value):
    tracks = walk()
    tracks[3, 2] = value
    return tracks


WRONG = {
    r"tracks in .* must have shape \[T, N, 2\] or \[1, T, N, 2\], got \[12, 5, 3\]": (
        ".npz",
        npz(tracks=np.ones((12, 5, 3))),
    ),
    r"must have shape .*got \[2, 12, 5, 2\]; save one video": (
        ".npz",
        npz(tracks=np.stack([walk()] * 2)),
    ),
    r"tracks in .* must have at least 2 frames, got 1; for points that stay use Tracks.pins": (
        ".npz",
        npz(tracks=walk(1)),
    ),
    r"tracks in .* must be finite, got \[nan, nan\] at frame 3, point 2; give such points any": (
        ".npz",
        npz(tracks=bad_values(np.nan)),
    ),
    r"tracks in .* must be finite, got \[inf, inf\]": (".npz", npz(tracks=bad_values(np.inf))),
    r"tracks in .* must be real numbers, got dtype complex64": (".npz", npz(tracks=walk() * 1j)),
    r"visibility in .* must have the tracks' shape \[12, 5\], got \[5, 12\]; transpose it": (
        ".npz",
        npz(tracks=walk(), visibility=seen().T),
    ),
    r"visibility in .* must be True, False or in 0..1, got -3.*": (
        ".npz",
        npz(tracks=walk(), visibility=seen() - 3.0),
    ),
    r"must hold tracks under one of tracks, .* got xy, seen; save with np.savez": (
        ".npz",
        npz(xy=walk(), seen=seen()),
    ),
    r"must be in pixels, got all in 0..1; multiply x by the width": (
        ".npz",
        npz(tracks=walk() / 80),
    ),
    r"must lie in the picture of size \(48, 80\), got most outside, up to \(533, .*pass the size": (
        ".npz",
        npz(tracks=walk() * 10),
    ),
    r"must be a whole .npz file, got one that is truncated": (".npz", text("PK nothing")),
    r"must be a whole .npy file, got one that is truncated": (".npy", text("")),
    r"must hold plain arrays, got Python objects, which could run code": (
        ".npy",
        lambda path: np.save(path, np.array({"tracks": 1}, dtype=object)),
    ),
    r"must be a whole .npy file, got one that is truncated or something else; save it again \(.*pickle": (
        ".npy",
        lambda path: path.write_bytes(pickle.dumps({"tracks": walk()})),
    ),
    r"must be one array, got an archive; name it .npz": (
        ".npy",
        lambda path: np.savez(path.open("wb"), tracks=walk()),
    ),
    r"must be a whole JSON file, got one that is truncated": (".json", text(lines()[:-9])),
    r"must have the format 'playground tracks' version 1, got another one": (".json", text("[1]")),
    r"must have the format .* got 'playground tracks' version 2": (".json", text(lines(version=2))),
    r"points in .* must be a list of points with a path": (".json", text(lines(points=[{}]))),
    r"points in .*, path 0, frame 1 must be \[x, y\] or null, got \[3\]": (
        ".json",
        text(lines(points=[{"path": [[1, 2], [3]]}])),
    ),
    r"points must be finite, got \[nan, 2.0\]": (".json", text(lines().replace("[1,", "[NaN,"))),
    r"size must be what .* says, \(32, 32\), got \(48, 80\); .* use .resample\(size=": (
        ".json",
        text(lines(size=[32, 32])),
    ),
    r"fps must be what .* says, 10, got 25": (".json", text(lines(fps=10))),
    r"scene must be True or False \(1 or 0\), got 7": (
        ".json",
        text(lines(points=[{"path": [[1, 2]], "scene": 7}])),
    ),
    r"path must end in .npz, .npy, .json, got .*a.mat": (".mat", text("?")),
}


@pytest.mark.parametrize("message", WRONG)
def test_files_that_are_no_tracks_are_refused(tmp_path, message):
    ending, make = WRONG[message]
    make(tmp_path / f"a{ending}")
    with pytest.raises(ValueError, match=message):
        read(tmp_path / f"a{ending}")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("ending", [".npz", ".npy", ".json"])
def test_a_file_that_ends_early_is_refused(tmp_path, ending, share):
    path = tmp_path / f"a{ending}"
    np.save(path, walk()) if ending == ".npy" else Tracks(walk(), size=SIZE, fps=FPS).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match=r"must be a whole .* file, got one that is truncated"):
        read(path)


@pytest.mark.parametrize("name", ["fps", "size"])
def test_what_a_file_does_not_say_must_be_given(tmp_path, name):
    np.save(tmp_path / "a.npy", walk())
    with pytest.raises(ValueError, match=rf"{name} must be given, .* does not say it; pass that"):
        read(tmp_path / "a.npy", **{name: None})


def test_files_and_choices_that_are_not_there_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"path must be a file that exists, got .*gone.npz"):
        read(tmp_path / "gone.npz")
    with pytest.raises(ValueError, match="occluded must be one of unspecified, keep, got 'hide'"):
        read(tmp_path / "gone.npz", occluded="hide")
    with pytest.raises(ValueError, match=r"path must end in .json or .npz, got .*a.npy"):
        Tracks(walk(), size=SIZE).save(tmp_path / "a.npy")
    with pytest.raises(FileNotFoundError, match="path must be in a folder that exists"):
        Tracks(walk(), size=SIZE).save(tmp_path / "no" / "a.npz")
    with pytest.raises(ValueError, match="tracks must have at least one point to be saved"):
        Tracks(np.zeros((2, 0, 2))).save(tmp_path / "a.json")
