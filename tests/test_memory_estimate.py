"""What streaming will need, told before anything is allocated, is what it takes."""

import pytest

from playground import VideoStream
from playground.models import memory_estimate, video_recipes
from playground.models.causal_wan import WanConfig
from playground.models.int8_linear import quantised
from playground.models.memory_estimate import Choice
from playground.models.video_model import VideoModel
from playground.models.video_settings import VideoSettings
from playground.models.wan_vae import WanCodec
from random_video import random_wan
from small_wan import small_prompts, small_vae


def published_config():
    return WanConfig(dim=1536, ffn_dim=8960, num_heads=12, num_layers=30)


@pytest.mark.parametrize("choice", [Choice(weights="float32"), Choice(), Choice(weights="int8")])
def test_the_estimate_of_the_weights_is_what_they_take(choice):
    wan = random_wan(track_channels=5, track_dim=3, track_fold=4)
    if choice.weights != "float32":
        wan = wan.bfloat16()
    if choice.weights == "int8":
        quantised(wan)
    assert memory_estimate.transformer_bytes(wan.config, choice) == sum(
        tensor.nbytes for tensor in wan.state_dict().values()
    )


def test_the_estimate_of_the_cache_is_what_it_takes(tmp_path):
    wan = random_wan(in_dim=16, out_dim=16, text_len=16)
    settings = VideoSettings(size=32, timesteps=(1000,), policy="sliding", sizes=(("window", 6),))
    parts = {"transformer": wan, "codec": WanCodec(small_vae()), "words": small_prompts(tmp_path)}
    model = VideoModel(**parts, settings=settings)
    video = VideoStream(model)
    for _ in range(3):
        next(video)
    entries = video._flight.rollout.cache.entries
    told = memory_estimate.estimate(wan.config, model.settings, Choice(weights="float32"))
    assert told.cache == told.renewed == entries.k.nbytes + entries.v.nbytes


def test_the_published_size_needs_what_its_authors_say():
    recipe = video_recipes.RECIPES["longlive-1.3b"]
    told = memory_estimate.estimate(published_config(), recipe.settings, Choice())
    assert told.transformer == 2 * 1_418_996_800
    assert told.cache == pytest.approx(3.45e9, rel=0.01)  # 12 latent frames in bfloat16


def test_the_best_choice_that_fits_is_taken():
    settings = video_recipes.RECIPES["longlive-1.3b"].settings

    def chosen(free, offload=True):
        told = memory_estimate.fitting(
            published_config(), settings, "bfloat16", int(free * 1e9), can_offload=offload
        )
        return told.choice

    totals = [
        memory_estimate.estimate(published_config(), settings, choice).total / 1e9
        for choice in memory_estimate.choices("bfloat16", can_offload=True)
    ]
    assert chosen(80) == Choice()
    assert chosen(min(totals) + 0.01).offload
    with pytest.raises(ValueError, match=r"free memory must be at least .* GB for int8"):
        chosen(1)
    with pytest.raises(ValueError, match="take a smaller size"):
        chosen(min(totals) + 0.01, offload=False)
