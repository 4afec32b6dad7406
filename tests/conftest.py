"""Small real models as fixtures: the reference pipeline, random ones, and a folder in a published layout."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from small_models import GOLDEN, velocity_pipeline


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    """Reference latents of the image stream, with the pipeline that made them."""
    return GOLDEN


@pytest.fixture(scope="session")
def eps_model():
    """The reference pipeline: random weights, predicts noise, 64 px, latents 4x8x8."""
    from playground.models.image_model import ImageModel

    return ImageModel.load(GOLDEN / "pipeline", runtime="eager", device="cpu")


@pytest.fixture(scope="session")
def v_pipeline() -> SimpleNamespace:
    """The five parts of a small random pipeline that predicts velocity."""
    return velocity_pipeline()


@pytest.fixture(scope="session")
def v_model(v_pipeline):
    """A small random model in the layout of the shipped one: predicts velocity, 64 px."""
    from playground.models.image_model import ImageModel

    return ImageModel.load(v_pipeline, runtime="eager")


@pytest.fixture(params=["eps_model", "v_model"])
def any_model(request):
    """Both kinds of models, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def wan():
    """A small random transformer with the channels of published ones."""
    from random_video import random_wan
    from small_wan import PUBLISHED_SIZES

    return random_wan(**PUBLISHED_SIZES)


@pytest.fixture(scope="module")
def folder(wan, tmp_path_factory):
    """Transformer, autoencoder, prompts and tokenizer, as diffusers saves a pipeline."""
    from small_wan import save_published

    folder = tmp_path_factory.mktemp("published")
    save_published(folder, wan)
    return folder
