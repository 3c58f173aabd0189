#!/usr/bin/env bash
# Makes .venv: every pinned package of requirements.lock, and this project on top, editable. Run by `make setup`.
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.8
venv_python=.venv/bin/python

fail() {
    echo "setup: $1" >&2
    exit 1
}

# Prints the first interpreter that is new enough. A name that exists may still not run (a version manager's shim).
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "needs Python 3.11 or newer and found none (tried: ${PYTHON:-python3, python3.13, python3.12, python3.11}).
       Install it (Debian, Ubuntu: apt install python3 python3-venv) or name one: make setup PYTHON=/path/to/python3"
}

if ! "$venv_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(find_python)
    echo "setup: making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv ||
        fail "$python cannot make a virtual environment. Install its venv module (Debian, Ubuntu: apt install python3-venv)."
fi

if [[ "$(.venv/bin/uv --version 2>/dev/null)" != "uv $UV_VERSION"* ]]; then
    echo "setup: installing uv $UV_VERSION"
    "$venv_python" -m pip install --quiet --quiet --disable-pip-version-check "uv==$UV_VERSION" ||
        fail "pip could not install uv. Is a package index within reach? pip's own settings (PIP_INDEX_URL, PIP_PROXY, PIP_CERT) apply."
fi

source tools/pip_settings.sh
echo "setup: installing the pinned packages and the project (about 2 GB on the first run)"
# Compiled now rather than at the first start, which would take seconds, or at every start where nothing may be written.
.venv/bin/uv pip install --python "$venv_python" --quiet --compile-bytecode -r requirements.lock --editable . ||
    fail "uv could not install the packages; its message above says which. After a broken download, run it again."
# The PyTorch original is there too, but loading transformers takes ten times as long as the whole export's worker.
echo "setup: exporting the sentence encoder to ONNX, once for this user (about 30 s)"
export_log=$(mktemp)
"$venv_python" -W ignore -m orchestrion_host.worker.exporting all-minilm-l6-v2 >"$export_log" 2>&1 ||
    { cat "$export_log"; echo "setup: the export failed, as told above; the PyTorch original serves instead, only slower"; }
rm -f "$export_log"
echo "setup: done; .venv is ready"
