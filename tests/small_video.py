"""A small random video model, fast enough for hundreds of chunks in a test, and what tests do with its stream."""

import numpy as np

WORDS = (
    "a", "an", "and", "beach", "car", "cat", "duck", "fox", "grass", "in", "night", "on", "robot",
    "sand", "sea", "snow", "sunset", "the",
)  # fmt: skip
TRACK_CHANNELS = 62  # as many as `track_grid` gives


def small_model(
    seed: int = 0, *, runtime: str = "eager", track_channels: int = TRACK_CHANNELS, **settings
):
    """16 x 16 pixels, latents [16, 2, 2], one token a frame; `settings` as in `VideoSettings`."""
    import torch

    from playground.models.video_files import build
    from playground.models.video_model import VideoModel
    from playground.models.video_settings import VideoSettings

    config = {
        "transformer": {
            "dim": 24, "ffn_dim": 32, "num_heads": 2, "num_layers": 2, "text_dim": 8, "text_len": 6,
            "freq_dim": 16, "track_channels": track_channels, "track_dim": 4 if track_channels else 0,
        },
        "codec": {"widths": (8, 8, 8), "encoder_blocks": 1, "decoder_blocks": 1},
        "words": WORDS,
    }  # fmt: skip
    settings = {"size": 16, "timesteps": (1000, 750), **settings}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts = build(config)
        for weight in parts["transformer"].parameters():
            if weight.ndim > 1:  # so that text, tracks and past all show in the answer
                torch.nn.init.normal_(weight, std=1.5 / weight[0].numel() ** 0.5)
    model = VideoModel(**parts, settings=VideoSettings(**settings))
    if runtime != "eager":
        model.use_runtime(runtime)
    return model


SIZE = (16, 16)


def stream(model, **knobs):
    from playground import VideoStream

    return VideoStream.load(model, **knobs)


def frames(video, chunks=3):
    return np.concatenate([next(video).frames for _ in range(chunks)])


def path(*points, **more):
    from playground import Tracks

    return Tracks.from_strokes([list(points)], size=SIZE, **more)
