"""One conversation: its turns, the files that go into them and the files that they make."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Unpack

from rich.filesize import decimal

from orchestrion._sync.client import Client
from orchestrion.answers import Answer
from orchestrion.cli import exits, followed_runs, offers, views
from orchestrion.cli.approvals import ApprovalPrompt, approval_of
from orchestrion.cli.printer import printable
from orchestrion.errors import OrchestrionError
from orchestrion.runs import Artifact
from orchestrion.settings import RunSettings

_HELP: Final = """\
/file PATH …    attach files to the next request
/files          list the files of this conversation
/save [FOLDER]  save the files that answers made and that are not saved yet
/new            begin a new conversation
/help           show this
/quit           leave, as Ctrl-D does
Anything else is a request; one that begins with `/` is written with `//`."""


@dataclass(slots=True)
class _Made:
    """A file that an answer named."""

    artifact: Artifact
    path: Path | None = None
    """Where it was saved."""


class Session:
    """A conversation with a controller."""

    def __init__(
        self,
        client: Client,
        folder: Path | None,
        *,
        json: bool = False,
        plain: bool = False,
        approve: bool = False,
        yes: bool = False,
        verbose: bool = False,
        previous: str = "",
        **settings: Unpack[RunSettings],
    ) -> None:
        """Begins one.

        Args:
            client: Whom to talk to.
            folder: Where the files of every answer are saved; None keeps them for `/save`.
            json: Whether events are printed as JSON.
            plain: Whether events are printed as lines also on a terminal.
            approve: Whether the plan of every turn must be approved.
            yes: Whether the nearest request is taken without asking where one is refused.
            verbose: Whether messages are told at any length.
            previous: The run to continue; empty for none.
            settings: Those of `RunSettings` that every turn has.
        """
        self.left = False
        """Whether the person wants to leave."""
        self._client = client
        self._folder = folder
        self._json, self._plain, self._approve = json, plain, approve
        self._yes, self._verbose = yes, verbose
        self._previous = previous
        self._settings = settings
        self._attached: list[Artifact] = []
        self._sent: list[Artifact] = []
        self._made: dict[str, _Made] = {}
        self._commands: dict[str, Callable[[list[str]], None]] = {
            "/file": self._file,
            "/files": self._files,
            "/save": self._save,
            "/new": self._new,
            "/help": lambda _: print(_HELP),
            "/quit": self._quit,
        }

    @property
    def command_names(self) -> tuple[str, ...]:
        """Returns the names of the commands."""
        return tuple(self._commands)

    def take(self, line: str) -> bool:
        """Takes what a person typed; says whether it could be done. What went wrong is told.

        Raises:
            KeyboardInterrupt: Ctrl-C; the turn was cancelled.
        """
        text = line.strip()
        if not text:
            return True
        try:
            if text.startswith("/") and not text.startswith("//"):
                self._command(text)
            else:
                self._turn(text.removeprefix("/") if text.startswith("//") else text)
        except exits.Declined as declined:
            exits.tell(str(declined))
            return True
        except OrchestrionError as error:
            exits.tell(exits.message_of(error, verbose=self._verbose))
            return False
        except (OSError, ValueError) as error:
            exits.tell(f"Error: {error}")
            return False
        return True

    def attach(self, files: Iterable[Path]) -> None:
        """Uploads files, which belong to the next request.

        Raises:
            OrchestrionError: One is empty or too large, or the controller does not answer.
            OSError: One cannot be read.
        """
        for file in files:
            self._attached.append(self._client.artifacts.upload(file))

    def farewell(self) -> None:
        """Says which files were made and never saved."""
        unsaved = [made.artifact.file_name for made in self._made.values() if made.path is None]
        if unsaved:
            exits.tell(f"Not saved: {printable(', '.join(unsaved))}.")

    def _turn(self, text: str) -> None:
        answer, view = offers.settled(self._attempt, text, yes=self._yes, json=self._json, verbose=self._verbose)
        view.answer(answer)
        # Only a turn that succeeded is continued: files of one that failed stay attached for the next try.
        self._previous = answer.run
        self._sent += self._attached
        self._attached = []
        self._keep(answer, view)

    def _attempt(self, text: str) -> tuple[Answer, views.View]:
        view = views.choose(json=self._json, plain=self._plain)
        settings: RunSettings = {**self._settings, "previous_run": self._previous}
        show = view.show
        if self._approve:
            settings |= approval_of()
            show = ApprovalPrompt(self._client, view, json=self._json, plain=self._plain).show
        return followed_runs.carry_out(self._client, text, self._attached, show, screen=view, **settings), view

    def _keep(self, answer: Answer, view: views.View) -> None:
        new = [name for name in answer.artifacts if name not in self._made]
        for name in new:
            self._made[name] = _Made(self._client.artifacts.get(name))
        if self._folder is not None:
            self._save_into(self._folder, view)
        elif new and not self._json:
            names = ", ".join(_described(self._made[name].artifact) for name in new)
            print(f"made {names}; /save keeps {'it' if len(new) == 1 else 'them'}")

    def _command(self, text: str) -> None:
        name, *arguments = shlex.split(text)
        command = self._commands.get(name)
        if command is None:
            raise ValueError(f"There is no command {printable(name)}; /help lists them.")
        command(arguments)

    def _file(self, arguments: list[str]) -> None:
        if not arguments:
            raise ValueError("/file needs the path of a file.")
        self.attach(Path(argument).expanduser() for argument in arguments)
        self._files([])

    def _files(self, _: list[str]) -> None:
        for artifact in self._sent:
            print(f"given     {_described(artifact)}")
        for made in self._made.values():
            where = "not saved" if made.path is None else f"saved {printable(str(made.path))}"
            print(f"made      {_described(made.artifact)}, {where}")
        for artifact in self._attached:
            print(f"attached  {_described(artifact)}, to the next request")
        if not (self._sent or self._made or self._attached):
            print("no files yet; /file PATH attaches one")

    def _save(self, arguments: list[str]) -> None:
        if not any(made.path is None for made in self._made.values()):
            print("nothing to save")
        folder = Path(arguments[0]).expanduser() if arguments else self._folder or followed_runs.OUTPUT_FOLDER
        self._save_into(folder, views.choose(json=self._json, plain=self._plain))

    def _save_into(self, folder: Path, view: views.View) -> None:
        unsaved = [name for name, made in self._made.items() if made.path is None]
        for name, path in zip(unsaved, followed_runs.save(self._client, unsaved, folder), strict=True):
            self._made[name].path = path
            view.saved(path)

    def _new(self, _: list[str]) -> None:
        self._previous = ""
        self._sent, self._attached = [], []
        print("a new conversation")

    def _quit(self, _: list[str]) -> None:
        self.left = True


def _described(artifact: Artifact) -> str:
    return f"{printable(artifact.file_name) or artifact.name[:18]} ({decimal(artifact.size_bytes)})"
