"""While a recording is written: engines, networks that change, failures, full disks, a kernel that dies."""

import importlib.util

import jaxtyping
import numpy as np
import pytest

from pictures import drawings
from playground import Engine, ImageStream, Recording, VideoStream
from playground.frames import Drawing
from replays import assert_same, more, replay_of
from small_video import small_model


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "run.jsonl"


def test_an_engine_is_recorded_with_the_step_at_which_a_change_took_effect(model, file):
    video = VideoStream.load(model)
    seen, engine = [], Engine(video, max_fps=None)
    put = engine.mailbox.put
    engine.mailbox.put = lambda shot: (seen.append(shot.picture), put(shot))
    with Recording.start(video, file), engine:
        for prompt in ("a cat on the beach", "a fox on snow", "a duck on the sea"):
            more(seen, 5)
            engine.replace(prompt=prompt)
        more(seen, 5)
    recording = Recording.load(file)
    again = np.concatenate(list(replay_of(recording, model)))
    np.testing.assert_array_equal(np.stack(seen), again[: len(seen)])
    assert [prompt for _, prompt in recording.prompts] == [
        "a duck on the sea", "a cat on the beach", "a fox on snow", "a duck on the sea",
    ]  # fmt: skip


def test_an_engine_that_draws_is_recorded_with_its_drawings(v_model, file):
    stream, source, seen = ImageStream.load(v_model), Drawing((64, 64)), []
    engine = Engine(stream, source, max_fps=None)
    engine.mailbox.put = lambda shot: seen.append(shot.picture)
    with Recording.start(stream, file), engine:
        for frame in drawings(3):
            source.put(frame)
            more(seen, 3)
        engine.restart()
        more(seen, 3)
    recording = Recording.load(file)
    assert_same(seen, list(recording.replay(v_model)))
    assert sum("frames" in line for line in recording.lines) <= 4  # only when they changed


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="needs openvino")
def test_networks_that_change_in_the_middle_answer_the_same_calls_again(
    file, monkeypatch, tmp_path
):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # networks are traced
    first = small_model(runtime="openvino")
    video = VideoStream.load(first, seed=2)
    made = []
    with Recording.start(video, file):
        for number in range(9):
            made.append(next(video).frames)
            if number == 4:
                assert first.runtime.wait(200)
    letters = [line["networks"] for line in Recording.load(file).lines if "networks" in line]
    assert "p" in letters[0] and "f" in letters[-1]
    for model in (first, small_model(runtime="openvino")):
        assert_same(made, list(replay_of(Recording.load(file), model)))


def test_a_stream_that_takes_a_snapshot_goes_on_and_the_recording_ends(model, file):
    video = VideoStream.load(model)
    state = video.state
    with Recording.start(video, file) as journal:
        made = [next(video).frames]
        video.restore(state)
        next(video)
    assert not journal.is_open
    recording = Recording.load(file)
    assert recording.remarks == ("the recording ends here: the stream went to a snapshot",)
    assert_same(made, list(replay_of(recording, model)))


def test_a_step_that_fails_is_not_recorded(v_model, file):
    stream = ImageStream.load(v_model)
    with Recording.start(stream, file):
        made = [stream(drawings(1)[0])]
        with pytest.raises(ValueError, match=r"frame of floats must be in 0\.\.1"):
            stream(np.full((8, 8), 7.0))
        made.append(stream(drawings(2)[1]))
    assert_same(made, list(Recording.load(file).replay(v_model)))


def test_everything_is_on_disk_after_every_step_and_half_a_line_is_told(model, file):
    video = VideoStream.load(model)
    Recording.start(video, file)
    made = [next(video).frames for _ in range(3)]
    assert_same(
        made, list(replay_of(Recording.load(file), model))
    )  # nobody stopped or closed anything
    video.journal.stop()
    text = file.read_text()
    file.write_text(text[:-9])
    recording = Recording.load(file)
    assert recording.steps == 2 and recording.remarks[0].startswith(
        "line 4 was cut off and is left out"
    )
    assert_same(made[:2], list(replay_of(recording, model)))


def test_a_full_disk_ends_the_recording_and_not_the_stream(model, file):
    video, told = VideoStream.load(model), []
    journal = Recording.start(video, file, on_error=told.append)
    next(video)
    journal._file.close()
    journal._file = open("/dev/full", "w", buffering=1)  # noqa: SIM115
    assert next(video).index == 1 and next(video).index == 2
    assert not journal.is_open and told == [journal.error]
    assert "could not be written; is the disk full" in str(journal.error)
    assert Recording.load(file).steps == 1
