"""Timelines that several tests begin with: as values, as files of other programs, played chunk by chunk."""

import json

from playground import Timeline, Tracks
from playground.conditioning.timeline_values import Transition

STORY = Timeline.read("a duck on the sea[5s] | a cat on the beach[5s] | a fox on snow[10s]")
LATER = STORY.add_camera(1, 3, pan_px_s=(8, 0)).add_tracks(
    Tracks.from_strokes([[(10, 40), (50, 20)]]), 12, 14
)
QUICK = Timeline.read("a duck on the sea[0.5s] | a cat on the beach[0.5s] | a fox on snow[1s]")


def spans(timeline):
    """Number, start and end of every entry."""
    return [(entry.number, entry.start, entry.end) for entry in timeline.entries]


def played(player, chunks):
    """The next chunks."""
    return [next(player) for _ in range(chunks)]


def told(chunks):
    """The prompt of every chunk by its first frame."""
    return {chunk.frame: chunk.prompt for chunk in chunks}


# ---------------------------------------------------------------- files

LONG = (
    "A 3D animated scene. The panda with fluffy black and white fur walks along a stone path. " * 12
)
SCOPE = {
    "prompts": [
        {"startTime": 0, "endTime": 4.697899999976158, "transitionSteps": 0,
         "temporalInterpolationMethod": "slerp", "prompts": [{"text": LONG, "weight": 100}]},
        {"startTime": 4.697899999976158, "endTime": 11.167, "id": "b7", "color": "#ff0000",
         "text": "a cat, a dog", "isLive": False, "transitionSteps": 4,
         "prompts": [{"text": "a cat", "weight": 62.5, "id": 3}, {"text": "a dog", "weight": 1}]},
        {"startTime": 11.167, "endTime": 20, "prompts": [{"text": "a fox", "weight": 100}]},
    ],
    "settings": {"pipelineId": "longlive", "seed": 42, "denoisingSteps": [1000, 750], "loras": []},
    "version": "2.1",
    "exportedAt": "2025-12-30T20:41:32.411Z",
}  # fmt: skip
STORIES = '{"prompts_list": ["a duck", "a cat", "a fox"]}\n\n{"prompts": ["a car"], "id": 7}\n'
FULL = (
    Timeline.read("a duck on the sea[5s] | a cat[0.1s]")
    .add(
        [("a fox", 30), ("eine Füchsin \U0001f98a", 70.5)],
        7,
        9.3,
        transition=Transition(1 / 3, "slerp"),
    )
    .add_camera(1, 3, pan_px_s=(8, -0.1), zoom_per_s=0.2, rotate_deg_s=3, size=(480, 832))
    .add_tracks(Tracks.from_strokes([[(10, 40), (50, 20)], [(1, 2), (3, 4)]], pinned=True), 2.05)
    .remove(1)
)


def scope(place=0, top=None, **fields):
    """Scope's file with other fields in one entry."""
    data = json.loads(json.dumps(SCOPE)) | (top or {})
    data["prompts"][place] |= fields
    return json.dumps(data)


def own(**fields):
    """A file of ours with other fields in its one entry."""
    entry = {"start": 0, "end": 5, "prompts": [{"text": "a duck"}]}
    data = {"format": "playground timeline", "version": 1, "entries": [entry]}
    top = {
        name: fields.pop(name) for name in ("version", "events", "extra", "other") if name in fields
    }
    entry |= fields
    return json.dumps(data | top)
