"""What the built-in responder says of each task type: inputs, outputs as experts return them, and the sentence."""

from __future__ import annotations

from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, Json, Value

FILES: dict[str, Artifact] = {}


def artifact(file_name: str, media_type: str) -> Artifact:
    """Makes an artifact of a file name of its own."""
    made = Artifact(f"artifacts/{len(FILES):064x}", media_type, file_name, 10)
    FILES[made.name] = made
    return made


def ref(item: Artifact) -> ArtifactRef:
    """Refers to an artifact, as plans and results do."""
    return ArtifactRef(item.name)


SIGN = artifact("sign.png", "image/png")
DOOR = artifact("door.png", "image/png")
SPEECH = artifact("speech.wav", "audio/wav")
OTHER_SPEECH = artifact("speech-2.wav", "audio/wav")
FACES = artifact("sign-faces.jpg", "image/jpeg")
BLURRED = artifact("sign-blur.jpg", "image/jpeg")
NOTES = artifact("notes.txt", "text/plain")
RECORDING = artifact("talk.mp3", "audio/mpeg")
CITIES = artifact("cities.csv", "text/csv")
FLOWERS = artifact("flowers.tsv", "text/tab-separated-values")
SORTED_FLOWERS = artifact("flowers-classes.csv", "text/csv")
SEGMENTS = artifact("sign-segments.png", "image/png")
MASK = artifact("sign-mask.png", "image/png")
CUTOUT = artifact("sign-cutout.png", "image/png")
PAINTING = artifact("painting.png", "image/png")
CLIP = artifact("clip.mp4", "video/mp4")

Row = tuple[str, dict[str, Value], dict[str, Value], str]
"""A task type, the inputs of a task, what came out, and the sentence that the answer has of it."""

BOX = {"x_min": 10.0, "y_min": 12.0, "x_max": 80.0, "y_max": 90.0}


def objects(*labels: str) -> Json:
    """Makes the objects that a detector found, of these labels."""
    return Json([{"label": label, "score": 0.9, "box": BOX} for label in labels])


def drawn(task_type: str, sentence: str) -> Row:
    """Makes a row for a task type that draws a picture from a picture."""
    return task_type, {"image": ref(SIGN)}, {"image": ref(BLURRED)}, sentence


def classed(task_type: str, name: str, item: Artifact, label: str, sentence: str) -> Row:
    """Makes a row for a task type that says of what class a file is."""
    scores = Json([{"label": label, "score": 0.8125}, {"label": "another", "score": 0.1875}])
    return task_type, {name: ref(item)}, {"label": label, "score": 0.8125, "scores": scores}, sentence


def cut_out(count: int, sentence: str) -> Row:
    """Makes a row for `mask-generation`, which finds a number of things."""
    outputs: dict[str, Value] = {
        "count": float(count),
        "masks": (ref(MASK),) * count,
        "objects": Json([{"score": 0.9, "box": BOX, "area_share": 0.2}] * count),
        "annotated_image": ref(SEGMENTS),
    }
    return "mask-generation", {"image": ref(SIGN), "points": Json([[20, 30]])}, outputs, sentence


def painted(control: str, sentence: str) -> Row:
    """Makes a row for a task type that paints after a map."""
    inputs: dict[str, Value] = {"prompt": "a cat of glass", "image": ref(SIGN)}
    return f"{control}-text-to-image", inputs, {"image": ref(PAINTING), "seed": 4294967295.0}, sentence


ANSWERS: list[Row] = [
    (
        "audio-to-audio",
        {"audio": ref(RECORDING), "noise_reduction": 1.0},
        {"audio": ref(SPEECH)},
        "I made speech.wav from talk.mp3.",
    ),
    (
        "automatic-speech-recognition",
        {"audio": ref(RECORDING)},
        {"text": "good morning", "words": Json([])},
        "In talk.mp3 I hear: “good morning”.",
    ),
    ("automatic-speech-recognition", {"audio": ref(RECORDING)}, {"text": ""}, "I hear no words in talk.mp3."),
    (
        "canny-control",
        {"image": ref(SIGN)},
        {"image": ref(BLURRED)},
        "The edges of sign.png are drawn in sign-blur.jpg.",
    ),
    (
        "feature-extraction",
        {"text": "a cat"},
        {"embedding": Json([0.0312, -0.12345, 0.4] * 128)},
        "The embedding of “a cat” is a vector of 384 numbers, beginning with 0.03, -0.12, 0.40.",
    ),
    (
        "image-to-image",
        {"image": ref(SIGN), "operation": "blur"},
        {"image": ref(BLURRED)},
        "I made sign-blur.jpg from sign.png (blur).",
    ),
    (
        "image-to-text",
        {"image": ref(SIGN)},
        {"text": "Mind the gap!", "lines": Json([])},
        "The text in sign.png reads: “Mind the gap!”",
    ),
    (
        "image-to-text",
        {"image": ref(SIGN)},
        {"text": "", "lines": Json([]), "unreadable_line_count": 3.0},
        "Something in sign.png looks like text, but I cannot read it.",
    ),
    (
        "image-to-text",
        {"image": ref(SIGN)},
        {
            "text": "Mind the gap!",
            "lines": Json([]),
            "page_count": 42.0,
            "unread_page_count": 2.0,
            "unreadable_line_count": 1.0,
        },
        "The text in sign.png reads: “Mind the gap!” I could not read 1 more line there, or only in part. "
        "Of the 42 pages, I did not read the last 2.",
    ),
    (
        "object-detection",
        {"image": ref(SIGN), "domain": "faces"},
        {"text": "2 faces", "count": 2.0, "objects": objects("face", "face"), "annotated_image": ref(FACES)},
        "I found 2 faces in sign.png; see sign-faces.jpg.",
    ),
    (
        "image-classification",
        {"image": ref(SIGN)},
        {"label": "zebra", "score": 0.9, "scores": Json([]), "page_count": 3.0, "unread_page_count": 2.0},
        "sign.png shows zebra. sign.png has 3 pages or frames; I looked at the first alone.",
    ),
    (
        "question-answering",
        {"text": ref(NOTES), "question": "When does it close?"},
        {"answer": "at ten", "score": 0.7},
        "To “When does it close?” the text answers “at ten”.",
    ),
    (
        "sentence-similarity",
        {"text": "a", "other": "b"},
        {"score": 0.8765},
        "“a” and “b” mean nearly the same (88 %).",
    ),
    ("summarization", {"text": ref(NOTES)}, {"text": "We met. We left."}, "In short: “We met. We left.”"),
    (
        "text-classification",
        {"text": "I love it!", "domain": "sentiment"},
        {"label": "positive", "score": 0.9, "scores": Json([])},
        "“I love it!” is positive.",
    ),
    (
        "text-classification",
        {"text": ref(NOTES), "domain": "language"},
        {"label": "German", "score": 1.0, "scores": Json([]), "tag": "de"},
        "notes.txt is in German.",
    ),
    (
        "text-selection",
        {"texts": ("a", "bb"), "criterion": "longest"},
        {"text": "bb", "index": 1.0},
        "The longest is “bb”.",
    ),
    ("text-to-speech", {"text": "Hello."}, {"audio": ref(SPEECH)}, "I spoke “Hello.” in speech.wav."),
    (
        "zero-shot-classification",
        {"text": "We won!", "labels": ("sports", "politics")},
        {"label": "sports", "score": 0.913, "scores": Json([])},
        "“We won!” fits “sports” best.",
    ),
    (
        "image-to-text",
        {"image": ref(SIGN), "domain": "caption"},
        {"text": "a sign above a door"},
        "sign.png shows: “a sign above a door”.",
    ),
    (
        "visual-question-answering",
        {"image": ref(SIGN), "question": "What colour is it?"},
        {"answer": "red", "score": 0.8},
        "To “What colour is it?” sign.png answers “red”.",
    ),
    (
        "document-question-answering",
        {"image": ref(SIGN), "question": "Which platform?"},
        {"answer": "9"},
        "To “Which platform?” sign.png answers “9”.",
    ),
    (
        "depth-estimation",
        {"image": ref(SIGN)},
        {"image": ref(BLURRED), "nearest": 0.7, "farthest": 4.0},
        "sign-blur.jpg shows how near everything in sign.png is: the brighter, the nearer.",
    ),
    *(
        drawn(task_type, sentence)
        for task_type, sentence in (
            ("depth-control", "The depth map of sign.png is sign-blur.jpg."),
            ("normal-control", "The normal map of sign.png is sign-blur.jpg."),
            ("openpose-control", "The poses in sign.png are drawn in sign-blur.jpg."),
            ("hed-control", "The soft edges of sign.png are drawn in sign-blur.jpg."),
            ("mlsd-control", "The straight lines of sign.png are drawn in sign-blur.jpg."),
            ("scribble-control", "sign-blur.jpg is a scribble of sign.png."),
        )
    ),
    drawn("seg-control", "The parts of sign.png are painted in sign-blur.jpg."),
    classed("image-classification", "image", SIGN, "street sign", "sign.png shows street sign."),
    classed("audio-classification", "audio", RECORDING, "speech", "talk.mp3 sounds like speech."),
    classed("video-classification", "video", CLIP, "playing tennis", "clip.mp4 shows playing tennis."),
    (
        "zero-shot-image-classification",
        {"image": ref(SIGN), "labels": ("sign", "door")},
        {"label": "sign", "score": 0.9, "scores": Json([])},
        "sign.png fits “sign” best.",
    ),
    (
        "zero-shot-object-detection",
        {"image": ref(SIGN), "labels": ("red car", "dog")},
        {
            "text": "2 red cars and 1 dog",
            "count": 3.0,
            "objects": objects("red car", "dog", "red car"),
            "annotated_image": ref(FACES),
        },
        "I found 2 red cars and 1 dog in sign.png; see sign-faces.jpg.",
    ),
    (
        "image-segmentation",
        {"image": ref(SIGN)},
        {
            "text": "1 sign and 1 wall",
            "count": 2.0,
            "segments": objects("sign", "wall"),
            "mask": ref(MASK),
            "annotated_image": ref(SEGMENTS),
        },
        "sign.png shows 1 sign and 1 wall; see sign-segments.png.",
    ),
    (
        "image-segmentation",
        {"image": ref(SIGN)},
        {
            "text": "1 main subject",
            "count": 1.0,
            "segments": objects("main subject"),
            "cutout": ref(CUTOUT),
            "mask": ref(MASK),
            "annotated_image": ref(SEGMENTS),
        },
        "sign.png shows 1 main subject; see sign-segments.png, and sign-cutout.png without the background.",
    ),
    cut_out(1, "I cut 1 thing out of sign.png; see sign-segments.png."),
    cut_out(3, "I cut 3 things out of sign.png; see sign-segments.png."),
    (
        "token-classification",
        {"text": "Ada lives in Berlin."},
        {
            "text": "Ada (PER), Berlin (LOC)",
            "entities": Json([{"label": "PER", "text": "Ada"}, {"label": "LOC", "text": "Berlin"}]),
            "count": 2.0,
        },
        "Named in “Ada lives in Berlin.”: Ada (person) and Berlin (place).",
    ),
    (
        "token-classification",
        {"text": ref(NOTES)},
        {"text": "", "entities": Json([]), "count": 0.0},
        "There are no names in notes.txt.",
    ),
    (
        "table-question-answering",
        {"question": "How many people live there?", "table": ref(CITIES)},
        {"answer": "5600000", "cells": Json([{"row": 0, "column": "people", "text": "3600000"}]), "operation": "SUM"},
        "To “How many people live there?” cities.csv answers “5600000”.",
    ),
    (
        "tabular-classification",
        {"table": ref(FLOWERS)},
        {"text": "12 setosa, 3 virginica", "rows": Json([]), "table": ref(SORTED_FLOWERS)},
        "The rows of flowers.tsv: 12 setosa, 3 virginica; see flowers-classes.csv.",
    ),
    (
        "translation",
        {"text": "Good morning.", "language": "de"},
        {"text": "Guten Morgen."},
        "Translated into German: “Guten Morgen.”",
    ),
    (
        "text2text-generation",
        {"text": "Rephrase: It is hot."},
        {"text": "The day is hot"},
        "I wrote: “The day is hot”.",
    ),
    (
        "text-generation",
        {"text": "Once upon a time", "seed": 3.0},
        {"text": "there was a cat."},
        "“Once upon a time” goes on: “there was a cat.”",
    ),
    (
        "conversational",
        {"text": "Hello!", "history": Json([{"role": "user", "content": "Hi"}])},
        {"text": "Hello! How can I help?"},
        "Hello! How can I help?",
    ),
    (
        "fill-mask",
        {"text": "the ___ is warm"},
        {
            "text": "the sun is warm",
            "score": 0.41,
            "candidates": Json([{"word": "sun", "text": "the sun is warm", "score": 0.41}]),
        },
        "With the gap filled: “the sun is warm”.",
    ),
    (
        "text-to-audio",
        {"prompt": "a slow waltz", "duration_seconds": 8.0},
        {"audio": ref(SPEECH)},
        "speech.wav plays “a slow waltz”.",
    ),
    ("voice-conversion", {"audio": ref(RECORDING)}, {"audio": ref(SPEECH)}, "speech.wav is talk.mp3 in another voice."),
    (
        "text-to-image",
        {"prompt": "a fox in the snow"},
        {"image": ref(PAINTING), "seed": 3.0},
        "I painted “a fox in the snow” in painting.png.",
    ),
    *(
        painted(control, f"I painted “a cat of glass” in painting.png, {source} sign.png.")
        for control, source in (
            ("canny", "along the edges in"),
            ("hed", "along the soft edges in"),
            ("mlsd", "along the straight lines in"),
            ("normal", "along the surfaces in"),
            ("openpose", "in the poses of"),
            ("depth", "with the depth of"),
            ("seg", "with the layout of"),
            ("scribble", "after the scribble in"),
        )
    ),
    (
        "image-editing",
        {"image": ref(SIGN), "instruction": "make it winter"},
        {"image": ref(PAINTING), "seed": 7.0},
        "I edited sign.png into painting.png: “make it winter”.",
    ),
    (
        "text-to-video",
        {"prompt": "a cat runs"},
        {"video": ref(CLIP), "seed": 7.0},
        "I animated “a cat runs” in clip.mp4.",
    ),
    (
        "image-to-video",
        {"image": ref(SIGN)},
        {"video": ref(CLIP), "seed": 7.0},
        "I set sign.png in motion in clip.mp4.",
    ),
]
