#!/usr/bin/env bash
# Adds to .venv what long suites need besides: a browser's driver, Envoy, a library that draws. Run by `make test-web` and those alike.
set -euo pipefail
cd "$(dirname "$0")/.."

source tools/pip_settings.sh
echo "setup: installing the tools of the long suites (about 300 MB)"
.venv/bin/uv pip install --python .venv/bin/python --quiet -r requirements-suites.lock || {
    echo "setup: uv could not install them; its message above says which. After a broken download, run it again." >&2
    exit 1
}
