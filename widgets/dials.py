"""Dials: the knobs of a stream under plain names, the paper's symbol in the tooltip.

A `Dial` describes one knob; `Dials` shows a group of them. What a knob does is not known here: a wish
goes to `on_change(name, value)`, and only when that did not raise the new value stands.
"""

from dataclasses import asdict, dataclass, replace

import traitlets

from .panel import Panel, script, style

KINDS = ("range", "choice", "menu", "toggle", "seed", "text")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dial:
    """One knob: how it looks, its range, where it starts."""

    name: str
    label: str
    kind: str = "range"
    value: float | int | str | bool = 0.0
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    left: str = ""  # the word at the low end
    right: str = ""  # the word at the high end
    options: tuple = ()  # of a choice: values, or (value, label) pairs; of a menu (value, label, words)
    off: float | None = None  # the value that switches the knob off
    tip: str = ""

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")

    def checked(self, value):
        """`value` in this dial's type, or a ValueError that names the rule."""
        if self.kind in ("choice", "menu"):
            allowed = [
                option[0] if isinstance(option, tuple) else option for option in self.options
            ]
            if value not in allowed:
                raise ValueError(f"{self.name} must be one of {allowed}, got {value!r}")
            return value
        if self.kind == "toggle":
            return bool(value)
        if self.kind == "text":
            return str(value).strip()
        number = int(value) if self.kind == "seed" else float(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"{self.name} must be in {self.low}..{self.high}, got {value}")
        return number


def starting_at(dials, values):
    """The same dials, starting (and resetting to) where `values` stand, by name."""
    return [replace(dial, value=values[dial.name]) for dial in dials]


class Dials(Panel):
    """A group of dials. `values` is what stands, by name."""

    _esm = script("common", "dial_kinds", "dials")
    _css = style("dials")

    dials = traitlets.List().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)

    def __init__(self, dials, *, cannot=None, on_change=None, on_error=None):
        super().__init__({"dial": self._on_wish, "reset": self._on_reset}, on_error=on_error)
        self.cannot = dict(cannot or {})
        self.on_change = on_change
        self._specs = {dial.name: dial for dial in dials}
        self.dials = [asdict(dial) for dial in dials]
        self.values = {dial.name: dial.value for dial in dials}

    def turn(self, name, value):
        """Turn a dial as a person would: check, apply, then show."""
        if name not in self._specs:
            raise ValueError(f"name must be one of {', '.join(self._specs)}, got {name!r}")
        value = self._specs[name].checked(value)
        if why := self.cannot.get(name) or self.cannot.get(f"{name}.{value}"):
            raise ValueError(f"{name} must stay {self.values[name]!r}, got {value!r}: {why}")
        if self.on_change:
            self.on_change(name, value)
        self.show(**{name: value})

    def show(self, **values):
        """Show values that changed elsewhere, without telling anybody."""
        known = {name: value for name, value in values.items() if name in self._specs}
        self.values = {**self.values, **known}

    def reset(self):
        """Turn every dial back to where it started."""
        for name, dial in self._specs.items():
            if self.values[name] != dial.value and name not in self.cannot:
                self.turn(name, dial.value)

    def _on_wish(self, content, _):
        try:
            self.turn(content["name"], content["value"])
        except ValueError:
            self.send_state("values")  # the browser shows what was wished for, not what stands
            raise

    def _on_reset(self, content, _):
        name = content.get("name")
        if name is None:
            self.reset()
        else:
            self.turn(name, self._specs[name].value)
