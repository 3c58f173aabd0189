"""The terms of the score and their weights, as data: `scoring` computes them, `docs/selection.md` explains them.

One point is worth halving the time to the result: an expert that scores a point better for what it is may take twice
as long as the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion_controller.selector.licenses import LicenseKind

TIME_UNIT_S: Final = 0.1
"""The time that costs the first point: differences far below it do not matter to a person."""
MOST_FOR_TIME: Final = 20.0
"""The most points that all time together costs: reached after about a day."""
LOAD_SHARED: Final = 0.25
"""How much of a load each call that waits for the expert takes over: four of them halve what it counts."""
FAILURE: Final = 3.0
MOST_FOR_FAILURES: Final = 12.0
THRIFT: Final = 1.0
RUNTIME_SLOWER: Final = 0.5
RUNTIME_CLEARLY_SLOWER: Final = 8.0
DOWNLOADS: Final = 0.5
MOST_DOWNLOADS: Final = 1e8
LIKES: Final = 0.5
MOST_LIKES: Final = 1e5
ACCURACY: Final = 1.0
USUAL_ERRORS: Final = 0.1
LEAST_FOR_ACCURACY: Final = -2.0
MOST_FOR_ACCURACY: Final = 3.0
DEFAULT: Final = 1.0
CHOICE: Final = 1.0
WORD: Final = 0.5
MOST_FOR_WORDS: Final = 2.0
LANGUAGE: Final = 1.0
LANGUAGE_OWN: Final = 1.0
LANGUAGE_LACKING: Final = 8.0
DOMAIN: Final = 12.0
DOMAIN_SPOKEN_OF: Final = 18.0
TOO_LARGE: Final = 12.0
MOST_FOR_TOO_LARGE: Final = 16.0
LICENSE: Final[Mapping[LicenseKind, float]] = {
    LicenseKind.PERMISSIVE: 0.0,
    LicenseKind.CONDITIONS: -0.5,
    LicenseKind.UNKNOWN: -0.5,
    LicenseKind.NOT_COMMERCIAL: -2.0,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the score."""

    name: str
    """Its name in `Candidate.features`."""
    meaning: str
    """What it is."""
    unit: str
    """What it is counted in."""
    least: float
    most: float
    weight: str
    """What a unit of it is worth, in points."""
    why: str
    """Why so much."""


_DOUBLING: Final = "1 point for each doubling from 0.1 s on"

TERMS: Final = (
    Term(
        "state",
        "Time until the expert is on its device: its files fetched, what is loading before it, and its own load. "
        "Nothing for one that is loaded. One more copy serves the others that wait for the expert, too: four of them "
        "halve it.",
        "seconds",
        -MOST_FOR_TIME,
        0.0,
        f"-{_DOUBLING}",
        "People notice ratios of times; a second more is much after one, and little after a minute.",
    ),
    Term(
        "memory",
        "Time that others lose: what has to give way to it must be loaded again by whoever needs it next.",
        "seconds",
        -MOST_FOR_TIME,
        0.0,
        "-what it adds to the points of `state`",
        "Without it hosts would go on displacing each other's experts.",
    ),
    Term(
        "queue",
        "Time until what is in front of it has been computed: calls reported by the host, or assigned by this "
        "controller and not ended, whichever is more; those for other experts share the device.",
        "seconds",
        -MOST_FOR_TIME,
        0.0,
        "-what it adds to the points above",
        "Waiting is time like any other.",
    ),
    Term(
        "latency",
        "Time of the call itself: as this controller measured it, else as the host did, else as other hosts did, "
        "else by the expert's size and how far sizes have been right so far.",
        "seconds",
        -MOST_FOR_TIME,
        0.0,
        "-what it adds to the points above",
        "The four terms of time add up to the points of the whole time.",
    ),
    Term(
        "failures",
        "Failed attempts there, or a last load that failed; each counts half after 60 s, and half after a success.",
        "failures",
        -MOST_FOR_FAILURES,
        0.0,
        f"-{FAILURE:g} each",
        "As if it took eight times as long: others are tried first, and it gets another chance within minutes.",
    ),
    Term(
        "thrift",
        "The share of the host's largest device that it takes.",
        "share",
        -THRIFT,
        0.0,
        f"-{THRIFT:g} for the whole device",
        "Of two alike the smaller, which leaves room for others.",
    ),
    Term(
        "runtime",
        "Whether the same model was measured to be faster on another runtime of the host: as its export to ONNX, say.",
        "no, somewhat or clearly",
        -RUNTIME_CLEARLY_SLOWER,
        0.0,
        f"-{RUNTIME_SLOWER:g} for somewhat, or where its own speed is not known; "
        f"-{RUNTIME_CLEARLY_SLOWER:g} for a quarter",
        "A quarter of every call to come is worth a load now; less is not worth calls going to and fro.",
    ),
    Term(
        "popularity",
        "Downloads and likes on the Hub, on logarithmic scales that end at 100 million and 100,000.",
        "share",
        0.0,
        DOWNLOADS + LIKES,
        f"{DOWNLOADS:g} for downloads, {LIKES:g} for likes",
        "Many users are a hint, not a proof.",
    ),
    Term(
        "accuracy",
        f"How much is wrong by its published accuracy, F1 or the like, against {USUAL_ERRORS:.0%}; nothing where none "
        "is known.",
        "share of errors",
        LEAST_FOR_ACCURACY,
        MOST_FOR_ACCURACY,
        f"{ACCURACY:g} for each halving",
        "Half the errors are worth twice the time; figures of different benchmarks compare badly, so it ends soon.",
    ),
    Term(
        "default",
        "It is the project's default model for the task type.",
        "yes or no",
        0.0,
        DEFAULT,
        f"{DEFAULT:g}",
        "Somebody has tried it.",
    ),
    Term(
        "choice",
        "Inputs that the task leaves open and of which it takes some values only. Where that is the language of the "
        "text, and can be told from the text, it costs nothing if the expert takes that language.",
        "inputs",
        -LANGUAGE_LACKING,
        0.0,
        f"-{CHOICE:g} each; -{LANGUAGE_LACKING:g} if the text is in another language",
        "An expert that takes whatever is left open is safer.",
    ),
    Term(
        "words",
        "Words that the request and its texts share with the expert's description and domain, common ones left out.",
        "words",
        0.0,
        MOST_FOR_WORDS,
        f"{WORD:g} each, {MOST_FOR_WORDS:g} at most",
        "A description tells what a model was made for; words can agree by chance.",
    ),
    Term(
        "language",
        "Whether the task's language is among those that the expert lists. The task names it, or its texts seem to be "
        "in it; where that is certain, experts without it are no candidates.",
        "yes, no or not said",
        -LANGUAGE_LACKING,
        LANGUAGE + LANGUAGE_OWN,
        f"{LANGUAGE:g} if it is, and up to {LANGUAGE_OWN:g} more the fewer it lists; -{LANGUAGE_LACKING:g} if not",
        "Little makes up for a language that the expert does not seem to know; who learned few languages knows each "
        "better.",
    ),
    Term(
        "domain",
        "Whether it was made for the domain that the task names or its words speak of, or for general use where there "
        "is none.",
        "yes or no",
        0.0,
        DOMAIN_SPOKEN_OF,
        f"{DOMAIN:g}; {DOMAIN_SPOKEN_OF:g} for a domain that words speak of",
        "Being loaded does not make up for the wrong domain; minutes of fetching may. A domain that is spoken of is "
        "worth a load, against general use.",
    ),
    Term(
        "size",
        "Whether an input is larger than the expert takes in, as far as both are known: characters of texts, seconds "
        "of sounds, bytes of files.",
        "times too large",
        -MOST_FOR_TOO_LARGE,
        0.0,
        f"-{TOO_LARGE:g}, and -1 for each doubling beyond, -{MOST_FOR_TOO_LARGE:g} at most",
        "What goes beyond is cut off or refused.",
    ),
    Term(
        "license",
        "What its licence asks: nothing that matters, something (or it is not known), or no commercial use.",
        "kind",
        LICENSE[LicenseKind.NOT_COMMERCIAL],
        0.0,
        f"0, -{-LICENSE[LicenseKind.CONDITIONS]:g} or -{-LICENSE[LicenseKind.NOT_COMMERCIAL]:g}",
        "A preference. What must not be used is left out before: the setting and the field `licenses`.",
    ),
)
"""All terms, in the order of the events."""
