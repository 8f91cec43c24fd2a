#!/bin/sh
# A Chromium for the browser tests: one that is here, else Debian's when root, else Playwright's own.
# Without any, the browser tests skip loudly (and fail where CI is set).
bin="$1"
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Chromium for the browser tests" >&2
    { apt-get update && apt-get install --yes --no-install-recommends chromium; } >/dev/null 2>&1 && exit 0
fi
"$bin/playwright" install chromium >/dev/null 2>&1 && exit 0
echo "no Chromium found or installed: the browser tests will be skipped; install chromium or set CHROMIUM" >&2
exit 0
