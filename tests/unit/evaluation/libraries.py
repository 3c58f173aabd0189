"""Small tool libraries in TaskBench's two formats."""

from __future__ import annotations

import json

from orchestrion_evaluation.library import Library, read_library

TYPED = {
    "nodes": [
        {"id": "Image-to-Text", "desc": "Reads a picture.", "input-type": ["image"], "output-type": ["text"]},
        {"id": "Translation", "desc": "Translates a text.", "input-type": ["text"], "output-type": ["text"]},
        {"id": "Text-to-Speech", "desc": "Speaks a text.", "input-type": ["text"], "output-type": ["audio"]},
        {"id": "Sentence Similarity", "desc": "Compares texts.", "input-type": ["text", "text"], "output-type": []},
        {
            "id": "Visual Question Answering",
            "desc": "Answers a question about an image.",
            "input-type": ["image", "text"],
            "output-type": ["text"],
        },
    ]
}
DAILY = {
    "nodes": [
        {
            "id": "book_flight",
            "desc": "Book a flight",
            "parameters": [
                {"name": "date", "type": "date", "desc": "The date"},
                {"name": "from", "type": "string", "desc": "Where it starts"},
            ],
        },
        {"id": "send_sms", "desc": "Send a message", "parameters": [{"name": "phone number", "type": "string"}]},
        {"id": "do_nothing", "desc": "", "parameters": []},
    ]
}


def typed() -> Library:
    return read_library(json.dumps(TYPED), "tools.json")


def daily() -> Library:
    return read_library(json.dumps(DAILY), "tools.json")
