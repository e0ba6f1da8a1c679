#!/bin/sh
# Makes .venv and installs one lock file into it: sh deploy/setup.sh local|test
# Does nothing when that lock file, byte for byte, is installed already.
set -eu
group=$1
lock=requirements/$group.txt
python=${PYTHON:-python3}

refuse() { printf '%s\n' "$@" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 ||
  refuse "There is no '$python' here. Install Python 3.11 or newer (Debian: apt install python3 python3-venv)," \
    "or name another interpreter: make setup PYTHON=/path/to/python3"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  refuse "'$python' is $("$python" -V 2>&1); Python 3.11 or newer is needed." \
    "Name another interpreter: make setup PYTHON=python3.12"

stamp=.venv/installed-$group
wanted=$("$python" -c 'import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$lock")
if [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null; then
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
else
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    refuse "'$python' cannot make virtual environments: its venv module is not installed." \
      "On Debian or Ubuntu: apt install python3-venv"
  echo "Making .venv with $("$python" -V 2>&1)"
  rm -rf .venv
  "$python" -m venv .venv
fi

echo "Installing $lock into .venv (a minute or so; only the first time and after updates)"
.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r "$lock" ||
  refuse "The packages could not be installed; pip's reason stands above." \
    "Nothing is half done: run the same command again once it is mended."
echo "$wanted" >"$stamp"
