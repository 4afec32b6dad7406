"""What needs an input is refused on text to image when it is set, and the running stream goes on."""

from dataclasses import replace

import numpy as np
import pytest

from engines import until
from pictures import drawings, make
from playground import Engine, ImageStream
from playground.frames import Drawing, Still
from playground.models.image_model import ImageModel
from playground.streams.controls import Controls
from playground.streams.recording import Recording
from published import SD_15
from published_files import write_controlnet, write_folder, write_tiny_codec
from widgets.image_app import WAITING, ImageApp

MASK = np.full((64, 64), 255, np.uint8)
STEERED = {"scribble": 1.0}
NO_MASK = "mask must be None for text to image, got one: .*feed a picture first"
NO_LINES = r"control_image must be set for text to image under a ControlNet \(scribble\), got None"
REFUSED = [({"mask": MASK}, NO_MASK), ({"controlnets": STEERED}, NO_LINES)]
REFUSED += [({"mask": MASK, "controlnets": STEERED}, NO_MASK)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    root = tmp_path_factory.mktemp("sd")
    folder, codec = write_folder(SD_15, root / "model"), write_tiny_codec(root / "taesd")
    model = ImageModel.load(folder, codec=codec, runtime="eager", device="cpu")
    model.add_controlnet(write_controlnet(model.unet, root / "net", 3))
    return model


def stream_of(model, **knobs):
    return make(model, guidance="none", t_index=(20,), **knobs)


def goes_on(engine):
    """Pictures keep coming, out of the same loop."""
    thread, before = engine._thread, engine.mailbox.wait(30).index
    until(lambda: engine.mailbox.wait(30).index > before + 2)
    return engine.alive and engine._thread is thread


@pytest.mark.parametrize(("knobs", "message"), REFUSED)
def test_a_running_engine_refuses_it_at_once_and_frames_keep_coming(model, knobs, message):
    stream = stream_of(model)
    with Engine(stream) as engine:
        assert goes_on(engine)
        with pytest.raises(ValueError, match=message):
            engine.replace(**knobs)
        with pytest.raises(ValueError, match=message):
            engine.controls = replace(engine.controls, **knobs)
        for name, value in knobs.items():
            with pytest.raises(ValueError, match="for text to image"):
                setattr(stream, name, value)
        assert stream.mask is None and stream.controlnets == ()
        assert goes_on(engine) and engine.error is None
        engine.replace(prompt="a dog")
        until(lambda: stream.prompt == "a dog")


@pytest.mark.parametrize(("knobs", "message"), REFUSED)
def test_an_engine_that_has_not_made_a_step_yet_knows_it_too(model, knobs, message):
    stream = stream_of(model, paused=True)
    with Engine(stream), pytest.raises(ValueError, match=message):
        stream.update(replace(stream.controls, **knobs))
    stream.update(replace(stream.controls, **knobs))  # nobody drives it any more
    with pytest.raises(ValueError, match=message):
        Engine(stream)
    engine = Engine(stream, Still(drawings(1)[0]))
    engine.resume()
    with pytest.raises(ValueError, match=message):
        engine.source = None
    assert isinstance(engine.source, Still)
    with engine:
        assert goes_on(engine)
        with pytest.raises(ValueError, match=message):
            engine.source = None
        assert goes_on(engine)


def test_a_wish_that_was_not_granted_yet_is_refused_when_the_source_goes(model):
    stream = stream_of(model, paused=True)
    with Engine(stream, Still(drawings(1)[0])) as engine:
        with engine._news:
            engine._wishes.ask_some(mask=MASK, paused=False)
            engine.source = None
        assert goes_on(engine)
        assert "mask must be None for text to image" in str(engine.error) and stream.mask is None


def test_with_an_image_a_controlnet_steers_text_to_image(model):
    image = drawings(1)[0]
    with Engine(stream_of(model)) as engine:
        engine.replace(controlnets=STEERED, control_image=image)
        until(lambda: engine.stream.controlnets)
        assert goes_on(engine)
        with pytest.raises(ValueError, match=NO_LINES):
            engine.replace(control_image=None)
        assert goes_on(engine) and engine.error is None


@pytest.mark.parametrize(("knobs", "message"), REFUSED)
def test_a_stream_by_itself_goes_by_its_last_step(model, knobs, message):
    stream = stream_of(model)
    free = stream.state
    stream.step(None)
    before = stream.state
    with pytest.raises(ValueError, match=message):
        stream.update(replace(stream.controls, **knobs))
    assert stream.state.controls is before.controls
    stream(drawings(1)[0])
    stream.update(replace(stream.controls, **knobs))
    kept = stream.state
    with pytest.raises(ValueError, match=message):
        iter(stream)
    stream.restore(before)
    with pytest.raises(ValueError, match=message):
        stream.update(replace(stream.controls, **knobs))
    assert stream.restore(kept) is None and stream.controls is kept.controls
    stream.restore(free)
    stream.expect_input(False)
    with pytest.raises(ValueError, match=message):
        stream.restore(kept)
    assert stream.controls is free.controls


def test_a_strength_of_zero_needs_nothing_and_is_refused_when_it_grows(model):
    stream = stream_of(model, controlnets={"scribble": 0.0})
    stream.step(None)
    with pytest.raises(ValueError, match=NO_LINES):
        stream.controlnets = STEERED
    assert stream.controlnets == (("scribble", 0.0),)
    with pytest.raises(ValueError, match="for text to image"):
        replace(Controls(), controlnets=STEERED).check_text_to_image()


def test_a_controlnet_is_not_even_loaded_where_it_cannot_see_anything(model):
    stream = stream_of(model)
    stream.step(None)
    with pytest.raises(ValueError, match="control_image must be set for text to image"):
        stream.add_controlnet("no folder", "other")
    assert stream.model.controlnets.names == ("scribble",)
    stream.control_image = drawings(1)[0]
    with pytest.raises(FileNotFoundError, match="ControlNet must be a folder"):
        stream.add_controlnet("no folder", "other")


def test_a_recording_that_went_from_words_to_drawings_plays_again(model, tmp_path):
    stream = stream_of(model)
    stream.expect_input(True)
    recording = Recording.start(stream, tmp_path / "run.jsonl")
    pictures = [stream.step(None).picture]
    stream.mask = MASK
    pictures.append(stream(drawings(1)[0]))
    recording.stop()
    again = Recording.load(tmp_path / "run.jsonl").replay(model=model)
    assert np.array_equal(list(again), pictures)


def test_the_app_waits_for_a_drawing_and_says_what_to_do(model, tmp_path):
    stream = ImageStream(model, Controls(controlnets=STEERED, mask=MASK, t_index=(20,)))
    with ImageApp(stream=stream, folder=tmp_path) as app:
        until(lambda: app.view.sender.sent > 1)
        app.source.choose("camera")
        assert isinstance(app.source.camera, Drawing) and app.source.waits
        app.tick()
        assert app.meter.line == WAITING and app.engine.alive and app.engine.error is None
        sent = app.view.sender.sent
        app.pad.stroke([(10, 10), (200, 200)])
        app.source.choose("drawing")
        until(lambda: app.view.sender.sent > sent)
        app.tick()
        assert app.meter.line.startswith("drawing")
