#!/bin/sh
# Prints the path of a Python 3.11 or 3.12: the one named by PYTHON, else the first found. Fails where there is none.
for candidate in "${PYTHON:-}" python3.12 python3.11 python3 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
        command -v "$candidate"
        exit 0
    fi
done
exit 1
