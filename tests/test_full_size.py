"""A checkpoint of the published size, random, in the original wrapping: loads in its own size and streams.

Out of the normal run, since it writes 2.8 GB and takes minutes: PLAYGROUND_FULL_SIZE=1 asks for it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ASKED = os.environ.get("PLAYGROUND_FULL_SIZE") == "1"


def script(*arguments: str) -> str:
    env = {**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent}", "JAXTYPING_DISABLE": "1"}
    command = [sys.executable, str(HERE / "full_size_load.py"), *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.full_size
@pytest.mark.timeout(3000)
@pytest.mark.skipif(not ASKED, reason="set PLAYGROUND_FULL_SIZE=1 (3 GB of disk, 6 GB of memory)")
def test_the_published_size_loads_in_its_own_size_and_streams(tmp_path, capsys):
    file = tmp_path / "model.pt"
    script("write", str(file))
    try:
        figures = json.loads(script("load", str(file)).splitlines()[-1])
    finally:
        file.unlink()
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")
    assert figures["file_bytes"] == pytest.approx(2 * 1_418_996_800, rel=0.01)
    assert figures["load_peak_bytes"] <= 1.3 * figures["file_bytes"]
