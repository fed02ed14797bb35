#!/usr/bin/env bash
# room.sh ROOM: formats, lints, type-checks and tests one room, on and off chain. A room is a folder of contracts/,
# keepers/ or scripts/_lib/; its tests are those of the same name, and the campaigns and models that import it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/env.sh
room="${1:-}"
existing() { for path in "$@"; do if [ -e "$path" ]; then echo "$path"; fi; done; }
stage() { python3 .ci/timeline.py stage "$@"; }

mapfile -t solidity < <(existing "contracts/$room" "interfaces/$room")
mapfile -t sources < <(existing "keepers/$room" "scripts/_lib/$room")
if [ -z "$room" ] || [ $((${#solidity[@]} + ${#sources[@]})) -eq 0 ]; then
  rooms="$(cd contracts && ls -d */ ../keepers/*/ ../scripts/_lib/*/ | xargs -n 1 basename | grep -v __pycache__ | sort -u | tr '\n' ' ')"
  echo "no room '$room': give one, as in make room ROOM=risk; there are: $rooms" >&2
  exit 2
fi
mapfile -t tests < <(existing tests/unit/{contracts,keepers}/"$room" tests/unit/{contracts,keepers}/"${room}s" \
  "tests/unit/scripts/test_$room.py")
mapfile -t models < <(grep -lE "(keepers|scripts\._lib)\.$room\b" tests/fuzz/*/test_*.py || true)
mapfile -t campaigns < <(grep -l "contracts/$room/" tests/invariant/*.t.sol || true)
python=(${sources[@]+"${sources[@]}"} ${tests[@]+"${tests[@]}"})

if [ ${#solidity[@]} -gt 0 ]; then stage "forge fmt" forge fmt "${solidity[@]}"; fi
stage "ruff" bash -c 'ruff format -q "$@" && ruff check -q "$@"' - "${python[@]}"
if [ "$room" = signals ]; then make build/stamps/ai; fi
make build/stamps/ape # It compiles what has changed; keepers' tests need the contracts too.

failed=0
stage "mypy" mypy & running=($!)
if [ ${#campaigns[@]} -gt 0 ]; then
  match="{$(IFS=,; echo "${campaigns[*]}")}"
  stage "forge test" python3 .ci/progress.py forge test --match-path "$match" & running+=($!)
fi
stage "pytest" --show pytest -q -n 2 --dist worksteal "${tests[@]}" ${models[@]+"${models[@]}"} || failed=1
for process in "${running[@]}"; do wait "$process" || failed=1; done
exit "$failed"
