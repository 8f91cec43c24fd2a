#!/bin/sh
# A Chromium for the browser tests: one that is here, else Debian's when root, else Playwright's own.
# In CI Debian's shell without windows is installed beside a whole one: it takes half of the processor's time.
# Without any, the browser tests skip loudly (and fail where CI is set).
bin="$1"
shell=chromium-headless-shell
have() { [ -n "$1" ] && command -v "$1" >/dev/null 2>&1; }
have_one() {
    for name in "${CHROMIUM:-}" "$shell" chromium chromium-browser google-chrome google-chrome-stable; do
        have "$name" && return 0
    done
    return 1
}
install() { apt-get install --yes --no-install-recommends "$1"; }

have "${CHROMIUM:-}" || have "$shell" && exit 0
if [ -z "${CI:-}" ] && have_one; then exit 0; fi
if [ "$(id -u)" = 0 ] && have apt-get; then
    echo "installing Chromium for the browser tests" >&2
    { apt-get update; install "$shell" || have_one || install chromium; } >/dev/null 2>&1
fi
have_one && exit 0
"$bin/playwright" install chromium >/dev/null 2>&1 && exit 0
echo "no Chromium found or installed: the browser tests will be skipped; install chromium or set CHROMIUM" >&2
exit 0
