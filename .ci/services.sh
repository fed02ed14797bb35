#!/usr/bin/env bash
# Installs the database servers that tests start for themselves. Needs root; does nothing where they are there.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && command -v redis-server >/dev/null && exit 0
if [ "$(id -u)" != 0 ]; then
  echo "PostgreSQL and Redis are missing, and only root can install them: apt-get install -y postgresql redis-server" >&2
  exit 1
fi
# The packages would start servers of their own, which nobody asked for.
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$guard"
  chmod 755 "$guard"
  trap 'rm -f "$guard"' EXIT
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends postgresql redis-server >/dev/null
