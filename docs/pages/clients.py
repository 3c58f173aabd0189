"""The page of clients: the programs of `examples/clients` and `clients/node`, as they are and as the tests run them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

_PAGE: Final = """\
# Clients

Any language that has gRPC can use the services in [`protos/`](../protos/orchestrion/v1). A request takes three calls:
`ArtifactService.Upload` for each file, `RunService.Run`, whose stream brings the events and at last the answer, and
`ArtifactService.Download` for each file that the answer names. A client that loses its connection goes on with
`RunService.WatchRun(name, after_sequence)` and gets every later event once. What goes wrong is told by
[reasons](errors.md). Where the planner cannot do all of a request, or asks something first, the run ends with
`REQUEST_BEYOND_PLANNER`, and the exception has `not_done` and `questions` ([`refusals`](reference/refusals.md)): the
words, why, the nearest request to send instead, and the command that brings what is missing.

The programs on this page are files of the repository, and its tests run them. They find the controller by
`ORCHESTRION_CONTROLLER`, else at 127.0.0.1:50051, where `make up` starts one.

## Python

`pip install orchestrion` installs the client alone: grpcio, protobuf and small pure-Python packages. The client
reconnects and resumes by itself, and repeats what is safe to repeat. Where a server is full, it comes back when it was
told to; for runs, where the client was made with `wait_when_full=True` ([more](operations.md#more-than-can-be-done)).

{sync}
With asyncio, here with the events as they come:

{asyncio}
### Files and links

Files are paths, bytes, open files, PIL images, NumPy arrays, sounds, and artifacts that the controller has. A text is
always a path; a web address is a `Link`, which your program fetches itself, within the limits that it sets, and sends
like a file. Servers fetch nothing.

```python
from orchestrion import Client, Link

with Client() as client:
    print(client.ask("Summarize this.", [Link("https://example.org/article", max_bytes=5_000_000, timeout_s=10)]).text)
```

A page is sent as its main text (`pip install 'orchestrion[web]'`). `orchestrion.links.mentions` finds the links in a
text, and `is_named_after` says whether an artifact's `file_name` is one that a link's content gets. No program reads
names of files or links out of a request by itself; the command line does, and asks first.

### Plans in your hands

Plan, edit and execute are calls of their own. What is wrong with a plan is told before anything runs, with the task and
the field; files that were planned with need not be given again, since the plan names them.

{edit}
Or a run of all four stages waits in the middle: with `approval=REQUIRED` nothing is selected or executed before
`client.runs.approve`, from this client or from any other that has the run's name. An edited plan is checked first, and
the run goes on waiting when it is refused. `client.runs.cancel` refuses the plan altogether; after
`approval_timeout_ms` the run ends by itself, with the reason `APPROVAL_TIMED_OUT`.

{approve}
`orchestrion.testing` has a controller to test your own programs against, in the same process and without models.

## Node.js

[`clients/node`](../clients/node) needs two packages, `@grpc/grpc-js` and `@grpc/proto-loader`, and generates nothing.

{connect}
{ask}
## Go, C++ and Java

[`examples/clients/go`](../examples/clients/go), [`cpp`](../examples/clients/cpp) and
[`java`](../examples/clients/java) do the same on stubs that are generated when they are built, with nothing but
Debian's packages:

```
apt-get install golang-go golang-google-grpc-dev golang-google-protobuf-dev golang-github-golang-protobuf-1-5-dev \\
  protobuf-compiler protoc-gen-go protoc-gen-go-grpc
examples/clients/go/build.sh
examples/clients/go/build/ask "Read the text in this picture aloud." examples/pictures/station.jpg

apt-get install cmake g++ libgrpc++-dev protobuf-compiler-grpc
cmake -S examples/clients/cpp -B build/cpp && cmake --build build/cpp --parallel
build/cpp/ask "Read the text in this picture aloud." examples/pictures/station.jpg

apt-get install default-jdk-headless libgrpc-java libnetty-java libperfmark-java libprotobuf-java \\
  libgeronimo-annotation-1.3-spec-java \\
  protobuf-compiler protobuf-compiler-grpc-java-plugin
examples/clients/java/build.sh
examples/clients/java/build/ask "Read the text in this picture aloud." examples/pictures/station.jpg
```

{go}
{cpp}
{java}

## Pages, over gRPC-Web

A page in a browser can call the controller itself, through Envoy with [`deploy/envoy.yaml`](../deploy/envoy.yaml),
except for what streams to the server. Files are uploaded through the [gateway](gateway.md), which is the shorter way
for most pages. [`examples/clients/browser`](../examples/clients/browser) is a page with generated messages and
`@connectrpc/connect-web`.

{page}
## Reflection

Both servers describe their API themselves (`grpc.reflection.v1alpha`), so that tools and programs can do without the
`.proto` files:

{reflection}
"""


def clients_page() -> str:
    """Shows the programs."""
    return _PAGE.format(
        sync=_shown("examples/clients/sync_client.py", "python"),
        asyncio=_shown("examples/clients/asyncio_client.py", "python"),
        edit=_shown("examples/clients/edit_plan.py", "python"),
        approve=_shown("examples/clients/approve_plan.py", "python"),
        connect=_shown("clients/node/connect.js", "js"),
        ask=_shown("clients/node/ask.js", "js"),
        go=_shown("examples/clients/go/ask.go", "go"),
        cpp=_shown("examples/clients/cpp/ask.cpp", "cpp"),
        java=_shown("examples/clients/java/Ask.java", "java"),
        page=_shown("examples/clients/browser/main.ts", "ts"),
        reflection=_shown("examples/clients/reflection.py", "python"),
    ).removesuffix("\n")


def _shown(path: str, language: str) -> str:
    return f"[`{path}`](../{path})\n\n```{language}\n{(ROOT / path).read_text('utf-8')}```\n"
