"""What can go wrong on the way to the hub, in words that say what to do next.

The hub's client raises a dozen kinds of errors, most of them about HTTP. A person needs one sentence
about the cause and one about the way on. Where the hub cannot be reached at all, the way on is another
machine: the message has the command to run there and the folder to put the files into here. Knows
nothing of how files are fetched.
"""

import errno

from playground.models.recipes import Recipe, Repository, folder_for, models_folder

PAGE = "https://huggingface.co"


class FetchError(OSError):
    """A download that cannot go on; the message has the cause and the way on."""


def in_words(error: Exception, recipe: Recipe, repository: Repository) -> FetchError | None:
    """The error for people; None for one that has nothing to do with the hub."""
    again = f"`playground models get {recipe.name}`"
    text = _of_repository(error, repository, again) or _of_answer(error, repository, again)
    if text is None and _is_unreachable(error):
        text = f"the hub cannot be reached ({_why(error)}); {elsewhere(recipe)}"
    if text is None and isinstance(error, OSError) and error.errno == errno.ENOSPC:
        text = f"the disk is full; make room and run {again} again, it goes on where it stopped"
    return None if text is None else FetchError(text)


def elsewhere(recipe: Recipe) -> str:
    """How to get the files on another machine, and where they belong on this one."""
    commands = " && ".join(
        f"hf download {one.repo} {' '.join(one.files)} --local-dir models/{folder_for(one.repo).name}"
        for one in recipe.repositories
    )
    return (
        f"on a machine that reaches it run `playground models get {recipe.name} --to models`, or "
        f"without the playground `{commands}`; then put what is in its folder models into "
        f"{models_folder()} here"
    )


def gone(repository: Repository, name: str) -> FetchError:
    """The error for a file that the repository no longer has."""
    return FetchError(
        f"{repository.repo} has no file {name} any more, its owner has changed it; look at "
        f"{PAGE}/{repository.repo}/tree/main and put a file of that kind into "
        f"{folder_for(repository.repo) / name}"
    )


def _of_repository(error: Exception, repository: Repository, again: str) -> str | None:
    """The repository itself says no."""
    from huggingface_hub import errors

    repo = repository.repo
    if isinstance(error, errors.GatedRepoError):
        return (
            f"{repo} is gated: its owner wants you to log in and to accept the licence "
            f"({repository.licence}); open {PAGE}/{repo}, accept it, make a token at "
            f"{PAGE}/settings/tokens, run `hf auth login`, then {again} again"
        )
    if isinstance(error, errors.DisabledRepoError):
        return f"{repo} was taken down by the hub; there is nothing to download, take another model"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"{repo} is not on the hub: it was removed, renamed without a forwarding address, or made "
            f"private; look for it at {PAGE}/models?search={repo.split('/')[1]}. With access to a "
            f"private one run `hf auth login`, then {again} again; files from anywhere else belong "
            f"into {folder_for(repo)}"
        )
    if isinstance(error, errors.EntryNotFoundError):
        return str(gone(repository, str(getattr(error, "name", "") or "that was asked for")))
    return None


def _of_answer(error: Exception, repository: Repository, again: str) -> str | None:
    """The hub answered, but not with a file."""
    from huggingface_hub import errors

    if not isinstance(error, errors.HfHubHTTPError):
        return None
    status = getattr(error.response, "status_code", None)
    if status in (401, 403):
        why = "the hub does not accept the token here; run `hf auth login`"
    elif status == 429:
        why = "the hub asks for a pause, too many requests came from here; wait some minutes"
    elif status is not None and status >= 500:
        why = f"the hub has trouble of its own (HTTP {status}); wait some minutes"
    else:
        why = f"the hub answered HTTP {status} ({_first_line(error)})"
    return (
        f"{repository.repo}: {why}, then run {again} again; what is complete is not fetched twice"
    )


def _is_unreachable(error: Exception) -> bool:
    """Whether nothing came back: no network, no name, offline on purpose, or an answer cut short."""
    libraries = {kind.__module__.split(".")[0] for kind in type(error).__mro__}
    return isinstance(error, ConnectionError | TimeoutError) or any(
        name.startswith(("httpx", "httpcore", "requests", "urllib3")) for name in libraries
    )


def _why(error: Exception) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set here, unset it to try"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
