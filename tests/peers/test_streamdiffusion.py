"""Ours against the streamdiffusion 0.1.1 package on the same weights, where the package is right.

Left out, since it fails or is wrong there: self guidance with one step (its residual noise feeds
back on itself), frame buffers with several steps, every sequential mode, and live prompts with full
or initialize.
"""

import json

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from pictures import drawings
from playground import ImageStream
from playground.benchmarks import parity_image
from playground.frames.tensors import to_tensor
from playground.models.epsilon import EpsFromV
from small_models import velocity_pipeline

pytestmark = pytest.mark.peer

T_INDEX = {1: [32], 2: [32, 45], 4: [18, 26, 35, 45]}
CASES = [
    (kind, steps)
    for kind in ("none", "full", "self", "initialize")
    for steps in T_INDEX
    if (kind, steps) != ("self", 1)
]


class NoEvent:
    """Stands in for torch.cuda.Event, which cannot be made without CUDA."""

    def __init__(self, **settings) -> None:
        pass

    def record(self) -> None:
        """Nothing is recorded."""

    def elapsed_time(self, other) -> float:
        return 0.0


@pytest.fixture
def peer_class(monkeypatch):
    """The class of the streamdiffusion package, with its CUDA clock taken out."""
    streamdiffusion = pytest.importorskip("streamdiffusion")
    monkeypatch.setattr(torch.cuda, "Event", NoEvent)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda *args: None)
    return streamdiffusion.StreamDiffusion


def pipeline_of(model, unet):
    from diffusers import StableDiffusionPipeline

    return StableDiffusionPipeline(
        unet=unet,
        vae=model.vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        scheduler=model.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def peer_of(peer_class, model, unet, kind, t_index, **settings):
    peer = peer_class(
        pipeline_of(model, unet),
        t_index_list=t_index,
        torch_dtype=torch.float32,
        width=64,
        height=64,
        cfg_type=kind,
        do_add_noise=settings.pop("do_add_noise", True),
    )
    peer.prepare("a cat", "bad", generator=torch.Generator(), **settings)
    return peer


def pixels_of(peer, frames):
    """Pictures in -1..1, as floats: 8 bits would hide small differences."""
    return [peer(to_tensor(frame) / 2 + 0.5) for frame in frames]


def our_pixels(stream, frames):
    shown = []
    for frame in frames:
        stream.step(frame)
        shown.append(stream.model.decode(stream.state.flight.batch.clean[-1]))
    return shown


@pytest.mark.parametrize(("kind", "steps"), CASES)
@pytest.mark.parametrize("add_noise", [True, False])
def test_pictures_are_those_of_the_package(peer_class, eps_model, kind, steps, add_noise):
    settings = {"guidance_scale": 1.4, "delta": 0.8, "seed": 5}
    frames, t_index = drawings(steps + 4), T_INDEX[steps]
    peer = peer_of(
        peer_class, eps_model, eps_model.unet, kind, t_index, do_add_noise=add_noise, **settings
    )
    stream = ImageStream.load(
        eps_model,
        prompt="a cat",
        negative_prompt="bad",
        guidance=kind,
        t_index=t_index,
        add_noise=add_noise,
        **settings,
    )
    theirs, ours = pixels_of(peer, frames), our_pixels(stream, frames)
    for call in range(steps - 1, len(frames)):  # before that the package shows its empty buffer
        assert_close(ours[call], theirs[call], atol=1e-4, rtol=1e-4)


def test_parity_holds_for_a_folder_that_the_package_filled(peer_class, eps_model, tmp_path):
    """Seeds, step counts and kinds that the kept reference does not have."""
    pipeline_of(eps_model, eps_model.unet).save_pretrained(tmp_path / "pipeline")
    frames, cases, arrays = drawings(6), {}, {}
    for number, (kind, steps) in enumerate(CASES):
        name, settings = f"{kind}_{steps}", {"guidance_scale": 1.1 + number / 20, "seed": number}
        settings["delta"] = 1.2 - number / 20
        peer = peer_of(peer_class, eps_model, eps_model.unet, kind, T_INDEX[steps], **settings)
        arrays[f"{name}_latents"] = latents_of(peer, frames)
        cases[name] = {"t_index_list": T_INDEX[steps], "cfg_type": kind, **settings}
        cases[name] |= {"prompt": "a cat", "negative": "bad"}
    planes = np.stack([frame.transpose(2, 0, 1).astype(np.float32) / 255 for frame in frames])
    np.savez(tmp_path / "reference.npz", frames=planes, **arrays)
    (tmp_path / "settings.json").write_text(json.dumps({"cases": cases}))
    assert parity_image.run(tmp_path)["max_error"] <= 1e-4


def latents_of(peer, frames) -> np.ndarray:
    """What the package hands to its decoder."""
    left, decode = [], peer.decode_image
    peer.decode_image = lambda latent: left.append(latent) or decode(latent)
    pixels_of(peer, frames)
    return torch.cat(left).numpy()


@pytest.mark.parametrize(
    ("kind", "steps"), [("none", 2), ("self", 2), ("full", 4), ("initialize", 4)]
)
def test_a_velocity_model_gives_the_package_the_same_pictures_through_the_adapter(
    peer_class, kind, steps
):
    from playground.models.image_model import ImageModel

    model = ImageModel.load(velocity_pipeline(), runtime="eager")
    settings = {"guidance_scale": 1.3, "delta": 1.0, "seed": 2}
    frames, t_index = drawings(steps + 3), T_INDEX[steps]
    wrapped = EpsFromV(model.unet, model.scheduler)
    peer = peer_of(peer_class, model, wrapped, kind, t_index, **settings)
    # the package takes every codec for one of 8 pixels a latent
    peer.latent_height = peer.latent_width = 16
    peer.prepare("a cat", "bad", generator=torch.Generator(), **settings)
    stream = ImageStream.load(
        model, prompt="a cat", negative_prompt="bad", guidance=kind, t_index=t_index, **settings
    )
    theirs, ours = pixels_of(peer, frames), our_pixels(stream, frames)
    for call in range(steps - 1, len(frames)):
        assert_close(ours[call], theirs[call], atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("kind", ["none", "self"])
def test_a_live_prompt_gives_the_package_s_pictures(peer_class, eps_model, kind):
    frames, t_index = drawings(9), T_INDEX[2]
    peer = peer_of(peer_class, eps_model, eps_model.unet, kind, t_index, guidance_scale=1.2)
    stream = ImageStream.load(
        eps_model, prompt="a cat", guidance=kind, guidance_scale=1.2, t_index=t_index
    )
    assert_close(
        our_pixels(stream, frames[:5])[-1], pixels_of(peer, frames[:5])[-1], atol=1e-4, rtol=1e-4
    )
    stream.prompt = "a dog"
    peer.update_prompt("a dog")
    for ours, theirs in zip(
        our_pixels(stream, frames[5:]), pixels_of(peer, frames[5:]), strict=True
    ):
        assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_the_package_diverges_with_one_step_of_self_guidance_and_ours_does_not(
    peer_class, eps_model
):
    """Why that case is not compared; if the package were repaired, this test would say so."""
    frames = drawings(4) * 15
    settings = {"guidance_scale": 1.2, "delta": 1.0, "seed": 2}
    peer = peer_of(peer_class, eps_model, eps_model.unet, "self", [0], **settings)
    stream = ImageStream.load(
        eps_model, prompt="a cat", guidance="self", t_index=[0], guidance_scale=1.2
    )
    theirs, ours = pixels_of(peer, frames)[-1], our_pixels(stream, frames)[-1]
    assert not torch.isfinite(theirs).all() or theirs.abs().max() > 1e3
    assert torch.isfinite(ours).all()
