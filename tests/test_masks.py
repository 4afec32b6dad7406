"""Inpainting: only the painted part changes, at every slot's own level, and it is diffusers' own."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from diffusers_oracle import image_to_image, pipeline_of, with_lcm
from pictures import KINDS, assert_same_picture, drawings, make
from playground import ImageStream
from playground.diffusion import noise
from playground.frames.tensors import to_tensor
from playground.models.image_model import ImageModel
from playground.streams.controls import Controls
from playground.streams.plates import Plate, as_mask
from published import SD_15
from published_files import write_folder

CLOSE = {"atol": 1e-5, "rtol": 1e-5}


def left_half(side: int = 64) -> np.ndarray:
    """Painted on the left, kept on the right."""
    mask = np.zeros((side, side), np.uint8)
    mask[:, : side // 2] = 255
    return mask


@pytest.mark.parametrize("mode", ["batch", "sequential"])
@pytest.mark.parametrize("kind", KINDS)
def test_outside_the_mask_the_picture_is_the_input_to_the_last_bit(v_model, kind, mode):
    stream = make(v_model, guidance=kind, guidance_scale=1.4, mask=left_half(), mode=mode)
    plain = make(v_model, guidance=kind, guidance_scale=1.4, mode=mode)
    for frame in drawings(7):
        step, other = stream.step(frame), plain.step(frame)
        source = drawings(7)[step.frame]
        assert np.array_equal(step.picture[:, 32:], source[:, 32:])
        assert not np.array_equal(step.picture[:, :32], source[:, :32])
        assert not np.array_equal(other.picture[:, 32:], source[:, 32:])


@pytest.mark.parametrize("kind", KINDS)
def test_in_every_slot_the_latents_outside_are_the_noised_input(v_model, kind, monkeypatch):
    stream = make(v_model, guidance=kind, guidance_scale=1.4, mask=left_half(), feedback=0.3)
    seen, forward = [], v_model.unet_forward
    monkeypatch.setattr(
        v_model, "unet_forward", lambda x, t, e: seen.append(x.clone()) or forward(x, t, e)
    )
    frames = drawings(6)
    for frame in frames:
        stream(frame)
    plan, rows = stream.state.plan, seen[-1]
    for slot, number in enumerate((5, 4, 3, 2)):
        z = v_model.encode(to_tensor(frames[number]))[0]
        a, b = plan.schedule.alpha[slot], plan.schedule.beta[slot]
        noised = a * z + b * plan.noise[slot]
        assert_close(rows[slot][:, :, 8:], noised[:, :, 8:], **CLOSE)
        assert (rows[slot][:, :, :8] - noised[:, :, :8]).abs().max() > 1e-3 or slot == 0
        clean = stream.state.flight.batch.clean[slot, 0]
        assert_close(clean[:, :, 8:], z[:, :, 8:], **CLOSE)


def test_a_mask_that_moves_holds_for_the_next_picture_in_all_slots(v_model, monkeypatch):
    stream, frames = make(v_model, mask=left_half()), drawings(7)
    for frame in frames[:6]:
        stream(frame)
    stream.mask = left_half()[:, ::-1]
    seen, forward = [], v_model.unet_forward
    monkeypatch.setattr(
        v_model, "unet_forward", lambda x, t, e: seen.append(x.clone()) or forward(x, t, e)
    )
    step = stream.step(frames[6])
    assert np.array_equal(step.picture[:, :32], frames[step.frame][:, :32])
    plan = stream.state.plan
    for slot, number in enumerate((6, 5, 4, 3)):
        z = v_model.encode(to_tensor(frames[number]))[0]
        noised = plan.schedule.alpha[slot] * z + plan.schedule.beta[slot] * plan.noise[slot]
        assert_close(seen[-1][slot][:, :, :8], noised[:, :, :8], **CLOSE)


def test_a_white_mask_is_no_mask_and_taking_it_away_leaves_the_plain_stream(v_model):
    stream, plain = make(v_model, mask=np.full((64, 64), 255, np.uint8)), make(v_model)
    frames = drawings(10)
    for frame in frames[:5]:
        assert_same_picture(stream(frame), plain(frame))
    stream.mask = left_half()
    stream(frames[5]), plain(frames[5])
    stream.mask = None
    assert stream.state.flight.origins is not None
    for frame in frames[6:]:
        ours, theirs = stream(frame), plain(frame)
    assert_same_picture(ours, theirs)
    assert stream.state.flight.origins is None


def test_a_mask_set_on_a_running_stream_gives_no_rubbish_frame(v_model):
    stream, frames = make(v_model), drawings(10)
    for frame in frames[:5]:
        stream(frame)
    stream.mask = left_half()
    for _ in range(4):
        step = stream.step(frames[5])
        assert torch.isfinite(stream.state.flight.batch.clean).all()
    assert np.array_equal(step.picture[:, 32:], frames[5][:, 32:])


def test_masks_go_with_t_index_changes_buffers_and_flush(v_model):
    stream, frames = make(v_model, mask=left_half()), drawings(6)
    for frame in frames:
        stream(frame)
    stream.t_index = (10, 30)
    step = stream.step(frames[0])
    assert np.array_equal(step.picture[:, 32:], drawings(6)[step.frame % 6][:, 32:])
    for picture in stream.flush():
        assert np.array_equal(picture[:, 32:], frames[0][:, 32:])
    pair = make(v_model, mask=left_half(), frame_buffer=2, t_index=(20,))
    pictures = pair([frames[1], frames[2]])
    for picture, frame in zip(pictures, frames[1:3], strict=True):
        assert np.array_equal(picture[:, 32:], frame[:, 32:])


def test_a_held_frame_is_painted_again_when_the_mask_moves(v_model):
    stream = make(v_model, similarity_threshold=0.0, max_skip=100, t_index=(30,))
    frame = drawings(1)[0]
    for _ in range(4):
        stream(frame)
    stream.mask = left_half()
    step = stream.step(frame)
    assert np.array_equal(step.picture[:, 32:], frame[:, 32:])


@torch.inference_mode()
def test_inpainting_is_diffusers_own(tmp_path, monkeypatch):
    """diffusers re-noises the kept part with one noise at all levels, so all slots have that one."""
    one = noise.initial(4, 1, (4, 8, 8))
    monkeypatch.setattr(noise, "initial", lambda _, slots, *__: one.expand(slots, -1, -1, -1))
    folder = write_folder(SD_15, tmp_path / "sd")
    model = ImageModel.load(folder, runtime="eager", device="cpu")
    stream = ImageStream.load(
        model, prompt="a cat", guidance="none", t_index=(18, 30, 40), mask=left_half()
    )
    frame = drawings(1)[0]
    stream(frame)
    z = model.encode(to_tensor(frame))
    oracle = with_lcm(pipeline_of(folder, "StableDiffusionInpaintPipeline", model.vae))
    oracle.get_timesteps = lambda num_inference_steps, **_: (
        oracle.scheduler.timesteps,
        num_inference_steps,
    )
    recipe = SimpleNamespace(prompt="a cat", t_index=stream.t_index, scale=1.0)
    mask = torch.tensor(left_half() / 255.0)[None, None].float()
    options = {"strength": 0.999, "mask_image": mask, "masked_image_latents": z}
    theirs = image_to_image(oracle, stream, z, recipe, height=64, width=64, **options)
    assert_close(stream.state.flight.batch.clean[-1], theirs, atol=1e-4, rtol=1e-4)


# ---------------------------------------------------------------- masks as values


def test_masks_are_values_that_never_change():
    pixels = left_half()
    plate = as_mask(pixels)
    pixels[:] = 0
    assert plate == as_mask(left_half()) and hash(plate) == hash(as_mask(left_half()))
    assert plate != as_mask(pixels) and plate != "mask"
    assert as_mask(left_half() > 0) == as_mask(left_half() / 255.0) == plate
    assert Controls(mask=left_half()) == Controls(mask=plate)
    with pytest.raises(ValueError, match="read-only"):
        plate.pixels[0] = 1
    assert repr(Plate(left_half())) == "Plate(64x64)"


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (
            np.zeros((32, 64), np.uint8),
            r"mask must have the stream's size \(64, 64\), got \(32, 64\)",
        ),
        (np.zeros((64, 64), np.int32), "mask must be uint8 .*got dtype int32"),
        (np.full((64, 64), np.nan), "mask must hold finite numbers"),
        (3, "mask must be"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused_and_nothing_changes(v_model, mask, message):
    stream, frame = make(v_model), drawings(1)[0]
    before = stream(frame)
    with pytest.raises(ValueError, match=message):
        stream.mask = mask
    assert stream.mask is None
    assert np.array_equal(stream(frame), before)


def test_text_to_image_has_nothing_to_keep(v_model):
    stream, frame = make(v_model, mask=left_half()), drawings(1)[0]
    stream(frame)
    before = stream.state
    with pytest.raises(ValueError, match="mask must be None for text to image, got one"):
        stream.step(None)
    assert stream.state.flight is before.flight


def test_the_package_behind_the_same_interface_refuses_masks(eps_model):
    with pytest.raises(ValueError, match="mask must be None with backend 'streamdiffusion'"):
        make(eps_model, mask=left_half(), backend="streamdiffusion", guidance="none")


def test_a_plain_stream_carries_nothing_of_this(v_model):
    stream = make(v_model)
    stream(drawings(1)[0])
    flight = stream.state.flight
    assert flight.origins is None and flight.made_under is None
    assert dataclasses.replace(stream.controls).mask is None
