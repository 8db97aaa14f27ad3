# Shared by the scripts in this folder; sourced, never run.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SHARE=${XDG_DATA_HOME:-$HOME/.local/share}/vfarm
# Apart from the rest: its path is in every traceback, and a log is searched for "vfarm".
PRIVATE_PYTHON=${XDG_DATA_HOME:-$HOME/.local/share}/python3.14
cd "$ROOT"

CORE_VENV=$ROOT/.venv
CORE313_VENV=$ROOT/.venvs/core313
INTEGRATION_VENV=$ROOT/.venvs/integration
E2E_VENV=$ROOT/.venvs/e2e

say() { printf 'vfarm: %s\n' "$*" >&2; }
fail() { printf 'vfarm: %s\n' "$*" >&2; exit 1; }

# A Python of the caller must not leak into the environments made here.
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH
case ":$PATH:" in *":$SHARE/bin:"*) ;; *) PATH=$PATH:$SHARE/bin ;; esac
# Hosts behind a slow mirror need more patience than uv's default.
export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-180}
