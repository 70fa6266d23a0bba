#!/bin/sh
# Sets up the virtual environment with the pinned versions. Usage: install.sh VENV_FOLDER EXTRAS
# torch: where its own index can be reached, uv picks the wheels that fit the machine (small CPU ones without a GPU);
# else the usual ones, which work everywhere but are larger. torch and torchvision always come from the same place.
set -eu
venv=$1
extras=$2
mkdir -p "$venv"
venv=$(CDPATH='' cd -- "$venv" && pwd)
cd -- "$(dirname "$0")/.." # names of packages and files are then relative: the path of a clone may hold any character

[ -x "$venv/bin/python" ] || "$(sh infra/find_python.sh)" -m venv "$venv"
[ -x "$venv/bin/uv" ] || "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv

install() {
    VIRTUAL_ENV="$venv" "$venv/bin/uv" pip install "$@" --constraint constraints.txt --editable ".[$extras]"
}

echo "Setting up Recto in $venv (a few minutes the first time) ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$venv/bin/python" -c 'import torch, torchvision' 2>/dev/null && install --torch-backend=auto >"$log" 2>&1; then
    exit 0
fi
install || {
    echo "recto: the packages could not be installed (the lines above say why); see whether the package index can be reached and run the command again." >&2
    exit 1
}
