#!/usr/bin/env bash
# Generates the Python stubs of package orchestrion.v1 into a folder: protos/generate.sh FOLDER. Run by `make protos`.
set -euo pipefail
cd "$(dirname "$0")/.."
output=$1

source tools/pip_settings.sh

# Stubs demand at run time the protobuf and grpcio that they were generated with, or newer; these are the oldest that the
# client supports. The generator caps protobuf below 6, so it runs in an environment of its own; the plugins that write
# the .pyi files need a newer one and run in .venv. Its last wheels are for Python 3.13.
generate() {
    .venv/bin/uv run --no-project --isolated --quiet --python '>=3.11,<3.14' --with grpcio-tools==1.71.2 \
        python -m grpc_tools.protoc --proto_path=protos \
        --plugin=protoc-gen-mypy=.venv/bin/protoc-gen-mypy --plugin=protoc-gen-mypy_grpc=.venv/bin/protoc-gen-mypy_grpc \
        "$@"
}

# Into a temporary folder first: a mistake in a .proto file leaves the old stubs as they are.
generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT
generate --python_out="$generated" --mypy_out=quiet:"$generated" protos/orchestrion/v1/*.proto
generate --grpc_python_out="$generated" --mypy_grpc_out=quiet:"$generated" protos/orchestrion/v1/*_service.proto

mkdir -p "$output"
rm -f "$output"/*_pb2.py* "$output"/*_pb2_grpc.py*
cp "$generated"/orchestrion/v1/* "$output"
