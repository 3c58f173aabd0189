from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion import names
from orchestrion.errors import InvalidArgumentError

HASH = "0123456789abcdef" * 4
# A final line break passes a pattern that ends with `$`; it must not pass here.
NO_NAMES = ["", "/", "x", "{0}", "{0}/", "{0}s/{1}", "/{0}/{1}", "{0}/{1}/", "{0}/{1}\n", " {0}/{1}", "{0}/../{1}"]
SUFFIXED = [
    "{0}/" + HASH + suffix for suffix in ("-", "-0123456789a", "-0123456789AB", "-0123456789ab0", ".0123456789ab")
]


def test_names_are_written_and_read() -> None:
    assert names.artifact(HASH) == f"artifacts/{HASH}"
    assert names.sha256_of(names.artifact(HASH)) == HASH
    assert names.host("gpu-1.local_A") == names.check_host("hosts/gpu-1.local_A")
    assert names.is_artifact(f"artifacts/{HASH}")
    other = names.artifact(HASH, "0123456789ab")
    assert other == f"artifacts/{HASH}-0123456789ab"
    assert names.is_artifact(other)
    assert names.sha256_of(other) == HASH


def test_new_runs_have_names_of_their_own() -> None:
    made = {names.new_run() for _ in range(1_000)}
    assert len(made) == 1_000
    for name in made:
        assert names.check_run(name) == name
        assert re.fullmatch(r"runs/[0-9a-f]{20}", name)


@pytest.mark.parametrize("form", [*NO_NAMES, "{0}/" + HASH[1:], "{0}/" + HASH + "0", "{0}/" + HASH.upper(), *SUFFIXED])
def test_what_is_no_artifact(form: str) -> None:
    name = form.format("artifacts", HASH)
    assert not names.is_artifact(name)
    with pytest.raises(InvalidArgumentError, match="64 lower-case hexadecimal digits") as caught:
        names.sha256_of(name)
    assert caught.value.field == "name"


@pytest.mark.parametrize("form", [*NO_NAMES, "{0}/A", "{0}/a-b", "{0}/" + "a" * 65, "{0}/ä"])
def test_what_is_no_run(form: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^previous_run: ") as caught:
        names.check_run(form.format("runs", "abc1"), "previous_run")
    assert caught.value.field == "previous_run"


@pytest.mark.parametrize("form", [*NO_NAMES, "{0}/a b", "{0}/a:1", "{0}/" + "a" * 65, "{0}/ä", "{0}/٣"])
def test_what_is_no_host(form: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        names.check_host(form.format("hosts", "abc1"))
    assert caught.value.field == "name"


def test_a_long_name_is_not_told_whole() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        names.check_run("x" * 100_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("attachments/1", 1),
        ("attachments/9999", 9_999),
        ("attachments/0", None),
        ("attachments/01", None),
        ("attachments/10000", None),
        ("attachments/-1", None),
        ("attachments/١", None),
        ("attachments/1\n", None),
        ("attachments/", None),
        ("artifacts/1", None),
        ("", None),
    ],
)
def test_attachment_numbers(name: str, number: int | None) -> None:
    assert names.attachment_number(name) == number


@given(st.text())
def test_no_text_is_taken_for_a_name(text: str) -> None:
    for collection in ("artifacts", "runs", "hosts"):
        for check in (names.check_run, names.check_host, names.sha256_of):
            if re.fullmatch(r"[0-9A-Za-z._-]{1,64}", text) is None:
                with pytest.raises(InvalidArgumentError):
                    check(f"{collection}/{text}")
