#!/bin/sh
# Make the virtual environment (default .venv) with everything pinned in pyproject.toml, and install the Debian
# libraries that Qt and a virtual screen need. Run through `make`; safe to run again.
#   VENV=.venv       where the environment goes
#   PYTHON=python3   which interpreter to use (3.11 or 3.12)
#   RVR_NO_APT=1     never call apt-get
#   RVR_TORCH_INDEX  where to find a CPU-only build of torch (set it empty to use the default index only)
set -eu
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}
LIBRARIES="ca-certificates libgl1 libegl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0 libpulse0 \
libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxcb-image0 libxcb-render-util0 \
libxkbcommon-x11-0 fonts-dejavu-core xvfb xauth"

say() { printf '%s\n' "setup: $*" >&2; }

PYTHON=${PYTHON:-$(command -v python3.11 || command -v python3.12 || command -v python3 || true)}
[ -n "$PYTHON" ] || { say "Python 3.11 or 3.12 is needed and was not found."; exit 1; }
"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || {
    say "Python 3.11 or 3.12 is needed; $PYTHON is $("$PYTHON" --version 2>&1). Set PYTHON=..."; exit 1; }

if command -v apt-get >/dev/null 2>&1 && [ "${RVR_NO_APT:-0}" != 1 ]; then
    missing=""
    for package in $LIBRARIES; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    if [ -n "$missing" ]; then
        as_root=""
        [ "$(id -u)" = 0 ] || as_root=sudo
        if [ -n "$as_root" ] && ! command -v sudo >/dev/null 2>&1; then
            say "as root, install first: apt-get install --no-install-recommends$missing"; exit 1
        fi
        say "installing system libraries:$missing"
        $as_root apt-get update -q >&2
        # shellcheck disable=SC2086 # a list of words is meant
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2
    fi
fi

[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
PIP="$VENV/bin/python -m pip --disable-pip-version-check"
say "installing Python packages into $VENV (about 2 GB; a few minutes)"
$PIP install -q "setuptools==84.2.1"
# torch first and alone: on Linux the default index serves a build with gigabytes of CUDA. Without an NVIDIA card the
# CPU-only index is preferred if it can be reached; a machine with a card keeps the default.
index=${RVR_TORCH_INDEX-https://download.pytorch.org/whl/cpu}
if [ -n "$index" ] && ! command -v nvidia-smi >/dev/null 2>&1 && "$VENV/bin/python" - "$index" 2>/dev/null <<'PY'
import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "/torch/", timeout=4).close()
PY
then
    $PIP install -q "torch==2.13.0" --index-url "$index" || $PIP install -q "torch==2.13.0"
else
    $PIP install -q "torch==2.13.0"
fi
$PIP install -q --no-build-isolation -e ".[dev]"
say "compiling the renderer's kernels once"
"$VENV/bin/python" -c 'from rvr_laaf_app.render.spans import warm_up; warm_up()'
touch "$VENV/.ready"
say "ready: $VENV/bin/rvr-laaf"
