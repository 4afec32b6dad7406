"""Mixtures of embeddings: means on the line and on the sphere, prompts by weight."""

import pytest
import torch
from torch.testing import assert_close

from playground.conditioning.blend import linear, spherical
from playground.conditioning.prompts import check_prompt, embed


def vectors(count: int, *shape: int) -> torch.Tensor:
    return torch.randn((count, *shape), generator=torch.Generator().manual_seed(count))


def slerp(first, second, amount):
    """The textbook formula, for single vectors."""
    angle = torch.arccos(torch.dot(first / first.norm(), second / second.norm()))
    units = first / first.norm(), second / second.norm()
    mixed = torch.sin((1 - amount) * angle) * units[0] + torch.sin(amount * angle) * units[1]
    return mixed / torch.sin(angle) * ((1 - amount) * first.norm() + amount * second.norm())


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5, 0.77, 1.0])
def test_the_spherical_mean_of_two_is_slerp(amount):
    first, second = vectors(2, 32)
    mixed = spherical(torch.stack([first, second]), torch.tensor([1 - amount, amount]))
    assert_close(mixed, slerp(first, second, amount), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("count", [3, 5])
def test_the_spherical_mean_does_not_depend_on_the_order(count):
    points, shares = vectors(count, 7, 32), torch.arange(1.0, count + 1) / sum(range(count + 1))
    turned = spherical(points.flip(0), shares.flip(0))
    assert_close(spherical(points, shares), turned, atol=1e-5, rtol=1e-5)


def test_the_geodesics_from_the_spherical_mean_cancel():
    points, shares = vectors(4, 32), torch.tensor([0.1, 0.2, 0.3, 0.4])
    units = points / points.norm(dim=-1, keepdim=True)
    mean = spherical(units, shares)
    assert_close(mean.norm(), torch.tensor(1.0))
    cosines = units @ mean
    tangents = units - cosines[:, None] * mean
    tangents = tangents / tangents.norm(dim=-1, keepdim=True) * torch.arccos(cosines)[:, None]
    assert_close(shares @ tangents, torch.zeros(32), atol=1e-5, rtol=0)


@pytest.mark.parametrize("mixture", [linear, spherical])
def test_equal_vectors_mix_to_themselves(mixture):
    point = vectors(1, 16, 32)[0]
    same = torch.stack([point, point, point])
    assert_close(mixture(same, torch.tensor([0.2, 0.3, 0.5])), point, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "points", [torch.zeros(2, 8), torch.stack([torch.ones(8), -torch.ones(8)])]
)
def test_vectors_without_a_middle_still_give_numbers(points):
    assert torch.isfinite(spherical(points, torch.tensor([0.5, 0.5]))).all()


@pytest.mark.parametrize("mode", ["linear", "slerp"])
def test_a_blend_counts_weights_relative_to_their_sum(v_model, mode):
    small = embed(v_model, "-", (("a cat", 1), ("a dog", 3)), mode)
    large = embed(v_model, "-", (("a cat", 10), ("a dog", 30)), mode)
    assert_close(small, large)
    assert small.shape == v_model.encode_prompt("a cat").shape


def test_a_linear_blend_is_the_weighted_mean(v_model):
    blended = embed(v_model, "-", (("a cat", 1), ("a dog", 3)))
    cat, dog = v_model.encode_prompt("a cat"), v_model.encode_prompt("a dog")
    assert_close(blended, 0.25 * cat + 0.75 * dog)


@pytest.mark.parametrize("mode", ["linear", "slerp"])
def test_a_blend_with_one_weight_is_that_prompt(v_model, mode):
    blended = embed(v_model, "-", (("a cat", 0), ("a dog", 3), ("a fox", 0)), mode)
    assert blended is v_model.encode_prompt("a dog")


def test_without_a_blend_the_prompt_counts(v_model):
    assert embed(v_model, "a cat") is v_model.encode_prompt("a cat")


def test_what_cannot_be_blended_is_refused(v_model):
    with pytest.raises(ValueError, match="blend_mode must be one of linear, slerp; got 'cubic'"):
        embed(v_model, "a", (), "cubic")
    with pytest.raises(ValueError, match=r"blend must have a weight above 0, got \[0\]"):
        embed(v_model, "a", (("b", 0),))


def test_a_prompt_is_checked_against_a_vocabulary():
    vocabulary = {"objects": ["fox"], "words": ["a"]}
    assert check_prompt("a green fox", vocabulary) == ("green",)
    assert check_prompt("a green fox", None) == ()
