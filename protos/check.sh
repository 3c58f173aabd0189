#!/usr/bin/env bash
# Checks protos/: lint, breaking changes since a commit, and that the committed stubs, with what `generators` makes beside
# them, are those of these files. The commit is $BASE; by default main or, where the files are still main's own, the
# commit before it. Run by `make protos-check`.
set -euo pipefail
cd "$(dirname "$0")/.."

stubs=clients/python/orchestrion/v1
inference_stubs=model_host/orchestrion_host/open_inference/v2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

.venv/bin/buf lint
echo "protos-check: lint is clean"

base=${BASE-}
if [[ -z $base ]]; then
    # A checkout of one commit may have no branch of that name.
    base=main
    git rev-parse --quiet --verify "$base" >/dev/null || base=HEAD
    if git diff --quiet "$base" -- protos 2>/dev/null; then
        base+=^
    fi
fi
if git cat-file -e "$base:protos" 2>/dev/null; then
    mkdir "$scratch/base"
    git archive "$base" protos | tar -x -C "$scratch/base"
    cp buf.yaml "$scratch/base"
    .venv/bin/buf breaking --against "$scratch/base"
    echo "protos-check: no breaking change since $base"
elif [[ -n ${BASE-} ]]; then
    echo "protos-check: there are no protos at $BASE (no such commit?)" >&2
    exit 1
else
    echo "protos-check: breaking changes not checked: there are no protos at $base to compare with"
fi

protos/generate.sh "$scratch/stubs" "$scratch/inference"
cp "$stubs/__init__.py" "$scratch/stubs"
cp "$inference_stubs/__init__.py" "$scratch/inference"
for pair in "$stubs $scratch/stubs" "$inference_stubs $scratch/inference"; do
    # shellcheck disable=SC2086 - two folders.
    if ! diff --recursive --brief --exclude=__pycache__ $pair; then
        echo "protos-check: the committed stubs differ from protos/; run: make protos" >&2
        exit 1
    fi
done
echo "protos-check: the stubs are those of protos/"
.venv/bin/python -m protos.generators --check
echo "protos-check: what is made of protos/ in Python is up to date"
