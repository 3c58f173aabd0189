#!/usr/bin/env bash
# Builds the wheel and the source distribution into dist/, tries both in empty environments, and prints the changelog's
# section of this version. It needs a package index, no secrets, and publishes nothing. Run by `make release`.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/pip_settings.sh

MAXIMUM_BYTES=10000000
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "release: $1" >&2
    exit 1
}

# Installs a distribution into an environment of its own, and uses what a client has.
try() {
    local environment=$scratch/$1
    .venv/bin/uv venv --quiet --python .venv/bin/python "$environment"
    .venv/bin/uv pip install --quiet --python "$environment/bin/python" "$2"
    "$environment/bin/python" -W error -c "
import orchestrion
for name in dir(orchestrion):
    getattr(orchestrion, name)
" || fail "$2 does not give every public name"
    [[ $("$environment/bin/orchestrion" version) == "$version" ]] || fail "$2 has another version than $version"
    echo "release: $(basename "$2") works in an empty environment"
}

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
section=$(awk -v head="## [$version]" 'index($0, head) == 1 { on = 1; print; next } on && /^## / { exit } on' CHANGELOG.md)
[[ -n $section ]] || fail "CHANGELOG.md has no section [$version]"

rm -rf dist
.venv/bin/uv build --quiet --sdist --out-dir dist
.venv/bin/uv build --quiet --wheel --out-dir dist
rm -f dist/.gitignore
sdist=dist/orchestrion-$version.tar.gz
wheel=dist/orchestrion-$version-py3-none-any.whl
for file in "$sdist" "$wheel"; do
    size=$(wc -c <"$file")
    ((size < MAXIMUM_BYTES)) || fail "$file has $size bytes; at most $MAXIMUM_BYTES are allowed"
    echo "release: $file has $size bytes"
done

.venv/bin/uv build --quiet --wheel --out-dir "$scratch/from_sdist" "$sdist"
# A wheel's RECORD has the path and the SHA-256 of each of its files.
record() { .venv/bin/python -c "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())" "$1" "orchestrion-$version.dist-info/RECORD" | sort; }
diff <(record "$wheel") <(record "$scratch/from_sdist/$(basename "$wheel")") ||
    fail "the source distribution builds another wheel, as shown above"
echo "release: the source distribution builds the same wheel"

try wheel "$wheel"
try sdist "$sdist"
printf '\n%s\n\n' "$section"
echo "release: $version is ready in dist/; nothing was published"
