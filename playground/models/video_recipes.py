"""The published causal video models, and how each of them wants to be streamed.

All are Wan2.1-T2V-1.3B (arXiv 2503.20314) trained further: Self Forcing (2506.08009), LongLive (2509.22622,
a base and a LoRA of rank 256), Causal Forcing (2602.02214). They make three latent frames, twelve
pictures, in four steps at the times 1000, 750, 500, 250, warped by a shift of 5, without guidance. The
prompts' encoder and the autoencoder come from Wan's own repository in diffusers' layout. Wan2.1 itself is
here as the base of them and for measuring: it is no few-step model, what it streams is blurred.

Repositories, files and sizes were compared with what their authors' instructions and public lists of
them say. Licences are those of the model cards, where weights are handed out: for Self Forcing and
LongLive a card says CC BY-NC-SA 4.0 while the code beside it has gone over to Apache-2.0 since. Whether
that was meant for the weights too could not be found out, so look at the card before you earn with them.
"""

from dataclasses import dataclass
from pathlib import Path

from playground.models.recipes import Recipe, Repository
from playground.models.video_settings import VideoSettings

WAN_1_3B, UMT5_XXL, WAN_VAE, RANK_256 = 1_418_996_800, 5_680_910_336, 126_892_531, 350_000_000
NOT_FOR_MONEY = "CC BY-NC-SA 4.0"
WAN_REPO, TINY_CODEC_REPO, TINY_CODEC_FILE = (
    "Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
    "madebyollin/taehv",
    "taew2_1.pth",
)
TINY_CODEC_URL = "https://github.com/madebyollin/taehv/raw/main/taew2_1.pth"
SHARDS = tuple(f"text_encoder/model-0000{n}-of-00005.safetensors" for n in range(1, 6))
TEXT = Repository(
    role="text", repo=WAN_REPO, licence="Apache-2.0", parameters=UMT5_XXL, stored_bytes=4,
    files=(
        "text_encoder/config.json", "text_encoder/model.safetensors.index.json", *SHARDS,
        "tokenizer/special_tokens_map.json", "tokenizer/spiece.model", "tokenizer/tokenizer.json",
        "tokenizer/tokenizer_config.json",
    ),
    stays_in_memory=False,
)  # fmt: skip
CODEC = Repository(
    role="codec", repo=WAN_REPO, licence="Apache-2.0", parameters=WAN_VAE, stored_bytes=4,
    files=("vae/config.json", "vae/diffusion_pytorch_model.safetensors"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoRecipe(Recipe):
    """One video model, with the settings that suit it."""

    checkpoint: str  # in the first repository: a file, or a folder with a config and shards
    which: str | None = None  # the wrapping to take; None: averaged weights first
    lora_file: str | None = None  # in the repository of the LoRA
    names: tuple[
        tuple[str, str], ...
    ] = ()  # beginnings of names that are neither Wan's nor diffusers'
    size: tuple[int, int] = (480, 832)
    fps: float = 16
    chunk: int = 3  # latent frames; the first one is one picture, every other four
    policy: str = "sliding"
    window: int = 21  # latent frames that a chunk sees, itself included
    sink: int = 0
    steps: tuple[int, ...] = (1000, 750, 500, 250)
    shift: float = 5.0
    text_len: int = 512
    dtype: str = "bfloat16"

    @property
    def times(self) -> tuple[float, ...]:
        """The steps moved towards noise by the shift, as the models were trained."""
        sigmas = [step / 1000 for step in self.steps]
        return tuple(1000 * self.shift * s / (1 + (self.shift - 1) * s) for s in sigmas)

    @property
    def settings(self) -> VideoSettings:
        """What a stream is told."""
        sizes = {"window": self.window} | ({"sink": self.sink} if self.sink else {})
        return VideoSettings(
            fps=self.fps, size=self.size, chunk=self.chunk, timesteps=self.times,
            policy=self.policy, sizes=tuple(sizes.items()),
        )  # fmt: skip


def _wan(repo: str, files: tuple[str, ...], licence: str = "Apache-2.0", **more: int) -> Repository:
    sizes = {"parameters": WAN_1_3B, "stored_bytes": 4, **more}
    return Repository(role="base", repo=repo, licence=licence, files=files, **sizes)


LONGLIVE = "Efficient-Large-Model/LongLive-1.3B"
TRANSFORMER = "transformer/diffusion_pytorch_model"
RECIPES: dict[str, VideoRecipe] = {
    recipe.name: recipe
    for recipe in (
        VideoRecipe(
            name="self-forcing",
            title="Self Forcing, 1.3 B",
            repositories=(
                _wan("gdhe17/Self-Forcing", ("checkpoints/self_forcing_dmd.pt",), NOT_FOR_MONEY),
                TEXT, CODEC,
            ),
            checkpoint="checkpoints/self_forcing_dmd.pt",
            which="generator_ema",
            remark="trained for 21 latent frames (five seconds); drifts after that",
        ),
        VideoRecipe(
            name="longlive-1.3b",
            title="LongLive, 1.3 B",
            repositories=(
                _wan(LONGLIVE, ("models/longlive_base.pt",), NOT_FOR_MONEY),
                Repository(
                    role="lora", repo=LONGLIVE, licence=NOT_FOR_MONEY, files=("models/lora.pt",),
                    parameters=2 * RANK_256, stored_bytes=4, stays_in_memory=False,
                ),
                TEXT, CODEC,
            ),
            checkpoint="models/longlive_base.pt",
            which="generator",
            lora_file="models/lora.pt",
            policy="longlive",
            window=12,
            sink=3,
            remark="trained for minutes and for prompt switches with a re-cache",
        ),
        VideoRecipe(
            name="causal-forcing",
            title="Causal Forcing, 1.3 B",
            repositories=(
                _wan("zhuhz22/Causal-Forcing", ("chunkwise/causal_forcing.pt",)), TEXT, CODEC,
            ),
            checkpoint="chunkwise/causal_forcing.pt",
            which="generator",  # as its authors run it
            remark="trained for 21 latent frames (five seconds); drifts after that",
        ),
        VideoRecipe(
            name="wan2.1-1.3b",
            title="Wan2.1 text to video, 1.3 B, Wan's own layout",
            repositories=(
                _wan(
                    "Wan-AI/Wan2.1-T2V-1.3B",
                    ("diffusion_pytorch_model.safetensors", "config.json"),
                ),
                TEXT, CODEC,
            ),
            checkpoint="diffusion_pytorch_model.safetensors",
            remark="not causal and not distilled: blurred at four steps, for measuring",
        ),
        VideoRecipe(
            name="wan2.1-1.3b-diffusers",
            title="Wan2.1 text to video, 1.3 B, diffusers' layout",
            repositories=(
                _wan(
                    WAN_REPO,
                    (
                        "transformer/config.json", f"{TRANSFORMER}.safetensors.index.json",
                        f"{TRANSFORMER}-00001-of-00002.safetensors",
                        f"{TRANSFORMER}-00002-of-00002.safetensors",
                    ),
                ),
                TEXT, CODEC,
            ),
            checkpoint="transformer",
            remark="not causal and not distilled: blurred at four steps, for measuring",
        ),
    )
}  # fmt: skip


def recipe_of_repo(repo: str) -> VideoRecipe | None:
    """The recipe whose model is that repository of the hub; None where there is none."""
    return next((one for one in RECIPES.values() if one.repositories[0].repo == repo), None)


def recipe_for(source: str | Path) -> VideoRecipe:
    """The recipe of that name, else the one whose model a file or folder is named after."""
    if str(source) in RECIPES:
        return RECIPES[str(source)]
    text = str(source).lower().replace("_", "-")
    marks = {"longlive": "longlive-1.3b", "causal-forcing": "causal-forcing"}
    return RECIPES[next((name for mark, name in marks.items() if mark in text), "self-forcing")]
