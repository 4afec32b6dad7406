"""Small real models as fixtures: the reference pipeline, and a random one that predicts velocity."""

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
