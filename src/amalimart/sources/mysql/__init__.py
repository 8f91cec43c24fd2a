"""MySQL 8 and MariaDB as a source: a snapshot without locks, then the binary log."""
