"""What is wrong with a file of a timeline is said with the number of the entry."""

import json
import time

import pytest

from playground import Timeline
from playground.conditioning.timeline_files import text_in
from timelines import FULL, STORIES, own, scope

# ---------------------------------------------------------------- errors

DEEP = "[" * 100_000
BAD = [
    (scope(1, startTime=2), r"entry 2: start must be at or after 4\.6979 s, where entry 1 ends, got 2 s"),
    (scope(1, startTime=-1), "entry 2: start must be >= 0 seconds, got -1"),
    (scope(1, endTime=1), r"entry 2: end must be after its start 4\.6979 s, got 1 s"),
    (scope(1, endTime="9"), "entry 2: endTime must be a number, got '9'"),
    (scope(1, startTime=None), "entry 2: startTime must be a number, got None"),
    (scope(1, startTime=True), "entry 2: startTime must be a number, got True"),
    (scope(2, prompts=[]), r"entry 3: prompts must be 1\.\.100 texts, got 0"),
    (scope(2, prompts="a fox"), "entry 3: prompts must be a list of objects in braces, got 'a fox'"),
    (scope(2, prompts=[3]), r"entry 3: prompts must be a list of objects in braces, got \[3\]"),
    (scope(2, prompts=[{"weight": 1}]), "entry 3: text must be a text, got none"),
    (scope(2, prompts=[{"text": 3}]), "entry 3: text must be a text, got 3"),
    (scope(2, prompts=[{"text": " "}]), "entry 3: text must not be empty"),
    (scope(2, prompts=[{"text": "a", "weight": 0}]), "entry 3: prompts must have a weight above 0"),
    (scope(2, prompts=[{"text": "a", "weight": 101}]), r"entry 3: weight must be a number in 0\.\.100"),
    (scope(2, prompts=[{"text": "a", "weight": "1"}]), r"entry 3: weight must be a number in 0\.\.100"),
    (scope(2, transitionSteps="4"), r"entry 3: transitionSteps must be a number in 0\.\.1000, got '4'"),
    (scope(2, text=4), "entry 3: text must be a text, got 4"),
    (scope().replace("11.167,", "NaN,", 1), "timeline must be whole JSON, got .*NaN is no number"),
    (scope().replace("11.167,", "1e999,", 1), "entry 2: end must be a finite number"),
    (scope()[:-9], "timeline must be whole JSON, got one that is cut off or damaged"),
    ('{"prompts": ' + DEEP, "timeline must be JSON of some levels, got one nested too deeply"),
    ('{"prompts": {}}', r"prompts must be a list of entries, got \{\}"),
    ('{"prompts": []}', r"prompts must have 1\.\.10000 entries, got 0"),
    ('{"prompts": [{"startTime": 0}, 7]}', "entry 2: must be an object in braces, got 7"),
    (json.dumps({"prompts": [{}] * 10_001}), r"prompts must have 1\.\.10000 entries, got 10001"),
    ("[1, 2]", r"timeline must be our own or Daydream Scope's JSON, .* got other JSON '\[1, 2\]'"),
    ('{"a": 1}', "timeline must be our own or Daydream Scope's JSON, LongLive's lines"),
    ("a duck on the sea", "timeline must be our own .* a line such as 'a duck.5s. ., got 'a duck on|timel"),
    ("", "timeline must be our own or Daydream Scope's JSON"),
    (b"\xff\xfe\x00", "timeline must be a text in UTF-8, got other bytes"),
    (7, "timeline must be a path, a text or bytes, got int"),
    ("x" * 20_000_001, r"timeline must be at most 20 MB, got 20\.0 MB"),
    ("a duck[5s] | a cat", "entry 2: must be a text and its seconds such as .*, got 'a cat'"),
    ("a duck[5s] | a cat[x]", r"entry 2: must be a text and its seconds such as .*, got 'a cat\[x\]'"),
    ("a duck[5s] | a cat[0s]", "entry 2: seconds must be above 0, got '0s'"),
    ("a duck[-5s]", "entry 1: seconds must be above 0, got '-5s'"),
    ("a duck[5s] | | a cat[5s]", "entry 2: must be a text and its seconds"),
    ("a duck[5s] | [5s]", "entry 2: text must not be empty"),
    ("a duck[5s] | a cat[nans]", "entry 2: must be a text and its seconds"),
    (own(start=-1), "entry 1: start must be >= 0 seconds, got -1"),
    (own(version=2), "version must be 1, got 2"),
    (own(other=3), "timeline: fields must be among format, version, .* got 'other'; what other programs"),
    (own(strat=3), "entry 1: fields must be among number, start, .* got 'strat'"),
    (own(prompts=["a"]), r"entry 1: prompts must be a list of objects in braces, got \['a'\]"),
    (own(transition={"steps": 3}), "entry 1: transition must have seconds and kind, got"),
    (own(transition={"kind": "cubic"}), "entry 1: transition kind must be one of linear, slerp; got"),
    (own(extra=3), "timeline: extra must be an object in braces, got 3"),
    (own(events=[{"start": 0, "end": 1}]), "event 1: camera must be an object in braces, or there must"),
    (own(events=[{"start": 0, "end": 1, "camera": {"pan": 1}}]), "event 1: camera: fields must be among"),
    (own(events=[{"start": 0, "end": 1, "tracks": {}}]), "event 1: tracks must have the format 'playgr"),
    (own(events=[{"start": 2, "end": 1, "camera": {}}]), "camera event: end must be after its start 2 s"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "message"), BAD, ids=[f"{k} {m[:40]}" for k, (_, m) in enumerate(BAD)]
)
def test_bad_timelines_are_refused_with_the_entrys_number(source, message):
    with pytest.raises(ValueError, match=message):
        Timeline.read(source)


BAD_STORIES = [
    ({}, r"story must be one of the 2 stories of this file, 1\.\.2, got None"),
    ({"story": 3}, r"story must be one of the 2 stories of this file, 1\.\.2, got 3"),
    (
        {"story": 1, "switch_frames": [40]},
        "switch_frames must have 2 frames for 3 prompts, one less",
    ),
    (
        {"story": 1, "switch_frames": [80, 40]},
        "switch_frames must be a list of ascending whole numbers",
    ),
    (
        {"story": 1, "switch_frames": "40, x"},
        "switch_frames must be a list of ascending whole numbers",
    ),
    (
        {"story": 1, "switch_frames": [0, 40]},
        "switch_frames must be a list of ascending whole numbers",
    ),
    ({"story": 1, "switch_frames": 40}, "switch_frames must be a list of ascending whole numbers"),
    (
        {"story": 1, "switch_frames": [4, 9], "frames": 9},
        "frames must be after the last switch frame 9",
    ),
    ({"story": 1, "frames": 2}, "frames must be a whole number >= 3, one a prompt, got 2"),
    ({"story": 1, "fps": 0}, "fps must be a finite number above 0, got 0"),
]


@pytest.mark.parametrize(
    ("more", "message"), BAD_STORIES, ids=[str(more) for more, _ in BAD_STORIES]
)
def test_bad_stories_are_refused(more, message):
    with pytest.raises(ValueError, match=message):
        Timeline.read(STORIES, **more)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"prompts_list": []}', 'line 2 must be {"prompts_list": '),
        ('{"prompts_list": ["a", 3]}', "line 2, entry 2: must be a text, got 3"),
        ('{"prompts_list": ["a", " "]}', "entry 2: text must not be empty"),
        ('{"prompts_list": ["a"', "line 2 must be whole JSON, got one that is cut off or damaged"),
        ("7", 'line 2 must be {"prompts_list": '),
    ],
)
def test_bad_lines_are_refused_with_their_number(line, message):
    with pytest.raises(ValueError, match=message):
        Timeline.read('{"prompts_list": ["a duck"]}\n' + line, story=2)


def test_other_formats_take_no_story():
    with pytest.raises(
        ValueError, match="story must be left out for a line timeline; it is for LongL"
    ):
        Timeline.read("a duck[5s]", story=1)


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match="format must be one of playground, scope, longlive, line; got"
    ):
        FULL.save(tmp_path / "x", "srt")
    with pytest.raises(
        ValueError, match="timeline must have an entry to be written as scope, got none"
    ):
        Timeline().save(tmp_path / "x", "scope")
    with pytest.raises(ValueError, match="entry 1: text must have no bar in this form, got one"):
        text_in(Timeline().add("a | b"), "line")
    with pytest.raises(
        FileNotFoundError, match=r"timeline must be a file that exists, got 'none\.json'"
    ):
        Timeline.read("none.json")


def test_ten_megabytes_load_in_a_moment():
    entries = [{"startTime": k, "endTime": k + 1, "prompts": [{"text": "word " * 200}]}
               for k in range(10_000)]  # fmt: skip
    text = json.dumps({"prompts": entries})
    assert len(text) > 10**7
    began = time.process_time()
    story = Timeline.read(text)
    assert story.at(9_000.5).entry.number == 9_001
    assert time.process_time() - began < 10
