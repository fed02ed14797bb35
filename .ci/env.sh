# Source this to run ape, forge, pytest, slither or halmos by hand: `source .ci/env.sh`. The Makefile does the same.
# Works from any folder, in bash and zsh.
QUANTERA_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)"
export QUANTERA_ROOT
# Without a home Ape and forge have nowhere for their data: give them one inside the repository's build folder.
if [ -z "${HOME:-}" ] || [ ! -w "${HOME:-/}" ]; then export HOME="$QUANTERA_ROOT/build/home"; mkdir -p "$HOME"; fi
# .ci/bin before node_modules/.bin: npm's launchers of forge and anvil lose the exit code.
export PATH="$QUANTERA_ROOT/.ci/bin:$QUANTERA_ROOT/.venv/bin:$QUANTERA_ROOT/node_modules/.bin:$PATH"
# uv installs sources only. Without bytecode that is kept, every process compiles Ape and its libraries again: 4 seconds.
unset PYTHONDONTWRITEBYTECODE
# ape-solidity takes solc-v0.8.37 from this folder; foundry.toml names the same file.
export SOLCX_BINARY_PATH="$QUANTERA_ROOT/.ci/solc"
# mypy compares what it keeps by content, so that another checkout may read it.
export MYPY_CACHE_DIR="${QUANTERA_SOLC_CACHE:-$QUANTERA_ROOT/build/solc}/mypy"
# Slither and Halmos live apart (their pins clash with Ape's) and are called by their path or by these names.
slither() { "$QUANTERA_ROOT/.venv-tools/bin/slither" "$@"; }
halmos() { "$QUANTERA_ROOT/.venv-tools/bin/halmos" "$@"; }
