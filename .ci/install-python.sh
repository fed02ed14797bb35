#!/usr/bin/env bash
# install-python.sh ENVIRONMENT LOCK [--with-project | --onto]: a new environment with what the lock names and nothing else,
# every file checked against its hash; on request also this project, as a link to its sources. Four packages come as source
# only; what builds them is checked against .ci/requirements.lock. With --onto the environment stays, and what the lock
# names is added.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -lt 2 ]; then
  echo "install-python: $# arguments are given; give an environment and a lock, such as .venv .ci/requirements.lock" >&2
  exit 2
fi
source .ci/uv.sh
if [ "${3:-}" = --onto ]; then
  # There is no check of the whole: .ci/ai-overrides.txt overrules one requirement.
  uv pip install --quiet --python "$1" --require-hashes --no-deps --requirement "$2"
  exit
fi
uv venv --quiet --clear --no-project "$1"
uv pip sync --quiet --python "$1" --require-hashes --build-constraints .ci/requirements.lock "$2"
if [ "${3:-}" = --with-project ]; then uv pip install --quiet --python "$1" --no-deps --no-build-isolation --editable .; fi
uv pip check --quiet --python "$1"
