"""`playground demo`: a scripted hand draws, and what the stream makes of it becomes a clip.

Headless and reproducible: the hand is a function of time, the stream has a seed. The result is what a
person sees in the first notebook, drawing left and picture right. Knows nothing of widgets.
"""

from playground.demo.film import describe, run

__all__ = ["describe", "run"]
