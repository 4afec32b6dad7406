"""The command: every line of its table works, options come from signatures, errors are one line."""

import json
import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from playground import cli, doctor, lab


@pytest.fixture
def command(monkeypatch):
    """Registers a module as the subcommand `probe thing`; gives the calls that its `run` got."""

    def register(run, **attributes) -> None:
        module = ModuleType("probe")
        vars(module).update(run=run, **attributes)
        monkeypatch.setitem(sys.modules, "probe", module)
        monkeypatch.setitem(cli.COMMANDS, ("probe", "thing"), ("probe", "a probe"))
        monkeypatch.setitem(cli.GROUPS, "probe", "probes")

    return register


def last_json(text: str) -> dict:
    return json.loads(text.strip().splitlines()[-1])


def test_options_come_from_the_signature_of_run(command, capsys):
    def run(
        folder: str, steps: int = 2, rates: tuple = (0.5,), seed: int | None = None, fast: bool = False, **rest
    ):
        return {"folder": folder, "steps": steps, "rates": rates, "seed": seed, "fast": fast}

    command(run)
    arguments = ["here", "--steps", "4", "--rates", "1", "2.5", "--seed", "7", "--fast", "--json"]
    assert cli.main(["probe", "thing", *arguments]) == 0
    expected = {"folder": "here", "steps": 4, "rates": [1.0, 2.5], "seed": 7, "fast": True}
    assert last_json(capsys.readouterr().out) == expected


def test_a_module_may_bring_its_own_arguments(command, capsys):
    def add_arguments(parser):
        parser.add_argument("--minutes", type=float, default=1.0)

    def run(args):
        return {"minutes": args.minutes}

    command(run, add_arguments=add_arguments)
    assert cli.main(["probe", "thing", "--minutes", "3", "--json"]) == 0
    assert last_json(capsys.readouterr().out) == {"minutes": 3.0}


def test_people_get_lines_or_what_describe_says(command, capsys):
    command(lambda: {"fps": 38.25})
    assert cli.main(["probe", "thing"]) == 0
    assert capsys.readouterr().out == "fps  38.25\n"
    command(lambda: {"fps": 38.25}, describe=lambda results: f"{results['fps']} pictures a second")
    assert cli.main(["probe", "thing"]) == 0
    assert capsys.readouterr().out == "38.25 pictures a second\n"


def test_a_measurement_that_misses_its_limit_exits_1_and_still_tells(command, capsys):
    command(lambda: {"max_error": 0.5, "passed": False})
    assert cli.main(["probe", "thing", "--json"]) == 1
    assert last_json(capsys.readouterr().out)["max_error"] == 0.5


def test_an_exit_status_is_passed_on_and_nothing_means_done(command):
    command(lambda: 7)
    assert cli.main(["probe", "thing"]) == 7
    command(lambda: None)
    assert cli.main(["probe", "thing"]) == 0


ERRORS = {
    "steps must be >= 1, got 0": ValueError("steps must be >= 1,\n  got 0"),
    "no weights in 'x'; give a folder": FileNotFoundError("no weights in 'x'; give a folder"),
    "module gone must be installed": ModuleNotFoundError("No module named 'gone'", name="gone"),
}


@pytest.mark.parametrize("message", ERRORS)
def test_bad_input_is_one_line_and_exits_2(command, capsys, message):
    def run():
        raise ERRORS[message]

    command(run)
    assert cli.main(["probe", "thing", "--json"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"playground probe thing: {message}") and told.err.count("\n") == 1
    with pytest.raises(type(ERRORS[message])):
        cli.main(["probe", "thing", "--traceback"])


def test_faults_of_our_own_are_not_dressed_up_as_bad_input(command):
    command(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["probe", "thing"])


def test_control_c_exits_130(command):
    def run():
        raise KeyboardInterrupt

    command(run)
    assert cli.main(["probe", "thing"]) == 130


def test_a_reader_that_has_enough_is_no_error():
    command = f"{sys.executable} -m playground.cli doctor; echo status $? >&2"
    pipe = subprocess.run(["bash", "-c", f"({command}) | true"], capture_output=True, text=True)
    assert pipe.stderr == "status 141\n"


@pytest.mark.parametrize("argv", [[], ["--help"], ["train"], ["train", "--help"]])
def test_help_lists_the_subcommands(argv, capsys):
    assert cli.main(argv) == (2 if argv == ["train"] else 0)
    told = capsys.readouterr().out
    expected = [w for w in cli.COMMANDS if argv[:1] != ["train"] or w[0] == "train"]
    assert all(f"playground {' '.join(words)}" in told for words in expected)
    assert ("playground lab" in told) == (argv[:1] != ["train"])


def test_an_unknown_subcommand_names_the_known_ones(capsys):
    assert cli.main(["paint"]) == 2
    assert "one of lab, demo, demo-video, bench" in (told := capsys.readouterr().err) and "got 'paint'" in told
    assert cli.main(["train", "cat"]) == 2
    known = ", ".join(words[1] for words in cli.COMMANDS if words[0] == "train")
    assert f"one of {known}; got 'cat'" in capsys.readouterr().err


def test_the_version_is_the_package_version(capsys):
    from playground import __version__

    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"playground {__version__}\n"


@pytest.mark.parametrize("words", list(cli.COMMANDS), ids=" ".join)
def test_every_line_of_the_table_explains_itself(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--help"])
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_doctor_prints_json_as_its_last_line(capsys):
    status = cli.main(["doctor", "--json"])
    found = last_json(capsys.readouterr().out)
    assert status == (0 if found["passed"] else 1)
    assert found["machine"]["cores"] >= 1 and found["machine"]["memory_gb"] > 0
    assert found["packages"]["torch"].startswith("2.")
    assert all(gap["fix"] for gap in found["missing"])


def test_doctor_names_what_is_missing_and_the_fix(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "PACKAGE", tmp_path)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    lacking = {"torch": None, "ruff": None, "streamdiffusion": None}
    monkeypatch.setattr(doctor, "packages", lambda: lacking)
    found = doctor.run()
    gaps = {gap["what"]: gap for gap in found["missing"]}
    assert not found["passed"]
    assert gaps["torch"]["needed"] and "make play" in gaps["torch"]["fix"]
    assert not gaps["ruff"]["needed"] and "make test" in gaps["ruff"]["fix"]
    assert "--no-deps streamdiffusion==" in gaps["streamdiffusion"]["fix"]
    assert gaps["the tiny models"]["needed"] and not gaps["chromium"]["needed"]
    page = doctor.describe(found)
    assert "! torch: make play" in page and "- chromium: apt-get install chromium" in page


def test_doctor_finds_shipped_and_downloaded_weights(monkeypatch, tmp_path):
    weights = tmp_path / "models" / "tiny" / "image" / "unet" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(bytes(2**20))
    (tmp_path / "models" / "tiny" / "judge.safetensors").write_bytes(bytes(2**19))
    (tmp_path / "hub" / "models--someone--model-1").mkdir(parents=True)
    monkeypatch.setattr(doctor, "PACKAGE", tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert doctor.tiny_weights() == {"image": 1.0, "judge": 0.5}
    assert doctor.published_weights() == ["someone/model-1"]


def test_lab_stays_on_this_machine_and_opens_the_first_notebook(monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / lab.FIRST).touch()
    command = lab.lab_command(browser=False)
    assert f"--LabApp.default_url=/lab/tree/{lab.FIRST}" in command
    assert {"--ip=127.0.0.1", "--port=8888", "--no-browser"} <= set(command)
    assert not [word for word in command if "token" in word.lower()]  # Jupyter's own token stays on
    assert ("--allow-root" in command) == (os.geteuid() == 0)


def test_lab_asks_nothing_at_its_first_start():
    settings = json.loads((lab.SETTINGS / "overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_lab_names_what_is_wrong_with_its_options():
    with pytest.raises(ValueError, match=r"port must be in 1..65535, got 0"):
        lab.lab_command(port=0)
    with pytest.raises(FileNotFoundError, match=r"notebook must be a file in .*got 'no.ipynb'; there are"):
        lab.lab_command("no.ipynb")


def test_lab_runs_the_command_and_gives_its_status(monkeypatch):
    monkeypatch.setattr(lab, "lab_command", lambda *options: [sys.executable, "-c", "raise SystemExit(3)"])
    assert lab.run() == 3
    assert SimpleNamespace(status=cli.main(["lab", "--no-browser"])).status == 3
