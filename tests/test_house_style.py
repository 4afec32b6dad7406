"""The house style as rules that a machine can check: sizes, names, docstrings, words."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_FUNCTION, MAX_FILE = 40, 300
PACKAGES = [path for name in ("playground", "widgets") for path in sorted((ROOT / name).rglob("*.py"))]
SOURCES = [*PACKAGES, *sorted((ROOT / "tests").rglob("*.py"))]
FORBIDDEN_WORDS = {"util", "utils", "helper", "helpers", "manager", "misc", "v2", "tmp"}
TELLS_PEOPLE = {ROOT / "playground" / "cli.py"}  # the one place that writes to the terminal

# Cut in two so that this file does not find itself.
FOREIGN_WORDS = [
    "/wo" + "rk/", "/tm" + "p/", "shared/go" + "lden", "../sha" + "red",
    "py" + "pi.org", "files.python" + "hosted", "download.py" + "torch", "npm" + "js.", "deb." + "debian",
    "unp" + "kg.com", "jsdel" + "ivr", "anaconda" + ".org",
]  # fmt: skip


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


def long_functions(source: str) -> list[str]:
    return [f"{f.name} ({length(f)})" for f in functions(ast.parse(source)) if length(f) > MAX_FUNCTION]


def forbidden_names(source: str) -> list[str]:
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, named)]
    return [name for name in names if words(name) & FORBIDDEN_WORDS or name.startswith("new_")]


def words(name: str) -> set[str]:
    """Words of a snake_case or CamelCase name."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def prints(source: str) -> list[int]:
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


def silent_handlers(source: str) -> list[int]:
    """Lines of bare excepts, and of broad ones whose body is `pass` alone."""
    broad = {"Exception", "BaseException"}
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            swallowed = isinstance(node.body[0], ast.Pass) and getattr(node.type, "id", "") in broad
            found += [node.lineno] if node.type is None or swallowed else []
    return found


def tracked_texts() -> Iterator[tuple[str, str]]:
    """Name and text of every file that git tracks; files that are no text are passed over."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file():
            data = path.read_bytes()
            if b"\0" not in data[:4096]:
                yield name, data.decode(errors="replace")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_functions_and_files_stay_short(path: Path):
    source = path.read_text()
    assert not long_functions(source)
    assert source.count("\n") <= MAX_FILE


@pytest.mark.parametrize("path", PACKAGES, ids=relative)
def test_packages_explain_themselves_and_print_nothing(path: Path):
    source = path.read_text()
    assert ast.get_docstring(ast.parse(source)), "the module docstring says the idea"
    assert path in TELLS_PEOPLE or not prints(source)
    assert not silent_handlers(source)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_names_say_what_a_thing_does(path: Path):
    assert not words(path.stem) & FORBIDDEN_WORDS
    assert not forbidden_names(path.read_text())


def test_the_rules_catch_what_they_forbid():
    body = "\n".join(f"    x = {line}" for line in range(40))
    assert long_functions(f'def f():\n    """Says."""\n{body}') == ["f (41)"]
    assert not long_functions(f'def f():\n    """Says.\n\n    More.\n    """\n{body[:-11]}')
    source = "class StreamManager: ...\ndef run_v2(): ...\ndef new_run(): ...\ndef revise(): ..."
    assert forbidden_names(source) == ["StreamManager", "run_v2", "new_run"]
    assert prints("print(1)\nprinted(2)") == [1]
    assert silent_handlers("try:\n    x\nexcept:\n    y\ntry:\n    x\nexcept Exception:\n    pass") == [3, 7]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_the_project_speaks_of_itself_alone():
    texts = dict(tracked_texts())
    assert "pyproject.toml" in texts
    found = [(name, word) for name, text in texts.items() for word in FOREIGN_WORDS if word in text.lower()]
    assert not found


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_no_tracked_file_is_huge():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in filter(None, listed.stdout.decode().split("\0"))]
    sizes = {relative(p): p.stat().st_size for p in paths if p.is_file()}
    assert not {name: size for name, size in sizes.items() if size > 21 * 2**20}
