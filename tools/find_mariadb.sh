#!/bin/sh
# A MariaDB server for the tests of the MySQL source: one that is here, else Debian's when root.
# Without any, those tests skip loudly (and fail where CI is set). A MySQL 8 in AMALIMART_TEST_MYSQL_URL serves, too.
[ -n "${AMALIMART_TEST_MYSQL_URL:-}" ] && exit 0
PATH="$PATH:/usr/sbin:/usr/local/sbin"
command -v mariadbd >/dev/null 2>&1 && command -v mariadb-install-db >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing MariaDB for the tests of the MySQL source" >&2
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends mariadb-server; } \
        >/dev/null 2>&1 && exit 0
fi
echo "no MariaDB found or installed: the MySQL tests will be skipped; install mariadb-server or set AMALIMART_TEST_MYSQL_URL" >&2
exit 0
