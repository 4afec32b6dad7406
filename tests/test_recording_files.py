"""What is wrong with a recording, or with a wish to make or replay one, is said in words."""

import json
from types import SimpleNamespace

import pytest

from playground import Recording, VideoStream
from small_video import small_model


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture
def file(model, tmp_path):
    video = VideoStream.load(model)
    with Recording.start(video, tmp_path / "run.jsonl"):
        next(video)
        video.prompt = "a cat on the beach"
        next(video)
    return tmp_path / "run.jsonl"


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def rewrite(file, lines):
    file.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    )


@pytest.mark.parametrize(
    ("number", "change", "message"),
    [
        (0, {"format": "another"}, "must be a file that Recording.start wrote"),
        (
            0,
            {"version": 9},
            "must have version 1, got 9; replay it with the playground that wrote it",
        ),
        (0, {"kind": "sound"}, "line 1 of .* must say kind image or video, got 'sound'"),
        (0, {"model": "tiny"}, "line 1 of .* must say model, got str"),
        (0, {"controls": {"seed": -1}}, "line 1 of .* has a knob that is wrong: seed must be in"),
        (1, {"step": 5}, "line 2 of .* must be step 0, got 5"),
        (
            2,
            {"knobs": {"seed": "x"}},
            "line 3 of .* has a knob that is wrong: seed must be a whole number",
        ),
        (2, {"knobs": {"mood": 1}}, "line 3 of .* has a knob that is wrong: .*mood"),
        (
            2,
            {"knobs": {"tracks": {"type": "os:system"}}},
            "type must be a dataclass of this package, got 'os:system'",
        ),
        (2, {"knobs": {"tracks": {"type": "Tracks"}}}, "line 3 of .* has a knob that is wrong"),
    ],
)
def test_a_line_that_is_wrong_is_named(file, number, change, message):
    lines = lines_of(file)
    lines[number] |= change
    rewrite(file, lines)
    with pytest.raises(ValueError, match=message):
        Recording.load(file)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{half", "line 2 of .* must be JSON, got '{half'"),
        ("[1]", "line 2 of .* must be an object"),
        ('{"hello": 1}', "line 2 of .* must be a step, a flush or a reset, got 'hello'"),
    ],
)
def test_a_line_that_is_none_is_named(file, line, message):
    rewrite(file, [lines_of(file)[0], line, *lines_of(file)[1:]])
    with pytest.raises(ValueError, match=message):
        Recording.load(file)


@pytest.mark.parametrize("content", [b"", b"hello", b"hello\n", b"[1]\n", b"\xff\xfe\x00\n"])
def test_what_is_no_recording_is_refused(tmp_path, content):
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(ValueError, match=r"must be a file that Recording\.start wrote"):
        Recording.load(tmp_path / "a.jsonl")


def test_a_recording_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="recording must be a file that exists"):
        Recording.load(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a.json", ValueError, r"path must end in \.jsonl, got"),
        ("gone/a.jsonl", FileNotFoundError, "path must be in a folder that exists"),
        ("run.jsonl", FileExistsError, "path must not exist yet, .* never written over"),
    ],
)
def test_a_place_that_cannot_be_is_refused(model, file, name, error, message):
    with pytest.raises(error, match=message):
        Recording.start(VideoStream.load(model), file.parent / name)


def test_a_stream_that_cannot_be_recorded_is_told_why(model, tmp_path):
    with pytest.raises(ValueError, match=r"stream must be an ImageStream .* got int"):
        Recording.start(3, tmp_path / "a.jsonl")
    video = VideoStream.load(model)
    next(video)
    with pytest.raises(
        ValueError, match=r"at its beginning to be recorded, .* call stream\.reset\(\) first"
    ):
        Recording.start(video, tmp_path / "a.jsonl")
    video.reset()
    with (
        Recording.start(video, tmp_path / "a.jsonl"),
        pytest.raises(ValueError, match="must not be recorded already"),
    ):
        Recording.start(video, tmp_path / "b.jsonl")
    video.reset()
    Recording.start(video, tmp_path / "b.jsonl").stop()


def test_another_model_is_refused_unless_it_is_meant(file):
    recording, other = Recording.load(file), small_model(seed=1)
    with pytest.raises(ValueError, match=r"model must be the recorded one .* check_model=False"):
        recording.replay(other)
    assert len(list(recording.replay(other, check_model=False))) == 2


def test_a_model_that_is_not_here_is_named(file, model):
    with pytest.raises(ValueError, match=r"model must be handed in, .* from no folder"):
        Recording.load(file).replay()
    head, *rest = lines_of(file)
    head["model"]["name"] = "gone/model"
    rewrite(file, [head, *rest])
    with pytest.raises(
        FileNotFoundError, match="recording's model 'gone/model' must be here to replay it"
    ):
        Recording.load(file).replay()
    assert len(list(Recording.load(file).replay(model))) == 2


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"mood": 1},
            "overrides must be knobs of the recorded video stream: prompt, .* got 'mood'",
        ),
        ({"chunk": 2}, "chunk must stay as it was recorded"),
        ({"seed": -1}, "seed must be in"),
        ({"policy": "none"}, "policy must be one of"),
        ({"recache": "never"}, "recache must be one of"),
    ],
)
def test_bad_overrides_are_refused_before_anything_is_made(file, model, overrides, message):
    with pytest.raises(ValueError, match=message):
        Recording.load(file).replay(model, **overrides)


def test_a_stream_that_begins_with_a_picture_cannot_be_recorded(model, tmp_path, monkeypatch):
    state = SimpleNamespace(flight=SimpleNamespace(first="latents of a picture"))
    monkeypatch.setattr(VideoStream, "state", state)
    with pytest.raises(ValueError, match="stream must begin with noise to be recorded"):
        Recording.start(VideoStream.load(model), tmp_path / "a.jsonl")
