"""URLs and keys are looked at before anybody asks, and this machine is reached past any proxy."""

from __future__ import annotations

import pytest

from orchestrion._net.loopback import is_loopback, is_loopback_target
from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model import LanguageModelConfig
from orchestrion_serving.chat import EndpointAddress
from tests.raw_endpoint import streamed
from tests.unit.controller.language_model.chats import outcome

WRONG_URLS = {
    "localhost:1234/v1": "'http://localhost:1234/v1'",
    "127.0.0.1:8000": "'http://127.0.0.1:8000'",
    "api.example.org/v1": "'https://api.example.org/v1'",
    "http://127.0.0.1:1234/v1/chat/completions": "'http://127.0.0.1:1234/v1'",
    "http://127.0.0.1:1234/v1/chat/completions/": "'http://127.0.0.1:1234/v1'",
    " http://127.0.0.1:1234/v1": "white space",
    "http://127.0.0.1:1234/v1\n": "white space",
    "http://127.0.0.1:12 34/v1": "white space",
    '"http://127.0.0.1:1234/v1"': "quotation marks",
    "'http://127.0.0.1:1234/v1'": "quotation marks",
    "“http://127.0.0.1:1234/v1”": "quotation marks",
    "ftp://127.0.0.1/v1": "'ftp'",
    "http:///v1": "host",
    "http://127.0.0.1:port/v1": "no URL",
    "http://127.0.0.1:99999/v1": "no URL",
    "http://[::1/v1": "no URL",
    "/v1": "scheme",
    "v1": "scheme",
}


@pytest.mark.parametrize(("url", "cure"), WRONG_URLS.items())
def test_a_url_that_cannot_be_is_told_with_its_setting_and_the_cure(url: str, cure: str) -> None:
    with pytest.raises(OrchestrionError, match=r"^llm_base_url \(OPENAI_BASE_URL\): ") as caught:
        LanguageModelConfig(url)
    assert (caught.value.reason, caught.value.metadata) == ("NOT_CONFIGURED", {"setting": "llm_base_url"})
    assert cure in caught.value.message


@pytest.mark.parametrize(
    "key",
    ["sk-abc\n", "sk-abc\r\n", " sk-abc", "sk abc", '"sk-abc"', "'sk-abc'", "sk-äbc", "sk-abc\x00", "Bearer sk-abc"],
)
def test_a_key_that_cannot_be_is_told_with_its_setting_and_not_repeated(key: str) -> None:
    with pytest.raises(OrchestrionError, match=r"^llm_api_key \(OPENAI_API_KEY\): ") as caught:
        LanguageModelConfig(api_key=key)
    assert caught.value.reason == "NOT_CONFIGURED"
    assert "bc" not in caught.value.message.replace("because", "")


@pytest.mark.parametrize(
    ("base", "chat"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/chat/completions"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1/chat/completions"),
        ("https://example.org", "https://example.org/chat/completions"),
        ("https://example.org/a/b?version=2", "https://example.org/a/b/chat/completions?version=2"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
    ],
)
def test_where_chats_are_posted(base: str, chat: str) -> None:
    assert LanguageModelConfig(base).address.chat_url() == chat


def test_where_the_server_has_its_other_paths() -> None:
    address = EndpointAddress("http://127.0.0.1:8000/v1?key=secret")
    assert address.url("/tokenize", of_api=False) == "http://127.0.0.1:8000/tokenize?key=secret"
    assert address.url("/models") == "http://127.0.0.1:8000/v1/models?key=secret"
    assert address.shown == "http://127.0.0.1:8000/v1"
    assert LanguageModelConfig().address.shown == "OpenAI"


HERE = [
    "127.0.0.1",
    "127.9.9.9",
    "localhost",
    "LOCALHOST",
    "model.localhost",
    "::1",
    "[::1]",
    "0.0.0.0",
    "::ffff:127.0.0.1",
]
ELSEWHERE = ["example.org", "10.0.0.1", "localhost.example.org", "127.0.0.1.example.org", "::2", ""]


@pytest.mark.parametrize("host", HERE + ELSEWHERE)
def test_which_hosts_are_this_machine(host: str) -> None:
    assert is_loopback(host) == (host in HERE)


@pytest.mark.parametrize(
    ("target", "is_here"),
    [
        ("127.0.0.1:50051", True),
        ("localhost:50051", True),
        ("[::1]:50051", True),
        ("dns:///localhost:50051", True),
        ("ipv4:127.0.0.1:50051", True),
        ("ipv6:[::1]:50051", True),
        ("ipv6:%5B::1%5D:50051", True),
        ("unix:/run/orchestrion.sock", True),
        ("10.0.0.1:50051", False),
        ("dns:///example.org:50051", False),
        ("dns://8.8.8.8/example.org:50051", False),
        ("", False),
    ],
)
def test_which_targets_of_grpc_are_this_machine(target: str, is_here: bool) -> None:
    assert is_loopback_target(target) == is_here


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "127.0.0.1:9"])
async def test_no_proxy_stands_before_this_machine(variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, proxy)
    assert (await outcome(streamed("Fine."))).text == "Fine."
