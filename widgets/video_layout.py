"""How the video app is laid out: the video large on the left, what a hand needs beside it, the cache below."""

from .app_layout import box, fold


def video_layout(app):
    """One box out of the widgets of `app`."""
    stage = box(
        "pg-video-stage",
        box("pg-column-video", app.pad),
        box("pg-column-dials", app.pad.tools, app.knobs.near, app.transport.buttons),
    )
    return box(
        "pg-app",
        app.transport.keys,
        app.knobs.prompt,
        stage,
        app.status,
        app.cache,
        app.meter,
        fold("more: what it remembers", app.knobs.more, app.keeping.bar),
    )
