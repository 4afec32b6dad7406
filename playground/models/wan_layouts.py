"""Names and sizes of published Wan checkpoints: from whatever wrapping to the names of `CausalWan`.

Two layouts exist: Wan2.1's own names, which are ours, and diffusers' names for the same weights, where
norm2 and norm3 have exchanged places. Around them trainers put prefixes (`model.`, those of FSDP, of
activation checkpointing and of torch.compile). What a config file does not say is read from shapes; only
the number of heads cannot be, and published models have 128 numbers a head.

Sources: Wan2.1 (arXiv 2503.20314), the released files of Self Forcing, LongLive and Causal Forcing as
their repositories describe them. Pure functions; nothing here reads a file or knows a recipe.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from typing import Any

from playground.models.causal_wan import WanConfig

Shapes = Mapping[str, tuple[int, ...]]
HEAD_DIM = 128  # of every published model
INSIDE = re.compile(r"(?:^|(?<=\.))(?:_fsdp_wrapped_module|_checkpoint_wrapped_module|_orig_mod)\.")
LEADING = ("base_model.model.", "diffusion_model.", "transformer.", "generator.", "module.", "model.", "net.")  # fmt: skip
OURS = (  # of diffusers' names, in this order; norm2 is their name of our norm3
    (r"^condition_embedder\.time_embedder\.linear_1\.", "time_embedding.0."),
    (r"^condition_embedder\.time_embedder\.linear_2\.", "time_embedding.2."),
    (r"^condition_embedder\.text_embedder\.linear_1\.", "text_embedding.0."),
    (r"^condition_embedder\.text_embedder\.linear_2\.", "text_embedding.2."),
    (r"^condition_embedder\.time_proj\.", "time_projection.1."),
    (r"^scale_shift_table$", "head.modulation"),
    (r"^proj_out\.", "head.head."),
    (r"\.scale_shift_table$", ".modulation"),
    (r"\.ffn\.net\.0\.proj\.", ".ffn.0."),
    (r"\.ffn\.net\.2\.", ".ffn.2."),
    (r"\.norm2\.", ".norm3."),
    (r"\.attn1\.", ".self_attn."),
    (r"\.attn2\.", ".cross_attn."),
    (r"(_attn)\.to_([qkv])\.", r"\1.\2."),
    (r"(_attn)\.to_out\.0\.", r"\1.o."),
)
CONFIG_NAMES = {  # of diffusers' config.json
    "num_attention_heads": "num_heads", "in_channels": "in_dim", "out_channels": "out_dim",
}  # fmt: skip


def stripped(name: str) -> str:
    """Without the prefixes of trainers and wrappers."""
    name = INSIDE.sub("", name)
    while True:
        prefix = next((one for one in LEADING if name.startswith(one)), None)
        if prefix is None:
            return name
        name = name.removeprefix(prefix)


def is_diffusers(names: Iterable[str]) -> bool:
    """Whether these (stripped) names are in diffusers' layout."""
    return any(
        name.startswith("condition_embedder.") or ".attn1." in name or ".attn2." in name
        for name in names
    )


def our_name(name: str) -> str:
    """`CausalWan`'s name of a parameter that diffusers names so."""
    for pattern, replacement in OURS:
        name = re.sub(pattern, replacement, name)
    return name


def our_names(names: Collection[str], mapping: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours for every name of a checkpoint; `mapping` has beginnings of names that only a recipe knows.

    Raises ValueError where two names of the checkpoint become one of ours.
    """
    bare = {name: stripped(name) for name in names}
    theirs = is_diffusers(bare.values())
    found: dict[str, str] = {}
    for name, short in bare.items():
        begun = next((one for one in mapping or {} if short.startswith(one)), None)
        if begun is not None:
            ours = mapping[begun] + short.removeprefix(begun)
        else:
            ours = our_name(short) if theirs else short
        if ours in found:
            raise ValueError(
                f"names of a checkpoint must be unique, got {found[ours]!r} and {name!r} for {ours}"
            )
        found[ours] = name
    return {name: ours for ours, name in found.items()}


def config_of(
    shapes: Shapes, given: Mapping[str, Any] | None = None, track_fold: int = 4
) -> WanConfig:
    """The sizes of a checkpoint with our names; `given` is what its config.json says, in either layout."""
    try:
        sizes = _from_shapes(shapes, track_fold)
    except KeyError as error:
        raise ValueError(
            f"a checkpoint must hold a Wan transformer, got none: {error.args[0]} is missing among "
            f"{len(shapes)} names such as {next(iter(shapes), 'none')!r}"
        ) from None
    said = {CONFIG_NAMES.get(name, name): value for name, value in (given or {}).items()}
    heads = said.get("num_heads")
    if heads is None and sizes["dim"] % HEAD_DIM:
        raise ValueError(
            f"num_heads must be said for a width of {sizes['dim']}, which is no multiple of {HEAD_DIM}; "
            "put a config.json with num_heads beside the checkpoint"
        )
    free = {name: said[name] for name in ("freq_dim", "text_len", "eps") if name in said}
    return WanConfig(**{**free, **sizes, "num_heads": heads or sizes["dim"] // HEAD_DIM})


def _from_shapes(shapes: Shapes, track_fold: int) -> dict[str, Any]:
    dim, width, *patch = shapes["patch_embedding.weight"]
    blocks = [int(name.split(".")[1]) for name in shapes if name.startswith("blocks.")]
    track_dim, folded = 0, 0
    if "track_head.0.weight" in shapes:
        folded = _product(shapes["track_head.0.weight"][1:])
        track_dim = shapes["track_head.2.weight"][0]
    return {
        "dim": dim,
        "ffn_dim": shapes["blocks.0.ffn.0.weight"][0],
        "num_layers": max(blocks) + 1,
        "in_dim": width - track_dim,
        "out_dim": shapes["head.head.weight"][0] // _product(patch),
        "text_dim": shapes["text_embedding.0.weight"][1],
        "freq_dim": shapes["time_embedding.0.weight"][1],
        "patch_size": tuple(patch),
        "qk_norm": "blocks.0.self_attn.norm_q.weight" in shapes,
        "cross_attn_norm": "blocks.0.norm3.weight" in shapes,
        "track_channels": folded // track_fold if track_dim else 0,
        "track_dim": track_dim,
        "track_fold": track_fold if track_dim else 1,
    }


def check_fit(shapes: Shapes, wanted: Shapes, source: str) -> None:
    """Raise one ValueError that names every key that is missing, not known or of another shape."""
    missing = [name for name in wanted if name not in shapes]
    unknown = [name for name in shapes if name not in wanted]
    other = [
        f"{name} is {list(shapes[name])}, must be {list(wanted[name])}"
        for name in wanted
        if name in shapes and tuple(shapes[name]) != tuple(wanted[name])
    ]
    parts = [
        f"{len(keys)} {title}: {', '.join(in_short(keys))}"
        for title, keys in (
            ("missing", missing),
            ("not known", unknown),
            ("of another shape", other),
        )
        if keys
    ]
    if parts:
        raise ValueError(
            f"keys of {source} must be those of the transformer, got {'; '.join(parts)}; nothing was "
            "loaded, take the checkpoint that belongs to this config or a recipe that maps its names"
        )


def in_short(names: Iterable[str]) -> list[str]:
    """Every name, with runs of block numbers as one: blocks.0-29.ffn.0.weight."""
    groups: dict[tuple[str, str], list[int]] = {}
    for name in names:
        match = re.match(r"(.*?\bblocks\.)(\d+)(\..*)", name, re.DOTALL)
        key = (match[1], match[3]) if match else (name, "")
        groups.setdefault(key, []).extend([int(match[2])] if match else [])
    return [f"{a}{_runs(numbers)}{b}" for (a, b), numbers in groups.items()]


def _runs(numbers: list[int]) -> str:
    ordered = enumerate(sorted(numbers))
    runs = [[n for _, n in run] for _, run in groupby(ordered, lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _product(sizes: Iterable[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product
