#!/bin/sh
# install.sh BIN LOCK: what LOCK pins, into the environment with that bin folder.
# uv does in seconds what takes pip a minute or two. Where it cannot, as with an index of which only pip was told, pip does.
set -eu
bin=$1
lock=$2

with_pip() {
  "$bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$1"
}

with_uv() {
  with_pip requirements/uv.lock &&
    UV_HTTP_TIMEOUT=${PIP_DEFAULT_TIMEOUT:-60} "$bin/uv" pip install --quiet --compile-bytecode --python "$bin/python" \
      --no-deps --require-hashes -r "$lock"
}

with_uv || {
  echo "uv could not install $lock: pip does, which takes a minute or two" >&2
  with_pip "$lock"
}
