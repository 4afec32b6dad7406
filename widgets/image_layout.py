"""How the image app is laid out: pad, picture and dials side by side, the rest below or folded away."""

from .app_layout import box, fold


def image_layout(app):
    """One box out of the widgets of `app`."""
    stage = box(
        "pg-stage",
        box("pg-column-pad", app.pad),
        box("pg-column-picture", app.view),
        box("pg-column-dials", app.knobs.near, app.transport.buttons),
    )
    return box(
        "pg-app",
        app.transport.keys,
        app.knobs.prompt,
        stage,
        app.status,
        box("pg-below", app.slots, app.meter),
        fold("more", app.source_box, app.knobs.prompt_more, app.knobs.more, app.keeping.bar),
    )
