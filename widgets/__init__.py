"""What a person touches: one thin widget a file, and one app a notebook.

Widgets draw, listen and pass on. They know `numpy` and the public face of `playground`, and nothing
of networks or tensors. Every widget follows the same four rules:

- Python owns the traits. The browser sends wishes as messages; what becomes of them comes back as a trait.
- Frames and strokes travel as messages with binary buffers; nothing queues up, the newest wins.
- Callbacks may arrive on any thread: they check, store, return. Sending happens on the kernel's loop.
- An exception in a callback is shown under the widget, never swallowed.
"""

from importlib import import_module

_HOME = {
    "CacheView": "cache_view",
    "DrawingPad": "drawing_pad",
    "Dial": "dials",
    "Dials": "dials",
    "FrameView": "frame_view",
    "GuidanceCompare": "guidance_compare",
    "ImageApp": "image_app",
    "MeterView": "meter_view",
    "PathPad": "path_pad",
    "PromptBox": "prompt_box",
    "PromptTimeline": "prompt_timeline",
    "SlotView": "slot_view",
    "StatusLine": "status_line",
    "SwitchApp": "switch_app",
    "VideoApp": "video_app",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
