"""The table of what bare statuses mean: its methods exist, and its reasons keep the class of their code."""

from __future__ import annotations

import grpc
import pytest

from orchestrion._net import bare_statuses
from orchestrion._net.transport import status_code
from orchestrion._rpcs import methods
from orchestrion._rpcs.rpc import Method

PATHS = {item.path for item in vars(methods).values() if isinstance(item, Method)}


@pytest.mark.parametrize("code", bare_statuses._BY_METHOD, ids=lambda code: code.name)
def test_a_reason_is_one_of_a_method_that_exists_and_keeps_the_class_of_the_code(code: grpc.StatusCode) -> None:
    # gRPC has two codes for what is one class here.
    own_code = grpc.StatusCode.ABORTED if code is grpc.StatusCode.ALREADY_EXISTS else code
    for method, reason in bare_statuses._BY_METHOD[code].items():
        assert f"/orchestrion.v1.{method}" in {*PATHS, "/orchestrion.v1.RegistryService/Advertise"}
        assert status_code(reason.error("any")) is own_code
        assert bare_statuses.reason_of(code, f"/orchestrion.v1.{method}") is reason


def test_an_unknown_method_and_an_unknown_code_have_reasons_that_name_no_thing() -> None:
    assert bare_statuses.reason_of(grpc.StatusCode.NOT_FOUND, "/other.Service/Get").name == "NOT_FOUND"
    assert bare_statuses.reason_of(grpc.StatusCode.NOT_FOUND).name == "NOT_FOUND"
    assert bare_statuses.reason_of(grpc.StatusCode.DATA_LOSS).name == "INTERNAL"
