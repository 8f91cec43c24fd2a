"""From any shop's tables to the canonical entities.

A mapping is a YAML file (marketplace/sources/<name>.yml, or sources/ of a project):

    mapping: myshop
    description: The shop's PostgreSQL database.
    time_zone: Africa/Accra            # of timestamps that carry no zone
    tables:                            # every table of the source, each column accounted for
      users:
        cursor: {column: updated_at, key: [id]}   # how changes are polled; files need none
        secret: [password]             # never leaves the source
        ignored: {nickname: not used by any KPI}
      legacy_users: {unmapped: replaced by users in 2023}
    entities:
      users:
        table: users
        where: {role: [CUSTOMER, VENDOR]}          # keep rows with one of these source values
        columns:
          user_id: id                               # a source column
          gender: {from: gender, values: {Female: FEMALE, Male: MALE}, default: UNKNOWN}
          birth_date: {from: dob, format: "%d/%m/%Y", optional: true}
          customer_kind: {constant: PRIVATE}
      regions:
        table: regions
        columns: same                               # same names on both sides, all of them

An enum column with `values` provides exactly the values it maps to (spelling, case, blanks and
hyphens are folded); without `values` it provides every canonical value. Unmapped values become the
default and are counted as repairs. A canonical column that is not listed is not provided: a metric
that needs it answers "not available". Only columns that an entity, a `where` or a cursor names are
landed; nothing else leaves the source.
"""
