#!/bin/sh
# Installs the project into an environment of its own: what deploy/Dockerfile does for each image, and its test
# (`make test-wheel`) in an empty folder.
#
#     deploy/install.sh FOLDER WHEEL LOCK EXTRA[,EXTRA ...] [TORCH_INDEX]
#
# FOLDER is made; LOCK names the version of each package; TORCH_INDEX is where PyTorch's build for processors alone comes
# from: the package index has the one for CUDA, which is some gigabytes larger.
set -eu

if [ $# -lt 4 ]; then
    echo "usage: $0 FOLDER WHEEL LOCK EXTRA[,EXTRA ...] [TORCH_INDEX]" >&2
    exit 2
fi
folder=$1 wheel=$2 lock=$3 extras=$4 torch_index=${5-}

python3 -m venv "$folder"
if [ -n "$torch_index" ]; then
    "$folder/bin/pip" install --no-cache-dir --disable-pip-version-check --quiet \
        --constraint "$lock" --index-url "$torch_index" torch
fi
"$folder/bin/pip" install --no-cache-dir --disable-pip-version-check --quiet --constraint "$lock" "$wheel[$extras]"
"$folder/bin/pip" check --disable-pip-version-check
