"""Controls that a model cannot serve are grey with the reason, and asking for them anyway disturbs nothing."""

import time

import pytest

from fake_stream import FakeStream
from fake_video import FakeVideo
from widgets.dials import Dial, Dials
from widgets.image_app import ImageApp
from widgets.panel import script
from widgets.video_app import VideoApp

NO_PATHS = "no paths in this model"


class Unable(FakeVideo):
    @property
    def cannot(self):
        return {"tracks": NO_PATHS, "motion_guidance": NO_PATHS, "words": "any text"}


class UnableImages(FakeStream):
    @property
    def cannot(self):
        return {"words": "any text", "blend": "no blend here", "feedback": "not this one"}


class Runtime:
    """What a model has that can choose how its networks run."""

    def __init__(self):
        self.name = "eager"


def wait_until(true, timeout_s=10.0):
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.01)


@pytest.fixture
def video(tmp_path):
    stream = Unable(work_s=0.002)
    stream.model.words.words = ()
    with VideoApp(stream=stream, folder=tmp_path) as app:
        app.view.sender.patience_s = 1e6
        yield app


@pytest.fixture
def images(tmp_path):
    with ImageApp(stream=UnableImages(words=None), folder=tmp_path) as app:
        yield app


def test_path_tools_are_grey_with_the_reason_and_the_video_runs(video):
    assert video.pad.tools.cannot["tracks"] == video.pad.layer.cannot["tracks"] == NO_PATHS
    assert video.engine.controls.tracks is None
    wait_until(lambda: video.stream.frame > 6)
    assert video.engine.error is None and NO_PATHS in video.words


def test_keys_of_the_path_pad_do_nothing_and_say_nothing(video):
    for key in video.transport.keys.meanings:
        if key != " ":
            video.transport.keys.press(key)
    video.recorder.stop()
    assert video.pad.tools.mode == "drag" and video.status.kind == "news"


def test_a_dial_that_is_grey_stays_and_says_why(video):
    before = video.engine.controls
    with pytest.raises(
        ValueError, match=r"motion_guidance must stay 0.0, got 2.0: no paths in this"
    ):
        video.knobs.near.turn("motion_guidance", 2.0)
    assert video.engine.controls is before
    video.knobs.near.turn("text_guidance", 2.0)
    wait_until(lambda: video.engine.controls.text_guidance == 2.0)


def test_one_value_of_a_choice_can_be_grey():
    dial = Dial(name="runtime", label="r", kind="choice", value="a", options=("a", "b"))
    dials = Dials([dial], cannot={"runtime.b": "b needs a GPU"})
    dials.turn("runtime", "a")
    with pytest.raises(ValueError, match="runtime must stay 'a', got 'b': b needs a GPU"):
        dials.turn("runtime", "b")


def test_reset_leaves_grey_dials_alone():
    dials = Dials([Dial(name="x", label="x", value=0.5)], cannot={"x": "no"})
    dials.show(x=0.7)
    dials.reset()
    assert dials.values == {"x": 0.7}


def test_the_word_list_of_an_open_model_is_grey_and_any_text_goes(images):
    prompt = images.knobs.prompt
    assert prompt.cannot["words"] == "any text" and prompt.words == {}
    images.set_prompt("a zeppelin over Lisbon")
    assert prompt.hint == "" and prompt.value == "a zeppelin over Lisbon"
    assert images.knobs.prompt_more.cannot["blend"] == "no blend here"
    assert images.knobs.more.cannot["feedback"] == "not this one"


def test_streams_that_can_do_everything_grey_nothing(tmp_path):
    with VideoApp(stream=FakeVideo(), folder=tmp_path) as app:
        panels = (app.pad.tools, app.pad.layer, app.knobs.near, app.knobs.more, app.knobs.prompt)
        assert [panel.cannot for panel in panels] == [{}] * 5
        assert app.engine.controls.tracks is app.live


def test_the_runtime_dial_turns_the_model_and_no_control(tmp_path):
    stream = FakeStream()
    stream.model.runtime = Runtime()
    stream.model.use_runtime = lambda name: setattr(stream.model.runtime, "name", name)
    with ImageApp(stream=stream, folder=tmp_path) as app:
        before = app.engine.controls
        app.knobs.more.turn("runtime", "openvino")
        assert stream.model.runtime.name == "openvino" and app.engine.controls is before
        app.knobs.refresh()
        assert app.knobs.more.values["runtime"] == "openvino"
        app.knobs.reset()
        assert stream.model.runtime.name == "eager"


def test_a_model_that_cannot_choose_has_no_runtime_dial(images):
    assert "runtime" not in images.knobs.more.values


@pytest.mark.parametrize("name", ["dials", "prompt_box", "prompt_more", "path_tools", "path_layer"])
def test_every_panel_with_such_controls_greys_them_out(name):
    assert "greyOut(model, el)" in script(name) and "function greyOut" in script("common")
