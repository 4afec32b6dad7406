"""What only a CUDA device can show: the same streams as on a CPU, recorded networks, the memory that was told.

All of it is left out where there is none.
"""

import threading
import time

import numpy as np
import pytest
import torch

from playground import ImageStream, Tracks, VideoStream
from playground.benchmarks.bench_full_size import video_figures
from playground.benchmarks.full_size_models import random_video_model
from playground.benchmarks.pen import Pen
from playground.models.image_model import ImageModel
from playground.models.runtime import attach
from playground.models.video_model import VideoModel
from playground.models.video_recipes import RECIPES
from replays import assert_same, chunk, recorded

STROKE = [(32, 40), (48, 30), (20, 30)]
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def levels_apart(one, other):
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def test_the_tiny_video_is_that_of_a_cpu_through_paths_and_a_switch():
    streams = [
        VideoStream.load(
            VideoModel.load("tiny", device=device, runtime="eager"), prompt="a duck on the sea"
        )
        for device in ("cpu", "cuda")
    ]
    for number in range(10):
        for video in streams:
            if number == 2:
                video.tracks = Tracks.from_strokes([STROKE], fps=video.fps, size=video.size)
            if number == 6:
                video.prompt = "a turtle on the sea"
        assert levels_apart(*(next(video).frames for video in streams)) <= 3


def test_the_tiny_pictures_are_those_of_a_cpu():
    streams = [
        ImageStream.load(
            ImageModel.load("tiny", device=device, dtype=torch.float32, runtime="eager"),
            prompt="a red fox on snow",
        )
        for device in ("cpu", "cuda")
    ]
    pen = Pen(streams[0].size)
    for _ in range(8):
        frame = pen.latest()
        assert levels_apart(*(stream(frame) for stream in streams)) <= 2


def test_a_recording_made_on_a_gpu_replays_there_bit_for_bit(tmp_path):
    model = VideoModel.load("tiny", device="cuda")
    video = VideoStream.load(model, prompt="a duck on the sea")
    script = [chunk(), chunk(), chunk(prompt="a cat on the beach"), chunk(), chunk(seed=3)]
    made, recording = recorded(video, tmp_path / "a.jsonl", script)
    again = [step.frames for step in recording.replay(model)]
    assert_same(made, again)


@torch.inference_mode()
def test_recorded_networks_give_the_same_bits_within_seconds():
    model = ImageModel.load("tiny", device="cuda", runtime="eager")
    began, handle = time.perf_counter(), attach(model, "auto")
    assert handle.name == model.networks.name == "cudagraph"
    words, channels = model.encode_prompt("a red fox"), model.unet.config.in_channels
    for rows in (1, 4, 1):
        for _ in range(2):
            latents = torch.randn(rows, channels, 16, 16, device="cuda").to(model.dtype)
            call = latents, torch.arange(rows, device="cuda") * 200, words.expand(rows, -1, -1)
            plain = model.networks.unet.plain(*call), model.networks.decode.plain(latents)
            assert torch.equal(model.networks.unet(*call), plain[0])
            assert torch.equal(model.networks.decode(latents), plain[1])
            assert handle.wait(60)
    assert handle.failures == [] and len(model.networks.unet._ready) == 2
    assert time.perf_counter() - began < 30


@torch.inference_mode()
def test_networks_are_recorded_while_other_threads_use_the_device():
    model = ImageModel.load("tiny", device="cuda", runtime="eager")
    latents = torch.randn(1, model.unet.config.in_channels, 16, 16, device="cuda").to(model.dtype)
    stop, product = threading.Event(), torch.eye(512, device="cuda")
    right = []

    def work():
        with torch.inference_mode():
            while not stop.is_set():
                right.append(bool(torch.equal(product @ product.clone(), product)))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(5):
            handle = attach(model, "cudagraph")
            plain = model.networks.decode.plain(latents)
            model.networks.decode(latents)
            assert handle.wait(60) and handle.failures == []
            assert torch.equal(model.networks.decode(latents), plain)
    finally:
        stop.set()
        worker.join(30)
    assert right and all(right)


@pytest.mark.slow
def test_the_published_size_streams_in_the_memory_that_was_told():
    recipe = RECIPES["longlive-1.3b"]
    with torch.inference_mode():
        torch.cuda.reset_peak_memory_stats()
        model = random_video_model(recipe, recipe.settings, torch.device("cuda"))
        figures = video_figures(model, "tiny", chunks=4, rounds=1)
    assert 0.7 < figures["video_over_told"] <= 1
    assert figures["video_peer_difference"] < 0.05
