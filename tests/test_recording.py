"""A recording replays to the same frames, bit for bit, whatever happened while it was written."""

import json
from itertools import islice

import pytest
import torch

from pictures import drawings
from playground import ImageStream, Recording, VideoStream
from playground.conditioning.live_tracks import LiveTracks
from playground.frames import about_clip
from replays import STORY, assert_same, chunk, picture, recorded, replay_of
from small_video import SIZE, path, small_model


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "run.jsonl"


def test_a_video_with_every_kind_of_change_replays_bit_for_bit(model, file):
    made, recording = recorded(VideoStream.load(model, seed=3), file, STORY)
    assert recording.steps == len(STORY) and recording.remarks == ()
    assert_same(made, list(replay_of(recording, model)))
    assert_same(made, list(replay_of(recording, model)))  # and once more


def test_a_reset_is_part_of_the_run(model, file):
    def again(video):
        video.reset()
        return next(video).frames

    made, recording = recorded(VideoStream.load(model), file, [*STORY[:2], again, chunk()])
    assert_same(made, list(replay_of(recording, model)))


def test_live_paths_are_repeated_as_they_were_commanded(model, file):
    video, live = VideoStream.load(model), LiveTracks(size=SIZE)
    video.tracks = live
    key = live.grab(4, 4)

    def pull(x, y):
        def step(video):
            live.move(key, x, y)
            return next(video).frames

        return step

    def let_go(video):
        live.release(key)
        live.camera(pan_px_s=(3, 0))
        return next(video).frames

    script = [chunk(), pull(9.25, 4), pull(1 / 3, 12), let_go, chunk()]
    made, recording = recorded(video, file, script)
    assert_same(made, list(replay_of(recording, model)))
    stale = list(replay_of(recording, model, policy="everything"))
    assert len(stale) == len(made)


def test_live_paths_refuse_chunks_of_another_length(model, file):
    video = VideoStream.load(model, tracks=LiveTracks(size=SIZE))
    _, recording = recorded(video, file, [chunk(), chunk()])
    lines = [{**line} for line in recording.lines]
    del lines[1]["window"]
    broken = Recording(path=file, head=recording.head, lines=tuple(lines))
    with pytest.raises(ValueError, match="chunks must be as long as they were recorded"):
        list(broken.replay(model))


def image_script():
    frames = drawings(5)
    return [
        picture(frames[0]),
        picture(frames[0], prompt="a frog on grass"),
        picture(frames[1], seed=9, guidance_scale=1.4),
        picture(frames[1], t_index=(10, 30, 45), seed_blend=(4, 0.3)),
        picture(frames[2], guidance="full", negative_prompt="a cat"),
        picture(frames[2], blend=[("a fox", 0.3), ("a cat", 0.7)], blend_mode="slerp"),
        picture(frames[3], feedback=0.2, similarity_threshold=0.98),
        picture(frames[3]),
        picture(frames[3]),
        picture(None, similarity_threshold=None),
        picture(frames[4], mode="sequential"),
        picture(frames[4], mode="batch", steps=2),
        lambda image: image(frames[3]),
    ]


def test_pictures_with_every_kind_of_change_replay_bit_for_bit(v_model, file):
    stream = ImageStream.load(v_model, seed=5, guidance="self")
    made, recording = recorded(stream, file, image_script())
    assert_same(made, list(recording.replay(v_model)))


def test_a_clip_with_its_flush_replays(v_model, file):
    stream = ImageStream.load(v_model, t_index=(10, 30, 45))
    frames = drawings(4)
    with Recording.start(stream, file):
        made = [stream(frame) for frame in frames] + stream.flush()
        stream.reset()
        made.append(stream(frames[2]))
    assert_same(made, list(Recording.load(file).replay(v_model)))


@pytest.mark.parametrize(
    "settings",
    [{"frame_buffer": 2, "size": (32, 48)}, {"mode": "sequential"}, {"add_noise": False}],
)
def test_the_settings_of_a_stream_are_part_of_the_run(v_model, file, settings):
    stream = ImageStream.load(v_model, num_inference_steps=25, t_index=(5, 20), **settings)
    frames = drawings(4)
    inputs = [frames[:2], frames[1:3]] if stream.frame_buffer == 2 else frames
    made, recording = recorded(stream, file, [picture(frame) for frame in inputs])
    assert_same(made, list(recording.replay(v_model)))


def test_text_to_image_replays(v_model, file):
    stream = ImageStream.load(v_model)
    with Recording.start(stream, file):
        made = list(islice(stream, 4))
    shown = list(Recording.load(file).replay(v_model))
    assert_same(made, [shown[0], *shown[2:]])  # iterating leaves out the repeats while slots fill


@pytest.mark.parametrize(
    "overrides", [{"recache": "stale"}, {"policy": "everything"}, {"seed": 4}, {"prompt": "a car"}]
)
def test_overrides_hold_all_along_and_everything_else_stays(model, file, overrides):
    _, recording = recorded(VideoStream.load(model, seed=3), file, STORY[:3])
    own = VideoStream.load(model, **{"seed": 3, **overrides})
    expected = []
    for number in range(3):
        if number == 1:
            own.prompt, own.text_guidance = "a cat on the beach", 1.5
        if number == 2:
            own.seed, own.tracks = 7, path((2, 3), (12.3, 9.7))
        for name, value in overrides.items():
            setattr(own, name, value)
        expected.append(next(own).frames)
    assert_same(expected, list(replay_of(recording, model, **overrides)))


def test_a_clip_of_a_recording_has_its_words_and_its_settings(model, file, tmp_path):
    _, recording = recorded(VideoStream.load(model, seed=3), file, STORY[:3])
    *_, last = recording.export(tmp_path / "run.gif", model=model, recache="stale")
    assert last.finished and last.done == 9
    about = about_clip(tmp_path / "run.gif")
    assert about["controls"]["seed"] == 3 and about["recache"] == "stale"
    assert "a cat on the beach" in (tmp_path / "run.vtt").read_text()


def test_a_recording_says_what_it_holds(model, file):
    _, recording = recorded(VideoStream.load(model, seed=3), file, STORY[:2])
    assert recording.controls.seed == 3 and recording.fps == 20 and recording.kind == "video"
    assert recording.prompts == ((0, "a duck on the sea"), (1, "a cat on the beach"))
    assert recording.differences(model) == ()
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    assert recording.differences(model) == (f"threads was {threads}, is {threads + 1}",)
    torch.set_num_threads(threads)


def test_a_file_is_small_and_people_can_read_it(model, file):
    recorded(VideoStream.load(model), file, [chunk() for _ in range(20)])
    lines = file.read_text().splitlines()
    assert all(json.loads(line) for line in lines)
    assert max(map(len, lines[1:])) < 60
