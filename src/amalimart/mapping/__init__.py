"""From any shop's tables to the canonical entities.

A mapping is a YAML file (marketplace/sources/<name>.yml, or sources/ of a project):

    mapping: myshop
    description: The shop's PostgreSQL database.
    time_zone: Africa/Accra            # of timestamps that carry no zone
    namespace: gh                      # optional: stands before every id
    tables:                            # every table of the source, each column accounted for
      people:
        key: [id]                      # tells one row from another; changes are applied by it
        also: [persons]                # other names; the first that is there is read
        optional: true                 # the source may lack it
        cursor: {column: updated_at, key: [id]}   # how changes are polled, where they must be
        secret: [password]             # never leaves the source
        ignored: {nickname: not used by any KPI}
      sales: {key: [shop, number]}
      shops: {key: [id]}
      legacy_users: {unmapped: replaced by people in 2023}
    entities:
      users:
        table: people
        where: {role: [CUSTOMER, VENDOR], left_at: {empty: true}, age: {at_least: 18}}
        columns:
          user_id: id                               # a source column
          gender: {from: gender, values: {Female: FEMALE, Male: MALE}, default: UNKNOWN}
          birth_date: {from: dob, format: "%d/%m/%Y", optional: true}
          customer_kind: {constant: PRIVATE}
      orders:
        table: sales
        where: "state <> 'draft'"                   # or a formula
        lookup:
          shop: {table: shops, match: {shop: id}}   # a row of another table, or none
        columns:
          order_id: {join: [shop, number], with: "-"}   # an id of several columns
          total_amount: {sql: "net + tax"}          # a checked formula over the row
          shipping_city: shop.city                  # a column of the lookup
          ...
      vendors:
        table: sales
        deduplicate: {keep: latest, by: placed}     # several rows are one vendor
        columns: {vendor_id: seller}
      tags:                                         # several parts: by namespace or by precedence
        - {table: tags, precedence: 1, columns: {tag_id: id}}
        - {table: old_tags, precedence: 2, columns: {tag_id: id}}
      regions:
        table: regions
        columns: same                               # same names on both sides, all of them

An enum column with `values` provides exactly the values it maps to (spelling, case, blanks and
hyphens are folded); without `values` it provides every canonical value. Unmapped values become the
default and are counted as repairs. A canonical column that is not listed is not provided: a metric
that needs it answers "not available". Only columns that the file names to be read, and row keys, are
landed; nothing else leaves the source.

    shape -> written, checking (scalar_sql, namespaces) -> source_mapping (parts, fitting) -> catalog_check

`SourceMapping.fitted` makes a mapping speak of what one source really has: its names, its tables, its
columns. Whoever reads a source or its lake fits the mapping first.
"""
