"""How the prompt-switch app is laid out: video and choices, or the branches; cache and timeline below."""

from .app_layout import box, fold


def switch_layout(app):
    """One box out of the widgets of `app`, and the part that rests while branches are shown."""
    stage = box(
        "pg-switch-stage",
        box("pg-column-video", app.view),
        box("pg-column-dials", app.knobs.near, app.what_if.bar, app.transport.buttons),
    )
    root = box(
        "pg-app",
        app.transport.keys,
        app.knobs.prompt,
        stage,
        app.what_if.stage,
        app.what_if.bar,
        app.status,
        app.cache,
        app.timeline,
        app.meter,
        fold("more: what it remembers", app.knobs.more, app.keeping.bar),
    )
    root.add_class("pg-switch-app")
    return root, stage
