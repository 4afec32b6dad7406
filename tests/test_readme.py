"""The README says what is there: its file map, commands, targets and links are checked against the project."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
MAX_WIDTH = 120


def section(title: str) -> str:
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def mapped(text: str) -> Iterator[tuple[str, str]]:
    """(path, phrase) of every line of the file map; two spaces more are one folder deeper."""
    folders: list[str] = []
    for line in text.splitlines():
        found = re.match(r"    ( *)(\S+)  +(\S.*)$", line) or re.match(r"    ( *)(\S+/)()$", line)
        if found:
            depth = len(found[1]) // 2
            folders = folders[:depth]
            yield "".join(folders) + found[2], found[3]
            folders += [found[2]] if found[2].endswith("/") else []


FILE_MAP = dict(mapped(section("File map")))


def tracked_modules() -> set[str]:
    command = ["git", "ls-files", "playground/*.py", "widgets/*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split() if not name.endswith("__init__.py")]
    return {name for name in names if (ROOT / name).is_file()}


def words_in_code(starting_with: str) -> list[str]:
    """Commands of that name in code spans and blocks."""
    return re.findall(rf"(?:`|^ {{4}}){starting_with} ([a-z][a-z0-9 -]*)", README, flags=re.MULTILINE)


@pytest.mark.parametrize("path", FILE_MAP)
def test_the_file_map_names_what_exists_in_one_phrase(path: str):
    assert (ROOT / path).exists()
    assert len(FILE_MAP[path]) <= 80 and not FILE_MAP[path].endswith(".")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_the_file_map_names_every_module():
    modules = tracked_modules()
    assert modules
    assert modules <= set(FILE_MAP), f"without a phrase: {sorted(modules - set(FILE_MAP))}"


def test_its_commands_exist():
    named = [text.split() for text in words_in_code("playground")]
    assert len(named) >= len({words[0] for words in COMMANDS})
    assert all(any(tuple(words[: len(known)]) == known for known in COMMANDS) for words in named)
    assert {words[0] for words in COMMANDS} == {words[0] for words in named}


def test_its_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = {text.split()[0] for text in words_in_code("make")}
    assert {"play", "test"} <= targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


def test_its_links_and_pictures_exist():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert "media/image_stream.gif" in targets and "LICENSE" in targets
    assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []


def test_every_notebook_is_in_its_table():
    table = section("Notebooks")
    assert [p.name for p in (ROOT / "notebooks").glob("*.ipynb") if f"notebooks/{p.name}" not in table] == []


def test_lines_fit_a_page():
    assert [line for line in README.splitlines() if len(line) > MAX_WIDTH and line[0] != "|"] == []
