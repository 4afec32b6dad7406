"""`playground bench load`: how soon something moves, from a fresh process and from a warm one.

`import_s` is `import playground` alone, `start_s` the start of Python without it; every fresh figure is a
process of its own, from its first breath to its first picture, the median of `tries`. Warm is the same
once more in a process that has done it: code is imported, weights are in the disk's cache. What is made
ready behind the picture (faster networks) does not count, since pictures come without it.
"""

import subprocess
import sys
import time
from statistics import median
from typing import Any

LIMITS = {"import_s": 1.5, "image_first_s": 10.0, "video_first_s": 10.0}
PROMPTS = {"image": "a red fox on snow", "video": "a duck on the sea"}
FIRST = {
    "image": "playground.ImageStream.load('tiny', prompt={prompt!r})(frame)",
    "video": "next(playground.VideoStream.load('tiny', prompt={prompt!r})).frames",
}
PROGRAM = """
import time
began = time.perf_counter()
import playground
imported = time.perf_counter()
import numpy
frame = numpy.full((64, 64, 3), 128, numpy.uint8)
{first}
first = time.perf_counter()
print(imported - began, first - began, flush=True)
for _ in range({tries}):
    began = time.perf_counter()
    {first}
    print(time.perf_counter() - began, flush=True)
"""


def run(tries: int = 3) -> dict[str, Any]:
    """Seconds to the first picture and the first chunk; misses where a limit is."""
    if tries < 1:
        raise ValueError(f"tries must be >= 1, got {tries}")
    results: dict[str, Any] = {"start_s": median(_started("pass") for _ in range(tries))}
    imports = []
    for kind in FIRST:
        runs = [_first(kind, tries) for _ in range(tries)]
        imports += [one["import_s"] for one in runs]
        results[f"{kind}_process_s"] = median(one["process_s"] for one in runs)
        results[f"{kind}_first_s"] = median(one["first_s"] for one in runs)
        results[f"{kind}_warm_s"] = median(one["warm_s"] for one in runs)
    results["import_s"] = median(imports)
    missed = {name: limit for name, limit in LIMITS.items() if not results[name] <= limit}
    return {"passed": not missed, **results, "missed": missed, "tries": tries}


def _first(kind: str, tries: int) -> dict[str, float]:
    """One fresh process: its import, its first picture, and the ones after that."""
    call = FIRST[kind].format(prompt=PROMPTS[kind])
    program = [sys.executable, "-c", PROGRAM.format(first=call, tries=tries)]
    began = time.perf_counter()
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        process_s = time.perf_counter() - began
        warm = [process.stdout.readline() for _ in range(tries)] if line else []
        process.kill()  # what is still made ready behind the picture is of no use here
        if not line or not all(warm):
            raise RuntimeError(f"no first {kind}: {process.stderr.read()[-400:]}")
    imported, first = map(float, line.split())
    warm_s = median(float(one) for one in warm)
    return {"import_s": imported, "first_s": first, "process_s": process_s, "warm_s": warm_s}


def _started(code: str) -> float:
    """Seconds that a process of Python takes for a line of code."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began
