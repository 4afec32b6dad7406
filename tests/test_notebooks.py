"""Notebooks are short cells without logic or outputs, and every one runs from top to bottom."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_CELL, MAX_CELLS, MAX_CALLBACK = 15, 25, 5  # lines, code cells, lines
RUN_TIMEOUT_S = 280
WIDGET_ERROR = "Traceback (most recent call last)"


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def faults(notebook: nbformat.NotebookNode) -> list[str]:
    """What is against the style, in words."""
    cells = code_cells(notebook)
    found = ["the first cell must be a title"] if not starts_with_title(notebook) else []
    found += [f"at most {MAX_CELLS} code cells, got {len(cells)}"] if len(cells) > MAX_CELLS else []
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    found += ["the kernel must be python3, or JupyterLab asks"] if kernel != "python3" else []
    found += ["widget state must not be committed"] if "widgets" in notebook.metadata else []
    return found + [f"cell {at}: {fault}" for at, cell in enumerate(cells) for fault in cell_faults(cell)]


def starts_with_title(notebook: nbformat.NotebookNode) -> bool:
    first = notebook.cells[0] if notebook.cells else None
    return first is not None and first.cell_type == "markdown" and first.source.startswith("# ")


def cell_faults(cell: nbformat.NotebookNode) -> list[str]:
    lines = len(cell.source.splitlines())
    found = [f"at most {MAX_CELL} lines, got {lines}"] if lines > MAX_CELL else []
    found += ["no outputs, no counts"] if cell.outputs or cell.execution_count else []
    for node in ast.walk(ast.parse(without_magics(cell.source))):
        if isinstance(node, ast.ClassDef):
            found.append(f"no classes, got {node.name}")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = node.end_lineno - node.lineno + 1
            found += [f"def at most {MAX_CALLBACK} lines, got {size}"] if size > MAX_CALLBACK else []
    return found


def without_magics(source: str) -> str:
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def links(notebook: nbformat.NotebookNode) -> list[str]:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", text)
    return [target for pair in targets for target in pair if target and "://" not in target]


def test_the_tour_and_the_image_stream_are_there():
    assert {"00_start.ipynb", "01_image_stream.ipynb", "03_prompt_switch.ipynb"} <= {path.name for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short_and_hold_no_logic(path: Path):
    assert re.fullmatch(r"\d\d_[a-z_]+", path.stem)
    assert not faults(read(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_and_pictures_exist(path: Path):
    notebook = read(path)
    assert [target for target in links(notebook) if not (path.parent / target).exists()] == []


def test_the_style_catches_what_it_forbids():
    cells = [nbformat.v4.new_code_cell("x = 1\n" * 16), nbformat.v4.new_code_cell("class A: ...")]
    cells += [nbformat.v4.new_code_cell("%time\ndef f():\n" + "    x\n" * 5)]
    cells[1].execution_count = 3
    found = faults(nbformat.v4.new_notebook(cells=cells))
    expected = [
        "a title", "JupyterLab asks", "15 lines, got 16", "no outputs", "no classes, got A",
        "def at most 5 lines, got 6",
    ]  # fmt: skip
    assert len(found) == len(expected)
    assert all(part in fault for part, fault in zip(expected, found, strict=True))


@pytest.mark.slow
@pytest.mark.timeout(RUN_TIMEOUT_S + 20)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path: Path):
    from nbclient import NotebookClient

    notebook = read(path)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=RUN_TIMEOUT_S, kernel_name="python3", resources=where).execute()
    ran = [cell for cell in code_cells(notebook) if cell.source.strip()]
    assert ran and all(cell.execution_count for cell in ran)
    outputs = [output for cell in ran for output in cell.outputs]
    assert not [o for o in outputs if WIDGET_ERROR in str(o.get("text", ""))]
