"""The stream batch against the same frames taken one by one, and what must hold on the way."""

from types import SimpleNamespace

import pytest
import torch
from torch.testing import assert_close

from oracles import Recipe, constants, frame_by_frame
from playground.diffusion import noise, stream_batch
from playground.diffusion.guidance import Guidance
from playground.diffusion.plan import Plan, one_slot_plans
from playground.diffusion.schedule import Schedule
from playground.models.image_model import ImageModel
from small_models import velocity_pipeline

T_INDEX = {1: (32,), 2: (32, 45), 4: (18, 26, 35, 45), 8: (0, 8, 16, 22, 28, 34, 40, 46)}
KINDS = ("none", "full", "self", "initialize")
CLOSE = {"atol": 2e-5, "rtol": 2e-5}


def plan_of(model, recipe: Recipe, frames: int = 1) -> Plan:
    return Plan.make(
        schedule=Schedule.from_scheduler(model.scheduler, recipe.t_index),
        noise=noise.initial(recipe.seed, len(recipe.t_index), model.latent_shape),
        guidance=Guidance(kind=recipe.kind, scale=recipe.scale, delta=recipe.delta),
        prompt=model.encode_prompt(recipe.prompt),
        negative=model.encode_prompt(recipe.negative),
        frames=frames,
        add_noise=recipe.add_noise,
    )


def latents(model, count: int, seed: int = 7) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((count, 1, *model.latent_shape), generator=generator)


@torch.inference_mode()
def stream(model, plan: Plan, clean: torch.Tensor) -> tuple[list, stream_batch.StreamState]:
    """Outputs of all calls; the first frame goes through at once."""
    entry = stream_batch.enter(clean[0], plan, tag=0)
    state, out = stream_batch.prime(entry, one_slot_plans(plan), model.unet_forward)
    outputs = [out]
    for tag in range(1, len(clean)):
        entry = stream_batch.enter(clean[tag], plan, tag=tag)
        state, out = stream_batch.step(state, entry, plan, model.unet_forward)
        outputs.append(out)
    return outputs, state


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_leaves_the_batch_as_if_it_had_been_alone(any_model, kind, steps):
    recipe = Recipe(t_index=T_INDEX[steps], kind=kind, scale=1.4, delta=0.8)
    z = latents(any_model, steps + 3)
    outputs, _ = stream(any_model, plan_of(any_model, recipe), z)
    for call, out in enumerate(outputs):
        expected = frame_by_frame(any_model, z[max(0, call - (steps - 1))], recipe).clean[-1]
        assert_close(out, expected, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_eight_steps_are_as_right_as_two(v_model, kind):
    recipe = Recipe(t_index=T_INDEX[8], kind=kind, scale=1.2)
    z = latents(v_model, 9)
    outputs, _ = stream(v_model, plan_of(v_model, recipe), z)
    assert_close(outputs[0], frame_by_frame(v_model, z[0], recipe).clean[-1], atol=2e-4, rtol=2e-4)
    assert_close(outputs[8], frame_by_frame(v_model, z[1], recipe).clean[-1], atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_without_noise_between_steps_the_numbers_are_the_package_s(any_model, kind):
    recipe = Recipe(t_index=T_INDEX[4], kind=kind, scale=1.3, delta=0.7, add_noise=False)
    z = latents(any_model, 6)
    outputs, _ = stream(any_model, plan_of(any_model, recipe), z)
    assert_close(outputs[-1], frame_by_frame(any_model, z[2], recipe).clean[-1], **CLOSE)


@pytest.mark.parametrize("kind", ["self", "initialize"])
def test_boundary_scalings_are_right_where_they_matter(kind):
    """With a timestep scaling of 1 and t = 19, c_skip is 7e-4 and not 1e-8."""
    parts = velocity_pipeline(scheduler_settings={"prediction_type": "epsilon"})
    parts.scheduler.register_to_config(timestep_scaling=1.0)
    model = ImageModel.load(parts, runtime="eager")
    recipe = Recipe(t_index=(47, 48, 49), kind=kind, scale=1.5)
    plan = plan_of(model, recipe)
    _, _, _, c_skip, c_out = constants(model, recipe.t_index)
    assert_close(plan.schedule.c_skip, torch.stack(c_skip))
    assert_close(plan.schedule.c_out, torch.stack(c_out))
    assert plan.schedule.c_skip[-1] > 5e-4
    z = latents(model, 5)
    outputs, _ = stream(model, plan, z)
    assert_close(outputs[-1], frame_by_frame(model, z[2], recipe).clean[-1], atol=2e-6, rtol=2e-6)


@pytest.mark.parametrize("frames", [2, 3, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_buffer_gives_the_pictures_of_its_frames_one_by_one(v_model, kind, frames):
    recipe = Recipe(t_index=T_INDEX[2], kind=kind, scale=1.4, delta=0.9)
    z = latents(v_model, 3 * frames).view(3, frames, *v_model.latent_shape)
    outputs, _ = stream(v_model, plan_of(v_model, recipe, frames), z)
    assert outputs[-1].shape == (frames, *v_model.latent_shape)
    for place in range(frames):
        expected = frame_by_frame(v_model, z[1, place][None], recipe).clean[-1]
        assert_close(outputs[-1][place : place + 1], expected, **CLOSE)


@pytest.mark.parametrize("kind", ["self", "full", "initialize"])
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_guidance_at_scale_one_is_the_conditional_estimate(any_model, kind, steps):
    z = latents(any_model, steps + 1)
    plain = Recipe(t_index=T_INDEX[steps], kind="none")
    for scale, close in ((1.0, {"atol": 0, "rtol": 0}), (1 + 1e-6, {"atol": 1e-4, "rtol": 1e-4})):
        guided = Recipe(t_index=T_INDEX[steps], kind=kind, scale=scale)
        ours, _ = stream(any_model, plan_of(any_model, guided), z)
        theirs, _ = stream(any_model, plan_of(any_model, plain), z)
        assert_close(ours[-1], theirs[-1], **close)


@pytest.mark.parametrize("kind", ["self", "initialize"])
def test_anchor_and_stock_noise_make_up_the_latent_in_every_slot(any_model, kind):
    """a_i anchor + b_i s_i = x_i, with x and s from the frame-by-frame recurrence."""
    recipe = Recipe(t_index=T_INDEX[4], kind=kind, scale=1.4, delta=0.8)
    z = latents(any_model, 1)
    plan = plan_of(any_model, recipe)
    _, state = stream(any_model, plan, z)
    trace = frame_by_frame(any_model, z[0], recipe)
    _, a, b, _, _ = constants(any_model, recipe.t_index)
    for i in range(4):
        assert_close(a[i] * state.anchors[i] + b[i] * trace.s[i], trace.x[i], atol=1e-4, rtol=1e-4)
    if kind == "self":
        for i in range(4):
            assert_close(state.anchors[i], z[0], atol=1e-5, rtol=1e-5)


def test_a_step_leaves_the_state_before_it_as_it_was(v_model):
    recipe = Recipe(t_index=T_INDEX[4], kind="initialize", scale=1.4)
    plan, z = plan_of(v_model, recipe), latents(v_model, 3)
    _, state = stream(v_model, plan, z[:2])
    before = state.clean.clone(), state.anchors.clone(), state.tags
    entry = stream_batch.enter(z[2], plan, tag=2)
    first = stream_batch.step(state, entry, plan, v_model.unet_forward)[1]
    again = stream_batch.step(state, entry, plan, v_model.unet_forward)[1]
    assert_close(first, again, atol=0, rtol=0)
    assert_close(state.clean, before[0], atol=0, rtol=0)
    assert_close(state.anchors, before[1], atol=0, rtol=0)
    assert state.tags == before[2] == (1, 0, 0, 0)


def test_self_guidance_at_one_step_stays_bounded_for_500_frames():
    """The stock noise of a single step must not feed back on itself."""
    cheap = SimpleNamespace(unet_forward=lambda x, t, e: 0.9 * x + 0.1 * x.mean())
    model = ImageModel.load(velocity_pipeline(), runtime="eager")
    model.prediction = "epsilon"
    recipe = Recipe(t_index=(0,), kind="self", scale=1.5)
    plan = plan_of(model, recipe)
    plan_eps = Plan.make(
        schedule=Schedule.from_scheduler(model.scheduler, (0,), prediction="epsilon"),
        noise=plan.noise,
        guidance=plan.guidance,
        prompt=model.encode_prompt("a cat"),
        negative=model.encode_prompt("bad"),
    )
    z = latents(model, 500)
    outputs, _ = stream(cheap, plan_eps, z)
    peaks = torch.tensor([out.abs().max() for out in outputs])
    assert torch.isfinite(peaks).all()
    assert peaks[400:].max() < 2 * peaks[:100].max()
    again, _ = stream(cheap, plan_eps, z[-1:])
    assert_close(outputs[-1], again[0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("kind", "rows"), [("none", 4), ("self", 4), ("initialize", 5), ("full", 8)]
)
def test_every_guidance_costs_the_rows_it_should(v_model, kind, rows):
    recipe = Recipe(t_index=T_INDEX[4], kind=kind, scale=1.4)
    plan, z, seen = plan_of(v_model, recipe), latents(v_model, 1), []

    def count(sample, timesteps, embeddings):
        assert len(sample) == len(timesteps) == len(embeddings)
        seen.append(len(sample))
        return v_model.unet_forward(sample, timesteps, embeddings)

    entry = stream_batch.enter(z[0], plan, tag=0)
    state, _ = stream_batch.prime(entry, one_slot_plans(plan), count)
    assert sum(seen) == rows
    stream_batch.step(state, entry, plan, count)
    assert seen[-1] == rows


def test_the_batch_gives_what_diffusers_img2img_gives_on_the_same_noise(eps_model):
    """An oracle by other hands: its LCM scheduler re-noises with the noises we hand it."""
    from diffusers import LCMScheduler

    recipe = Recipe(t_index=(32, 45))
    plan, z = plan_of(eps_model, recipe), latents(eps_model, 3)
    outputs, _ = stream(eps_model, plan, z)
    theirs = diffusers_img2img(eps_model, LCMScheduler, z[1], plan.noise, (359, 99))
    assert_close(outputs[2], theirs, **CLOSE)


def diffusers_img2img(model, scheduler_class, z, noises, timesteps):
    from unittest.mock import patch

    from diffusers import StableDiffusionImg2ImgPipeline

    pipeline = StableDiffusionImg2ImgPipeline(
        unet=model.unet,
        vae=model.vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        scheduler=scheduler_class.from_config(model.scheduler.config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    queue = [noise[None] for noise in noises]
    entry_path = "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img"
    step_path = "diffusers.schedulers.scheduling_lcm"
    draw = {"side_effect": lambda *a, **k: queue.pop(0)}
    with patch(f"{entry_path}.randn_tensor", **draw), patch(f"{step_path}.randn_tensor", **draw):
        return pipeline(
            "a cat",
            image=z,  # a latent: the pipeline leaves it as it is
            timesteps=list(timesteps),
            strength=1.0,
            guidance_scale=1.0,
            output_type="latent",
        ).images


@pytest.mark.parametrize("old", T_INDEX.values())
@pytest.mark.parametrize("new", [*T_INDEX.values(), (0, 49), (45,)])
def test_changing_the_t_index_list_keeps_frames_in_order_and_numbers_sane(v_model, old, new):
    z = latents(v_model, 6)
    plan_before = plan_of(v_model, Recipe(t_index=old, kind="self", scale=1.2))
    plan_after = plan_of(v_model, Recipe(t_index=new, kind="self", scale=1.2))
    _, state = stream(v_model, plan_before, z)
    state = stream_batch.adapt(state, plan_after)
    assert len(state.tags) == len(state.clean) == len(state.anchors) == len(new)
    shown, tags = [], [state.tags[-1]]
    for tag in range(6, 6 + len(new) + 1):
        entry = stream_batch.enter(z[tag % 6], plan_after, tag=tag)
        state, out = stream_batch.step(state, entry, plan_after, v_model.unet_forward)
        shown.append(out), tags.append(state.tags[-1])
    assert all(torch.isfinite(out).all() for out in shown)
    assert tags == sorted(tags)
    expected = frame_by_frame(v_model, z[0], Recipe(t_index=new, kind="self", scale=1.2))
    assert_close(shown[len(new) - 1], expected.clean[-1], atol=2e-4, rtol=2e-4)


def test_a_coarse_prediction_is_never_used_where_a_fine_one_is_due(v_model):
    """From (0, 16) to (32, 45): the slot at t = 99 takes the finished frame, not the blurred one."""
    plan_before = plan_of(v_model, Recipe(t_index=(0, 16)))
    plan_after = plan_of(v_model, Recipe(t_index=(32, 45)))
    _, state = stream(v_model, plan_before, latents(v_model, 4))
    adapted = stream_batch.adapt(state, plan_after)
    assert_close(adapted.clean[0], state.clean[1], atol=0, rtol=0)
    assert adapted.tags == (2, 2)


def test_a_finer_list_keeps_the_frames_in_flight(v_model):
    plan_before = plan_of(v_model, Recipe(t_index=(0, 16, 32, 45)))
    plan_after = plan_of(v_model, Recipe(t_index=(32, 45)))
    _, state = stream(v_model, plan_before, latents(v_model, 6))
    adapted = stream_batch.adapt(state, plan_after)
    assert adapted.tags == (3, 2)  # the frame whose prediction came from t = 359 is next


def test_text_to_image_starts_from_plain_noise_and_residual_noise_is_that_noise(v_model):
    recipe = Recipe(t_index=T_INDEX[2], kind="self", scale=1.2)
    plan = plan_of(v_model, recipe)
    fresh = noise.fresh(3, 0, (1, *v_model.latent_shape))
    entry = stream_batch.enter_noise(fresh, plan, tag=0)
    assert_close(entry.latent, fresh, atol=0, rtol=0)
    assert_close(entry.anchor, torch.zeros_like(fresh), atol=0, rtol=0)
