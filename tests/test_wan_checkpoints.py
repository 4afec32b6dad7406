"""Published checkpoints: every wrapping loads bit for bit, and what does not fit is named in one message."""

import json

import pytest
import torch
from safetensors.torch import save_file
from torch.testing import assert_close

from playground.benchmarks.video_peers import diffusers_twin, their_name
from playground.models import wan_layouts
from playground.models.causal_wan import CausalWan, WanConfig
from playground.models.int8_linear import quantised
from playground.models.wan_checkpoints import config_of_file, load_wan
from random_video import random_latents, random_wan

SIZES = {"num_heads": 2, "text_len": 5, "freq_dim": 16}
FSDP, COMPILED = "_fsdp_wrapped_module.", "_orig_mod."


@pytest.fixture(scope="module")
def wan():
    return random_wan(dim=24, num_layers=3)


def weights(wan):
    return {name: weight.clone() for name, weight in wan.state_dict().items()}


def answer(wan, frames=3):
    x = random_latents(frames).to(next(wan.parameters()).dtype)
    text = torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(5)).to(x.dtype)
    t = torch.full((1, frames), 700.0)
    return wan(x, t, wan.context(text), positions=torch.arange(frames))[0]


def put(folder, state, name="model.pt"):
    (folder / "config.json").write_text(json.dumps(SIZES))
    path = folder / name
    save_file(state, str(path)) if path.suffix == ".safetensors" else torch.save(state, path)
    return path


WRAPPINGS = {
    "bare": lambda w: w,
    "generator": lambda w: {"generator": {f"model.{k}": v for k, v in w.items()}, "step": 3},
    "generator_ema": lambda w: {
        "generator": {f"model.{k}": v * 0 for k, v in w.items()},
        "generator_ema": {f"model.{FSDP}{k.replace('.ffn', '._checkpoint_wrapped_module.ffn')}": v for k, v in w.items()},
    },
    "compiled": lambda w: {"state_dict": {f"{COMPILED}model.{FSDP}{k}": v for k, v in w.items()}},
    "net": lambda w: {f"net.{k}": v for k, v in w.items()},
    "diffusers": lambda w: {their_name(k): v for k, v in w.items()},
}  # fmt: skip


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_published_wrapping_loads_bit_for_bit(wan, wrapping, tmp_path):
    loaded = load_wan(put(tmp_path, WRAPPINGS[wrapping](weights(wan))))
    for name, weight in wan.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight)
    assert loaded.config == wan.config
    assert not any(weight.requires_grad or weight.is_meta for weight in loaded.parameters())


def test_safetensors_load_from_one_file_and_from_shards(wan, tmp_path):
    state = {f"model.diffusion_model.{name}": weight for name, weight in weights(wan).items()}
    one = load_wan(put(tmp_path, state, "wan.safetensors"))
    folder = tmp_path / "sharded"
    folder.mkdir()
    names = sorted(state)
    half = len(names) // 2
    shards = {"a.safetensors": names[:half], "b.safetensors": names[half:]}
    for file, part in shards.items():
        put(folder, {name: state[name] for name in part}, file)
    places = {name: file for file, part in shards.items() for name in part}
    index = json.dumps({"metadata": {}, "weight_map": places})
    (folder / "model.safetensors.index.json").write_text(index)
    for loaded in (one, load_wan(folder)):
        assert_close(answer(loaded), answer(wan), rtol=0, atol=0)
    (folder / "b.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"shards .* must lie beside it, b\.safetensors"):
        load_wan(folder)


def test_a_copy_in_diffusers_layout_answers_as_diffusers_does(wan, tmp_path):
    twin = diffusers_twin(wan)
    twin.save_pretrained(tmp_path)
    loaded = load_wan(tmp_path)
    assert (loaded.config.num_heads, loaded.config.dim) == (2, 24)
    x, text = random_latents(4), torch.randn(1, 512, 8)
    theirs = twin(x, torch.tensor([500.0]), text, return_dict=False)[0]
    ours, _ = loaded(x, torch.full((1, 4), 500.0), loaded.context(text), positions=torch.arange(4))
    assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_names_of_both_layouts_go_there_and_back(wan):
    for name in wan.state_dict():
        assert wan_layouts.our_name(their_name(name)) == name


def test_the_published_size_is_read_from_shapes_alone():
    with torch.device("meta"):
        big = CausalWan(WanConfig(dim=1536, ffn_dim=8960, num_heads=12, num_layers=30))
    shapes = {name: tuple(weight.shape) for name, weight in big.state_dict().items()}
    assert wan_layouts.config_of(shapes) == big.config
    assert sum(weight.numel() for weight in big.parameters()) == 1_418_996_800


def test_one_message_names_every_key_that_does_not_fit(wan, tmp_path):
    state = weights(wan)
    for block in range(3):
        del state[f"blocks.{block}.ffn.2.bias"]
    state["head.head.bias"] = torch.zeros(3)
    state["critic.weight"] = torch.zeros(1)
    with pytest.raises(ValueError, match=r"keys of .* must be those of the transformer") as caught:
        load_wan(put(tmp_path, state))
    message = str(caught.value)
    assert "3 missing: blocks.0-2.ffn.2.bias" in message
    assert "1 not known: critic.weight" in message
    assert "1 of another shape: head.head.bias is [3], must be [16]" in message


@pytest.mark.parametrize(
    ("state", "config", "error", "message"),
    [
        ({"a": torch.zeros(1)}, "{}", ValueError, "must hold a Wan transformer, got none"),
        ({"a": 3}, "{}", ValueError, "must hold named tensors"),
        ({"model.a": torch.zeros(1), "a": torch.zeros(1)}, "{}", ValueError, "must be unique"),
        (None, "{}", ValueError, "num_heads must be said for a width of 24"),
        (None, "{", ValueError, r"config\.json of .* cannot be read"),
    ],
)
def test_foreign_files_are_refused_in_words(wan, tmp_path, state, config, error, message):
    path = put(tmp_path, state or weights(wan))
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(error, match=message):
        load_wan(path)


def test_wrong_paths_and_damaged_files_are_named(wan, tmp_path):
    with pytest.raises(FileNotFoundError, match="checkpoint must be a file or folder"):
        load_wan(tmp_path / "nowhere.pt")
    with pytest.raises(FileNotFoundError, match="a folder must hold a checkpoint"):
        load_wan(tmp_path)
    (tmp_path / "notes.txt").write_text("no weights")
    with pytest.raises(ValueError, match="checkpoint must end in"):
        load_wan(tmp_path / "notes.txt")
    path = put(tmp_path, weights(wan))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        load_wan(path)
    put(tmp_path, weights(wan), "another.pt")
    with pytest.raises(ValueError, match="a folder must hold one checkpoint"):
        load_wan(tmp_path)


def test_a_pickle_with_code_in_it_is_not_run(tmp_path):
    torch.save({"generator": print}, tmp_path / "bad.pt")
    with pytest.raises(ValueError, match=r"must hold tensors alone|cannot be read"):
        load_wan(tmp_path / "bad.pt")


# ------------------------------------------------------------ LoRA


def with_peft(wan):
    """peft's own application of a random LoRA, and the state that it would save."""
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict

    linear = [n for n, m in wan.named_modules() if isinstance(m, torch.nn.Linear) and "blocks" in n]
    copy = CausalWan(wan.config).eval()
    copy.load_state_dict(wan.state_dict())
    applied = get_peft_model(copy, LoraConfig(r=4, lora_alpha=4, target_modules=linear))
    generator = torch.Generator().manual_seed(2)
    for name, weight in applied.named_parameters():
        if "lora_" in name:
            weight.data = 0.2 * torch.randn(weight.shape, generator=generator)
    return applied.eval(), get_peft_model_state_dict(applied)


@pytest.mark.parametrize("wrapping", ["bare", "generator_lora", "default", "down_up"])
def test_a_lora_merged_is_a_lora_applied(wan, wrapping, tmp_path):
    applied, lora = with_peft(wan)
    if wrapping == "generator_lora":
        lora = {"generator_lora": lora, "critic_lora": {}}
    if wrapping == "default":
        lora = {name.replace(".weight", ".default.weight"): part for name, part in lora.items()}
    if wrapping == "down_up":
        names = {"lora_A": "lora_down", "lora_B": "lora_up"}
        lora = {
            n.replace("lora_A", names["lora_A"]).replace("lora_B", "lora_up"): p
            for n, p in lora.items()
        }
        alphas = {n.split(".lora_")[0] + ".alpha": torch.tensor(4.0) for n in lora}
        lora |= alphas  # fmt: skip
    base = put(tmp_path, {"generator": weights(wan)})
    torch.save(lora, tmp_path / "lora.pth")
    merged = load_wan(base, lora=tmp_path / "lora.pth")
    assert (answer(merged) - answer(wan)).abs().max() > 0.05
    assert_close(answer(merged), answer(applied.base_model.model), atol=1e-5, rtol=1e-5)
    off = load_wan(base, lora=tmp_path / "lora.pth", strength=0.0)
    assert_close(answer(off), answer(wan), rtol=0, atol=0)


def test_a_lora_that_does_not_fit_is_refused(wan, tmp_path):
    base, lora = put(tmp_path, weights(wan)), tmp_path / "lora.pth"
    pair = {"lora_A.weight": torch.zeros(2, 9), "lora_B.weight": torch.zeros(24, 2)}
    torch.save({f"blocks.0.self_attn.q.{name}": part for name, part in pair.items()}, lora)
    with pytest.raises(ValueError, match=r"self_attn\.q\.weight is \[24, 9\], must be \[24, 24\]"):
        load_wan(base, lora=lora)
    torch.save({"blocks.9.self_attn.q.lora_A.weight": torch.zeros(2, 9)}, lora)
    with pytest.raises(ValueError, match=r"must have both parts of .* lora_B missing"):
        load_wan(base, lora=lora)
    torch.save({"blocks.0.self_attn.q.weight": torch.zeros(2, 9)}, lora)
    with pytest.raises(ValueError, match=r"must end in lora_A\.weight"):
        load_wan(base, lora=lora)


# ------------------------------------------------------------ formats, tracks


def test_other_number_formats_are_converted_tensor_by_tensor(wan, tmp_path):
    path = put(tmp_path, weights(wan))
    half = load_wan(path, dtype=torch.bfloat16)
    for name, weight in wan.state_dict().items():
        assert torch.equal(half.state_dict()[name], weight.bfloat16())
    error = (answer(half).float() - answer(wan)).norm() / answer(wan).norm()
    assert error < 0.05


def test_int8_from_a_file_is_int8_of_the_network(wan, tmp_path):
    loaded = load_wan(put(tmp_path, weights(wan)), int8=True)
    copy = CausalWan(wan.config).eval().requires_grad_(False)
    copy.load_state_dict(wan.state_dict())
    assert loaded.blocks[0].ffn[0].weight.dtype == torch.int8
    assert_close(answer(loaded), answer(quantised(copy)), rtol=0, atol=0)
    assert (answer(loaded) - answer(wan)).norm() / answer(wan).norm() < 0.03


def test_a_track_head_loads_where_its_names_are_mapped(tmp_path):
    wan = random_wan(track_channels=5, track_dim=3, track_fold=4)
    state = weights(wan)
    first = state.pop("track_head.0.weight").unflatten(1, (5, 4))[..., None, None]
    last = state.pop("track_head.2.weight")[..., None, None, None]
    state |= {"tracker.fold.weight": first, "tracker.out.weight": last}
    for old, theirs in (
        ("track_head.0.bias", "tracker.fold.bias"),
        ("track_head.2.bias", "tracker.out.bias"),
    ):
        state[theirs] = state.pop(old)  # fmt: skip
    path = put(tmp_path, {"generator": {f"model.{name}": part for name, part in state.items()}})
    names = {"tracker.fold.": "track_head.0.", "tracker.out.": "track_head.2."}
    loaded = load_wan(path, names=names)
    assert loaded.config == wan.config == config_of_file(path, names)
    tracks = torch.randn(1, 5, 12, 4, 2, generator=torch.Generator().manual_seed(1))
    x, t = random_latents(3), torch.full((1, 3), 400.0)
    both = [
        one(x, t, one.context(torch.ones(1, 2, 8)), positions=torch.arange(3), tracks=tracks)[0]
        for one in (wan, loaded)
    ]
    assert_close(*both, rtol=0, atol=0)
    with pytest.raises(ValueError, match=r"4 not known: tracker\.fold"):
        load_wan(path)
