"""LoRAs: applied = fused = diffusers' own, weights that move while the stream runs, and refusals."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from diffusers_oracle import image_to_image, pipeline_of, with_lcm
from pictures import assert_same_picture, drawings
from playground import ImageStream
from playground.frames.tensors import to_tensor
from playground.models.image_model import ImageModel
from published import SD_15, SDXL
from published_files import write_folder, write_lora, write_tiny_codec

T_INDEX = (18, 35)
CLOSE = {"atol": 1e-4, "rtol": 1e-4}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder of Stable Diffusion 1.5's kind, a tiny codec, and two LoRAs; one reads words too."""
    root = tmp_path_factory.mktemp("sd")
    folder, codec = write_folder(SD_15, root / "model"), write_tiny_codec(root / "taesd")
    model = ImageModel.load(folder, codec=codec, runtime="eager", device="cpu")
    first = write_lora(model.unet, root / "first.safetensors")
    second = write_lora(model.unet, root / "second.safetensors", seed=9, encoder=model.text_encoder)
    return SimpleNamespace(folder=folder, codec=codec, first=first, second=second, root=root)


def stream_of(files, **knobs):
    model = ImageModel.load(files.folder, codec=files.codec, runtime="eager", device="cpu")
    return ImageStream.load(model, prompt="a cat", guidance="none", t_index=T_INDEX, **knobs)


def clean(stream):
    return stream.state.flight.batch.clean[-1]


def fed(stream, frames):
    for frame in frames:
        stream(frame)
    return clean(stream)


@pytest.mark.parametrize("weights", [(0.7, 0.0), (0.0, 1.3), (0.7, -0.4)])
@torch.inference_mode()
def test_several_with_weights_are_diffusers_own(files, weights):
    stream, frames = stream_of(files), drawings(3)
    with torch.inference_mode(False):
        stream.add_lora(files.first, weight=weights[0])
        stream.add_lora(files.second, weight=weights[1])
    ours = fed(stream, frames)
    oracle = with_lcm(pipeline_of(files.folder, "StableDiffusionImg2ImgPipeline", stream.model.vae))
    with torch.inference_mode(False):
        oracle.load_lora_weights(str(files.first), adapter_name="a")
        oracle.load_lora_weights(str(files.second), adapter_name="b")
        oracle.set_adapters(["a", "b"], list(weights))
    z = stream.model.encode(to_tensor(frames[1]))
    recipe = SimpleNamespace(prompt="a cat", t_index=T_INDEX, scale=1.0)
    assert_close(ours, image_to_image(oracle, stream, z, recipe), **CLOSE)


def test_a_weight_of_zero_is_the_plain_model_and_a_change_acts_at_the_next_step(files):
    plain, stream, frames = stream_of(files), stream_of(files), drawings(8)
    name = stream.add_lora(files.second, weight=0.0)
    assert (name, stream.loras) == ("second", (("second", 0.0),))
    for frame in frames[:3]:
        assert_close(fed(stream, [frame]), fed(plain, [frame]), atol=1e-5, rtol=1e-5)
    stream.loras = {"second": 0.8}
    before = stream.state
    step = stream.step(frames[3])
    assert not np.array_equal(step.picture, plain(frames[3]))
    assert torch.isfinite(clean(stream)).all()
    stream.step(frames[4])
    fresh = ImageStream(stream.model, stream.controls)
    assert_same_picture(stream(frames[5]), fresh(frames[4]))
    stream.restore(before)
    assert_same_picture(stream(frames[3]), step.picture)
    stream.loras = ()
    plain(frames[3])
    for frame in frames[4:7]:
        ours, theirs = fed(stream, [frame]), fed(plain, [frame])
    assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_two_streams_of_one_model_keep_their_own_weights(files):
    stream, frame = stream_of(files), drawings(1)[0]
    stream.add_lora(files.first, weight=0.9)
    other = ImageStream(stream.model, stream.controls)
    other.loras = ()
    for _ in range(2):
        ours, theirs = stream(frame), other(frame)
    assert_same_picture(theirs, stream_of(files)(frame))
    assert not np.array_equal(ours, theirs)


@pytest.mark.parametrize("weight", [1.0, 0.6])
def test_fused_is_applied(files, weight):
    applied, fused, frames = stream_of(files), stream_of(files), drawings(3)
    applied.add_lora(files.second, weight=weight)
    fused.model.fuse_lora(files.second, weight)
    assert fused.model.loras is None and fused.model.eager_reasons == ()
    fused.prompt = "a dog"
    fused.prompt = "a cat"  # encoded anew
    assert_close(fed(applied, frames), fed(fused, frames), atol=2e-5, rtol=2e-5)


def test_two_text_encoders_take_loras_as_well(tmp_path):
    folder, codec = write_folder(SDXL, tmp_path / "xl"), write_tiny_codec(tmp_path / "taesdxl")
    model = ImageModel.load(folder, codec=codec, runtime="eager", device="cpu")
    lora = write_lora(model.unet, tmp_path / "xl.safetensors", encoder=model.text_encoder)
    stream = ImageStream.load(model, prompt="a cat", guidance="none", t_index=T_INDEX)
    stream.add_lora(lora, weight=0.5)
    frame = drawings(1)[0]
    ours = fed(stream, [frame])
    oracle = with_lcm(pipeline_of(folder, "StableDiffusionXLImg2ImgPipeline", model.vae))
    oracle.load_lora_weights(str(lora), adapter_name="a")
    oracle.set_adapters(["a"], [0.5])
    recipe = SimpleNamespace(prompt="a cat", t_index=T_INDEX, scale=1.0)
    with torch.inference_mode():
        z = model.encode(to_tensor(frame))
        assert_close(ours, image_to_image(oracle, stream, z, recipe), **CLOSE)


def test_what_does_not_fit_leaves_the_model_as_it_was(files):
    tensors = load_file(files.first)
    key = next(key for key in tensors if key.endswith("to_q.lora_A.weight"))
    wide = {**tensors, key: torch.zeros(2, 99)}
    strange = {key.replace("down_blocks", "sideways_blocks"): v for key, v in tensors.items()}
    stream, frame = stream_of(files), drawings(1)[0]
    before = stream(frame)
    cases = {
        "wide": (wide, "LoRA must fit the model, got 'wide' with 1 of .* of width 99 where"),
        "strange": (strange, "unet.sideways_blocks.*, which the model does not have"),
        "empty": ({"lora.x": torch.zeros(1)}, "must hold layers of a unet or text encoder"),
    }
    for name, (content, message) in cases.items():
        save_file(content, files.root / f"{name}.safetensors")
        with pytest.raises(ValueError, match=message):
            stream.add_lora(files.root / f"{name}.safetensors")
    (files.root / "broken.safetensors").write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"LoRA .*broken\.safetensors' cannot be read"):
        stream.add_lora(files.root / "broken.safetensors")
    with pytest.raises(FileNotFoundError, match=r"LoRA must be a \.safetensors file"):
        stream.add_lora("nobody/nothing")
    stream.reset()
    assert stream.model.loras is None
    assert np.array_equal(stream(frame), before)


@pytest.mark.parametrize(
    ("loras", "message"),
    [
        (
            {"style": 1},
            r"loras must be among those added \(none\), got 'style'; add it with add_lora",
        ),
        ({"style": 9}, "loras 'style' must be in -4..4, got 9"),
        ({"style": "much"}, "loras 'style' must be a number in -4..4, got 'much'"),
        ("style", r"loras must be \(name, number\) pairs, got 'style'"),
        ([("style", 1), ("style", 2)], "loras must name each one once, got style, style"),
    ],
)
def test_weights_that_make_no_sense_are_refused(files, loras, message):
    stream = stream_of(files)
    with pytest.raises(ValueError, match=message):
        stream.loras = loras
    assert stream.loras == ()


def test_names_are_used_once_and_live_ones_are_not_fused_over(files):
    stream = stream_of(files)
    with pytest.raises(ValueError, match=r"loras 'lora' must be in -4\.\.4, got 7"):
        stream.add_lora(files.first, weight=7)
    stream.add_lora(files.first, "style")
    with pytest.raises(ValueError, match=r"LoRA name must be another one than style .*got 'style'"):
        stream.add_lora(files.second, "style")
    with pytest.raises(ValueError, match="LoRAs must be fused before live ones are added"):
        stream.model.fuse_lora(files.second)


@pytest.mark.slow
def test_live_weights_need_the_plain_networks_and_fused_ones_do_not(files, monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    load = {"codec": files.codec, "runtime": "openvino", "device": "cpu"}
    live = ImageModel.load(files.folder, **load)
    live.add_lora(files.first)
    assert live.runtime.name == "eager" and "fuse them for speed" in live.runtime.message
    with pytest.raises(ValueError, match="must run a plain network, got live LoRAs; fuse them"):
        live.use_runtime("openvino")
    fused = ImageModel.load(files.folder, **load)
    fused.fuse_lora(files.first)
    assert fused.runtime.name == "openvino"
    frame = drawings(1)[0]
    pictures = []
    for model in (live, fused):
        stream = ImageStream.load(model, prompt="a cat", guidance="none", t_index=T_INDEX)
        stream.loras = {"first": 1.0} if model is live else ()
        stream(frame)
        assert model.runtime.wait(120)
        for _ in range(3):
            picture = stream(frame)
        pictures.append(picture)
    assert_same_picture(*pictures)
