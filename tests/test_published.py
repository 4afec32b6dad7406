"""Every published architecture, small, streams what diffusers' own pipeline makes on the same noise."""

from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants
from torch.testing import assert_close

from diffusers_oracle import image_to_image, on_noise, pipeline_of, with_lcm
from pictures import drawings
from playground import ImageStream
from playground.diffusion import noise
from playground.frames.tensors import to_tensor
from playground.models.image_model import ImageModel
from playground.models.image_recipes import RECIPES
from playground.models.recipes import folder_for
from published import PUBLISHED, SD_21_V
from published_files import write_folder, write_lora, write_tiny_codec

CLOSE = {"atol": 1e-4, "rtol": 1e-4}
SMALL = {"size": (64, 64), "device": "cpu", "runtime": "eager"}


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """All recipes on disk, each in exactly its form, shrunk."""
    root = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYGROUND_MODELS", str(root))
        patch.setattr(constants, "HF_HUB_CACHE", str(root / "hub"))
        for name, recipe in RECIPES.items():
            base = recipe.repository("base").repo
            write_folder(PUBLISHED[name], folder_for(base))
            write_tiny_codec(folder_for(recipe.repository("codec").repo))
            if recipe.repository("lora"):
                unet = ImageModel.load(folder_for(base), runtime="eager", device="cpu").unet
                lora = recipe.repository("lora")
                write_lora(unet, folder_for(lora.repo) / lora.files[0])
        yield root


@pytest.fixture(params=RECIPES)
def recipe(request, disk):
    return RECIPES[request.param]


def stream_of(source, **knobs):
    return ImageStream.load(source, **{**SMALL, "prompt": "a cat", "guidance": "none", **knobs})


def oracle_of(recipe, model, suffix="Img2Img"):
    """diffusers' pipeline from the same files, with the LoRA where the recipe has one."""
    kind = "StableDiffusionXL" if "sdxl" in recipe.name else "StableDiffusion"
    folder = folder_for(recipe.repository("base").repo)
    pipeline = pipeline_of(folder, f"{kind}{suffix}Pipeline", model.vae)
    lora = recipe.repository("lora")
    if lora is not None:
        pipeline.load_lora_weights(str(folder_for(lora.repo) / lora.files[0]))
        pipeline.fuse_lora()
    return pipeline


def wanted(recipe, **more):
    scale = 1.0 if recipe.embedded_guidance is None else recipe.embedded_guidance
    return SimpleNamespace(prompt="a cat", t_index=recipe.t_index, scale=scale, **more)


@torch.inference_mode()
def test_a_recipe_streams_what_diffusers_makes(recipe):
    stream = stream_of(recipe.name)
    assert stream.t_index == recipe.t_index and stream.model.recipe == recipe
    frames = drawings(len(recipe.t_index) + 1)
    for frame in frames:
        stream(frame)
    z = stream.model.encode(to_tensor(frames[1]))
    theirs = image_to_image(with_lcm(oracle_of(recipe, stream.model)), stream, z, wanted(recipe))
    assert_close(stream.state.flight.batch.clean[-1], theirs, **CLOSE)


@torch.inference_mode()
def test_the_latent_consistency_model_is_its_own_pipeline_class(disk):
    recipe = RECIPES["dreamshaper-lcm"]
    stream, frame = stream_of(recipe.name), drawings(1)[0]
    stream(frame)
    folder = folder_for(recipe.repository("base").repo)
    oracle = pipeline_of(folder, "LatentConsistencyModelImg2ImgPipeline", stream.model.vae)
    z = stream.model.encode(to_tensor(frame))
    theirs = image_to_image(oracle, stream, z, wanted(recipe))
    assert_close(stream.state.flight.batch.clean[-1], theirs, **CLOSE)


@pytest.mark.parametrize("name", ["sd15-lcm", "sd-turbo", "sdxl-lcm"])
@torch.inference_mode()
def test_full_guidance_is_diffusers_guidance_with_its_negative_prompt(disk, name):
    recipe = RECIPES[name]
    stream = stream_of(name, guidance="full", guidance_scale=1.7, t_index=(18, 35))
    frame = drawings(1)[0]
    stream(frame)
    z = stream.model.encode(to_tensor(frame))
    settings = SimpleNamespace(prompt="a cat", t_index=(18, 35), scale=1.7)
    oracle = with_lcm(oracle_of(recipe, stream.model))
    assert_close(
        stream.state.flight.batch.clean[-1], image_to_image(oracle, stream, z, settings), **CLOSE
    )
    stream.negative_prompt = "bad"
    for _ in range(2):
        stream(frame)
    theirs = image_to_image(oracle, stream, z, settings, negative_prompt="bad")
    assert_close(stream.state.flight.batch.clean[-1], theirs, **CLOSE)


@pytest.mark.parametrize("name", ["sd-turbo", "sdxl-turbo"])
@torch.inference_mode()
def test_a_turbo_model_in_one_step_is_its_own_scheduler(disk, name):
    """Half strength of two steps with Euler, as the model cards show it."""
    stream, frame = stream_of(name), drawings(1)[0]
    stream(frame)
    oracle = oracle_of(RECIPES[name], stream.model)
    z = stream.model.encode(to_tensor(frame))
    with on_noise(oracle, stream.state.plan.noise):
        theirs = oracle(
            "a cat",
            image=z,
            num_inference_steps=2,
            strength=0.5,
            guidance_scale=0.0,
            output_type="latent",
        ).images
    assert_close(stream.state.flight.batch.clean[-1], theirs, **CLOSE)


@torch.inference_mode()
def test_text_to_image_is_diffusers_from_the_same_noise(recipe):
    stream = stream_of(recipe.name, t_index=(0,))
    stream.step(None)
    oracle = with_lcm(oracle_of(recipe, stream.model, suffix=""))
    theirs = oracle(
        "a cat",
        latents=noise.fresh(stream.seed, 0, (1, 4, 8, 8)),
        timesteps=[999],
        guidance_scale=wanted(recipe).scale,
        height=64,
        width=64,
        output_type="latent",
    ).images
    assert_close(stream.state.flight.batch.clean[-1], theirs, **CLOSE)


@torch.inference_mode()
def test_stable_diffusion_2_predicts_velocity_and_streams_from_its_folder(tmp_path):
    folder = write_folder(SD_21_V, tmp_path / "sd21")
    stream = stream_of(folder, t_index=(18, 35))
    assert stream.model.prediction == "v_prediction"
    frame = drawings(1)[0]
    stream(frame)
    z = stream.model.encode(to_tensor(frame))
    oracle = with_lcm(pipeline_of(folder, "StableDiffusionImg2ImgPipeline", stream.model.vae))
    settings = SimpleNamespace(prompt="a cat", t_index=(18, 35), scale=1.0)
    theirs = image_to_image(oracle, stream, z, settings)
    assert_close(stream.state.flight.batch.clean[-1], theirs, **CLOSE)


def test_the_full_codec_is_the_model_s_own(disk):
    stream = stream_of("sd15-lcm", codec="full")
    assert type(stream.model.vae).__name__ == "AutoencoderKL"
    assert type(stream_of("sd15-lcm").model.vae).__name__ == "AutoencoderTiny"
    folder = folder_for(RECIPES["sdxl-lcm"].repository("base").repo)
    assert type(stream_of(folder).model.vae).__name__ == "AutoencoderKL"
    assert type(stream_of(folder, codec="tiny").model.vae).__name__ == "AutoencoderTiny"


def test_blends_and_live_knobs_work_with_two_text_encoders(disk):
    stream, frame = stream_of("sdxl-turbo"), drawings(1)[0]
    for mode in ("linear", "slerp"):
        stream.blend_mode, stream.blend = mode, [("a cat", 1), ("a dog", 1), ("a fox", 2)]
        assert stream(frame).shape == (64, 64, 3)
    stream.guidance, stream.guidance_scale = "initialize", 1.5
    assert stream(frame).shape == (64, 64, 3)


def test_openvino_refuses_what_it_does_not_run_and_auto_stays_eager(disk):
    with pytest.raises(ValueError, match="a U-Net that reads more than noise and words"):
        stream_of("sdxl-turbo", runtime="openvino")
    stream = stream_of("sdxl-turbo", runtime="auto")
    assert stream.model.runtime.name == "eager"
    assert "reads more than" in stream.model.runtime.message
