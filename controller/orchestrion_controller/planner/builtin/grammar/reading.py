"""What a request says: its clauses, and in each the steps asked for, the things named and the options."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from orchestrion_controller.planner.builtin.grammar import asides, asking, coverage, labelling, scope, senses
from orchestrion_controller.planner.builtin.grammar.amounts import options
from orchestrion_controller.planner.builtin.grammar.clauses import Clause, Literal, Reading, Step
from orchestrion_controller.planner.builtin.grammar.cutting import Parts, cut
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.literals import question_in
from orchestrion_controller.planner.builtin.grammar.meanings import Sense
from orchestrion_controller.planner.builtin.grammar.mentions import Mention, mentions
from orchestrion_controller.planner.builtin.grammar.merging import merged
from orchestrion_controller.planner.builtin.grammar.phrases import Mark
from orchestrion_controller.planner.builtin.grammar.spans import begins_step, skip_fillers, spans
from orchestrion_controller.planner.builtin.grammar.words import Token

_SENTENCE_ENDS: Final = frozenset(".?!;。？！；")


def read(text: str, lexicon: Lexicon, file_names: Sequence[str] = (), *, follows_up: bool = False) -> Reading:
    """Reads a request.

    Args:
        text: The request, any language of the lexicon.
        lexicon: The words to know.
        file_names: The attachments' names, which the request may speak of.
        follows_up: Whether there was a turn before.
    """
    request = cut(text, lexicon, file_names, follows_up=follows_up)
    words, left_out = scope.without_left_out(request, lexicon)
    request = replace(request, words=asides.without_reasons(words, lexicon))
    clauses: list[Clause] = []
    aside: list[str] = []
    beyond = ""
    is_fault_told = False
    for number, (start, end) in enumerate(spans(request.words, lexicon)):
        part = request.words[start:end]
        clause, cues, bound = _clause(
            request, part, number, lexicon, is_aside=_is_relative(request.words, start, end, lexicon)
        )
        unknown = coverage.uncovered(text, part, cues, bound, lexicon, is_fault_told=is_fault_told)
        following = request.words[end].start if end < len(request.words) else len(text) + 1
        named = tuple(mention for mention in left_out if mention.position < following)
        left_out = left_out[len(named) :]
        clause = replace(clause, mentions=(*clause.mentions, *named))
        around = request.words[max(0, start - 2) : start + 2]
        clause = replace(clause, is_sequel=bool(lexicon["sequels"].find(around)))
        opening = min(skip_fillers(part, 0, lexicon), len(part) - 1)
        is_fault_told = not begins_step(part, opening, lexicon)
        clause = replace(clause, tells_fault=is_fault_told)
        is_told = is_fault_told or any(lexicon[sort].at(part, opening) for sort in ("questions", "polar_questions"))
        is_told = is_told and not any(option.is_named for option in clause.options)
        if is_told and not clause.steps and coverage.has_content(part, lexicon):
            # "The room was quiet" says nothing about how to do things.
            clause = replace(clause, options=(), has_pronoun=False)
        beyond = beyond or unknown
        clauses.append(clause)
        if not (clause.steps or clause.mentions or clause.literals or clause.question or clause.repeats):
            aside.append(text[part[0].start : part[-1].end])
    if lexicon["separations"].find(request.words):
        clauses = [replace(clause, wants_versions=True) for clause in clauses]
    clauses = merged(clauses, lexicon)
    asked = request.given or any(not step.is_implicit for clause in clauses for step in clause.steps)
    is_again = bool(file_names) and any(clause.repeats for clause in clauses)
    answer = "" if asked or is_again else _courtesy(request.words, lexicon)
    return Reading(text, tuple(clauses), beyond, answer, " ".join(aside).strip(" .,;"))


def _clause(
    request: Parts, part: Sequence[Token], number: int, lexicon: Lexicon, *, is_aside: bool
) -> tuple[Clause, list[Mark[Sense]], set[int]]:
    """Reads a part of a request; also returns its cues, and the indices of the tokens that are taken as they are."""
    text, first, last = request.text, part[0].start, part[-1].end
    quoted = [item for item in request.quoted if first <= item.start < last]
    literals = [Literal(item.start, item.text) for item in quoted]
    named = [Mention(file.start, file_name=file.text) for file in request.files if first <= file.start < last]
    named += mentions(text, part, lexicon, request.are_demonstratives_meant)
    cues = senses.cues(part, lexicon, has_object=bool(named or literals))
    if asking.is_put_to_text(part, cues, lexicon, request):
        # "What should I read first?" asks a text that is given, and for no reading.
        cues = []
    question, labels, where = "", [], (0, 0)
    for block in (block for block in request.given if first <= block.given.start < last):
        # What follows a colon is a list of labels, a question, or a text.
        if block.role == "labels" or (
            block.role == "text" and senses.sorts(cues, lexicon) and labelling.as_list(block.given.text)
        ):
            labels = labelling.as_list(block.given.text) or [block.given.text]
        elif block.role == "question":
            question = block.given.text
        else:
            literals.append(Literal(block.given.start, block.given.text))
    if not labels:
        sorting = [mark for mark in cues if senses.sorts([mark], lexicon)]
        cued = {index for mark in sorting for index in mark.matched}
        labels, where = labelling.labels(text, part, lexicon, quoted, cued, explicit=bool(sorting))
        in_list = [mark for mark in cues if where[0] <= part[mark.start].start < where[1]]
        if any(mark.value.task_type not in lexicon.by_role["labels"] for mark in in_list):
            # "Positive or negative?" are the words of a step that knows its classes.
            labels = []
        elif labels and (senses.sorts(cues, lexicon) or not cues):
            literals = [item for item in literals if not where[0] <= item.position < where[1]]
        else:
            labels = []
    cues = senses.with_labels(cues, lexicon, bool(labels))
    question = question or ("" if is_aside else asking.question(text, part, lexicon, named))
    if coverage.outputs(part, lexicon):
        # "How many you found" is no question to a text.
        question = ""
    if senses.asks(cues, lexicon) and not question:
        question, literals = _asked_in(literals)
        # "Speech from the text …": where nothing is asked, those words only say which text.
        others = [mark for mark in cues if mark.value.task_type not in lexicon.by_role["question"]]
        cues = cues if question or not others else others
    asks = senses.asks(cues, lexicon)
    bound = senses.inside(text, part, question) if question and (asks or not (cues or labels)) else set()
    cues = [
        mark
        for mark in cues
        if not asks or mark.value.task_type in lexicon.by_role["question"] or mark.start not in bound
    ]
    steps = senses.steps(part, cues, lexicon, number)
    implied = lexicon.by_role["labels"] if labels else lexicon.by_role["question"] if question else frozenset()
    if not steps and implied:
        steps = (Step(senses.of(implied), number, first, last, is_implicit=True),)
    if labels:
        bound |= {index for index, word in enumerate(part) if where[0] <= word.start < where[1]}
    marked = {index for mark in cues for index in mark.matched}
    # `this` before a noun is no pronoun.
    pronouns = [mark for mark in lexicon["pronouns"].find(part) if not _is_noun(part, mark.end, lexicon)]
    kept = {part[index].start for index in bound}
    clause = Clause(
        steps=steps,
        mentions=tuple(sorted(named, key=lambda mention: mention.position)),
        literals=tuple(sorted(literals, key=lambda literal: literal.position)),
        options=tuple(option for option in options(text, part, lexicon) if option.position not in kept),
        question=question if asks or not cues else "",
        labels=tuple(labels),
        outputs=frozenset(mark.value for mark in coverage.outputs(part, lexicon) if not marked & set(mark.matched)),
        has_pronoun=any(mark.start not in marked for mark in pronouns),
        is_possessive=bool(lexicon["possessives"].find(part)),
        is_plural=bool(lexicon["plural_pronouns"].find(part)),
        names_result=bool(lexicon["results"].find(part)),
        is_textual=bool(lexicon["facts"].find(part)),
        wants_versions=bool(lexicon["versions"].find(part)),
        repeats=bool(lexicon["repeats"].find(part)),
        is_bare=_is_bare(part, cues, lexicon),
        follows_comma=first > 0 and text[:first].rstrip().endswith((",", "，")),
        start=first,
        end=last,
        rest=part[cues[0].end - 1].end if cues else None,
    )
    return clause, cues, bound


def _asked_in(literals: Sequence[Literal]) -> tuple[str, list[Literal]]:
    """Takes the question out of the texts that are given; what is left of them is the text that it is put to."""
    for literal in literals:
        question, text = question_in(literal.text)
        if question:
            left = [replace(literal, text=text)] if text else []
            return question, [item for other in literals for item in (left if other is literal else [other])]
    return "", list(literals)


def _courtesy(words: Sequence[Token], lexicon: Lexicon) -> str:
    """Tells what to answer a request that is a courtesy and nothing else."""
    marks = lexicon.courtesies.find(words)
    covered = {index for mark in marks for index in mark.matched}
    covered |= {index for mark in lexicon["fillers"].find(words) for index in mark.matched}
    rest = [word for index, word in enumerate(words) if word.is_word and index not in covered]
    is_all = all(word.text in lexicon.function_words for word in rest)
    # "Hello, what can you do?" is answered by what comes last.
    return marks[-1].value if marks and is_all else ""


def _is_bare(part: Sequence[Token], cues: Sequence[Mark[Sense]], lexicon: Lexicon) -> bool:
    """Whether there are only the words of cues, and how they are to be done: "enlarge and …"."""
    sorts = (lexicon.options, lexicon.amounts, lexicon["fillers"], lexicon["joiners"])
    said = {index for mark in cues for index in mark.matched}
    said |= {index for sort in sorts for mark in sort.find(part) for index in mark.matched}
    return bool(cues) and all(index in said or not word.is_word for index, word in enumerate(part))


def _is_relative(words: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> bool:
    """Whether what begins with a question word is only set off by a comma: "the picture, which is old, …"."""
    if start == 0 or words[start - 1].text not in {",", "，"}:
        return False
    opening = skip_fillers(words, start, lexicon)
    if opening >= len(words) or not lexicon["questions"].at(words, opening):
        return False
    return next((word.text for word in words[opening:] if word.text in _SENTENCE_ENDS), "") not in {"?", "？"}


def _is_noun(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    return index < len(words) and bool(lexicon.nouns.at(words, index))
