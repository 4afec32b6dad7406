"""The `playground` command: one line of the table below is one subcommand.

A subcommand is a module with a `run`. Its options come from `add_arguments(parser)` where the module
has one, else from the signature of `run`: a parameter without a default is a positional argument, any
other an option of its default's type. `run` may take the parsed `args` whole or the options by name.
It returns a dictionary of results, an exit status, or nothing; `describe(results)` says them to people.

Exit status: 0 done, 1 a measurement missed its own limit (`passed` is False), 2 bad input, 130 Ctrl-C,
141 the reader of the output went away.
Only the module of the chosen subcommand is imported. This module knows nothing of what they do.
"""

import argparse
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from playground import __version__
from playground.results import as_json, as_lines

COMMANDS: dict[tuple[str, ...], tuple[str, str]] = {
    ("lab",): ("playground.lab", "open JupyterLab on the first notebook"),
    ("demo",): (
        "playground.demo",
        "let a scripted hand draw, and film what the stream makes of it",
    ),
    ("demo-video",): (
        "playground.demo.video_film",
        "let a scripted hand drag a thing through a video, and film it",
    ),
    ("bench", "load"): ("playground.benchmarks.bench_load", "how soon something moves"),
    ("bench", "image"): ("playground.benchmarks.bench_image", "speed of the image stream"),
    ("bench", "video"): ("playground.benchmarks.bench_video", "speed of the video stream"),
    ("bench", "int8"): ("playground.benchmarks.bench_int8", "likeness and size of 8-bit weights"),
    ("bench", "full-size"): (
        "playground.benchmarks.bench_full_size",
        "both streams at the size of published weights",
    ),
    ("bench", "switch"): ("playground.benchmarks.bench_switch", "what a prompt switch costs"),
    ("eval", "image"): ("playground.benchmarks.eval_image", "quality of the tiny image model"),
    ("eval", "video"): ("playground.benchmarks.eval_video", "quality of the tiny video model"),
    ("eval", "switch"): (
        "playground.benchmarks.eval_switch",
        "what re-caching makes of a new prompt",
    ),
    ("parity", "image"): ("playground.benchmarks.parity_image", "distance to reference latents"),
    ("parity", "video"): ("playground.benchmarks.parity_video", "distance to a reference stream"),
    ("train", "codec"): ("playground.training.codec", "train the tiny picture codec"),
    ("train", "image"): ("playground.training.image", "train the tiny image model"),
    ("train", "distill"): ("playground.training.distill", "make the image model need few steps"),
    ("train", "decoder"): ("playground.training.decoder", "sharpen the decoder of the image model"),
    ("train", "sharpen"): (
        "playground.training.sharpen",
        "sharpen the student that was distilled",
    ),
    ("train", "assemble"): ("playground.training.assemble", "write the trained parts as one model"),
    ("train", "video-codec"): ("playground.training.video_codec", "train the tiny video codec"),
    ("train", "video-decoder"): (
        "playground.training.video_decoder",
        "sharpen the decoder of the video model",
    ),
    ("train", "video"): ("playground.training.video", "train the tiny video model"),
    ("train", "video-forcing"): (
        "playground.training.video_forcing",
        "go on with it on its own past",
    ),
    ("train", "video-assemble"): ("playground.training.video_assemble", "write it as one folder"),
    ("train", "judge"): ("playground.training.judge", "train the judge of `eval`"),
    ("models",): (
        "playground.models.listing",
        "which models there are; `models get NAME` fetches one",
    ),
    ("doctor",): ("playground.doctor", "what is here, what is missing and how to get it"),
}
GROUPS = {
    "bench": "measure speed",
    "eval": "measure quality",
    "parity": "compare with reference numbers",
    "train": "train a tiny model",
}
BAD_INPUT, MISSED, INTERRUPTED, PIPE_CLOSED = 2, 1, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand, give its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    words = _chosen(argv)
    if words is None:
        return _explain(argv)
    name = " ".join(("playground", *words))
    show_traceback = "--traceback" in argv
    try:
        return _run(words, name, argv[len(words) :])
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except ModuleNotFoundError as error:
        if show_traceback:
            raise
        fix = "`make play` installs everything, `playground doctor` lists what is missing"
        return _complain(name, f"module {error.name} must be installed, it is missing; {fix}")
    except (ValueError, OSError) as error:
        if show_traceback:
            raise
        return _complain(name, str(error))


def _chosen(argv: list[str]) -> tuple[str, ...] | None:
    """The subcommand that the first words name, if they name one."""
    return next((words for words in COMMANDS if tuple(argv[: len(words)]) == words), None)


def _run(words: tuple[str, ...], name: str, rest: list[str]) -> int:
    module_name, summary = COMMANDS[words]
    module = importlib.import_module(module_name)
    parser = argparse.ArgumentParser(prog=name, description=summary)
    getattr(module, "add_arguments", _options_of(module.run))(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--traceback", action="store_true", help="show where an error came from")
    args = parser.parse_args(rest)
    wants_json = args.json
    del args.json, args.traceback
    takes_whole = list(inspect.signature(module.run).parameters) == ["args"]
    outcome = module.run(args) if takes_whole else module.run(**vars(args))
    return _report(outcome, module, wants_json)


def _report(outcome: Any, module: ModuleType, wants_json: bool) -> int:
    if outcome is None or isinstance(outcome, int):
        return outcome or 0
    text = as_json(outcome) if wants_json else getattr(module, "describe", as_lines)(outcome)
    print(text, flush=True)
    return MISSED if outcome.get("passed") is False else 0


def _options_of(run: Callable) -> Callable[[argparse.ArgumentParser], None]:
    """An `add_arguments` made from a signature."""

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        for parameter in inspect.signature(run, eval_str=True).parameters.values():
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                _add_option(parser, parameter)

    return add_arguments


def _add_option(parser: argparse.ArgumentParser, parameter: inspect.Parameter) -> None:
    default, flag = parameter.default, "--" + parameter.name.replace("_", "-")
    if default is parameter.empty:
        parser.add_argument(parameter.name)
    elif isinstance(default, bool):
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default)
    elif isinstance(default, tuple | list):
        kind = type(default[0]) if default else str
        parser.add_argument(flag, nargs="+", type=kind, default=default)
    else:
        kind = _kind_of(parameter.annotation) if default is None else type(default)
        parser.add_argument(flag, type=kind, default=default)


def _kind_of(annotation: Any) -> type:
    """`int` for `int | None`, and so on; text where the annotation says nothing simple."""
    kinds = getattr(annotation, "__args__", (annotation,))
    return next((kind for kind in kinds if kind in (int, float, str)), str)


def _explain(argv: list[str]) -> int:
    """Help for what was typed so far; an error where that is no subcommand."""
    if argv in (["--version"], ["-V"]):
        print(f"playground {__version__}")
        return 0
    asked = not argv or argv[-1] in ("-h", "--help")
    group = argv[0] if argv and argv[0] in GROUPS else None
    if not asked and len(argv) > (group is not None):
        known = ", ".join(words[-1] for words in COMMANDS if group in (None, words[0]))
        known = known if group else ", ".join(dict.fromkeys(words[0] for words in COMMANDS))
        name = f"playground {group}" if group else "playground"
        return _complain(name, f"subcommand must be one of {known}; got {argv[bool(group)]!r}")
    print(_usage(group))
    return 0 if asked else BAD_INPUT


def _usage(group: str | None) -> str:
    rows = {words: text for words, (_, text) in COMMANDS.items() if group in (None, words[0])}
    width = max(len(" ".join(words)) for words in rows)
    lines = [f"  playground {' '.join(words):{width}}  {text}" for words, text in rows.items()]
    title = GROUPS.get(group, "touch streaming diffusion while it runs")
    return "\n".join([f"playground: {title}", "", *lines, "", "Each one explains itself: --help"])


def _complain(name: str, message: str) -> int:
    print(f"{name}: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
