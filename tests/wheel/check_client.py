"""Tries the client in an interpreter that has the wheel and its base dependencies only: check_client.py ADDRESS.

Exits with a message when importing the client is heavier than promised, or when a call to the controller fails.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

HEAVY = {"numpy", "torch", "openai", "orchestrion_controller", "orchestrion_host"}


def main(address: str) -> None:
    """Checks the import, loads every stub, and asks the controller at `address` (host:port) for its hosts."""
    importlib.import_module("orchestrion")
    if heavy := HEAVY & sys.modules.keys():
        sys.exit(f"import orchestrion brought {', '.join(sorted(heavy))}")

    import grpc

    import orchestrion.v1

    for module in pkgutil.iter_modules(orchestrion.v1.__path__, "orchestrion.v1."):
        importlib.import_module(module.name)
    from orchestrion.v1 import registry_service_pb2, registry_service_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
        answer = registry.ListHosts(registry_service_pb2.ListHostsRequest(), timeout=20)
    print(f"{address} lists {len(answer.hosts)} hosts")


if __name__ == "__main__":
    main(sys.argv[1])
