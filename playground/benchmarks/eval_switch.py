"""`playground eval switch`: what every re-cache strategy makes of a new prompt in the middle of a stream.

All strategies go on from the same snapshots, with the same seeds. What they are measured by is also
measured on renders of the same scripts (`renders`), in which only the object changes. `cross` has the
figures of `stale`: here they are the same stream (`playground.memory.switching`). Prompts that change the scene
are measured with the default strategy (`scene_switches`).
"""

from typing import Any

from tqdm import tqdm

from playground.benchmarks import bench_image, scene_switches, switch_measures, switch_scripts
from playground.benchmarks.switch_scripts import Outcome
from playground.memory.switching import STRATEGIES
from playground.models.video_model import VideoModel
from playground.results import as_lines
from playground.streams.video_controls import VideoControls

SAME = {"cross": "stale"}  # strategies that are the same stream as another one
LIMITS = {
    "new_object_accuracy": (0.90, None),
    "old_object_rate": (None, 0.05),
    "kept_background": (0.95, None),
    "new_scene_accuracy": (0.90, None),
    "new_thing_accuracy": (0.95, None),
    "switch_chunks": (None, 1.5),
}  # at least, at most; of the default strategy


def run(
    model: str = "tiny",
    switches: int = 64,
    seed: int = 4321,
    strategies: tuple[str, ...] = tuple(STRATEGIES),
) -> dict[str, Any]:
    """Measures the strategies; the one that streams use unasked is among them."""
    if switches < 8:
        raise ValueError(f"switches must be >= 8, one of each kind, got {switches}")
    strange = [name for name in strategies if name not in STRATEGIES]
    if strange:
        known = ", ".join(STRATEGIES)
        raise ValueError(f"strategies must be among {known}; got {strange[0]!r}")
    usual = VideoControls().recache
    subject = VideoModel.load(model, device="cpu")
    table = compared(subject, switches, seed, tuple(dict.fromkeys((usual, *strategies))))
    renders = [switch_scripts.rendered(s) for s in switch_scripts.switch_scripts(switches, seed)]
    default = table[usual] | scene_switches.figures(subject, switches, seed)
    missed = bench_image.missed_limits(default, LIMITS)
    return {
        "switches": switches,
        "default": {"name": usual, **default},
        "strategies": table,
        "renders": switch_measures.figures(renders),
        "missed": missed,
        "passed": not missed,
    }


def compared(
    model: VideoModel, switches: int, seed: int, strategies: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Figures of every strategy, all from the same snapshots."""
    distinct = dict.fromkeys(SAME.get(name, name) for name in strategies)
    outcomes: dict[str, list[Outcome]] = {name: [] for name in distinct}
    told = switch_scripts.switch_scripts(switches, seed)
    for script in tqdm(told, desc="switches", disable=None, leave=False):
        snapshot, before = switch_scripts.before_switch(model, script)
        for name, kept in outcomes.items():
            kept.append(switch_scripts.branched(snapshot, before, script, name))
    measured = {name: switch_measures.figures(kept) for name, kept in outcomes.items()}
    return {name: measured[SAME.get(name, name)] for name in strategies}


def describe(results: dict[str, Any]) -> str:
    """The default with its limits, then a line a strategy, for people."""
    head = {"switches": results["switches"], **results["default"], "missed": results["missed"]}
    lines = [bench_image.describe(head, LIMITS), ""]
    for name, figures in {**results["strategies"], "renders": results["renders"]}.items():
        shown = ", ".join(" ".join(as_lines({k: v}).split()) for k, v in figures.items())
        lines.append(f"{name}: {shown}")
    return "\n".join(lines)
