"""Boxes for the layout of an app. They know nothing about what is in them."""

import ipywidgets


def box(name, *children):
    """A box with a style class."""
    made = ipywidgets.Box(children)
    made.add_class(name)
    return made


def fold(title, *children):
    """A box that opens when its title is clicked."""
    made = ipywidgets.Accordion([box("pg-more", *children)], titles=[title], selected_index=None)
    made.add_class("pg-fold")
    return made


def close_tree(widget):
    """Close a widget and everything in it, and nothing else."""
    for child in getattr(widget, "children", ()):
        close_tree(child)
    widget.close()
