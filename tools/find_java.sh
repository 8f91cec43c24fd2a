#!/bin/sh
# A Java for the tests on Spark: 17 or newer that is here, else Debian's when root.
# Without any, those tests skip loudly (and fail where CI is set).
new_enough() {
    [ "$("$1" -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p' | head -n 1)" -ge 17 ] 2>/dev/null
}
[ -n "${JAVA_HOME:-}" ] && new_enough "$JAVA_HOME/bin/java" && exit 0
[ -z "${JAVA_HOME:-}" ] && command -v java >/dev/null 2>&1 && new_enough java && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Java for the tests on Spark" >&2
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends openjdk-17-jre-headless; } \
        >/dev/null 2>&1 && exit 0
fi
echo "no Java 17 found or installed: the tests on Spark will be skipped; install openjdk-17-jre-headless or set JAVA_HOME" >&2
exit 0
