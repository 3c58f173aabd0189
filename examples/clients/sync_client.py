"""Asks with the synchronous client, and saves what the answer names: python sync_client.py REQUEST [FILE…]."""

import sys
from pathlib import Path

from orchestrion import Client, OrchestrionError

request, *files = sys.argv[1:]
try:
    with Client() as client:  # ORCHESTRION_CONTROLLER, or 127.0.0.1:50051.
        answer = client.ask(request, files)
        print(answer.text)
        Path("output").mkdir(exist_ok=True)
        for name in answer.artifacts:
            print("saved", client.artifacts.download(name, "output"))
except OrchestrionError as error:
    sys.exit(f"Error: {error.message}")
