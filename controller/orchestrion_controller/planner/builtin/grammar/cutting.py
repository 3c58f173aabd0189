"""A request cut into tokens, with the texts and file names in it set aside."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_controller.languages.quotations import Quotation, after_colon, quotations
from orchestrion_controller.planner.builtin.grammar.blocks import Block, blocks
from orchestrion_controller.planner.builtin.grammar.coverage import has_content
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.literals import question_in
from orchestrion_controller.planner.builtin.grammar.mentions import has_demonstratives
from orchestrion_controller.planner.builtin.grammar.naming import names
from orchestrion_controller.planner.builtin.grammar.spans import PREPOSITIONS, begins_step, skip_fillers
from orchestrion_controller.planner.builtin.grammar.words import Token, tokens

_FILE_NAME: Final = re.compile(
    r"(?<![\w/.])[\w-]+\.(?:png|jpe?g|gif|webp|bmp|tiff?|wav|mp3|ogg|flac|m4a|txt|md|csv|json|pdf)(?!\w)", re.IGNORECASE
)


_ASKED_BEFORE_MARK: Final = re.compile(r"[?？]\s*[\"'“„«「]")
_DASHES: Final = frozenset("-–—")


@dataclass(frozen=True, slots=True)
class Parts:
    """A request cut into tokens, with what was set aside."""

    text: str
    words: Sequence[Token]
    quoted: Sequence[Quotation]
    files: Sequence[Quotation]
    given: Sequence[Block]
    are_demonstratives_meant: bool


def cut(text: str, lexicon: Lexicon, file_names: Sequence[str], *, follows_up: bool = False) -> Parts:
    """Cuts a request.

    Args:
        text: The request.
        lexicon: The words to know.
        file_names: The attachments' names, which the request may speak of.
        follows_up: Whether there was a turn before, which may say what a text is for that follows a colon.
    """
    given = blocks(text, lexicon.headings, lambda part: _asks(part, lexicon))
    quoted: list[Quotation] = []
    position = 0
    for start, end in [*((block.given.start, block.given.end) for block in given), (len(text), len(text))]:
        found = quotations(text[position:start])
        quoted += [Quotation(item.text, item.start + position, item.end + position) for item in found]
        position = end
    files = [match for name in dict.fromkeys(file_names) if len(name) > 2 for match in _occurrences(text, name)]
    named = [item for item in files if not any(_overlap(item, block.given) for block in given)]
    files = [*named, *_other_files(text, [*named, *quoted, *(block.given for block in given)])]
    # A file name in quotation marks is still a file name.
    quoted = [quotation for quotation in quoted if not any(_overlap(quotation, file) for file in files)]
    called = [Quotation("", *span) for span in names(text, lexicon)]
    quoted = [quotation for quotation in quoted if not any(_overlap(quotation, name) for name in called)]
    aside = [*quoted, *files, *(block.given for block in given)]
    words = lexicon.vocabulary.mended(tokens(text, [(item.start, item.end) for item in aside]))
    has_files = bool(file_names)
    is_sequel = follows_up and not has_files
    last = None
    if not given:
        last = _given_after_colon(text, words, lexicon, quoted, has_files=has_files, is_sequel=is_sequel)
    if last:
        quoted = [quotation for quotation in quoted if quotation.start < last.start]
        files = [file for file in files if file.start < last.start]
        words = [word for word in words if word.start < last.start] + [Token("", last.start, last.end)]
        given = [Block(last)]
    meant = len(file_names) > 1 and has_demonstratives(words, lexicon)
    return Parts(text, words, quoted, files, given, meant)


def _asks(part: str, lexicon: Lexicon) -> bool:
    """Whether a line or a sentence asks for something, so that it is no text to work on."""
    words = lexicon.vocabulary.mended(tokens(part.strip()))
    first = skip_fillers(words, 0, lexicon)
    if first >= len(words):
        return False
    is_question = part.rstrip().endswith(("?", "？"))
    if is_question and words[first].text in PREPOSITIONS and first + 1 < len(words):
        # "On which day …?"
        first += 1
    sorts = (lexicon["questions"], lexicon["polar_questions"])
    if any(sort.at(words, first) for sort in sorts) and not lexicon.senses.at(words, first):
        return is_question
    return begins_step(words, first, lexicon) or (is_question and bool(lexicon.senses.find(words)))


def _given_after_colon(
    text: str,
    words: Sequence[Token],
    lexicon: Lexicon,
    quoted: Sequence[Quotation],
    *,
    has_files: bool,
    is_sequel: bool,
) -> Quotation | None:
    colon = next((word for word in words if word.text in {":", "："}), None)
    given = after_colon(text, colon.start) if colon else None
    if colon is None and not has_files and not quoted:
        colon = next((word for word in words if word.text in _DASHES and _is_apart(text, word)), None)
        given = _after_dash(text, colon, lexicon) if colon else None
    if colon is None:
        return None
    before = [word for word in words if word.end <= colon.start]
    if given is None or any(quotation.start == given.start for quotation in quoted):
        return None
    says_what_for = lexicon.senses.find(before) or (not has_files and _instructs(text, before, lexicon))
    if not (says_what_for or (is_sequel and _only_points(before, given.text, lexicon))):
        return None
    if any(
        item.start > given.start and item.end == len(text.rstrip()) for item in quoted
    ) and _ASKED_BEFORE_MARK.search(given.text):
        # "…: sport or politics? 'The text'": the labels come first.
        return None
    # With a file attached, a question is put to that, and is no text to work on.
    is_question = has_files and question_in(given.text) == (given.text, "")
    return None if is_question else given


def _instructs(text: str, words: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether words say how to do something with a text that follows: "at double speed: …"."""
    sorts = (lexicon.options, lexicon.factors)
    return any(sort.find(words) for sort in sorts) or bool(words and names(text[: words[-1].end], lexicon))


def _only_points(words: Sequence[Token], given: str, lexicon: Lexicon) -> bool:
    """Whether words say no more than that a text follows, for what was asked before: "and the same for this one: ".

    After "and: " alone may also come something else to do.
    """
    sorts = (lexicon.nouns, lexicon["pronouns"], lexicon["repeats"])
    return not has_content(words, lexicon) and (any(sort.find(words) for sort in sorts) or not _asks(given, lexicon))


def _is_apart(text: str, word: Token) -> bool:
    return text[word.start - 1 : word.start].isspace() and text[word.end : word.end + 1].isspace()


def _after_dash(text: str, dash: Token, lexicon: Lexicon) -> Quotation | None:
    """Finds the text that a dash sets off, unless those words go on with what is asked for ("- but slowly")."""
    rest = text[dash.end :].strip()
    words = lexicon.vocabulary.mended(tokens(rest[:200]))
    goes_on = words and (
        begins_step(words, skip_fillers(words, 0, lexicon), lexicon)
        if skip_fillers(words, 0, lexicon) < len(words)
        else len(words) < 3
    )
    joined = bool(words) and bool(lexicon["joiners"].at(words, 0) or lexicon.options.at(words, 0))
    has_content = any(word.is_word and word.text not in lexicon.function_words for word in words)
    if not rest or joined or not (has_content or len(words) > 2) or (goes_on and len(words) < 4):
        return None
    return Quotation(rest, text.index(rest, dash.end), len(text))


def _other_files(text: str, aside: Sequence[Quotation]) -> list[Quotation]:
    """Finds what looks like the name of a file that is attached under another name."""
    found = [Quotation("", *match.span()) for match in _FILE_NAME.finditer(text)]
    return [file for file in found if not any(_overlap(file, other) for other in aside)]


def _occurrences(text: str, name: str) -> list[Quotation]:
    pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
    return [Quotation(name, *match.span()) for match in re.finditer(pattern, text, re.IGNORECASE)]


def _overlap(one: Quotation, other: Quotation) -> bool:
    return one.start < other.end and other.start < one.end
