# Source this for `uv`: the one that .ci/requirements-uv.lock names, with pip's settings. pip installs it at first, checked
# against its hashes.
uv_python="$(command -v "${PYTHON:-python3}")" # before env.sh puts .venv first on the path
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
uv_lock="$QUANTERA_ROOT/.ci/requirements-uv.lock"
uv_program="$QUANTERA_ROOT/build/uv-$(cksum <"$uv_lock" | cut -d ' ' -f 1)"
if [ ! -x "$uv_program" ]; then
  (
    mkdir -p "$QUANTERA_ROOT/build"
    work="$(mktemp -d "$QUANTERA_ROOT/build/uv.XXXXXX")"
    trap 'rm -rf "$work"' EXIT
    "$uv_python" -m venv "$work"
    "$work/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r "$uv_lock"
    mv "$work/bin/uv" "$uv_program"
  )
fi
uv() { "$uv_program" "$@"; }
export UV_PYTHON="$uv_python" UV_PYTHON_DOWNLOADS=never

# uv reads settings of its own only, so that a mirror or a certificate that pip is set to would be passed over.
pip_settings="$("$uv_python" -m pip config list 2>/dev/null || true)"
pip_setting() { sed -n "s/^global\.$1='\(.*\)'$/\1/p" <<<"$pip_settings"; }
default_index="${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(pip_setting index-url)}}"
certificates="${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}"
if [ -n "$default_index" ]; then export UV_DEFAULT_INDEX="$default_index"; fi
if [ -n "$certificates" ]; then export SSL_CERT_FILE="$certificates"; fi
if [ -n "${PIP_EXTRA_INDEX_URL:-}" ]; then
  # pip looks into every index for the best version; the hashes say which file is the right one.
  export UV_INDEX="${UV_INDEX:-$PIP_EXTRA_INDEX_URL}" UV_INDEX_STRATEGY="${UV_INDEX_STRATEGY:-unsafe-best-match}"
fi
