"""Published weights as values: what a model needs, how large it is, and whether it is on this machine.

A recipe names repositories of the hub with the exact files that are read, so that nobody downloads
twenty gigabytes for two. Nothing here downloads: files are looked for in the models folder
(`$PLAYGROUND_MODELS`, else the user's cache folder) and in the hub's own cache, and where they are
missing the message says the command that fetches them on any machine and the folder they belong in.

Sizes are estimates: parameters, counted from the published configurations, times bytes; room for the
pictures under way comes on top. This module knows no network library and no kind of model; kinds add
their settings in a subclass (`image_recipes`).
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
ROLES = ("base", "codec", "lora", "text", "control")


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """One repository of the hub, and what is needed of it."""

    role: str  # base, codec, lora, text or control
    repo: str  # "owner/name"
    licence: str
    files: tuple[str, ...]
    parameters: int  # of all networks in these files
    stored_bytes: int = 2  # a parameter on disk
    stays_in_memory: bool = True  # False: merged into other weights when loaded

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"role must be one of {', '.join(ROLES)}; got {self.role!r}")
        if self.repo.count("/") != 1:
            raise ValueError(f"repo must be 'owner/name', got {self.repo!r}")

    @property
    def disk_bytes(self) -> int:
        """Estimate of the download."""
        return self.parameters * self.stored_bytes

    @property
    def command(self) -> str:
        """What fetches exactly these files on a machine that has the hub."""
        return f"hf download {self.repo} {' '.join(self.files)} --local-dir {folder_for(self.repo)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One published model, by a short name; the first repository is the model itself."""

    name: str
    title: str
    repositories: tuple[Repository, ...]
    dtype: str = "float16"  # recommended on a GPU; float32 is used on CPUs
    remark: str = ""  # what a person should know before choosing it

    def __post_init__(self) -> None:
        if self.dtype not in BYTES:
            raise ValueError(f"dtype must be one of {', '.join(BYTES)}; got {self.dtype!r}")

    @property
    def ids(self) -> tuple[str, ...]:
        """Names on the hub."""
        return tuple(dict.fromkeys(repository.repo for repository in self.repositories))

    @property
    def licence(self) -> str:
        """All licences that apply."""
        return "; ".join(dict.fromkeys(repository.licence for repository in self.repositories))

    @property
    def disk_bytes(self) -> int:
        """Estimate of the whole download."""
        return sum(repository.disk_bytes for repository in self.repositories)

    def memory_bytes(self, dtype: str | None = None) -> int:
        """Estimate of the weights in memory, in the recommended or another number format."""
        counts = (r.parameters for r in self.repositories if r.stays_in_memory)
        return sum(counts) * BYTES[self.dtype if dtype is None else dtype]

    def repository(self, role: str) -> Repository | None:
        """The first repository of that role."""
        return next((one for one in self.repositories if one.role == role), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class NeededFile:
    """A file that a recipe reads, and where it is on this machine."""

    repo: str
    name: str
    path: Path | None  # None: not here


def models_folder() -> Path:
    """Where fetched weights belong: $PLAYGROUND_MODELS, else the user's cache folder."""
    chosen = os.environ.get("PLAYGROUND_MODELS")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "playground" / "models"


def folder_for(repo: str) -> Path:
    """Where the files of one repository belong."""
    return models_folder() / repo.replace("/", "--")


def needed_files(recipe: Recipe) -> tuple[NeededFile, ...]:
    """Every file that the recipe reads, found or not."""
    return tuple(
        NeededFile(repo=one.repo, name=name, path=found(one.repo, name))
        for one in recipe.repositories
        for name in one.files
    )


def is_here(recipe: Recipe) -> bool:
    """Whether the recipe can be loaded without a download."""
    return all(located(repository) is not None for repository in recipe.repositories)


def located(repository: Repository) -> Path | None:
    """The folder on this machine that holds all files of a repository; None where there is none."""
    for folder in _folders(repository.repo, repository.files[0]):
        if all(_in_folder(folder, name) for name in repository.files):
            return folder
    return None


def found(repo: str, name: str) -> Path | None:
    """A file of a repository in the models folder or the hub's cache; half precision or full."""
    return next((path for f in _folders(repo, name) if (path := _in_folder(f, name))), None)


def require(repositories: Iterable[Repository]) -> None:
    """Raise FileNotFoundError that says how to get what is missing, unless everything is here."""
    lacking = [one for one in repositories if located(one) is None]
    if not lacking:
        return
    parts = [
        f"{one.repo} lacks {_few([name for name in one.files if found(one.repo, name) is None])}: "
        f"on a machine with the hub run `{one.command}` and put the files into "
        f"{folder_for(one.repo)}"
        for one in lacking
    ]
    raise FileNotFoundError(
        "weights must be on this machine, nothing is downloaded unasked; " + "; ".join(parts)
    )


def folder_of(repository: Repository) -> Path:
    """The folder on this machine that holds a repository; raises what `require` raises."""
    require([repository])
    return located(repository)


def _folders(repo: str, name: str) -> list[Path]:
    """Where a repository may be: its own folder, then the hub's cache."""
    return [folder for folder in (folder_for(repo), _in_hub_cache(repo, name)) if folder]


def _in_folder(folder: Path, name: str) -> Path | None:
    paths = (folder / name, folder / name.replace(".fp16.", "."))
    return next((path for path in paths if path.is_file()), None)


def _in_hub_cache(repo: str, name: str) -> Path | None:
    """The snapshot in the hub's cache that has this file, in half precision or in full."""
    from huggingface_hub import constants, try_to_load_from_cache

    for one in dict.fromkeys((name, name.replace(".fp16.", "."))):
        path = try_to_load_from_cache(repo, one, cache_dir=constants.HF_HUB_CACHE)
        if isinstance(path, str):
            return Path(path).parents[one.count("/")]
    return None


def _few(names: list[str]) -> str:
    if not names:
        return "some of its files in one place"
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
