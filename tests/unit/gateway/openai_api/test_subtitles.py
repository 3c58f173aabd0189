"""Words with times, as subtitles."""

from __future__ import annotations

from orchestrion_gateway.openai_api.subtitles import Cue, cues_of, srt, vtt, words_of


def test_cues_end_with_a_sentence_at_a_pause_and_when_they_are_full() -> None:
    sentence = [Cue("Mind", 0, 0.5), Cue("it.", 0.5, 1), Cue("Now", 1, 1.5)]
    assert [cue.text for cue in cues_of(sentence, spaced=True)] == ["Mind it.", "Now"]
    pause = [Cue("Mind", 0, 0.5), Cue("it", 2, 2.5)]
    assert [cue.text for cue in cues_of(pause, spaced=True)] == ["Mind", "it"]
    chinese = [Cue("小心", 0, 0.5), Cue("间隙", 0.5, 1)]
    assert cues_of(chinese, spaced=False) == (Cue("小心间隙", 0, 1),)
    long = [Cue("word", place / 4, (place + 1) / 4) for place in range(40)]
    cues = cues_of(long, spaced=True)
    assert len(cues) > 1
    assert all(len(cue.text) <= 84 and cue.end_s - cue.start_s <= 7 for cue in cues)
    assert " ".join(cue.text for cue in cues).split() == ["word"] * 40


def test_what_has_no_times_gives_no_words() -> None:
    assert words_of([{"text": " a ", "start_s": 0, "end_s": 1}]) == (Cue("a", 0, 1),)
    for wrong in (None, "a", [{"text": "a"}], [{"text": "a", "start_s": 0, "end_s": None}]):
        assert words_of(wrong) == ()


def test_marks_of_the_form_in_a_text_do_not_end_a_cue() -> None:
    cue = Cue("a < b --> c & d", 0, 3661.0425)
    assert "a &lt; b --&gt; c &amp; d" in vtt([cue])
    assert srt([cue]).startswith("1\n00:00:00,000 --> 01:01:01,042\na < b --> c & d\n")
