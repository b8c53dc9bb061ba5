#!/usr/bin/env bash
# Make or refresh a virtual environment with the pinned packages and the project: install.sh FOLDER
set -euo pipefail

venv=$1
python=$venv/bin/python

supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

choose_python() {
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if supported "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "python: none of '${PYTHON:-python3 python3.13 python3.12 python3.11}' is Python 3.11 to 3.13;" \
    "install one, or name it: make install PYTHON=/path/to/python3.12" >&2
  return 1
}

if ! supported "$python" || ! "$python" -m pip --version >/dev/null 2>&1; then
  chosen=$(choose_python)
  echo "Making $venv with $("$chosen" --version)"
  # An environment of another Python, or one whose Python is gone, is of no use: it is made anew.
  supported "$python" && clear= || clear=--clear
  "$chosen" -m venv $clear "$venv" || {
    echo "$venv: $chosen cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
  }
fi

# uv installs the rest in seconds; it is itself taken from the pins, hash and all.
pin=$venv/uv.txt
sed -n '/^uv==/,/[^\\]$/p' requirements.txt >"$pin"
"$python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$pin"

echo "Installing the packages of requirements.txt"
# Where an index is set up for pip alone, uv cannot see it: pip is slower and does the same.
"$python" -m uv pip install --quiet --python "$python" --require-hashes -r requirements.txt ||
  "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
# Everything is pinned by now: nothing more is resolved and nothing more is fetched to build the project.
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
