import importlib.util
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from playground.streams.controls import Controls
from playground.streams.image_stream import ImageStream

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        importlib.util.find_spec("streamdiffusion") is None,
        reason="streamdiffusion is not installed",
    ),
]

CASES = [
    ("none", (32,)),
    ("none", (16, 32)),
    ("self", (16, 32)),
    ("self", (10, 20, 30, 40)),
    ("full", (16, 32)),
    ("initialize", (32,)),
    ("initialize", (10, 20, 30, 40)),
]


def frames(count, size=(64, 64)):
    return np.random.default_rng(0).integers(0, 256, (count, *size, 3), dtype=np.uint8)


def both(model, **knobs):
    settings = {"prompt": "a cat", "negative_prompt": "bad", "guidance_scale": 1.4, **knobs}
    return tuple(
        ImageStream.load(model, backend=name, **settings) for name in ("own", "streamdiffusion")
    )


def close(ours, theirs):
    """Equal but for a level that rounds the other way."""
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize(("guidance", "t_index"), CASES)
def test_the_package_gives_our_pictures_from_the_first_one_on(any_model, guidance, t_index):
    ours, theirs = both(any_model, guidance=guidance, t_index=t_index, delta=0.8)
    assert ours.lag == theirs.lag
    for frame in frames(6):
        own, peer = ours.step(frame, slots=True), theirs.step(frame, slots=True)
        close(own.picture, peer.picture)
        close(own.slots, peer.slots)
        assert own.frame == peer.frame
    assert len(theirs.flush()) == ours.lag


def test_flushed_pictures_are_those_of_the_frames_in_flight(v_model):
    ours, theirs = both(v_model, guidance="none", t_index=(10, 20, 30))
    for frame in frames(4):
        ours(frame), theirs(frame)
    for own, peer in zip(ours.flush(), theirs.flush(), strict=True):
        close(own, peer)


def test_a_clip_has_one_picture_for_every_frame(v_model):
    ours, theirs = both(v_model, guidance="none", t_index=(10, 20, 30))
    ours(frames(1)[0]), theirs(frames(1)[0])  # a clip starts with an empty stream all the same
    pictures = list(theirs.clip(frames(5)))
    assert len(pictures) == 5
    for own, peer in zip(ours.clip(frames(5)), pictures, strict=True):
        close(own, peer)


def test_snapshots_are_refused_in_words_and_the_stream_goes_on(v_model):
    ours, theirs = both(v_model, guidance="none", t_index=(16, 32))
    frame = frames(1)[0]
    ours(frame), theirs(frame)
    with pytest.raises(ValueError, match="snapshot must be taken with backend 'own'"):
        _ = theirs.state
    with pytest.raises(ValueError, match="snapshot must be restored with backend 'own'"):
        theirs.restore(ours.state)
    close(ours(frame), theirs(frame))


def test_text_to_image_starts_from_the_same_noise(v_model):
    ours, theirs = both(v_model, guidance="none", t_index=(0, 16, 32))
    for own, peer, _ in zip(ours, theirs, range(4), strict=False):
        close(own, peer)


@pytest.mark.parametrize("guidance", ["self", "full"])
def test_a_live_prompt_acts_at_once_and_the_pictures_stay_right(v_model, guidance):
    ours, theirs = both(v_model, guidance=guidance, t_index=(16, 32))
    still = frames(1)[0]
    for prompt in ("a cat", "a dog", "a tree"):
        ours.prompt = theirs.prompt = prompt
        for _ in range(3):  # full prepares anew: compare when all slots saw the prompt
            own, peer = ours(still), theirs(still)
        close(own, peer)


@pytest.mark.parametrize(
    "change",
    [{"t_index": (10, 20, 40)}, {"seed": 5}, {"guidance": "none"}, {"guidance_scale": 2.0}],
)
def test_other_knobs_prepare_it_anew_without_a_rubbish_frame(v_model, change):
    _, theirs = both(v_model, guidance="self", t_index=(16, 32))
    still = frames(1)[0]
    theirs(still), theirs(still)
    theirs.update(replace(theirs.controls, **change))
    _, fresh = both(v_model, **{"guidance": "self", "t_index": (16, 32), **change})
    np.testing.assert_array_equal(theirs(still), fresh(still))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "sequential"}, "mode must be 'batch' .* takes one frame's latents"),
        ({"frame_buffer": 2}, "frame_buffer must be 1 .* fail with more than one step"),
        ({"t_index": (16,)}, "t_index must have 2 entries or more .* feeds back on itself"),
        ({"feedback": 0.3}, "feedback must be 0 with backend 'streamdiffusion', got 0.3"),
        ({"similarity_threshold": 0.9}, "similarity_threshold must be None .* got 0.9"),
        ({"seed_blend": (3, 0.5)}, "seed_blend must be None"),
        ({"blend": (("a cat", 1.0),)}, "blend must be empty"),
        ({"t_index": (16, 50)}, "must be below the 50 inference steps"),
        ({"size": (60, 64)}, "multiples of 8"),
    ],
)
def test_what_the_package_gets_wrong_is_refused_with_the_way_out(v_model, settings, message):
    knobs = {"guidance": "self", "guidance_scale": 1.4, **settings}
    with pytest.raises(ValueError, match=message):
        ImageStream.load(v_model, backend="streamdiffusion", **knobs)


def test_a_refused_change_leaves_the_stream_as_it_was(v_model):
    _, theirs = both(v_model, guidance="self", t_index=(16, 32))
    still = frames(1)[0]
    before = theirs(still)
    for change in ({"feedback": 0.5}, {"t_index": (16,)}):
        with pytest.raises(ValueError, match="with backend 'streamdiffusion'"):
            theirs.update(replace(theirs.controls, **change))
    with pytest.raises(ValueError, match="controls must be Controls, got dict"):
        theirs.update({})
    np.testing.assert_array_equal(theirs(still), before)


def test_a_scale_of_one_switches_every_guidance_off(v_model):
    still = frames(1)[0]
    pictures = [
        ImageStream.load(v_model, backend="streamdiffusion", guidance=kind, guidance_scale=1)(still)
        for kind in ("none", "self", "full", "initialize")
    ]
    for picture in pictures[1:]:
        np.testing.assert_array_equal(picture, pictures[0])


def test_latents_of_other_than_four_channels_stream_too():
    from diffusers import AutoencoderTiny

    from tests.conftest import velocity_pipeline

    parts = velocity_pipeline()
    torch.manual_seed(0)
    parts.unet = type(parts.unet).from_config(
        {**parts.unet.config, "in_channels": 6, "out_channels": 6}
    )
    parts.vae = AutoencoderTiny.from_config({**parts.vae.config, "latent_channels": 6})
    ours, theirs = both(parts, guidance="self", t_index=(16, 32), runtime="eager")
    for frame in frames(4):
        close(ours(frame), theirs(frame))


def test_a_bad_frame_is_refused_and_the_stream_goes_on(v_model):
    _, theirs = both(v_model, guidance="none", t_index=(16, 32))
    still = frames(1)[0]
    before = theirs(still)
    with pytest.raises(ValueError, match="frame must hold finite numbers"):
        theirs(np.full((8, 8, 3), np.nan))
    np.testing.assert_array_equal(theirs(still), before)


def test_two_streams_do_not_share_their_noise(v_model):
    still = frames(1)[0]
    _, first = both(v_model, guidance="self", t_index=(16, 32), seed=1)
    before = first(still)
    _, second = both(v_model, guidance="self", t_index=(16, 32), seed=9)
    second(still)
    np.testing.assert_array_equal(first(still), before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="nothing is replaced where CUDA is")
def test_nobody_else_sees_the_stand_in_for_cuda(v_model):
    from streamdiffusion import pipeline

    ImageStream.load(v_model, backend="streamdiffusion", t_index=(16, 32))(frames(1)[0])
    assert pipeline.torch is not torch
    assert pipeline.torch.randn is torch.randn
    assert pipeline.torch.cuda.synchronize() is None
    with pytest.raises(RuntimeError, match="dummy base class"):
        torch.cuda.Event()


def test_without_the_package_the_way_to_get_it_is_named():
    program = (
        "import sys; sys.modules['streamdiffusion'] = None\n"
        "from playground.streams.streamdiffusion_package import package\n"
        "try: package()\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install --no-deps streamdiffusion==0.1.1" in done.stdout


def test_its_default_controls_are_ours(v_model):
    assert ImageStream.load(v_model, backend="streamdiffusion").controls == Controls()
