"""How the image app is laid out: pad, picture and dials side by side, the rest below or folded away."""

import ipywidgets


def image_layout(app):
    """One box out of the widgets of `app`."""
    stage = _box(
        "pg-stage",
        _box("pg-column-pad", app.pad),
        _box("pg-column-picture", app.view),
        _box("pg-column-dials", app.knobs.near, app.transport.buttons),
    )
    more = _box("pg-more", app.source_box, app.knobs.prompt_more, app.knobs.more)
    fold = ipywidgets.Accordion([more], titles=["more"], selected_index=None)
    fold.add_class("pg-fold")
    return _box(
        "pg-app",
        app.transport.keys,
        app.knobs.prompt,
        stage,
        app.status,
        _box("pg-below", app.slots, app.meter),
        fold,
    )


def close_tree(widget):
    """Close a widget and everything in it, and nothing else."""
    for child in getattr(widget, "children", ()):
        close_tree(child)
    widget.close()


def _box(name, *children):
    box = ipywidgets.Box(children)
    box.add_class(name)
    return box
