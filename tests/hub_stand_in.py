"""A hub without a network: repositories as dictionaries behind the calls of the hub's client that we use."""

import hashlib
from types import SimpleNamespace

import huggingface_hub.file_download
from huggingface_hub import HfApi, constants


class HubStandIn:
    """`files` is {repo: {name: bytes}}; `calls` tells what was fetched, from which byte on."""

    def __init__(self, files):
        self.files, self.calls, self.labels = files, [], []
        self.gated, self.renamed, self.refuse = set(), {}, {}
        self.break_after = None  # bytes, then the connection is lost once

    def install(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "models"))
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(HfApi, "model_info", lambda _, repo, **__: self.model_info(repo))
        monkeypatch.setattr(HfApi, "auth_check", lambda _, repo, **__: self.auth_check(repo))
        monkeypatch.setattr(huggingface_hub.file_download, "http_get", self.http_get)
        return self

    def model_info(self, repo):
        if repo in self.refuse:
            raise self.refuse[repo]
        now = self.renamed.get(repo, repo)
        siblings = [self._sibling(name, data) for name, data in self.files[repo].items()]
        gated = "manual" if repo in self.gated else False
        return SimpleNamespace(id=now, sha="c" * 40, gated=gated, siblings=siblings)

    def auth_check(self, repo):
        raise answer("GatedRepoError", 403, f"403 Client Error for {repo}")

    def http_get(
        self, url, stream, *, resume_size, headers, expected_size, displayed_filename, **_
    ):
        self.calls.append((url.split("/resolve/")[1].split("/", 1)[1], resume_size))
        self.labels.append(displayed_filename)
        data = self._behind(url)[resume_size:]
        assert expected_size == resume_size + len(data)
        if self.break_after is not None and len(data) > self.break_after:
            stream.write(data[: self.break_after])
            self.break_after = None
            raise ConnectionResetError("connection reset by peer")
        stream.write(data)

    def _behind(self, url):
        path = url.split("://")[1].split("/", 1)[1]
        now, name = path.split(f"/resolve/{'c' * 40}/")
        before = {new: old for old, new in self.renamed.items()}
        return self.files[before.get(now, now)][name]

    @staticmethod
    def _sibling(name, data):
        lfs = SimpleNamespace(sha256=hashlib.sha256(data).hexdigest())
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        is_large = name.endswith((".safetensors", ".pt"))
        return SimpleNamespace(
            rfilename=name, size=len(data), blob_id=blob, lfs=lfs if is_large else None
        )


def answer(kind, status, text="an answer"):
    """An error as the client raises it for an HTTP answer."""
    import huggingface_hub.errors

    response = SimpleNamespace(headers={}, request=None, status_code=status)
    return getattr(huggingface_hub.errors, kind)(text, response=response)


def contents(recipe, size=4000):
    """Some bytes for every file of a recipe."""
    return {
        one.repo: {name: f"{one.repo}/{name} ".encode() * (size // 20) for name in one.files}
        for one in recipe.repositories
    }
