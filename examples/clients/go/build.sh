#!/bin/sh
# build.sh [FOLDER] — makes FOLDER/ask (default: build) from the .proto files of this repository and Debian's packages:
# golang-go, protobuf-compiler, protoc-gen-go, protoc-gen-go-grpc, golang-google-grpc-dev, golang-google-protobuf-dev.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
protos=$here/../../../protos
build=${1:-$here/build}
stubs=$build/src/orchestrion/v1
mkdir -p "$stubs"
names=$(cd "$protos" && ls orchestrion/v1/*.proto)
packages=
for name in $names; do packages=$packages,M$name=orchestrion/v1; done
# shellcheck disable=SC2086  # Names without spaces.
protoc -I "$protos" --go_out="$build/src" --go_opt="${packages#,}" --go-grpc_out="$build/src" \
    --go-grpc_opt="${packages#,}" $names
GO111MODULE=off GOPATH="$build:/usr/share/gocode" GOCACHE="${GOCACHE:-$build/cache}" GOFLAGS= go build -o "$build/ask" "$here/ask.go"
