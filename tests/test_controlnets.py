"""ControlNets in the stream batch: every slot sees its own frame's lines, and it is diffusers' own."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from diffusers_oracle import image_to_image, pipeline_of, with_lcm
from pictures import assert_same_picture, drawings
from playground import ImageStream
from playground.conditioning.line_art import canny, condition, scribble
from playground.frames.tensors import to_tensor
from playground.models.image_model import ImageModel
from published import SD_15, SDXL
from published_files import write_controlnet, write_folder, write_tiny_codec

T_INDEX = (18, 30, 40)
CLOSE = {"atol": 1e-4, "rtol": 1e-4}


def written(root, published):
    folder, codec = write_folder(published, root / "model"), write_tiny_codec(root / "taesd")
    model = ImageModel.load(folder, codec=codec, runtime="eager", device="cpu")
    nets = [write_controlnet(model.unet, root / f"net{seed}", seed) for seed in (3, 4)]
    return SimpleNamespace(folder=folder, codec=codec, nets=nets)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return written(tmp_path_factory.mktemp("sd"), SD_15)


@pytest.fixture(scope="module")
def model(files):
    """One model with two ControlNets, shared: strengths are the streams' own."""
    model = ImageModel.load(files.folder, codec=files.codec, runtime="eager", device="cpu")
    model.add_controlnet(files.nets[0])
    model.add_controlnet(files.nets[1], "edges", condition="canny")
    return model


def stream_of(model, **knobs):
    knobs = {"prompt": "a cat", "guidance": "none", "t_index": T_INDEX, **knobs}
    return ImageStream.load(model, **knobs)


def lines_of(frame, kind):
    return (to_tensor(condition(frame, kind)) + 1) / 2


def fed(stream, frames):
    for frame in frames:
        stream(frame)
    return stream.state.flight.batch.clean[-1]


def diffusers_answer(files, stream, frame, strengths, kinds, scale=1.0, name=None):
    from diffusers import ControlNetModel

    nets = [ControlNetModel.from_pretrained(net) for net in files.nets[: len(strengths)]]
    name = name or "StableDiffusionControlNetImg2ImgPipeline"
    oracle = with_lcm(pipeline_of(files.folder, name, stream.model.vae, controlnet=nets))
    oracle.get_timesteps = lambda steps, *_: (oracle.scheduler.timesteps, steps)
    set_timesteps = oracle.scheduler.set_timesteps
    wanted = [int(t) for t in stream.state.plan.schedule.timesteps]
    oracle.scheduler.set_timesteps = lambda *_, device=None, **__: set_timesteps(
        timesteps=wanted, device=device
    )
    recipe = SimpleNamespace(prompt="a cat", t_index=stream.t_index, scale=scale)
    return image_to_image(
        oracle,
        stream,
        stream.model.encode(to_tensor(frame)),
        recipe,
        control_image=[lines_of(frame, kind) for kind in kinds],
        controlnet_conditioning_scale=list(strengths),
        num_inference_steps=len(wanted),
        strength=1.0,
        timesteps=None,
    )


@pytest.mark.parametrize(("guidance", "scale"), [("none", 1.0), ("full", 1.6)])
@torch.inference_mode()
def test_two_controlnets_are_diffusers_own_and_each_slot_has_its_own_lines(
    files, model, guidance, scale
):
    stream = stream_of(
        model,
        controlnets={"scribble": 0.8, "edges": 0.5},
        guidance=guidance,
        guidance_scale=scale,
    )
    frames = drawings(5)
    ours = fed(stream, frames)
    assert stream.state.flight.batch.tags[-1] == 2
    theirs = diffusers_answer(
        files, stream, frames[2], (0.8, 0.5), ("scribble", "canny"), scale=scale
    )
    assert_close(ours, theirs, **CLOSE)
    stream.control_image = frames[4]
    other = fed(stream, frames)  # lines of another frame would show
    assert (other - theirs).abs().max() > 0.01


@torch.inference_mode()
def test_the_large_model_with_two_text_encoders_as_well(tmp_path):
    files = written(tmp_path, SDXL)
    model = ImageModel.load(files.folder, codec=files.codec, runtime="eager", device="cpu")
    stream, frame = stream_of(model), drawings(1)[0]
    with torch.inference_mode(False):
        stream.add_controlnet(files.nets[0], strength=0.7)
    ours = fed(stream, [frame])
    name = "StableDiffusionXLControlNetImg2ImgPipeline"
    theirs = diffusers_answer(files, stream, frame, (0.7,), ("scribble",), name=name)
    assert_close(ours, theirs, **CLOSE)


@pytest.mark.parametrize("guidance", ["self", "initialize", "full"])
def test_the_batch_is_frame_by_frame_under_controlnets(model, guidance):
    knobs = {"controlnets": {"scribble": 0.9}, "guidance": guidance, "guidance_scale": 1.4}
    stream, frames = stream_of(model, **knobs), drawings(6)
    alone = stream_of(model, **knobs, mode="sequential")
    for frame in frames:
        step = stream.step(frame)
        assert_same_picture(step.picture, alone(frames[step.frame]))


def test_strengths_are_live_and_zero_is_the_plain_model(model):
    plain, stream, frames = stream_of(model), stream_of(model), drawings(9)
    for frame in frames[:3]:
        assert_same_picture(stream(frame), plain(frame))
    stream.controlnets = {"scribble": 1.5}
    assert not np.array_equal(stream(frames[3]), plain(frames[3]))
    assert torch.isfinite(stream.state.flight.batch.clean).all()
    stream(frames[4]), plain(frames[4])
    steered = stream(frames[5])
    assert_same_picture(steered, stream_of(model, controlnets={"scribble": 1.5})(frames[3]))
    stream.controlnets = {"scribble": 0.0}
    plain(frames[5])
    for frame in frames[6:9]:
        ours, theirs = stream(frame), plain(frame)
    assert_same_picture(ours, theirs)


def test_a_condition_image_stands_in_for_the_drawing(model):
    frames = drawings(4)
    own = stream_of(model, controlnets={"scribble": 1.0})
    other = stream_of(model, controlnets={"scribble": 1.0}, control_image=frames[3])
    assert not np.array_equal(own(frames[0]), other(frames[0]))
    other.control_image = frames[0]
    for _ in range(3):
        picture = other(frames[0])
    assert_same_picture(picture, own(frames[0]))


def test_text_to_image_needs_a_condition_image(model):
    stream = stream_of(model, controlnets={"scribble": 1.0}, t_index=(0, 25))
    with pytest.raises(ValueError, match="control_image must be set for text to image"):
        stream.step(None)
    stream.control_image = drawings(1)[0]
    assert stream.step(None).picture.shape == (64, 64, 3)


def test_masks_and_buffers_go_with_controlnets(model):
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 255
    stream = stream_of(model, controlnets={"scribble": 1.0}, mask=mask, frame_buffer=2)
    frames = drawings(2)
    pictures = stream(frames)
    for picture, frame in zip(pictures, frames, strict=True):
        assert np.array_equal(picture[:, 32:], frame[:, 32:])


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        (
            {"controlnets": {"pose": 1}},
            r"controlnets must be among those added \(scribble, edges\)",
        ),
        ({"controlnets": {"scribble": 3}}, r"controlnets 'scribble' must be in 0\.\.2, got 3"),
        ({"controlnets": {"scribble": -1}}, r"controlnets 'scribble' must be in 0\.\.2, got -1"),
        ({"controlnets": 1}, r"controlnets must be \(name, number\) pairs, got 1"),
        (
            {"control_image": np.zeros((32, 32, 3), np.uint8)},
            r"control_image must have the stream's size \(64, 64\), got \(32, 32\)",
        ),
    ],
)
def test_bad_conditions_are_refused_and_nothing_changes(model, knobs, message):
    stream, frame = stream_of(model), drawings(1)[0]
    before = stream(frame)
    ((name, value),) = knobs.items()
    with pytest.raises(ValueError, match=message):
        setattr(stream, name, value)
    assert np.array_equal(stream(frame), before)


def test_what_is_no_controlnet_or_another_s_is_refused(files, tmp_path):
    stream = stream_of(ImageModel.load(files.folder, codec=files.codec, device="cpu"))
    net = files.nets[0]
    other = written(tmp_path, SDXL).nets[0]
    cases = [
        ({"source": other}, ValueError, "ControlNet must fit the model, got block_out_channels"),
        ({"source": files.codec}, ValueError, "must be a ControlNetModel, got AutoencoderTiny"),
        ({"source": "no/body"}, FileNotFoundError, "run `hf download no/body --local-dir"),
        ({"source": tmp_path}, FileNotFoundError, r"controlnet folder must hold config\.json"),
        ({"source": net, "condition": "pose"}, ValueError, "condition must be one of scribble"),
        ({"source": net, "strength": 5}, ValueError, "controlnets 'net' must be in"),
    ]
    for options, kind, message in cases:
        with pytest.raises(kind, match=message):
            stream.add_controlnet(**options)
    assert stream.model.controlnets is None and stream.controlnets == ()
    stream.add_controlnet(net)
    with pytest.raises(ValueError, match="ControlNet name must be another one than scribble"):
        stream.add_controlnet(net)


# ---------------------------------------------------------------- lines


def paper_with_a_stroke(paper, ink):
    picture = np.full((64, 64, 3), paper, np.uint8)
    picture[30:33, 8:56] = ink
    return picture


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (0, 255), (250, (200, 30, 30))])
def test_a_stroke_becomes_one_white_line_whatever_the_colours(paper, ink):
    lines = scribble(paper_with_a_stroke(paper, ink))
    assert (lines[31, 12:52] == 255).all()
    assert (lines[:20] == 0).all() and (lines[44:] == 0).all()
    assert set(np.unique(lines)) == {0, 255}


def test_canny_finds_both_sides_and_a_blank_page_has_no_lines():
    lines = canny(paper_with_a_stroke(255, 0))
    assert lines[28:35, 20].sum() == 2 * 255
    blank = np.full((64, 64, 3), 200, np.uint8)
    for kind in ("scribble", "canny"):
        assert condition(blank, kind).max() == 0
    assert condition(blank, "drawing") is blank
    with pytest.raises(ValueError, match="condition must be one of scribble, canny, drawing; got"):
        condition(blank, "pose")
