"""Which knobs the image stream has, what they are called, and what turning one does to the controls.

Names are for people; the paper's symbol is in the tooltip. Turning a dial is a pure function from
controls to controls.
"""

from dataclasses import replace

from .dials import Dial

STEPS = Dial(
    name="steps",
    label="denoising steps",
    kind="choice",
    value=2,
    options=(1, 2, 3, 4),
    tip="How many times noise is taken away. Symbol: n, the length of the t-index list. "
    "More steps look cleaner and answer a stroke n - 1 pictures later.",
)
WORDS = Dial(
    name="guidance_scale",
    label="your words",
    value=1.0,
    low=1.0,
    high=3.0,
    step=0.05,
    off=1.0,
    tip="Guidance scale γ in u + γ(c − u). 1 = off.",
)
SEED = Dial(
    name="seed",
    label="dice",
    kind="seed",
    value=2,
    high=2**32 - 1,
    tip="Seed of the noise. The same seed and the same drawing give the same picture.",
)

NEAR = (
    Dial(
        name="closeness",
        label="your drawing",
        value=0.32,
        high=0.96,
        step=0.02,
        left="free",
        right="close",
        tip="Strength: the noise level at which your drawing enters. Symbol: first entry of the t-index list, "
        "0 = pure noise (free), 49 = hardly any (close).",
    ),
    STEPS,
    WORDS,
    SEED,
)

MORE = (
    Dial(
        name="guidance",
        label="guidance",
        kind="choice",
        value="self",
        options=("none", "full", "self", "initialize"),
        tip="How “without the words” is estimated. full: asks the network again (twice the work); "
        "self: from the stream's own residual noise, free (R-CFG); initialize: asks once a frame.",
    ),
    Dial(
        name="delta",
        label="residual noise",
        value=1.0,
        high=2.0,
        step=0.05,
        left="grain",
        right="soft",
        tip="Factor δ on the residual noise of self and initialize; 1 is neutral.",
    ),
    Dial(
        name="feedback",
        label="remember the last picture",
        value=0.0,
        high=0.9,
        step=0.05,
        off=0.0,
        tip="Part of the last clean latent mixed into the next input. 0 = off.",
    ),
    Dial(
        name="similarity",
        label="rest when nothing changes",
        value=1.0,
        low=0.9,
        high=1.0,
        step=0.005,
        off=1.0,
        tip="Similarity filter threshold η: above it frames are skipped by chance. 1 = off.",
    ),
    Dial(
        name="max_skip",
        label="longest rest, in frames",
        value=10,
        high=60,
        step=1,
        off=0,
        tip="Longest run of skipped frames of the similarity filter.",
    ),
    Dial(
        name="blend_mode",
        label="mix two prompts",
        kind="choice",
        value="linear",
        options=(("linear", "straight"), ("slerp", "on the sphere")),
        tip="How the embeddings of two prompts are blended: linear, or slerp.",
    ),
    Dial(
        name="t_index",
        label="t-index list",
        kind="text",
        value="16, 32",
        tip="The noise levels of all steps, by hand: 1 to 8 ascending numbers, 0 = pure noise, 49 = hardly any.",
    ),
    replace(
        SEED, name="other_seed", label="second dice", value=7, tip="Another noise to blend in."
    ),
    Dial(
        name="seed_amount",
        label="between the two dice",
        value=0.0,
        step=0.02,
        off=0.0,
        left="first",
        right="second",
        tip="Blend of the two seeds' noise, along the sphere. 0 = the first alone.",
    ),
)


def turned(controls, name, value):
    """The controls after dial `name` was turned to `value`."""
    if name == "closeness":
        return controls.with_strength(1 - value)
    if name == "steps":
        return controls.with_steps(value)
    if name == "similarity":
        return replace(controls, similarity_threshold=None if value >= 1 else value)
    if name == "t_index":
        return replace(controls, t_index=_numbers(value))
    if name == "max_skip":
        return replace(controls, max_skip=round(value))
    if name in ("other_seed", "seed_amount"):
        other, amount = controls.seed_blend or (7, 0.0)
        pair = (value, amount) if name == "other_seed" else (other, value)
        return replace(controls, seed_blend=pair)
    return replace(controls, **{name: value})


def _numbers(text):
    parts = text.replace(",", " ").split()
    if not parts or not all(part.isdigit() for part in parts):
        raise ValueError(f"t_index must be whole numbers such as 16, 32; got {text!r:.60}")
    return tuple(map(int, parts))


def shown(controls):
    """What the dials show for `controls`."""
    other, amount = controls.seed_blend or (7, 0.0)
    threshold = controls.similarity_threshold
    return {
        "closeness": round(1 - controls.strength, 3),
        "steps": controls.steps,
        "guidance_scale": max(1.0, controls.guidance_scale),
        "seed": controls.seed,
        "guidance": controls.guidance,
        "delta": controls.delta,
        "feedback": controls.feedback,
        "similarity": 1.0 if threshold is None else threshold,
        "max_skip": controls.max_skip,
        "blend_mode": controls.blend_mode,
        "t_index": ", ".join(map(str, controls.t_index)),
        "other_seed": other,
        "seed_amount": amount,
    }
