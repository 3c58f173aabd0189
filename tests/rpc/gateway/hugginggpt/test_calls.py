"""The three calls, as JARVIS' clients make them."""

from __future__ import annotations

import asyncio
import base64
import json

import httpx2
import pytest

from orchestrion import ArtifactRef, AsyncClient, Json
from orchestrion.runs import RunState
from orchestrion.values import Value
from tests.rpc.controller.scripted_host import Gate, ScriptedHost
from tests.rpc.gateway.conftest import StartGateway
from tests.rpc.gateway.hugginggpt.conftest import EDGES, SPEECH
from tests.rpc.gateway.hugginggpt.jarvis import ORIGIN, WebApp, shown, user

SIGN = b"\x89PNG\r\n\x1a\n" + b"sign".ljust(32, b"\0")


async def path_of_sign(client: AsyncClient) -> str:
    sign = await client.artifacts.upload(SIGN, media_type="image/png", file_name="sign.png")
    return f"/images/{sign.name.removeprefix('artifacts/')}.png"


async def test_tasks_are_those_of_the_plan_in_the_reference_s_words(
    app: WebApp, client: AsyncClient, host: ScriptedHost
) -> None:
    path = await path_of_sign(client)

    planned = await app.send("tasks", user(f"Read the text in {path} aloud."))

    assert planned.json() == [
        {"task": "image-to-text", "id": 0, "dep": [-1], "args": {"image": path}},
        {"task": "text-to-speech", "id": 1, "dep": [0], "args": {"text": "<GENERATED>-0"}},
    ]
    assert host.calls == []


async def test_results_say_what_came_of_each_task_and_who_performed_it(
    app: WebApp, client: AsyncClient, host: ScriptedHost
) -> None:
    path = await path_of_sign(client)

    performed = (await app.send("results", user(f"Read the text in {path} aloud."))).json()

    assert list(performed) == ["0", "1"]
    read, spoken = performed.values()
    assert read["task"] == {"task": "image-to-text", "id": 0, "dep": [-1], "args": {"image": path}}
    assert read["inference result"]["generated text"] == "Mind the gap"
    assert read["choose model result"]["id"] == "reader"
    assert read["choose model result"]["reason"]
    # As there, the arguments are what came of the tasks before.
    assert spoken["task"] == {"task": "text-to-speech", "id": 1, "dep": [0], "args": {"text": "Mind the gap"}}
    (speech,) = shown(spoken["inference result"]["generated audio"])["audio"]
    assert speech.startswith("/audios/")
    assert [expert for expert, _ in host.calls] == ["reader", "voice"]


async def test_an_answer_names_files_by_paths_that_the_page_of_another_origin_can_show(
    app: WebApp, http: httpx2.AsyncClient, client: AsyncClient, host: ScriptedHost
) -> None:
    path = await path_of_sign(client)

    message = await app.say(f"Read the text in {path} aloud.")

    assert "Mind the gap" in message
    seen = shown(message)
    contents = []
    for kind in ("image", "audio"):
        (of_kind,) = seen[kind]
        response = await http.get(of_kind, headers={"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"})
        assert response.headers["content-type"].startswith(f"{kind}/")
        assert "cross-origin-resource-policy" not in response.headers
        contents.append(response.content)
        part = await http.get(of_kind, headers={"Range": "bytes=1-3"})
        assert (part.status_code, part.content) == (206, response.content[1:4])
        assert (await http.head(of_kind)).headers["content-length"] == str(len(response.content))
    assert contents == [SIGN, SPEECH]
    assert not seen["video"]
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    assert (await http.options("/hugginggpt", headers=preflight)).headers["access-control-allow-origin"] == ORIGIN


async def test_a_conversation_goes_on_from_the_answer_before(
    app: WebApp, http: httpx2.AsyncClient, client: AsyncClient, host: ScriptedHost
) -> None:
    await app.say(f"Make a canny image of {await path_of_sign(client)}")

    # Two pictures were mentioned; which of them is meant follows from what the run before made of the first.
    second = await app.say("Read the text in it aloud.")

    runs = [await client.runs.get(run.name) for run in reversed((await client.runs.list()).items)]
    assert [run.previous_run for run in runs] == ["", runs[0].name]
    assert [expert for expert, _ in host.calls] == ["canny", "reader", "voice"]
    (edges,) = shown(second)["image"]
    assert (await http.get(edges)).content == EDGES
    # Where that run is not there any more, what was said still is.
    for run in runs:
        await client.runs.delete(run.name)
    third = await app.say(f"Read the text in {edges} aloud.")
    assert edges.rpartition("/")[2] in third


async def test_files_in_the_words_are_sent_with_them(app: WebApp, http: httpx2.AsyncClient, host: ScriptedHost) -> None:
    encoded = base64.b64encode(SIGN).decode()
    address = str(http.base_url).rstrip("/")
    stored = (await http.post("/api/v1/artifacts", content=EDGES)).json()["name"].removeprefix("artifacts/")
    own = f"{address}/images/{stored}.png"

    by_data = await app.send("tasks", user(f"Read data:image/png;base64,{encoded} aloud."))
    by_address = await app.send("tasks", user(f"Make a canny image of '{own}'."))

    read = by_data.json()[0]["args"]["image"]
    assert (await http.get(read)).content == SIGN
    assert by_address.json()[0]["args"]["image"] == f"/images/{stored}.png"
    broken = await app.send("tasks", user("Read data:image/png;base64,A aloud."))
    assert (broken.status_code, broken.json()["error"]["metadata"]) == (400, {"field": "messages.0.content"})


async def test_what_needs_no_expert_is_answered_in_words_by_all_three(app: WebApp, host: ScriptedHost) -> None:
    answers = [await app.send(call, user("Hello!")) for call in ("tasks", "results", "hugginggpt")]
    assert {answer.status_code for answer in answers} == {200}
    (message,) = {answer.json()["message"] for answer in answers}
    assert message
    assert [list(answer.json()) for answer in answers] == [["message"]] * 3


async def test_what_cannot_be_done_is_said_in_words_and_is_an_error_of_the_other_two(
    app: WebApp, client: AsyncClient, host: ScriptedHost
) -> None:
    path = await path_of_sign(client)
    words = f"Read the text in {path} and mail it to Tom."

    said = (await app.send("hugginggpt", user(words))).json()

    assert "mail it to Tom" in said["message"]
    assert said["refusal"]["reason"] == "REQUEST_BEYOND_PLANNER"
    # What can be sent instead names the file as the caller does.
    (part,) = said["refusal"]["notDone"]
    assert path in part["nearestRequest"]
    for call in ("tasks", "results"):
        refused = await app.send(call, user(words))
        assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "REQUEST_BEYOND_PLANNER")
    nothing_attached = (await app.send("hugginggpt", user("Read the text in this picture aloud."))).json()
    assert nothing_attached["refusal"]["reason"] == "MISSING_INPUT"


async def test_a_detector_s_result_has_the_reference_s_names(
    app: WebApp, http: httpx2.AsyncClient, client: AsyncClient, host: ScriptedHost
) -> None:
    boxed = await client.artifacts.upload(EDGES, media_type="image/png", file_name="boxed.png")
    box = {"x_min": 1.0, "y_min": 2.5, "x_max": 3.0, "y_max": 4.0}

    async def detect(_: object) -> dict[str, Value]:
        objects = Json([{"label": "zebra", "score": 0.5, "box": box}])
        return {"text": "1 zebra", "count": 1.0, "objects": objects, "annotated_image": ArtifactRef(boxed.name)}

    host.behaviours["detector"] = detect
    host.facts["detector"] = {"task_types": ("object-detection",), "default_for": ("object-detection",)}
    await host.report()
    performed = (await app.send("results", user(f"Detect the objects in {await path_of_sign(client)}."))).json()

    result = performed["0"]["inference result"]
    edges = {"xmin": 1, "ymin": 2.5, "xmax": 3, "ymax": 4}
    assert result["predicted"] == [{"label": "zebra", "score": 0.5, "box": edges}]
    assert (await http.get(result["generated image"])).content == EDGES
    assert (result["text"], result["count"]) == ("1 zebra", 1)


async def test_a_task_that_fails_is_told_as_such(app: WebApp, client: AsyncClient, host: ScriptedHost) -> None:
    async def fail(_: object) -> dict[str, object]:
        raise ValueError("out of paper")

    host.behaviours["reader"] = fail  # type: ignore[assignment]
    performed = (await app.send("results", user(f"Read the text in {await path_of_sign(client)} aloud."))).json()

    read, spoken = performed.values()
    assert read["inference result"]["error"]["reason"]
    assert spoken["inference result"]["error"]["reason"] == "UPSTREAM_FAILED"
    # What it would have been given never came to be.
    assert spoken["task"]["args"] == {"text": "<GENERATED>-0"}


@pytest.mark.parametrize("call", ["hugginggpt", "results"])
async def test_who_leaves_ends_the_work_at_once(
    http: httpx2.AsyncClient, gateway: object, client: AsyncClient, host: ScriptedHost, call: str
) -> None:
    gate = Gate()
    host.behaviours["voice"] = gate
    body = json.dumps({"messages": user("Say 'good morning'.")})

    async with httpx2.AsyncClient(base_url=http.base_url, trust_env=False) as leaving:
        going = asyncio.create_task(
            leaving.post(f"/{call}", content=body, headers={"Content-Type": "application/json"})
        )
        await gate.entered.wait()
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)

    await host.cancelled.wait()
    latest = (await client.runs.list(page_size=1)).items[0]
    assert (await client.runs.cancel(latest.name)).state is RunState.CANCELLED


async def test_keys_and_models_in_a_body_are_nobody_s_business(
    app: WebApp, host: ScriptedHost, caplog: pytest.LogCaptureFixture
) -> None:
    """Given what the reference takes from bodies; other fields are none of the protocol's."""
    key = "sk-" + "a" * 48
    fields = {"api_key": key, "api_type": "openai", "api_endpoint": "http://127.0.0.1:1/v1/completions"}

    answers = [
        await app.send("hugginggpt", user("Hello!"), **fields),
        await app.send("hugginggpt", user("Hello!"), **fields, api_version=key),
        await app.send("hugginggpt", [], **fields),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert [answer.json()["error"]["metadata"] for answer in answers[1:]] == [
        {"field": "api_version"},
        {"field": "messages"},
    ]
    assert key not in caplog.text + "".join(answer.text for answer in answers)


WRONG = [
    ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages.0.role"),
    ({"messages": [{"role": "user", "content": ["x"]}]}, 400, "messages.0.content"),
    ({"messages": [{"role": "user"}]}, 400, "messages.0.content"),
    ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "messages[0].role"),
    ({"messages": [{"role": "user", "content": " "}]}, 400, "messages[0].text"),
    ({}, 400, "messages"),
]


@pytest.mark.parametrize("call", ["hugginggpt", "tasks", "results"])
async def test_what_is_wrong_with_a_body_is_an_error_that_names_it(http: httpx2.AsyncClient, call: str) -> None:
    for body, status, field in WRONG:
        refused = await http.post(f"/{call}", json=body)
        assert (refused.status_code, refused.json()["error"]["metadata"].get("field")) == (status, field)
    assert (await http.post(f"/{call}", content=b"{", headers={"Content-Type": "application/json"})).status_code == 400
    assert (await http.post(f"/{call}", content=b"{}", headers={"Content-Type": "text/plain"})).status_code == 415
    assert (await http.get(f"/{call}")).status_code == 405


async def test_a_body_that_is_too_large_is_refused(start_gateway: StartGateway, address: str) -> None:
    gateway = await start_gateway(address, max_body_bytes=1_000)
    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False) as http:
        refused = await http.post("/tasks", json={"messages": user("x" * 1_000)})
    assert (refused.status_code, refused.json()["error"]["reason"]) == (413, "MESSAGE_TOO_LARGE")
