# Hands pip's settings (its environment variables and configuration files) to uv, which reads none of them. Sourced by
# the scripts that call uv, from the repository root, once .venv exists.

# Prints one setting of pip; where several places set it, the one that wins in pip.
pip_setting() {
    .venv/bin/python -m pip config list 2>/dev/null | sed -n "s/^[^=]*\.$1='\(.*\)'\$/\1/p" | head -n 1
}

find_links=$(pip_setting find-links)
index_url=$(pip_setting index-url)
certificates=$(pip_setting cert)
proxy=$(pip_setting proxy)

# torch comes in a build for each kind of device. Where somebody has laid wheels out (find-links), the choice is theirs;
# elsewhere uv looks for a CUDA device and takes PyTorch's CPU build when there is none.
if [[ -n $find_links ]]; then
    export UV_FIND_LINKS=${UV_FIND_LINKS:-${find_links// /,}}
else
    export UV_TORCH_BACKEND=${UV_TORCH_BACKEND:-auto}
fi
[[ -z $index_url ]] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index_url}
[[ -z $certificates ]] || export SSL_CERT_FILE=${SSL_CERT_FILE:-$certificates}
[[ -z $proxy ]] || export HTTPS_PROXY=${HTTPS_PROXY:-$proxy}
