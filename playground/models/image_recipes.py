"""The published image models that stream in a few steps, and how to stream each of them.

Latent consistency models (Luo et al., arXiv 2310.04378), their LoRA form (arXiv 2311.05556) and
adversarially distilled models (Sauer et al., arXiv 2311.17042). Every one comes with its tiny
autoencoder (TAESD), which decodes far faster; `with_full_codec` takes the model's own. The t-index
lists are those that authors recommend for drawings: (18, 26, 35, 45) by StreamDiffusion's, and half
strength in one step by the cards of the turbo models. Loading is in `loading`; nothing here imports
a network library.

Repositories and licences were compared with model cards and public instructions; the turbo models' cards
still name an older, non-commercial licence beside the Community licence that they link to. Not to be seen
from outside: whether every repository has each of these files in half precision today, which is why full
precision is taken where there is no half.
"""

from dataclasses import dataclass, replace

from playground.models.recipes import Recipe, Repository

SD_UNET, SD_UNET_LCM, SD2_UNET, SDXL_UNET = 859_520_964, 859_602_884, 865_910_724, 2_567_463_684
CLIP_L, OPEN_CLIP_H, OPEN_CLIP_G = 123_060_480, 340_387_840, 694_659_840
CODEC, TINY_CODEC = 83_653_863, 2_445_063
SD_LCM_LORA, SDXL_LCM_LORA = 67_280_000, 196_980_000  # rounded: counted from the file sizes
RAIL, RAIL_PLUS = "CreativeML OpenRAIL-M", "CreativeML OpenRAIL++-M"
STABILITY = "Stability AI Community"
TOKENIZER = ("merges.txt", "special_tokens_map.json", "tokenizer_config.json", "vocab.json")
WEIGHTS, TEXT_WEIGHTS = "diffusion_pytorch_model{}.safetensors", "model{}.safetensors"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRecipe(Recipe):
    """One image model, with the settings that suit it."""

    size: tuple[int, int]  # pixels (H, W) that it was trained on
    t_index: tuple[int, ...]
    guidance: str  # none, full, self or initialize
    guidance_scale: float = 1.0
    embedded_guidance: float | None = None  # for networks that read their guidance scale, 1..15
    full_codec: Repository

    @property
    def has_tiny_codec(self) -> bool:
        """Whether the tiny autoencoder decodes, and not the model's own."""
        return self.repository("codec") != self.full_codec

    def with_full_codec(self) -> "ImageRecipe":
        """The same with the model's own autoencoder: slower, finer."""
        others = tuple(one for one in self.repositories if one.role != "codec")
        return replace(self, repositories=(*others, self.full_codec))

    def knobs(self) -> dict[str, object]:
        """The recommended values of the live knobs."""
        return {
            "t_index": self.t_index,
            "guidance": self.guidance,
            "guidance_scale": self.guidance_scale,
        }


def _base_files(variant: str, encoders: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    texts = [
        name
        for ending in encoders
        for name in (
            *(f"tokenizer{ending}/{file}" for file in TOKENIZER),
            f"text_encoder{ending}/config.json",
            f"text_encoder{ending}/{TEXT_WEIGHTS.format(variant)}",
        )
    ]
    unet = ("unet/config.json", f"unet/{WEIGHTS.format(variant)}")
    return ("model_index.json", "scheduler/scheduler_config.json", *texts, *unet)


def _base(
    repo: str, licence: str, parameters: int, variant: str = ".fp16", encoders: int = 1
) -> Repository:
    return Repository(
        role="base",
        repo=repo,
        licence=licence,
        files=_base_files(variant, ("", "_2")[:encoders]),
        parameters=parameters,
        stored_bytes=2 if variant else 4,
    )


def _codec(base: Repository) -> Repository:
    variant = ".fp16" if base.stored_bytes == 2 else ""
    files = ("vae/config.json", f"vae/{WEIGHTS.format(variant)}")
    return replace(base, role="codec", files=files, parameters=CODEC)


def _single(role: str, repo: str, licence: str, parameters: int, **more: object) -> Repository:
    names = {"lora": ("pytorch_lora_weights.safetensors",)}
    files = names.get(role, ("config.json", WEIGHTS.format("")))
    return Repository(
        role=role, repo=repo, licence=licence, files=files, parameters=parameters, **more
    )


TAESD = _single("codec", "madebyollin/taesd", "MIT", TINY_CODEC, stored_bytes=4)
TAESDXL = _single("codec", "madebyollin/taesdxl", "MIT", TINY_CODEC, stored_bytes=4)
SDXL_CODEC = _single("codec", "madebyollin/sdxl-vae-fp16-fix", "MIT", CODEC, stored_bytes=4)
SD_15 = _base("stable-diffusion-v1-5/stable-diffusion-v1-5", RAIL, SD_UNET + CLIP_L)
DREAMSHAPER = _base("SimianLuo/LCM_Dreamshaper_v7", "MIT", SD_UNET_LCM + CLIP_L, variant="")
SD_TURBO = _base("stabilityai/sd-turbo", STABILITY, SD2_UNET + OPEN_CLIP_H)
SDXL_PARAMETERS = SDXL_UNET + CLIP_L + OPEN_CLIP_G
SDXL_TURBO = _base("stabilityai/sdxl-turbo", STABILITY, SDXL_PARAMETERS, encoders=2)
SDXL = _base("stabilityai/stable-diffusion-xl-base-1.0", RAIL_PLUS, SDXL_PARAMETERS, encoders=2)
LCM_LORA = _single(
    "lora",
    "latent-consistency/lcm-lora-sdv1-5",
    RAIL_PLUS,
    SD_LCM_LORA,
    stays_in_memory=False,
)
LCM_LORA_XL = _single(
    "lora",
    "latent-consistency/lcm-lora-sdxl",
    RAIL_PLUS,
    SDXL_LCM_LORA,
    stays_in_memory=False,
)
DRAWING = (18, 26, 35, 45)
HALF = (25,)

RECIPES: dict[str, ImageRecipe] = {
    recipe.name: recipe
    for recipe in (
        ImageRecipe(
            name="sd15-lcm",
            title="Stable Diffusion 1.5 with LCM-LoRA",
            repositories=(SD_15, TAESD, LCM_LORA),
            size=(512, 512),
            t_index=DRAWING,
            guidance="self",
            guidance_scale=1.2,
            full_codec=_codec(SD_15),
        ),
        ImageRecipe(
            name="dreamshaper-lcm",
            title="LCM-Dreamshaper v7",
            repositories=(DREAMSHAPER, TAESD),
            size=(768, 768),
            t_index=DRAWING,
            guidance="none",
            embedded_guidance=8.0,
            full_codec=_codec(DREAMSHAPER),
            remark="reads its guidance scale, so the live kinds of guidance come on top of it",
        ),
        ImageRecipe(
            name="sd-turbo",
            title="SD-Turbo",
            repositories=(SD_TURBO, TAESD),
            size=(512, 512),
            t_index=HALF,
            guidance="none",
            full_codec=_codec(SD_TURBO),
            remark="made for one step without guidance",
        ),
        ImageRecipe(
            name="sdxl-turbo",
            title="SDXL-Turbo",
            repositories=(SDXL_TURBO, TAESDXL),
            size=(512, 512),
            t_index=HALF,
            guidance="none",
            full_codec=SDXL_CODEC,
            remark="made for one step without guidance",
        ),
        ImageRecipe(
            name="sdxl-lcm",
            title="Stable Diffusion XL with LCM-LoRA",
            repositories=(SDXL, TAESDXL, LCM_LORA_XL),
            size=(1024, 1024),
            t_index=DRAWING,
            guidance="self",
            guidance_scale=1.2,
            full_codec=SDXL_CODEC,
        ),
    )
}


def recipe_named(name: str) -> ImageRecipe:
    """The recipe of that name; raises ValueError that lists all names."""
    if name not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}; got {name!r}")
    return RECIPES[name]


def recipe_of(source: object) -> ImageRecipe | None:
    """The recipe that a source names or is; None for everything else that can be loaded."""
    if isinstance(source, ImageRecipe):
        return source
    return RECIPES.get(source) if isinstance(source, str) else None
