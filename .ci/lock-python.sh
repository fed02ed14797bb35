#!/usr/bin/env bash
# Resolves the two lock files anew from pyproject.toml, in throw-away environments.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

resolve() { # resolve LOCK COMMENT REQUIREMENT...
  local lock="$1" comment="$2"
  shift 2
  python3 -m venv "$work/venv"
  # Pinned because the keepers' own package is built with it: newer ones need a newer `packaging` than Ape allows.
  "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check setuptools==75.8.0 "$@"
  "$work/venv/bin/python" -m pip check
  {
    echo "# $comment Remade by: make lock"
    "$work/venv/bin/python" -m pip freeze --all --exclude-editable | grep -vE '^(pip|wheel|quantera)(==| @)'
  } >"$lock.new"
  mv "$lock.new" "$lock"
  rm -rf "$work/venv"
}

list() { # list TABLE: the requirements of one list in pyproject.toml, one a line
  python3 - "$1" <<'PY'
import sys, tomllib

project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print("\n".join(project["dependencies"] if sys.argv[1] == "base" else project["optional-dependencies"][sys.argv[1]]))
PY
}

mapfile -t main < <(for table in base dev postgres redis export kms vault; do list "$table"; done)
mapfile -t tools < <(list tools)
resolve .ci/requirements.lock "Every package of .venv, exactly (all lists of pyproject.toml but ai and tools)." "${main[@]}"
resolve .ci/requirements-tools.lock "Every package of .venv-tools, exactly: Slither and Halmos, whose pins clash with Ape's." "${tools[@]}"
