"""One conversation: its turns, and the commands between them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Unpack

from orchestrion._sync.client import Client
from orchestrion.answers import Answer
from orchestrion.cli import exits, followed_runs, offers, views
from orchestrion.cli.approvals import ApprovalPrompt, approval_of
from orchestrion.cli.chat.files import ConversationFiles, described
from orchestrion.cli.objects.gathering import Gatherer
from orchestrion.cli.objects.sources import Source, sources_of
from orchestrion.cli.printer import printable
from orchestrion.cli.saved_files import SavedFiles
from orchestrion.cli.view.file_words import as_it_is
from orchestrion.errors import OrchestrionError
from orchestrion.runs import Artifact
from orchestrion.settings import RunSettings

_HELP: Final = """\
/file PATH …    attach files, or what web addresses lead to, to the next request
/files          list the files of this conversation
/save [FOLDER]  save the files that answers made and that are not saved yet
/new            begin a new conversation
/help           show this
/quit           leave, as Ctrl-D does
Anything else is a request; one that begins with `/` is written with `//`.
Files of this folder and links that it names are sent once you have agreed;
files of the conversation go by their names."""


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
            yes: Whether what words name is sent unasked, and the nearest request taken where one is refused.
            verbose: Whether messages are told at any length.
            previous: The run to continue; empty for none.
            settings: Those of `RunSettings` that every turn has.
        """
        self.left = False
        """Whether the person wants to leave."""
        self._client = client
        self._folder = folder
        self._saved = SavedFiles(client, folder) if folder is not None else None
        self._json, self._plain, self._approve = json, plain, approve
        self._yes, self._verbose = yes, verbose
        self._previous = previous
        self._settings = settings
        self._files = ConversationFiles(client)
        self._gatherer = Gatherer(yes=yes, json=json, in_chat=True)
        self._commands: dict[str, Callable[[list[str]], None]] = {
            "/file": self._attach,
            "/files": self._list,
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

    def attach(self, sources: Iterable[Source]) -> None:
        """Uploads files and what links lead to, which belong to the next request; errors as those of its files."""
        self._files.attach(sources)

    def farewell(self) -> None:
        """Says which files were made and never saved."""
        if unsaved := self._files.unsaved:
            exits.tell(f"Not saved: {printable(', '.join(artifact.file_name for artifact in unsaved))}.")

    def _turn(self, text: str) -> None:
        before = self._files.named(text)
        self.attach(self._gatherer.gather(text, self._files.sources, before))
        if before:
            exits.tell(printable(f"With {', '.join(before)} of this conversation."))
        files = [*self._files.attached, *before.values()]

        def attempt(wording: str) -> tuple[Answer, views.View]:
            return self._attempt(wording, files)

        answer, view = offers.settled(attempt, text, yes=self._yes, json=self._json, verbose=self._verbose)
        view.answer(answer)
        # Only a turn that succeeded is continued: files of one that failed stay attached for the next try.
        self._previous = answer.run
        self._keep(answer, view)

    def _attempt(self, text: str, files: Sequence[Artifact]) -> tuple[Answer, views.View]:
        # Files that are kept for later have the names that the controller knows them by.
        worded = self._saved.worded if self._saved is not None else as_it_is
        view = views.choose(json=self._json, plain=self._plain, worded=worded)
        settings: RunSettings = {**self._settings, "previous_run": self._previous}
        show = view.show
        if self._approve:
            settings |= approval_of()
            show = ApprovalPrompt(self._client, view, json=self._json, plain=self._plain).show
        return followed_runs.carry_out(self._client, text, files, show, screen=view, **settings), view

    def _keep(self, answer: Answer, view: views.View) -> None:
        new = self._files.next_turn(answer.artifacts)
        if self._folder is not None:
            self._save_into(self._folder, view)
        elif new and not self._json:
            print(f"made {', '.join(map(described, new))}; /save keeps {'it' if len(new) == 1 else 'them'}")

    def _command(self, text: str) -> None:
        name, *arguments = shlex.split(text)
        command = self._commands.get(name)
        if command is None:
            raise ValueError(f"There is no command {printable(name)}; /help lists them.")
        command(arguments)

    def _attach(self, arguments: list[str]) -> None:
        if not arguments:
            raise ValueError("/file needs the path of a file.")
        sources = sources_of(arguments)
        self.attach(item.expanduser() if isinstance(item, Path) else item for item in sources)
        self._list([])

    def _list(self, _: list[str]) -> None:
        print("\n".join(self._files.lines()) or "no files yet; /file PATH attaches one")

    def _save(self, arguments: list[str]) -> None:
        if not self._files.unsaved:
            print("nothing to save")
        folder = Path(arguments[0]).expanduser() if arguments else self._folder or followed_runs.OUTPUT_FOLDER
        self._save_into(folder, views.choose(json=self._json, plain=self._plain))

    def _save_into(self, folder: Path, view: views.View) -> None:
        saved = self._saved if self._saved is not None and folder == self._folder else SavedFiles(self._client, folder)
        for path in self._files.save(saved):
            view.saved(path)

    def _new(self, _: list[str]) -> None:
        self._previous = ""
        self._files.begin_anew()
        print("a new conversation")

    def _quit(self, _: list[str]) -> None:
        self.left = True
