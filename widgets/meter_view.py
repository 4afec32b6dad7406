"""One line in words under the picture, and the numbers behind it, at most four times a second."""

import traitlets

from .panel import Panel, script, style


class MeterView(Panel):
    """Says what happens ("drawing a fox on snow; 38 pictures a second") and shows the figures."""

    _esm = script("common", "meter_view")
    _css = style("meter_view")

    line = traitlets.Unicode("").tag(sync=True)
    rate = traitlets.Unicode("").tag(sync=True)
    figures = traitlets.List().tag(sync=True)  # [[name, value, meaning], ...]

    def update(self, line, snapshot, *, dropped=0, delay_ms=0.0):
        """Show a meter's snapshot beside the line in words."""
        fps = snapshot.get("fps", 0.0)
        with self.hold_sync():
            self.line = line
            self.rate = f"{fps:.0f} pictures a second" if fps >= 0.5 else ""
            self.figures = _figures(snapshot, dropped, delay_ms)


_STAGES = {
    "encode": "from your drawing to latents (encoder)",
    "unet": "taking noise away (U-Net)",
    "decode": "from latents to the picture (decoder)",
    "network": "taking noise away from a chunk, and its clean pass (transformer)",
    "recache": "writing the past anew under other words",
    "step": "one step, everything together",
}


def _figures(snapshot, dropped, delay_ms):
    ms = snapshot["ms"]
    if "network" in ms:  # chunks: most steps only hand on a frame that is ready
        ms = {name: took for name, took in ms.items() if name != "step"}
    figures = [[name, f"{ms[name]:.0f} ms", tip] for name, tip in _STAGES.items() if name in ms]
    late = snapshot.get("latency_p50_ms")
    if late is not None:
        figures.append(["change to picture", f"{late:.0f} ms", "in the kernel, median"])
    if delay_ms:
        figures.append(["page", f"{delay_ms:.0f} ms", "from the kernel to this page and back"])
    if snapshot.get("skipped"):
        figures.append(["rested", str(snapshot["skipped"]), "frames too similar to compute"])
    figures.append(["dropped", str(dropped), "pictures that came faster than the page shows them"])
    return figures
