#!/usr/bin/env bash
# Generates the Python stubs of both packages, orchestrion.v1 and inference, each into a folder of its own:
# protos/generate.sh FOLDER INFERENCE_FOLDER. Run by `make protos`.
set -euo pipefail
cd "$(dirname "$0")/.."
output=$1
inference_output=$2

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

generate --python_out="$generated" --mypy_out=quiet:"$generated" protos/inference/*.proto
generate --grpc_python_out="$generated" --mypy_grpc_out=quiet:"$generated" protos/inference/*_service.proto
# A package of that name at the top would be in the way of others; the host's own has the stubs.
sed -i 's/^from inference import/from orchestrion_host.open_inference.v2 import/' "$generated"/inference/*

mkdir -p "$output" "$inference_output"
rm -f {"$output","$inference_output"}/*_pb2{,_grpc}.py{,i}
cp "$generated"/orchestrion/v1/* "$output"
cp "$generated"/inference/* "$inference_output"
