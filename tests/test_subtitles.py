from playground.frames.subtitles import Cue, as_webvtt, cues_of


def test_a_cue_stands_as_long_as_its_text_and_silence_has_none():
    assert cues_of(["a", "a", "", "b"], fps=2) == (Cue(0.0, 1.0, "a"), Cue(1.5, 2.0, "b"))
    assert cues_of([], fps=20) == ()


def test_the_file_has_hours_and_milliseconds_and_no_text_can_break_it():
    text = as_webvtt([Cue(3661.0005, 7322.25, "x --> y\n\n<b> & c")])
    assert text == "WEBVTT\n\n01:01:01.000 --> 02:02:02.250\nx --&gt; y &lt;b&gt; &amp; c\n"
