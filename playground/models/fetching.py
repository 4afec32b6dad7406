"""Fetches the files of a recipe from the hub: asked for in so many words, checked, and resumable.

Three verbs. `planned` asks the hub what the recipe's files are now (names, sizes, checksums) and writes
nothing; `check_disk` refuses what will not fit before the first byte; `fetched` brings the files one by
one, with the hub client's progress bar. A file grows beside its place under a name that holds its
checksum, so a broken download goes on where it stopped, and one that has changed meanwhile starts
again; only what has the right checksum gets its real name. (The client's own `hf_hub_download` throws
an unfinished file away since version 2, hence its lower layer here.) Loading never comes here.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.models.fetch_errors import FetchError, gone, in_words
from playground.models.recipes import Recipe, Repository, folder_for, located, models_folder

SPARE_BYTES = 512 * 2**20  # of the disk, left free for everything else
READ_BYTES = 4 * 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedFile:
    """One file on the hub, and its place here."""

    repository: Repository
    repo: str  # its name on the hub today
    name: str
    revision: str
    size: int  # bytes
    checksum: str  # sha256 of the content, or sha1 of git's blob
    target: Path

    @property
    def part(self) -> Path:
        """Where it grows until it is complete."""
        return self.target.with_name(f"{self.target.name}.{self.checksum[:12]}.part")

    @property
    def is_complete(self) -> bool:
        """Whether a file of the right size is in its place."""
        return self.target.is_file() and self.target.stat().st_size == self.size

    @property
    def begun_bytes(self) -> int:
        """How much of it an earlier run has brought."""
        return min(self.part.stat().st_size, self.size) if self.part.is_file() else 0

    @property
    def remaining_bytes(self) -> int:
        """What is still to come."""
        return 0 if self.is_complete else self.size - self.begun_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchPlan:
    """What a recipe's download will write, and where."""

    recipe: Recipe
    folder: Path
    files: tuple[WantedFile, ...]
    present: tuple[str, ...] = ()  # repositories that are here already
    renamed: tuple[tuple[str, str], ...] = ()  # (name in the recipe, name today)

    @property
    def remaining_bytes(self) -> int:
        """What is still to come."""
        return sum(file.remaining_bytes for file in self.files)


def planned(recipe: Recipe, folder: str | Path | None = None) -> FetchPlan:
    """Ask the hub for names, sizes and checksums; nothing is written. `folder` None: where loading looks."""
    base = models_folder() if folder is None else Path(folder).expanduser()
    present = [r for r in recipe.repositories if folder is None and located(r) is not None]
    files, renamed = [], []
    for repository in recipe.repositories:
        if repository in present:
            continue
        about = _asked(recipe, repository)
        if about.id != repository.repo:
            renamed.append((repository.repo, about.id))
        place = base / folder_for(repository.repo).name
        files += [_wanted(repository, about, name, place) for name in repository.files]
    names = tuple(dict.fromkeys(one.repo for one in present))
    return FetchPlan(
        recipe=recipe, folder=base, files=tuple(files), present=names, renamed=tuple(renamed)
    )


def check_disk(plan: FetchPlan) -> int:
    """Bytes that are free where the plan writes; raises FetchError where they are too few."""
    free = shutil.disk_usage(_existing(plan.folder)).free
    needed = plan.remaining_bytes
    if needed and needed + SPARE_BYTES > free:
        raise FetchError(
            f"disk must have {_gb(needed + SPARE_BYTES)} free for {plan.recipe.name} (and some to "
            f"spare), got {_gb(free)} at {plan.folder}; make room, or set PLAYGROUND_MODELS to a "
            "folder on a larger disk. Nothing was written"
        )
    return free


def fetched(plan: FetchPlan) -> Iterator[WantedFile]:
    """Bring what is missing, file by file, each after it is in its place; call it again to go on."""
    check_disk(plan)
    missing = [file for file in plan.files if not file.is_complete]
    for at, file in enumerate(missing, start=1):
        try:
            _bring(file, f"{at}/{len(missing)} {file.name}")
        except Exception as error:
            known = in_words(error, plan.recipe, file.repository)
            if isinstance(error, FetchError) or known is None:
                raise
            raise known from error
        yield file


def _asked(recipe: Recipe, repository: Repository) -> Any:
    """What the hub says about a repository, its files included."""
    from huggingface_hub import HfApi

    hub = HfApi()
    try:
        about = hub.model_info(repository.repo, files_metadata=True)
        if about.gated:
            hub.auth_check(repository.repo)
    except Exception as error:
        known = in_words(error, recipe, repository)
        if known is None:
            raise
        raise known from error
    return about


def _wanted(repository: Repository, about: Any, name: str, place: Path) -> WantedFile:
    there = {sibling.rfilename: sibling for sibling in about.siblings or ()}
    found = next((n for n in (name, name.replace(".fp16.", ".")) if n in there), None)
    if found is None:
        raise gone(repository, name)
    one = there[found]
    return WantedFile(
        repository=repository,
        repo=about.id,
        name=found,
        revision=about.sha or "main",
        size=one.size or 0,
        checksum=(one.lfs.sha256 if one.lfs else one.blob_id) or "unknown",
        target=place / found,
    )


def _bring(file: WantedFile, label: str) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    file.part.parent.mkdir(parents=True, exist_ok=True)
    for stale in file.part.parent.glob(f"{file.target.name}.*.part"):
        if stale != file.part or stale.stat().st_size > file.size:
            stale.unlink()  # of a version that is no more
    with open(file.part, "ab") as stream:
        http_get(
            hf_hub_url(file.repo, file.name, revision=file.revision),
            stream,
            resume_size=stream.tell(),
            headers=build_hf_headers(),
            expected_size=file.size,
            displayed_filename=label,
        )
    _check(file)
    os.replace(file.part, file.target)


def _check(file: WantedFile) -> None:
    """Raise FetchError and forget what came, unless its checksum is right."""
    if len(file.checksum) not in (40, 64):
        return
    is_blob = len(file.checksum) == 40
    summed = hashlib.sha1(b"blob %d\0" % file.size) if is_blob else hashlib.sha256()
    with open(file.part, "rb") as stream:
        while block := stream.read(READ_BYTES):
            summed.update(block)
    if summed.hexdigest() != file.checksum:
        file.part.unlink()
        raise FetchError(
            f"{file.name} of {file.repo} must have the checksum {file.checksum[:12]}, got "
            f"{summed.hexdigest()[:12]}; it was damaged on its way and is deleted, "
            "run the command again"
        )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.exists())


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
