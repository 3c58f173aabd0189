#!/usr/bin/env bash
# Compiles requirements.lock and, for the group `suites`, requirements-suites.lock: one resolve for every Python from 3.11 and every platform. Run by `make lock`, with
# `make lock ARGS=--upgrade` to take newer releases.
set -euo pipefail
cd "$(dirname "$0")/.."

source tools/pip_settings.sh
# Wheels laid out on this machine, and its devices, must leave no trace in the lock.
unset UV_FIND_LINKS UV_TORCH_BACKEND
.venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --extra all --group dev \
    --no-header --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock "$@"

.venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --extra all --group dev --group suites \
    --no-header --no-emit-index-url --no-emit-find-links --quiet --constraints requirements.lock \
    --output-file requirements-suites.lock.new "$@"
# Only what the suites add: the rest is there, and torch is not to be chosen a second time.
{
    echo "# Made by make lock: what the group suites adds to requirements.lock, for Python 3.11 and newer."
    comm -13 <(grep -E '^[a-zA-Z]' requirements.lock | sort) <(grep -E '^[a-zA-Z]' requirements-suites.lock.new | sort)
} >requirements-suites.lock
rm requirements-suites.lock.new

# The index's torch is the CUDA build, and its libraries (several GB) are listed with it. The build is chosen at
# installation, where torch draws those that it needs itself.
{
    echo "# Made by make lock: every package of .venv but the project itself, for Python 3.11 and newer."
    awk '/^[a-z]/ { cuda = /^(cuda-|nvidia-|triton=)/ && !/^nvidia-ml-py/ } !cuda' requirements.lock
} >requirements.lock.new
mv requirements.lock.new requirements.lock
