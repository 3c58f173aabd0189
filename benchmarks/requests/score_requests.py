#!/usr/bin/env python
"""Scores a planner of a running Orchestrion controller on requests in plain words.

    score_requests.py --address 127.0.0.1:57751 --library starter   --report out/starter.json
    score_requests.py --address 127.0.0.1:57851 --library catalogue --report out/catalogue.json
    score_requests.py --merge out/starter.json out/catalogue.json

`--library starter` asks the requests of that library and those beyond it whose plannable part is of it; `catalogue` likewise.
`--sets` chooses others. Only the public SDK is used: `Client.upload`, `Client.plan` (what `make_plan` gathers, for its doubts).

An outcome is one of
  right            the plan is one of the acceptable ones
  wrong            it planned something else, or dropped or added a part, or gave an input another value
  refused          it refused what can be planned
  refused rightly  it refused what is beyond every task type (`named`: the message names the words that cannot be met)
  planned          it planned as if the part that cannot be met were not there
  error            no answer of the planner: connection, timeout, the language model's endpoint

The form of the gold is in README.md.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import itertools
import json
import pathlib
import re
import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from orchestrion import Client
from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished
from orchestrion.plans import TaskType
from orchestrion.task_types import load
from orchestrion.values import ArtifactRef, Json, OutputRef

HERE = pathlib.Path(__file__).parent
TYPES = load()
GROUPS = ("en", "zh", "de", "fr", "es", "ja")
# Inputs that may be given though the gold does not name them: they change nothing that was asked for.
FREE = {
    "language",
    "spoken_language",
    "source_language",
    "seed",
    "steps",
    "guidance",
    "image_guidance",
    "max_tokens",
    "temperature",
    "system",
    "history",
    "threshold",
    "background_threshold",
    "low_threshold",
    "high_threshold",
    "classes",
}
FREE_BY_TYPE = {"object-detection": {"labels", "label", "names", "objects"}}
# Values that are the same as leaving the input out.
DEFAULTS = {
    ("*", "speed"): 1,
    ("text-to-speech", "pitch"): 1,
    ("*", "pitch_semitones"): 0,
    ("*", "gain_db"): 0,
    ("audio-to-audio", "noise_reduction"): 0,
    ("image-to-image", "strength"): 0.5,
    ("*-text-to-image", "strength"): 1,
    ("image-to-image", "scale"): 2,
}
REFUSALS = {"REQUEST_BEYOND_PLANNER", "PLANNER_REFUSED"}
NO_PLAN = REFUSALS | {"PLAN_NOT_REPAIRED", "REQUEST_EMPTY", "MISSING_INPUT", "PLAN_INVALID", "NO_EXPERT"}


# ---------------------------------------------------------------------------------------------------------------- plans
def neutral(plan, files):
    """The plan's tasks as (type, inputs); a value is a str, a number, ("file", name), ("task", number, output), or a list of them."""
    number = {task.id: i for i, task in enumerate(plan.tasks)}

    def value(v):
        if isinstance(v, ArtifactRef):
            return ("file", files.get(v.name, v.name))
        if isinstance(v, OutputRef):
            return ("task", number.get(v.task_id, -1), v.output, v.index)
        if isinstance(v, tuple):
            return [value(x) for x in v]
        if isinstance(v, Json):
            return ("json", json.dumps(v.data, sort_keys=True, ensure_ascii=False))
        return v

    return [(task.type, {k: value(v) for k, v in task.inputs.items()}) for task in plan.tasks]


def repeated(type_, name):
    known = TYPES.get(type_)
    parameter = known.input(name) if known else None
    return bool(parameter and parameter.repeated)


def unfolded(tasks):
    """Turns tasks that run once an item into one task each, joins equal tasks, and chains of sound changes into one."""
    order, seen = [], set()

    def visit(i):
        if i in seen:
            return
        seen.add(i)
        for v in tasks[i][1].values():
            for x in v if isinstance(v, list) else [v]:
                if isinstance(x, tuple) and x[0] == "task" and 0 <= x[1] < len(tasks):
                    visit(x[1])
        order.append(i)

    for i in range(len(tasks)):
        visit(i)
    new, copies = [], {}  # copies: old number -> list of new numbers, or one number

    def resolve(v):
        """A value in new numbers; a list where it stands for several."""
        if isinstance(v, list):
            out = []
            for x in v:
                r = resolve(x)
                out.extend(r if isinstance(r, list) else [r])
            return out
        if isinstance(v, tuple) and v[0] == "task":
            target = copies.get(v[1])
            if target is None:
                return ("task", -1, v[2])
            if isinstance(target, list):
                if v[3] is not None:
                    return ("task", target[v[3]], v[2]) if v[3] < len(target) else ("task", -1, v[2])
                return [("task", t, v[2]) for t in target]
            return ("task", target, v[2] if v[3] is None else f"{v[2]}[{v[3]}]")
        return v

    def put(type_, inputs):
        entry = (type_, inputs)
        if entry in new:
            return new.index(entry)
        new.append(entry)
        return len(new) - 1

    for i in order:
        type_, inputs = tasks[i]
        inputs = {k: resolve(v) for k, v in inputs.items()}
        many = {k: v for k, v in inputs.items() if isinstance(v, list) and not repeated(type_, k)}
        for k, v in inputs.items():
            if repeated(type_, k) and not isinstance(v, list):
                inputs[k] = [v]
        if not many:
            copies[i] = put(type_, inputs)
            continue
        size = max(map(len, many.values()))
        copies[i] = [
            put(type_, {**inputs, **{k: v[min(n, len(v) - 1)] for k, v in many.items() if v}}) for n in range(size)
        ]
    return _joined_sounds(new)


def _joined_sounds(tasks):
    """Joins audio-to-audio after audio-to-audio, where no option is set twice and nobody else uses what lies between."""
    for i, (type_, inputs) in enumerate(tasks):
        source = inputs.get("audio")
        if type_ != "audio-to-audio" or not (isinstance(source, tuple) and source[0] == "task" and source[1] >= 0):
            continue
        j = source[1]
        if tasks[j][0] != "audio-to-audio" or set(tasks[j][1]) & set(inputs) - {"audio"}:
            continue
        users = [k for k, (_, other) in enumerate(tasks) if k != i and any(_refers(v, j) for v in other.values())]
        if users:
            continue
        first = dict(tasks[j][1])
        if not set(first) - {"audio"}:
            first["noise_reduction"] = 1  # what it does when nothing else is asked for
        merged = {**inputs, **first}
        if set(inputs) == {"audio"}:
            merged["noise_reduction"] = 1
        rest = [t for k, t in enumerate(tasks) if k != j]
        shift = lambda n: n - (n > j)
        rest[shift(i)] = (type_, merged)
        rest = [(t, {k: _renumbered(v, shift) for k, v in ins.items()}) for t, ins in rest]
        return _joined_sounds(rest)
    return tasks


def _refers(v, j):
    return (
        any(_refers(x, j) for x in v) if isinstance(v, list) else isinstance(v, tuple) and v[0] == "task" and v[1] == j
    )


def _renumbered(v, shift):
    if isinstance(v, list):
        return [_renumbered(x, shift) for x in v]
    return ("task", shift(v[1]), *v[2:]) if isinstance(v, tuple) and v[0] == "task" else v


# ----------------------------------------------------------------------------------------------------------------- gold
def gold_tasks(gold):
    return [(t["type"], t["inputs"]) for t in gold]


def squeezed(text):
    text = unicodedata.normalize("NFC", text).casefold()
    return re.sub(r"\s+", " ", re.sub(r"[\"'“”„«»「」‘’.,!?;:。,!?、:;…]+", " ", text)).strip()


def same(spec, value, mapping):
    """Whether a value of the plan is what the gold says; `mapping` has the plan's number of each gold task matched so far."""
    if isinstance(spec, list):
        return (
            isinstance(value, list)
            and len(spec) == len(value)
            and all(same(s, v, mapping) for s, v in zip(spec, value))
        )
    if isinstance(spec, str):
        return (
            isinstance(value, str)
            and unicodedata.normalize("NFC", spec).strip() == unicodedata.normalize("NFC", value).strip()
        )
    if isinstance(spec, (int, float)):
        return isinstance(value, (int, float)) and abs(value - spec) <= 0.011 * max(1, abs(spec))
    if "from" in spec:
        kind, _, rest = spec["from"].partition(":")
        if kind == "file":
            return value == ("file", rest)
        number, _, output = rest.partition(".")
        return (
            isinstance(value, tuple)
            and value[0] == "task"
            and value[1] == mapping.get(int(number))
            and value[2] == output
        )
    if "one_of" in spec:
        return any(same(s, value, mapping) for s in spec["one_of"])
    if "opt" in spec:
        return same(spec["opt"], value, mapping)
    if "lang" in spec:
        tag = {"cmn": "zh", "yue": "zh"}.get(str(value).split("-")[0].lower(), str(value).split("-")[0].lower())
        return isinstance(value, str) and tag == spec["lang"]
    if "min" in spec:
        return isinstance(value, (int, float)) and spec["min"] - 1e-9 <= value <= spec["max"] + 1e-9
    if "like" in spec:
        return isinstance(value, str) and squeezed(value) == squeezed(spec["like"])
    if "has" in spec:
        text = squeezed(value) if isinstance(value, str) else None
        return (
            text is not None
            and all(squeezed(w) in text for w in spec["has"])
            and not any(squeezed(w) in text for w in spec.get("lacks", ()))
        )
    if "set" in spec:
        return (
            isinstance(value, list)
            and all(isinstance(v, str) for v in value)
            and sorted(map(squeezed, value)) == sorted(map(squeezed, spec["set"]))
        )
    if "any" in spec:
        return True
    return False  # absent


def default(type_, name, value):
    for key in ((type_, name), ("*", name), ("*-text-to-image" if type_.endswith("-text-to-image") else "", name)):
        if key in DEFAULTS and value == DEFAULTS[key]:
            return True
    return type_ == "image-to-image" and name == "strength" and value == 1


def misfits(gold, task, mapping):
    """The inputs in which a task of the plan differs from one of the gold; none where it fits."""
    (type_, wanted), (_, given) = gold, task
    wrong = []
    for name, spec in wanted.items():
        absent_ok = isinstance(spec, dict) and ("opt" in spec or "absent" in spec)
        if name not in given:
            if not absent_ok:
                wrong.append(name)
        elif not same(spec, given[name], mapping) and not (absent_ok and default(type_, name, given[name])):
            wrong.append(name)
    for name, value in given.items():
        if (
            name not in wanted
            and name.endswith("language")
            and isinstance(value, str)
            and not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value)
        ):
            wrong.append(name)  # no BCP 47 tag
        elif (
            name not in wanted
            and name not in FREE
            and name not in FREE_BY_TYPE.get(type_, ())
            and not default(type_, name, value)
        ):
            wrong.append(name)
    return wrong


def variants(gold):
    """A gold task and its twin with texts exchanged, where the order of the texts does not matter."""
    type_, inputs = gold
    yield gold
    if type_ == "sentence-similarity":
        yield type_, {**inputs, "text": inputs["other"], "other": inputs["text"]}


def fits(golds, tasks):
    if len(golds) != len(tasks):
        return False

    def go(i, mapping):
        if i == len(golds):
            return True
        for k, task in enumerate(tasks):
            if task[0] != golds[i][0] or k in mapping.values():
                continue
            if any(not misfits(g, task, mapping) for g in variants(golds[i])) and go(i + 1, {**mapping, i: k}):
                return True
        return False

    return go(0, {})


def differences(golds, tasks):
    """What sets a plan apart from the nearest acceptable one, for reading: (kind, words)."""
    best = None
    for gold in golds:
        want, have = collections.Counter(t for t, _ in gold), collections.Counter(t for t, _ in tasks)
        missing, extra = want - have, have - want
        cost = sum(missing.values()) + sum(extra.values())
        if cost:
            kind = "dropped a part" if not extra else "added a part" if not missing else "another task"
            found = (cost * 10, kind, f"missing {dict(missing)}, extra {dict(extra)}")
        else:
            # The pairing with the fewest wrong inputs (few tasks, so all are tried).
            groups = [[k for k, t in enumerate(tasks) if t[0] == g[0]] for g in gold]
            choices = [c for c in itertools.islice(itertools.product(*groups), 5000) if len(set(c)) == len(c)]
            scored = []
            for c in choices:
                mapping = dict(enumerate(c))
                wrong = [
                    f"{g[0]}.{n}={tasks[k][1].get(n)!r}"
                    for g, k in zip(gold, c)
                    for n in min((misfits(v, tasks[k], mapping) for v in variants(g)), key=len)
                ]
                scored.append((len(wrong), wrong))
            n, wrong = min(scored, key=lambda s: s[0]) if scored else (9, ["?"])
            names = {w.partition("=")[0].partition(".")[2] for w in wrong}
            kind = "another file" if names & {"image", "audio", "video", "table"} else "another value"
            found = (n, kind, "; ".join(wrong))
        best = min(best, found) if best else found
    return best[1:] if best else ("planned", "")


# ----------------------------------------------------------------------------------------------------------------- names
def tokens(text):
    """Words, and of scripts without spaces pairs of characters."""
    text = squeezed(text)
    out = set()
    for part in re.findall(r"[\u3040-\u30ff\u3400-\u9fff]+|[^\W\u3040-\u30ff\u3400-\u9fff]+", text):
        if re.match(r"[\u3040-\u30ff\u3400-\u9fff]", part):
            out |= {part[i : i + 2] for i in range(max(1, len(part) - 1))}
        else:
            out.add(part)
    return out


STOP = set(
    [
        "a",
        "an",
        "the",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "to",
        "of",
        "in",
        "on",
        "at",
        "by",
        "for",
        "and",
        "or",
        "is",
        "are",
        "was",
        "be",
        "my",
        "me",
        "you",
        "your",
        "i",
        "do",
        "does",
        "please",
        "there",
        "what",
        "which",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "des",
        "ein",
        "eine",
        "einen",
        "und",
        "oder",
        "auf",
        "in",
        "im",
        "ist",
        "es",
        "mir",
        "bitte",
        "le",
        "la",
        "les",
        "un",
        "une",
        "des",
        "de",
        "du",
        "et",
        "ou",
        "est",
        "il",
        "en",
        "y",
        "que",
        "qué",
        "el",
        "los",
        "las",
        "una",
        "se",
    ]
)


def naming(message, words, request):
    """(names, sharply): whether the message quotes (the head of) a part that cannot be met; and hardly anything besides.

    Named: it quotes a part whole, or half of its words, or nothing of the request but words of such parts.
    """
    # What the message lists as possible is no naming, so only the quoted pieces before it are read.
    head = re.split(r"It can plan|can plan:", message)[0]
    quoted = re.findall(r"`([^`]+)`|\"([^\"]+)\"|“([^”]+)”|'([^']{2,})'", head)
    pieces = [p for group in quoted for p in group if p]
    text = " ".join(pieces) if pieces else head
    wanted = set().union(*map(tokens, words))
    asked = tokens(text) & tokens(request)
    named = (
        any(squeezed(w) in squeezed(text) for w in words)
        or any(len(tokens(w) & asked) * 2 >= len(tokens(w)) for w in words)
        or (bool(asked - STOP) and asked - STOP <= wanted)
    )
    return named, named and len((asked - STOP) & wanted) * 2 >= len(asked - STOP)


# --------------------------------------------------------------------------------------------------------------- running
def judge(row, outcome):
    """Adds the verdict to an outcome: {tasks | refusal | error}."""
    golds = [gold_tasks(g) for g in row.get("gold", [])]
    if "error" in outcome:
        return {"verdict": "error"}
    if "beyond" in row:
        if "tasks" not in outcome:
            named, sharply = naming(outcome["refusal"], row["beyond"]["words"], row["request"])
            return {"verdict": "refused rightly", "named": named, "sharply": sharply}
        if any(fits(g, outcome["tasks"]) for g in golds):
            return {"verdict": "right"}
        told = " ".join(outcome.get("doubts", ()))
        warned = bool(told) and naming(told, row["beyond"]["words"], row["request"])[0]
        return {"verdict": "planned", "warned": warned, "detail": "; ".join(t for t, _ in outcome["tasks"])}
    if "tasks" not in outcome:
        return {"verdict": "refused"}
    if any(fits(g, outcome["tasks"]) for g in golds):
        return {"verdict": "right"}
    kind, detail = differences(golds, outcome["tasks"])
    return {"verdict": "wrong", "kind": kind, "detail": detail}


def ask(client, row, artifacts, planner, timeout, types=()):
    files = {}
    given = []
    for name in row["files"]:
        given.append(artifacts[name][0])
        files[artifacts[name][0].name] = name
    outcome, began = {}, time.perf_counter()
    try:
        settings = {"planner": planner} if planner else {}
        if types:
            settings["task_types"] = types
        for event in client.plan(row["request"], given, timeout=timeout, **settings):
            if isinstance(event.payload, PlanFinished):
                finished = event.payload
        plan = finished.plan
        if plan.tasks:
            outcome["plan"] = neutral(plan, files)
            outcome["tasks"] = unfolded(outcome["plan"])
            outcome["confidence"], outcome["doubts"] = finished.confidence, list(finished.doubts)
        else:
            outcome["refusal"] = plan.no_task_reason
            outcome["reason"] = "NO_TASKS"
    except OrchestrionError as error:
        key = "refusal" if error.reason in NO_PLAN else "error"
        outcome[key], outcome["reason"], outcome["metadata"] = error.message, error.reason, dict(error.metadata or {})
    outcome["ms"] = round((time.perf_counter() - began) * 1000, 1)
    return outcome


def run(arguments, rows):
    types = (
        tuple(TaskType(t.name, t.description, t.inputs, t.outputs) for t in TYPES.values() if t.name != "test-delay")
        if arguments.give_types
        else ()
    )
    with Client(arguments.address) as client:
        names = sorted({n for r in rows for n in r["files"]})
        artifacts = {}
        for name in names:
            path = pathlib.Path(arguments.files) / name
            artifacts[name] = (client.artifacts.upload(path), hashlib.sha256(path.read_bytes()).hexdigest())
        with ThreadPoolExecutor(arguments.jobs) as pool:
            outcomes = list(
                pool.map(lambda r: ask(client, r, artifacts, arguments.planner, arguments.timeout, types), rows)
            )
    return [{**row, "outcome": outcome, **judge(row, outcome)} for row, outcome in zip(rows, outcomes)]


# ---------------------------------------------------------------------------------------------------------------- report
def table(results, title=""):
    lines = [title] if title else []
    head = f"{'':22}{'n':>4}{'right':>7}{'%':>6}{'wrong':>7}{'refused':>9}{'error':>7}"
    plannable = [r for r in results if r["library"] != "beyond"]
    beyond = [r for r in results if r["library"] == "beyond"]

    def row(name, part):
        c = collections.Counter(r["verdict"] for r in part)
        share = 100 * c["right"] / len(part) if part else 0
        return f"{name:22}{len(part):4}{c['right']:7}{share:6.0f}{c['wrong']:7}{c['refused']:9}{c['error']:7}"

    def brow(name, part):
        c = collections.Counter(r["verdict"] for r in part)
        good = c["refused rightly"] + c["right"]
        share = 100 * good / len(part) if part else 0
        named = sum(r.get("named", False) for r in part)
        sharp = sum(r.get("sharply", False) for r in part)
        return f"{name:22}{len(part):4}{good:7}{share:6.0f}{c['planned']:9}{named:8}{sharp:9}{c['error']:7}"

    group = lambda r: r["lang"] if r["lang"] in GROUPS else "other"
    if plannable:
        lines.append(head)
        for lib in ("starter", "catalogue"):
            part = [r for r in plannable if r["library"] == lib]
            if part:
                lines.append(row(lib, part))
                for l in (*GROUPS, "other"):
                    sub = [r for r in part if group(r) == l]
                    if sub:
                        lines.append(row(f"  {l}", sub))
                soon = [r for r in part if r.get("soon")]
                if soon:
                    lines.append(row("  (coming soon)", soon))
                    lines.append(row("  (without these)", [r for r in part if not r.get("soon")]))
        lines.append(row("plannable", plannable))
        kinds = collections.Counter(r["kind"] for r in plannable if r["verdict"] == "wrong")
        reasons = collections.Counter(r["outcome"].get("reason", "") for r in plannable if r["verdict"] == "refused")
        lines.append(
            "  wrong: "
            + ", ".join(f"{k} {n}" for k, n in kinds.most_common())
            + ";  refused: "
            + ", ".join(f"{k} {n}" for k, n in reasons.most_common())
        )
    if beyond:
        lines.append(f"{'':22}{'n':>4}{'right':>7}{'%':>6}{'planned':>9}{'named':>8}{'sharply':>9}{'error':>7}")
        lines.append(brow("beyond", beyond))
        for l in (*GROUPS, "other"):
            sub = [r for r in beyond if group(r) == l]
            if sub:
                lines.append(brow(f"  {l}", sub))
        for kind in ("modifier", "whole"):
            lines.append(brow(f"  ({kind})", [r for r in beyond if r["kind"] == kind]))
    good = sum(r["verdict"] in ("right", "refused rightly") for r in results)
    lines.append(f"{'total':22}{len(results):4}{good:7}{100 * good / max(1, len(results)):6.0f}")
    by = collections.defaultdict(lambda: [0, 0])
    for r in results:
        by[group(r)][0] += r["verdict"] in ("right", "refused rightly")
        by[group(r)][1] += 1
    lines.append("  " + "   ".join(f"{l} {by[l][0]}/{by[l][1]}" for l in (*GROUPS, "other") if by[l][1]))
    return "\n".join(lines)


def summary(results):
    def count(part):
        c = collections.Counter(r["verdict"] for r in part)
        return {
            "n": len(part),
            **c,
            **(
                {
                    "named": sum(r.get("named", False) for r in part),
                    "sharply": sum(r.get("sharply", False) for r in part),
                }
                if any("named" in r for r in part)
                else {}
            ),
        }

    out = {"all": count(results)}
    for lib in ("starter", "catalogue", "beyond"):
        out[lib] = {"all": count([r for r in results if r["library"] == lib])}
        for l in (*GROUPS, "other"):
            part = [r for r in results if r["library"] == lib and (r["lang"] if r["lang"] in GROUPS else "other") == l]
            if part:
                out[lib][l] = count(part)
    return out


def read(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text("utf-8").splitlines() if line.strip()]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--address", default="127.0.0.1:57751")
    p.add_argument("--library", choices=("starter", "catalogue"), default="starter", help="what the controller offers")
    p.add_argument(
        "--sets",
        help="starter,catalogue,beyond-starter,beyond-catalogue: what is asked; default: the library and what is beyond it",
    )
    p.add_argument("--planner", choices=("builtin", "llm"), default="", help="default: the controller's own choice")
    p.add_argument(
        "--give-types",
        action="store_true",
        help="tell the planner all task types of docs/tasks.md in the request (PlanRequest.task_types), without cues",
    )
    p.add_argument("--requests", default=str(HERE / "requests.jsonl"))
    p.add_argument("--files", default=str(HERE / "files"))
    p.add_argument("--timeout", type=float, default=180)
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("--only", help="ids, with commas")
    p.add_argument("--report", help="where the JSON report goes")
    p.add_argument("--show", default="", help="verdicts to list, with commas: wrong,refused,planned,error or all")
    p.add_argument("--merge", nargs="+", help="print the tables of reports that are there already")
    p.add_argument("--rejudge", action="store_true", help="with --merge: judge the recorded plans anew by --requests")
    p.add_argument("--split", help="with --merge: only the requests in this file")
    a = p.parse_args()
    if a.merge:
        results = [r for path in a.merge for r in json.loads(pathlib.Path(path).read_text("utf-8"))["results"]]
        if a.rejudge:
            rows = {r["id"]: r for r in read(a.requests)}
            results = [
                {**rows[r["id"]], "outcome": r["outcome"], **judge(rows[r["id"]], _recorded(r["outcome"]))}
                for r in results
                if r["id"] in rows and rows[r["id"]]["request"] == r["request"]
            ]
        if a.split:
            ids = {r["id"] for r in read(a.split)}
            results = [r for r in results if r["id"] in ids]
    else:
        sets = (a.sets or f"{a.library},beyond-{a.library}").split(",")
        rows = [
            r for r in read(a.requests) if (r["library"] if r["library"] != "beyond" else f"beyond-{r['base']}") in sets
        ]
        if a.only:
            rows = [r for r in rows if r["id"] in a.only.split(",")]
        results = run(a, rows)
    shown = a.show.split(",") if a.show else []
    for r in results:
        if r["verdict"] in shown or "all" in shown:
            o = r["outcome"]
            print(f"{r['id']} {r['verdict']}: {r['request']}  {r['files']}")
            print(
                "     ",
                r.get("kind", "") if r["verdict"] == "wrong" else "",
                r.get("detail", ""),
                (o.get("refusal") or o.get("error") or "")[:260],
                "named" if r.get("named") else "",
            )
    print(table(results))
    if a.report:
        target = pathlib.Path(a.report)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            json.dumps(
                {
                    "address": a.address,
                    "library": a.library,
                    "planner": a.planner or "default",
                    "requests": a.requests,
                    "summary": summary(results),
                    "results": results,
                },
                ensure_ascii=False,
                indent=1,
            ),
            "utf-8",
        )
        print("report", target)


def _recorded(outcome):
    """An outcome that was read from JSON, with tuples again."""

    def back(v):
        if (
            isinstance(v, list)
            and v
            and v[0] in ("file", "task", "json")
            and (v[0] != "task" or (len(v) > 2 and isinstance(v[1], int)))
        ):
            return tuple(v)
        return [back(x) for x in v] if isinstance(v, list) else v

    if "plan" not in outcome:
        return outcome
    plan = [(t, {k: back(v) for k, v in ins.items()}) for t, ins in outcome["plan"]]
    return {**outcome, "tasks": unfolded(plan)}


if __name__ == "__main__":
    sys.exit(main())
