"""The page of the selection: the terms as the code has them, and an example that the code computes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from docs.pages.tables import table
from orchestrion.errors import Reason
from orchestrion.experts import Assignment, Device, Expert, ExpertState, ExpertStatus, HostFacts
from orchestrion.plans import Task
from orchestrion_controller.dispatch import SelectionContext
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry, Report
from orchestrion_controller.selector import observations, timing
from orchestrion_controller.selector.selector import Selector
from orchestrion_controller.selector.terms import TERMS, TIME_UNIT_S

_PAGE: Final = """\
# How experts are chosen

Every task of a plan gets an expert on a host. What could do it is **filtered**, **scored** and **ranked**; the best
five are kept as candidates. Policy `rank` takes the first. Policy `llm` shows a language model the best five experts
for every task and takes its choice. The event `task_assigned` tells the candidates, each with its score and the terms
that the score is the sum of, and the reason. If an attempt fails in a way that another expert can cure, the choice is
made again, and those that failed come last.

## The filter

An expert is left out when the task names a domain and it is made for another; when it takes some values of an input
only and the task gives another one; when its licence is not allowed; when its files are on no host and none fetches
by itself; and when it is too large for every device of its host. If nothing is left, the task fails with `NO_EXPERT`,
`EXPERT_NOT_FETCHED` or `EXPERT_TOO_LARGE`, and the message says which of these it was.

**Licences.** The setting `licenses` of the controller, and the field `licenses` of a request (`--license` on the
command line), list what is allowed: SPDX identifiers, patterns such as `BSD-*`, `permissive` (no conditions that
matter) or `commercial` (commercial use allowed). Both have to allow an expert. One whose licence is not known is
allowed only where nothing is listed.

## The score

    score = the sum of the terms
    state + memory + queue + latency = -log2(1 + T / {unit:g} s)

*T* is the time to the result, in seconds: loading, what loading costs others, waiting and computing. Each of the four
terms is what its part adds to those above it. So one point is worth **halving the time**: an expert that scores a
point better for what it is may take twice as long.

{terms}

What is not known is estimated until it was seen: a load takes {load_s:g} s and a second for each {load_rate:g} MB, a
download a second for each {fetch_rate:g} MB, a call {cpu_s:g} s and a second for each {cpu_rate:g} GB of weights on a
processor ({gpu_s:g} s and {gpu_rate:g} GB on a GPU), all of it corrected by how far such estimates have been wrong so
far.

## What feeds back

* **Calls in flight** count from the moment of the assignment until they end, so that tasks of one moment spread over
  hosts. A task that waits for another's output is no load yet, and counts from its call on.
* **Times.** Each call that succeeds is divided as it was expected: by how much the whole was longer or shorter, so
  was each part. Calls and loads are averaged with weight {newest:g} for the newest, by expert and host; without
  calls, what was seen gives way to what the host reports, half after {times_half:g} s.
* **Failures** that speak against an expert or a host (crashes, faults, failed loads, no memory, a host that does not
  answer), not bad inputs, full queues or cancellations. They fade: half after {failures_half:g} s, half after a
  success.
* **Circuits.** After three failures in a row an expert on a host, or the host where it does not answer, comes after
  all others for 2 s, twice as long with each failure more, 60 s at most. Then one call is the trial: where it succeeds,
  rank decides again. Where there is no other replica, the call is made all the same.
* **Stalls.** An attempt that is silent for `attempt_silence_s`, or for ten times what it was expected to take where
  that is longer, is given up where another replica can do the task (`ATTEMPT_STALLED`). The calls of a host whose lease
  ends move on at once (`HOST_UNREACHABLE`). The same replica is tried again after 0.1 s, twice as long each time, with
  jitter.

## An example

{example}

## Policy `llm`

The plan is made whole first: no task starts early. Then one call asks for all tasks that have a choice (the first
100), with the request, each task's inputs and their sizes, and for each of the best five experts its description,
languages, domain, licence, limits, memory, accuracy, downloads, likes, and how soon it would have a result. The reply
is held to a JSON Schema in which each task has its own candidates as the only values. The host is then the best for
that expert. A chain of three tasks takes three calls of the language model in all: plan, select, answer; two where
none of them has a choice.

Where the context has no room for all of that, texts are cut first, then candidates, then tasks. Where the model names
no candidate, declines, or does not answer, rank chooses, and the reason says so: “… Chosen by rank: the language
model declined to choose.” What it took is in the stage's `llm_call_count` and token counts all the same. Without a
language model the call is refused with `NOT_CONFIGURED`.

## How good it is

`make eval-selection` asks both policies for 50 choices in which language, domain, licence or input size decides
([`cases.yaml`](../benchmarks/selection/cases.yaml)); policy `llm` asks a scripted model that chooses by what it reads
in the prompt, or a real one with `ARGS="--base-url URL --model NAME"`. Of the 50, the most downloaded expert is right
in fewer than half.

`make bench-selection` simulates 50 hosts and 500 experts under skewed demand, with the controller's own registry and
selector, and times the choice. Hosts load, evict, queue and batch, and report late, as real ones do; every way of
choosing gets the same arrivals and reports. “Least loaded of loaded” is more than what was asked for: it knows what
is loaded, too. Seconds from arrival to end, mean ± standard deviation over four seeds that no weight was tried on, in
November 2026:

{measured}

Where only the host is to be chosen, what rank gains over the last column lies within the spread; where the expert is
too, much of the gain is that rank finds the fastest one. At 80 % the hottest expert alone asks for more than its six
hosts can do in some of the worlds. On a busy machine with two cores, a choice among 120 replicas (one task type of 25)
took 0.7 ms of processor time, and one among all 500 experts of a single task type 4 to 5 ms.
"""


_MEASURED: Final = (
    ("20 experts a type, 40 % load: mean", "0.25 ± 0.02", "32.7 ± 3.3", "6.4 ± 11.4", "21.7 ± 3.1", "0.70 ± 0.06"),
    ("p99", "0.74 ± 0.09", "183 ± 21", "32.8 ± 59.8", "96.1 ± 13.5", "2.87 ± 0.15"),
    ("20 experts a type, 80 % load: mean", "0.29 ± 0.05", "53.4 ± 4.0", "19.9 ± 37.6", "42.0 ± 2.4", "0.73 ± 0.07"),
    ("p99", "0.93 ± 0.02", "255 ± 18", "104 ± 196", "189 ± 10", "3.32 ± 0.23"),
    ("1 expert a type, 40 % load: mean", "1.19 ± 0.13", "10.5 ± 1.6", "3.68 ± 0.69", "3.74 ± 0.78", "1.22 ± 0.14"),
    ("p99", "9.7 ± 1.5", "86.5 ± 23.5", "28.2 ± 3.0", "27.8 ± 4.8", "10.2 ± 0.9"),
    ("1 expert a type, 80 % load: mean", "5.2 ± 5.3", "29.5 ± 8.7", "16.9 ± 4.4", "17.0 ± 4.3", "5.7 ± 4.9"),
    ("p99", "36.3 ± 32.5", "167 ± 37", "95.8 ± 8.9", "94.5 ± 7.5", "47.4 ± 26.1"),
)
"""What the simulation gave, by scenario."""


class _Clock:
    """The time of the example, which stands still."""

    def __call__(self) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class Example:
    """The example: the choice, and the choice after a failure."""

    first: Assignment
    after_failure: Assignment


_GB: Final = 10**9
_NER: Final = "token-classification"
_ENGLISH: Final = Expert(
    "bert-base-ner", "dslim/bert-base-NER", "transformers", (_NER,),
    description="Marks people, places, organisations and other names in English texts.",
    languages=("en",), license="MIT", memory_bytes=433 * 10**6, download_count=1_800_000, like_count=560,
    default_for=(_NER,), accuracy=0.913, accuracy_measure="F1 on CoNLL-2003", max_batch_size=16,
)  # fmt: skip
_MULTILINGUAL: Final = Expert(
    "multilingual-ner", "Davlan/distilbert-base-multilingual-cased-ner-hrl", "transformers", (_NER,),
    description="Marks people, places and organisations in ten languages with many speakers.",
    languages=("ar", "de", "en", "es", "fr", "it", "lv", "nl", "pt", "zh"), license="AFL-3.0",
    memory_bytes=540 * 10**6, download_count=8_200_000, like_count=90, max_batch_size=4,
)  # fmt: skip
_TASK: Final = Task("names", _NER, {"text": "Angela Merkel ist gestern mit dem Zug von Berlin nach Hamburg gefahren."})
_REQUEST: Final = "Which people and places are named in this?"


def selection_page() -> str:
    """Tells how experts are chosen."""
    head = ("term", "what it is", "counted in", "range", "weight in points", "why")
    rows = [
        (f"`{term.name}`", term.meaning, term.unit, f"{term.least:g} to {term.most:g}", term.weight, term.why)
        for term in TERMS
    ]
    return _PAGE.format(
        unit=TIME_UNIT_S,
        terms=table(head, rows),
        load_s=timing.LOAD_S,
        load_rate=timing.LOAD_BYTES_PER_S / 1e6,
        fetch_rate=timing.FETCH_BYTES_PER_S / 1e6,
        cpu_s=timing.CPU_S,
        cpu_rate=timing.CPU_BYTES_PER_S / 1e9,
        gpu_s=timing.GPU_S,
        gpu_rate=timing.GPU_BYTES_PER_S / 1e9,
        newest=observations.NEWEST_WEIGHT,
        times_half=observations.TIMES_HALF_LIFE_S,
        failures_half=observations.FAILURES_HALF_LIFE_S,
        measured=table(("", "rank", "random", "most downloaded", "least loaded", "least loaded of loaded"), _MEASURED),
        example=_example_text(asyncio.run(example())),
    )


async def example() -> Example:
    """Computes the example with the real registry and selector. On an event loop, whose timers the registry uses."""
    registry = Registry(60_000, ControllerMetrics())
    loaded, loadable = ExpertState.LOADED, ExpertState.LOADABLE
    idle = ExpertStatus("bert-base-ner", loaded, "cpu", 433 * 10**6, latency_ms=40.0)
    busy = ExpertStatus("multilingual-ner", loaded, "cpu", 540 * 10**6, 6, 4, latency_ms=60.0)
    on_disk = ExpertStatus("multilingual-ner", loadable)
    registry.report(_report("hosts/a", (_ENGLISH, _MULTILINGUAL), (idle, busy)), "page")
    registry.report(_report("hosts/b", (_MULTILINGUAL,), (on_disk,)), "page")
    selector = Selector(registry, 5, clock=_Clock())
    context = SelectionContext(request=_REQUEST)
    first = selector.assign(_TASK, context)
    selector.begin(("hosts/a", "multilingual-ner")).end(Reason.WORKER_CRASHED.error("The worker died."))
    selector.begin(("hosts/a", "multilingual-ner")).end(Reason.WORKER_CRASHED.error("The worker died."))
    after_failure = selector.assign(_TASK, context)
    registry.close()
    return Example(first, after_failure)


def _report(name: str, experts: tuple[Expert, ...], statuses: tuple[ExpertStatus, ...]) -> Report:
    return Report(
        name=name,
        instance_id="page",
        facts_digest="page",
        facts=HostFacts("127.0.0.1:1", "1", 64, experts),
        devices=(Device("cpu", 16 * _GB, 8 * _GB),),
        statuses=statuses,
        draining=False,
        worker_restart_count=0,
    )


def _example_text(example: Example) -> str:
    first, second = example.first, example.after_failure
    return f"""\
“{_REQUEST}” was planned as one task, `{_NER}`, with the text

    {_TASK.inputs["text"]}

Host `a` has the English `bert-base-ner` loaded and idle (40 ms a call), and `multilingual-ner` with four calls running
and six waiting (60 ms for a batch of up to four). Host `b` has `multilingual-ner` on its disk only.

{_candidates(first)}

The reason in the event:

> {first.reason}

The text is German, though nobody said so, and that is certain: the English expert, which is loaded and more accurate,
is no candidate. Between the two places of the other, ten calls in front are less than a load.

Then two calls to it on host `a` die with their worker. The next choice is another:

{_candidates(second)}

> {second.reason}

A minute later the failures count half, and host `a` is tried again."""


def _candidates(assignment: Assignment) -> str:
    shown = assignment.candidates
    names: Sequence[str] = [term.name for term in TERMS if any(item.features[term.name] for item in shown)]
    head = ("term", *(f"{item.expert_id} on {item.host.removeprefix('hosts/')}" for item in shown))
    rows = [(f"`{name}`", *(f"{item.features[name]:.2f}" for item in shown)) for name in names]
    rows.append(("**score**", *(f"**{item.score:.2f}**" for item in shown)))
    return table(head, rows)
