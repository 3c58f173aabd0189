#!/bin/sh
# build.sh [FOLDER] — makes FOLDER/ask (default: build) from the .proto files of this repository and Debian's packages:
# default-jdk-headless, libgrpc-java, libnetty-java, libperfmark-java, libprotobuf-java,
# libgeronimo-annotation-1.3-spec-java, protobuf-compiler, protobuf-compiler-grpc-java-plugin.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
protos=$here/../../../protos
mkdir -p "${1:-$here/build}"
build=$(cd "${1:-$here/build}" && pwd)
rm -rf "$build/stubs" "$build/classes"
mkdir "$build/stubs" "$build/classes"
(cd "$protos" && protoc -I . --java_out="$build/stubs" --grpc-java_out="$build/stubs" \
    --plugin=protoc-gen-grpc-java="$(command -v grpc_java_plugin)" orchestrion/v1/*.proto)
# Debian's libraries, by name and without versions.
jars=
for jar in geronimo-annotation-1.3-spec grpc-api grpc-context grpc-core grpc-netty grpc-protobuf grpc-protobuf-lite \
    grpc-stub guava netty-buffer netty-codec netty-codec-http netty-codec-http2 netty-codec-socks netty-common \
    netty-handler netty-handler-proxy netty-resolver netty-transport perfmark-api protobuf; do
    jars=$jars:/usr/share/java/$jar.jar
done
# Of the stubs only those that the client needs are compiled.
javac -nowarn -implicit:class -sourcepath "$build/stubs" -d "$build/classes" -cp "${jars#:}" "$here/Ask.java"
printf '#!/bin/sh\nexec java -cp "%s" Ask "$@"\n' "$build/classes$jars" >"$build/ask"
chmod +x "$build/ask"
