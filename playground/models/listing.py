"""`playground models`: which models there are and what is here; `playground models get NAME` fetches one.

The list asks nobody: it looks at this machine alone. Fetching happens only under `get`, says how much it
will bring before it does, and goes on where an earlier run stopped.
"""

import argparse
import sys
from typing import Any

from playground.models.catalogue import Entry, everything, recipe_named
from playground.models.fetching import check_disk, fetched, planned
from playground.models.recipes import Recipe, models_folder
from playground.models.video_recipes import VideoRecipe

VERBS = ("list", "get")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Words of the command."""
    parser.add_argument(
        "verb", nargs="?", default="list", choices=VERBS, help="list (default) or get"
    )
    parser.add_argument("name", nargs="?", help="which model to get")
    parser.add_argument("--to", metavar="FOLDER", help="put it there, as for another machine")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """The table, or what was fetched."""
    if args.verb == "get":
        return get(args.name, args.to)
    if args.name is not None:
        raise ValueError(f"list must stand alone, got {args.name!r} with it")
    if args.to is not None:
        raise ValueError("--to must come with get NAME, got it with the list")
    return {"folder": str(models_folder()), "models": [row(entry) for entry in everything()]}


def row(entry: Entry) -> dict[str, Any]:
    """One model as plain values."""
    ids = entry.recipe.ids if entry.recipe else ()
    return {
        "name": entry.name,
        "title": entry.title,
        "kind": entry.kind,
        "here": entry.is_here,
        "missing_files": list(entry.missing),
        "licence": entry.licence,
        "disk_gb": entry.disk_bytes / 1e9,
        "memory_gb": entry.memory_bytes() / 1e9,
        "dtype": entry.dtype,
        "size": list(entry.size),
        "settings": entry.settings,
        "remark": entry.remark,
        "ids": list(ids),
    }


def get(name: str | None, to: str | None = None) -> dict[str, Any]:
    """Fetch what is missing of a model; raises FetchError with a way on."""
    if not name:
        raise ValueError(
            "get must name a model, such as `playground models get sd-turbo`, got none"
        )
    recipe = recipe_named(name)
    plan = planned(recipe, to)
    free = check_disk(plan)
    _tell(f"{recipe.title} ({recipe.licence})")
    _tell(f"{plan.remaining_bytes / 1e9:.2f} GB into {plan.folder}, {free / 1e9:.1f} GB free there")
    for before, now in plan.renamed:
        _tell(f"{before} is called {now} by now; the recipe's name for it still holds here")
    brought = [file.target for file in fetched(plan)]
    return {
        "name": name,
        "folder": str(plan.folder),
        "fetched": [str(path) for path in brought],
        "already_here": [*plan.present, *_complete(plan, brought)],
        "renamed": dict(plan.renamed),
        "load": loading(recipe),
        "elsewhere": to is not None,
    }


def loading(recipe: Recipe) -> str:
    """The line of Python that loads a published model."""
    stream = "VideoStream" if isinstance(recipe, VideoRecipe) else "ImageStream"
    return f'{stream}.load("{recipe.name}")'


def describe(results: dict[str, Any]) -> str:
    """The table, or what was done, as lines to read."""
    return _table(results) if "models" in results else _done(results)


def _complete(plan: Any, brought: list) -> list[str]:
    return [str(file.target) for file in plan.files if file.target not in brought]


def _done(results: dict[str, Any]) -> str:
    count = len(results["fetched"])
    first = f"{count} file{'' if count == 1 else 's'} fetched" if count else "nothing was missing"
    if results["elsewhere"]:
        return (
            f"{first}; put what is in {results['folder']} into the models folder of the other "
            "machine (`playground models` there says which), or set PLAYGROUND_MODELS to it"
        )
    return f"{first}; the model is ready: {results['load']}"


def _table(results: dict[str, Any]) -> str:
    lines = []
    for one in results["models"]:
        height, width = one["size"]
        lines += [
            f"{one['name']}: {one['title']}",
            f"    {_state(one)}; {one['disk_gb']:.2f} GB on disk, about {one['memory_gb']:.2f} GB in "
            f"memory ({one['dtype']})",
            f"    {one['kind']}, {width} x {height}, {one['settings']}; {one['licence']}",
            *([f"    {one['remark']}"] if one["remark"] else []),
        ]
    return "\n".join([*lines, "", f"`playground models get NAME` fetches into {results['folder']}"])


def _state(one: dict[str, Any]) -> str:
    if one["here"]:
        return "here" if one["ids"] else "here, in the package"
    return f"not here ({len(one['missing_files'])} files missing)"


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")  # beside the bars: the results alone go to the output
