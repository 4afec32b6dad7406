"""The first line of a recording: which stream, which model, which settings, where; and the stream from it.

Knows both kinds of streams, so that nothing else of a recording must.
"""

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

import playground
from playground.models.fingerprint import fingerprint
from playground.streams.controls import Controls
from playground.streams.image_stream import ImageStream
from playground.streams.recording_values import knobs
from playground.streams.video_controls import VideoControls
from playground.streams.video_stream import VideoStream

SILENT = SimpleNamespace(window=lambda start, count: None)  # live paths that nobody asks
SETTINGS = ("mode", "frame_buffer", "size", "num_inference_steps", "add_noise")
ENDING = ".jsonl"


def check_recordable(stream: Any) -> None:
    """Raise ValueError for anything but a stream of ours at its beginning."""
    if not isinstance(stream, ImageStream | VideoStream):
        raise ValueError(
            "stream must be an ImageStream with backend='own' or a VideoStream to be recorded, "
            f"got {type(stream).__name__}"
        )
    if stream.journal is not None and stream.journal.is_open:
        raise ValueError(
            f"stream must not be recorded already, got one that writes {str(stream.journal.path)!r}; "
            "stop that first: stream.journal.stop()"
        )
    if not stream.is_at_its_beginning:
        raise ValueError(
            "stream must be at its beginning to be recorded, got one that made pictures already; "
            "call stream.reset() first"
        )
    if getattr(stream.state.flight, "first", None) is not None:
        raise ValueError(
            "stream must begin with noise to be recorded, got one that begins with a picture; "
            "call stream.reset() first"
        )


def checked_path(path: str | Path) -> Path:
    """A path in a folder that exists, not taken yet."""
    path = Path(path).expanduser()
    if path.suffix != ENDING:
        raise ValueError(f"path must end in {ENDING}, got {str(path)!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path must be in a folder that exists, got {str(path)!r}; make the folder first"
        )
    if path.exists():
        raise FileExistsError(
            f"path must not exist yet, got {str(path)!r}; a recording is never written over, "
            "choose another name"
        )
    return path


def head_of(stream: Any) -> dict[str, Any]:
    """All of the first line but the controls."""
    return {
        "kind": kind_of(stream),
        "playground": playground.__version__,
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "model": {"name": name_of(stream.model), "fingerprint": fingerprint(stream.model)},
        "place": place_of(stream.model),
        "settings": settings_of(stream),
        "fps": getattr(stream, "fps", None),  # of pictures: as fast as they came
    }


def about(stream: Any) -> dict[str, Any]:
    """What a clip should say of where it comes from: version, model, settings, knobs but no paths."""
    told = knobs(stream.controls)
    if told.get("tracks") is not None:
        told["tracks"] = "some"
    return {
        "playground": playground.__version__,
        "kind": kind_of(stream),
        "model": name_of(stream.model),
        **({"settings": settings_of(stream)} if isinstance(stream, ImageStream) else {}),
        "controls": told,
    }


def kind_of(stream: Any) -> str:
    """Of a stream: "video" or "image"."""
    return "video" if isinstance(stream.controls, VideoControls) else "image"


def controls_kind(kind: str) -> type:
    """The class of the controls."""
    return {"image": Controls, "video": VideoControls}[kind]


def settings_of(stream: Any) -> dict[str, Any]:
    """What an image stream was made with; a video stream has nothing but its controls."""
    return {name: _plain(getattr(stream, name)) for name in SETTINGS if hasattr(stream, name)}


def name_of(model: Any) -> str | None:
    """ "tiny", the folder of the weights, or None where they came as an object."""
    folder = getattr(model, "folder", None)
    if folder is None:
        return None
    tiny = Path(playground.__file__).parent / "models" / "tiny"
    return "tiny" if tiny in Path(folder).resolve().parents else str(folder)


def place_of(model: Any) -> dict[str, Any]:
    """What the last bits of the frames depend on."""
    device = model.device
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "dtype": str(model.dtype),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "runtime": getattr(model.networks, "name", "eager"),
    }


def loaded(head: Mapping[str, Any], source: Any) -> Any:
    """A model: `source` itself, or loaded from there, or else from where the recorded one lay."""
    from playground.models.image_model import ImageModel
    from playground.models.video_model import VideoModel

    kind = {"image": ImageModel, "video": VideoModel}[head["kind"]]
    if isinstance(source, kind):
        return source
    name = head["model"]["name"] if source is None else source
    if name is None:
        raise ValueError(
            "model must be handed in, since the recording was made with one that came from no folder; "
            "use recording.replay(model)"
        )
    try:
        return kind.load(name, runtime=head["place"]["runtime"])
    except (FileNotFoundError, ValueError) as error:
        raise type(error)(
            f"the recording's model {str(name)!r} must be here to replay it: {error}; "
            "hand in a model or a folder with recording.replay(model)"
        ) from error


def stream_of(head: Mapping[str, Any], model: Any, controls: Any) -> Any:
    """A fresh stream under the recorded settings."""
    if head["kind"] == "video":
        return VideoStream(model, controls)
    settings = {**head["settings"], "size": tuple(head["settings"]["size"])}
    return ImageStream(model, controls, **settings)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
