#!/usr/bin/env bash
# Checks the page: types, unit tests, its size, and whether what is committed is what the sources give.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

MOST_KB=600
static=../orchestrion_gateway/web/static
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT

npx --no-install tsc --noEmit
npx --no-install vitest run
npx --no-install vite build --logLevel warn --outDir "$built" --emptyOutDir

if ! diff -r "$static" "$built"; then
  echo "web-check: $static is not what its sources give; run: make web" >&2
  exit 1
fi
size_kb=$(du -sk --apparent-size "$static" | cut -f1)
if ((size_kb > MOST_KB)); then
  echo "web-check: the page has $size_kb kB, more than $MOST_KB" >&2
  exit 1
fi
echo "web-check: the page is up to date, $size_kb kB"
