"""What the sink becomes before a chunk is made: after a grab, a release or a new scene, and with the camera."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from playground.conditioning.tracks import Tracks
from playground.frames.tensors import from_tensor, to_tensor
from playground.models.key_values import Context
from playground.streams import resink, rollout
from playground.streams.making import Making
from playground.streams.scene_view import (
    WAITS,
    Course,
    Frames,
    SceneView,
    is_still,
    is_worn,
    moved,
    seen_from,
    steered,
    ways_of,
)
from playground.streams.steering import grid_of
from playground.streams.video_values import Flight


def with_sink(
    flight: Flight, earlier: Flight, coming: Tracks | None, context: Context, making: Making
) -> tuple[Flight, tuple[int, ...]]:
    """With another sink, if a thing is grabbed or let go now (`resink`) or new words are there (`emphasis`).

    And which frames it is.
    """
    if flight.emphasis is not None and not flight.emphasis.weights:
        flight = replace(flight, emphasis=None)
        if making.policy.sinks:
            state, count = flight.rollout, flight.latents
            told = _told_of_newest(state.tracks, count, count)
            return _from(flight, state.clean[:, :, -count:], told, context, making)
    wanted = making.controls.resink and making.policy.sinks
    if not wanted or flight.chunk is None:
        return flight, ()
    last, same = flight.chunk, _go_on(flight.tracks, earlier.tracks)
    told_now = resink.retold(last.tracks, coming, len(last.frames), same=same)
    if told_now is None:
        return flight, ()
    state, count = flight.rollout, flight.latents
    clean = resink.patched(state.clean[:, :, -count:], state.sink, state.first)
    return _from(flight, clean, grid_of(told_now, making, count), context, making)


def _from(
    flight: Flight, newest: Tensor, told: Tensor | None, context: Context, making: Making
) -> tuple[Flight, tuple[int, ...]]:
    """Begun again with the newest chunk, as these latents, told that; and which frames it is."""
    state, forward = flight.rollout, making.model.forward
    chunks = [(state.frame - flight.latents, newest)]
    state = rollout.begun_anew(forward, state, chunks, context, making.policy, told)
    return replace(flight, rollout=state), state.cache.frames


def _go_on(tracks: Any, earlier: Any) -> bool:
    """Whether these tell of the same points; live paths do, whatever object a replay puts in their place."""
    live = not any(one is None or isinstance(one, Tracks) for one in (tracks, earlier))
    return live or tracks is earlier


def with_camera(
    flight: Flight, coming: Tracks | None, context: Context, making: Making
) -> tuple[Flight, Tracks | None, Course | None]:
    """With a sink that shows what the camera shows next, what is told then, and the camera's way.

    None for the way: there is no camera, or it is left to the network.
    """
    moves = coming is not None and coming.visible[1:].any(0)[coming.scene].any()
    if not _can_go_along(flight, making):
        return replace(flight, scene=None), coming, None
    if not moves and flight.scene is None:
        return flight, coming, None
    ways, state = ways_of(coming if moves else None, making.policy.chunk), flight.rollout
    if not len(state.cache):
        way = Course.along(ways, ways[0])
        start = SceneView(lag=way.shown[-1], view=np.eye(3), written=np.eye(3))
        return replace(flight, scene=start), steered(coming, way), way
    scene = _known(flight, making)
    if scene.prompt != state.prompt:
        scene = replace(scene, base=None, prompt=state.prompt, waits=WAITS)
    if scene.waits:
        way = Course.along(ways, np.linalg.inv(scene.lag))
        scene = replace(scene, waits=scene.waits - 1)
    else:
        way = Course.along(ways)
        flight, scene = _seen_along(flight, scene, way, context, making)
    after = {"view": way.whole @ scene.view, "lag": way.shown[-1], "sink": flight.rollout.sink}
    return replace(flight, scene=replace(scene, **after)), steered(coming, way), way


def _known(flight: Flight, making: Making) -> SceneView:
    """What is known of the camera; where the sink is another one by now, from its pictures on."""
    scene, state = flight.scene, flight.rollout
    if scene is not None and scene.sink is state.sink:
        return scene
    view = np.eye(3) if scene is None else scene.lag
    heard = state.prompt if scene is None else scene.prompt
    is_old = state.cache.prompts[0] != heard  # it shows what former words said
    base = None if is_old else _decoded(state.sink, making)
    return SceneView(lag=view, base=base, view=view, written=np.eye(3), prompt=heard)


def _seen_along(
    flight: Flight, scene: SceneView, way: Course, context: Context, making: Making
) -> tuple[Flight, SceneView]:
    """Sink and newest chunk as they are seen in the view in which the next chunk is painted."""
    newest, goal = flight.chunk.frames[-1], way.painted @ scene.view
    if scene.base is not None and is_still(goal @ np.linalg.inv(scene.written), newest.shape[:2]):
        return flight, scene
    state = flight.rollout
    if scene.base is None or is_worn(scene.base, goal):
        base = np.repeat(newest[None], state.sink.shape[2], 0)
        scene, goal = replace(scene, base=base, view=np.eye(3)), way.painted
    beyond = moved(newest[None], way.painted[None])[0]
    sink = _encoded(seen_from(scene.base, goal, beyond), making)
    chunks = [(state.cache.frames[0], sink)]
    if state.cache.frames[0] < state.frame - flight.latents:  # else the sink is the newest chunk
        window = _decoded(state.clean[:, :, -flight.latents :], making)
        step = np.repeat((way.painted @ scene.lag)[None], len(window), 0)
        chunks.append((state.frame - flight.latents, _encoded(moved(window, step), making)))
    forward, count = making.model.forward, sum(latents.shape[2] for _, latents in chunks)
    told = _told_of_newest(state.tracks, flight.latents, count)
    state = rollout.begun_anew(forward, state, chunks, context, making.policy, told)
    return replace(flight, rollout=state), replace(scene, written=goal)


def _told_of_newest(tracks: Tensor | None, newest: int, count: int) -> Tensor | None:
    """What `count` frames are told, the last of them the newest chunk: all of them what that was told.

    A sink that is told nothing of a thing, beside chunks that are told where it is, holds on to its looks: after
    camera moves 0.86 of the switches showed their new thing instead of 0.92.
    """
    if tracks is None:
        return None
    told = tracks[:, :, -newest:]
    sink = [place % newest for place in range(count - newest)]
    return torch.cat([told[:, :, sink], told], 2)


def _can_go_along(flight: Flight, making: Making) -> bool:
    """Whether the memory may be moved: a sink of one whole chunk, and pictures that stand for themselves."""
    model, state = making.model, flight.rollout
    whole = state.sink is None or state.cache.sink == state.sink.shape[2]
    wanted = making.controls.camera_memory and making.policy.sinks and whole
    return bool(wanted and not model.is_causal and model.transformer.config.track_fold == 1)


def _decoded(latents: Tensor, making: Making) -> Frames:
    return from_tensor(making.model.decode(latents)[0].transpose(0, 1))


def _encoded(pictures: Frames, making: Making) -> Tensor:
    pixels = torch.cat([to_tensor(picture) for picture in pictures])
    return making.model.encode(pixels.transpose(0, 1)[None])
