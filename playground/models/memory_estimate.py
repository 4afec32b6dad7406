"""What streaming a video model will need, told before anything is allocated, and the choice that fits.

Weights and the KV cache are counted exactly; what passes and decoding need beside them is estimated from
the largest tensors that are alive at once, so that the sum is rather too high. Choices come best first:

    as recommended; the tiny decoder; weights in 8 bits; blocks on the CPU, moved over one by one

Pure arithmetic: knows sizes, no network and no device.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from playground.models.causal_wan import WanConfig
from playground.models.recipes import BYTES
from playground.models.video_settings import VideoSettings

GB = 1e9
WEIGHTS = ("float32", "bfloat16", "float16", "int8")
DECODERS = ("full", "tiny")
DECODER_PARAMETERS = {"full": 126_892_531, "tiny": 11_400_000}
DECODER_CHANNELS = {"full": 8 * 96, "tiny": 5 * 64}  # alive at full size, a picture under way
CELLS = {"full": 4, "tiny": 12}  # pictures under way at once


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """How weights are kept."""

    weights: str = "bfloat16"  # float32, bfloat16, float16 or int8
    decoder: str = "full"  # or "tiny"
    offload: bool = False  # blocks stay on the CPU and are moved over one by one

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            raise ValueError(f"weights must be one of {', '.join(WEIGHTS)}; got {self.weights!r}")
        if self.decoder not in DECODERS:
            raise ValueError(f"decoder must be full or tiny, got {self.decoder!r}")

    @property
    def number_bytes(self) -> int:
        """Of what is not in 8 bits: activations, cache, the other weights."""
        return BYTES["bfloat16" if self.weights == "int8" else self.weights]

    def __str__(self) -> str:
        rest = ", blocks on the CPU" if self.offload else ""
        return f"{self.weights}, {self.decoder} decoder{rest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryEstimate:
    """Bytes on the device that runs the model."""

    choice: Choice
    transformer: int
    codec: int
    cache: int  # keys and values of the window
    renewed: int  # the same once more: while a prompt is switched, the old ones are not gone yet
    prompt: int  # cross-attention keys and values
    passes: int  # what one pass needs for a moment
    decoding: int  # what decoding needs for a moment

    @property
    def total(self) -> int:
        """Passes and decoding do not happen at once."""
        kept = self.transformer + self.codec + self.cache + self.renewed + self.prompt
        return kept + max(self.passes, self.decoding)

    def __str__(self) -> str:
        parts = ("transformer", "codec", "cache", "renewed", "prompt", "passes", "decoding")
        listed = ", ".join(f"{part} {getattr(self, part) / GB:.2f}" for part in parts)
        return f"{self.choice}: about {self.total / GB:.2f} GB ({listed})"


def estimate(
    config: WanConfig, settings: VideoSettings, choice: Choice, *, window: int | None = None
) -> MemoryEstimate:
    """The needs of one stream; `window` in latent frames, None = that of the settings."""
    window = window or dict(settings.sizes).get("window", 4 * settings.chunk)
    tokens = (settings.size[0] // 16) * (settings.size[1] // 16)
    size, frame = choice.number_bytes, config.dim * tokens
    entry = 2 * config.num_layers * frame * size
    # Of one layer at a time: keys and values joined, and keys turned in float32.
    one_layer = 2 * frame * window * (2 * size + 4)
    a_new_frame = tokens * (8 * config.dim + 2 * config.ffn_dim) * size
    rewriting = window * a_new_frame + (window * tokens) ** 2 * (1 + size)  # the mask, twice
    next_chunk = settings.chunk * (a_new_frame + entry)
    pixels = settings.size[0] * settings.size[1]
    decoder = DECODER_CHANNELS[choice.decoder] * CELLS[choice.decoder] * pixels
    return MemoryEstimate(
        choice=choice,
        transformer=transformer_bytes(config, choice),
        codec=DECODER_PARAMETERS[choice.decoder] * size,
        cache=window * entry,
        renewed=window * entry,
        prompt=2 * config.num_layers * config.text_len * config.dim * size,
        passes=one_layer + max(rewriting, next_chunk),
        decoding=decoder * size,
    )


def transformer_bytes(config: WanConfig, choice: Choice) -> int:
    """Of all weights; with `offload`, of one block and what is outside of the blocks."""
    block_linear, block_rest, outside = parameters(config)
    scales = config.dim * 9 + config.ffn_dim if choice.weights == "int8" else 0
    a_weight = 1 if choice.weights == "int8" else choice.number_bytes
    block = block_linear * a_weight + (block_rest + scales) * choice.number_bytes
    blocks = 1 if choice.offload else config.num_layers
    return blocks * block + outside * choice.number_bytes


def parameters(config: WanConfig) -> tuple[int, int, int]:
    """Numbers in the matrices of a block, in the rest of it, and outside of the blocks."""
    dim, ffn, patch = config.dim, config.ffn_dim, _product(config.patch_size)
    matrices = 8 * dim * dim + 2 * dim * ffn
    rest = 8 * dim + ffn + dim + 6 * dim
    rest += (4 * dim if config.qk_norm else 0) + (2 * dim if config.cross_attn_norm else 0)
    outside = (config.in_dim + config.track_dim) * patch * dim + dim
    outside += (config.text_dim + 1) * dim + (dim + 1) * dim
    outside += (config.freq_dim + 1) * dim + (dim + 1) * dim + (dim + 1) * 6 * dim
    outside += (dim + 1) * patch * config.out_dim + 2 * dim
    if config.track_dim:
        folded, middle = config.track_channels * config.track_fold, 2 * config.track_dim
        outside += (folded + 1) * middle + (middle + 1) * config.track_dim
    return matrices, rest, outside


def choices(recommended: str, *, can_offload: bool) -> Iterator[Choice]:
    """From the best to the smallest."""
    for decoder in DECODERS:
        yield Choice(weights=recommended, decoder=decoder)
    for decoder in DECODERS:
        yield Choice(weights="int8", decoder=decoder)
    if can_offload:
        yield Choice(weights=recommended, decoder="tiny", offload=True)
        yield Choice(weights="int8", decoder="tiny", offload=True)


def fitting(
    config: WanConfig, settings: VideoSettings, recommended: str, free: int, *, can_offload: bool
) -> MemoryEstimate:
    """The best choice that fits into `free` bytes; raises ValueError where none does."""
    least: MemoryEstimate | None = None
    for choice in choices(recommended, can_offload=can_offload):
        least = estimate(config, settings, choice)
        if least.total <= free:
            return least
    raise ValueError(
        f"free memory must be at least {least.total / GB:.1f} GB for {least.choice}, got "
        f"{free / GB:.1f} GB; take a smaller size, now {settings.size}, or a smaller window"
    )


def _product(sizes: tuple[int, ...]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product
