#!/usr/bin/env bash
# Resolves the locks again from pyproject.toml and package.json. What is locked stays as it is while it still fits;
# UPGRADE=1 takes the newest that fits.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/uv.sh

# For every platform and every Python from 3.11 on, one version of each package, whatever uv is set to here: any machine
# makes the same.
resolve() { # resolve LOCK SOURCE...
  uv pip compile --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
    --no-annotate --custom-compile-command 'make lock' ${UPGRADE:+--upgrade} --output-file "$@"
}

resolve .ci/requirements.lock pyproject.toml --group dev \
  --extra postgres --extra redis --extra export --extra kms --extra vault --extra risk --extra screening --extra filings \
  --extra reports --extra signals --extra sentiment
# It is installed over the first lock, so that what both have is the same.
resolve .ci/requirements-ai.lock pyproject.toml --extra ai --extra ray --extra dask --constraint .ci/requirements.lock --override .ci/ai-overrides.txt
resolve .ci/requirements-tools.lock --group tools
resolve .ci/requirements-uv.lock --group uv
npm install --package-lock-only --ignore-scripts --loglevel=error
node .ci/npm-integrity.mjs fill
