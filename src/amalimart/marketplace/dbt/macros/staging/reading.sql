{#- How a landed value is read: text, numbers, spellings. Generated staging asks here and nowhere else.
    Nothing raises in an engine: what cannot be read is null. The rules are those of docs/mapping.md, and both
    engines are held against them with the same cells. -#}

{#- Type names. -#}
{%- macro text_type() -%}{{ adapter.dispatch('text_type')() }}{%- endmacro -%}
{%- macro duckdb__text_type() -%}varchar{%- endmacro -%}
{%- macro spark__text_type() -%}string{%- endmacro -%}

{%- macro texts_type() -%}{{ adapter.dispatch('texts_type')() }}{%- endmacro -%}
{%- macro duckdb__texts_type() -%}varchar[]{%- endmacro -%}
{%- macro spark__texts_type() -%}array<string>{%- endmacro -%}

{#- A time without a zone. -#}
{%- macro moment_type() -%}{{ adapter.dispatch('moment_type')() }}{%- endmacro -%}
{%- macro duckdb__moment_type() -%}timestamp{%- endmacro -%}
{%- macro spark__moment_type() -%}timestamp_ntz{%- endmacro -%}

{#- A text as a literal, where it holds a quote or a backslash. -#}
{%- macro text_literal(text) -%}{{ adapter.dispatch('text_literal')(text) }}{%- endmacro -%}
{%- macro duckdb__text_literal(text) -%}'{{ text | replace("'", "''") }}'{%- endmacro -%}
{%- macro spark__text_literal(text) -%}
'{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro -%}

{#- A CTE that several others read and that is better computed in each of them than kept. -#}
{%- macro inlined() -%}{{ adapter.dispatch('inlined')() }}{%- endmacro -%}
{%- macro duckdb__inlined() -%}not materialized {% endmacro -%}
{%- macro spark__inlined() -%}{%- endmacro -%}

{#- A text without blanks around it (tabs, line ends and no-break spaces too); null where nothing is left. -#}
{%- macro trimmed(text) -%}{{ adapter.dispatch('trimmed')(text) }}{%- endmacro -%}
{%- macro duckdb__trimmed(text) -%}nullif(trim({{ text }}, e' \t\n\r' || chr(160)), ''){%- endmacro -%}
{%- macro spark__trimmed(text) -%}nullif(trim(both ' \t\n\r\u00a0' from {{ text }}), ''){%- endmacro -%}

{#- Whether a text has such blanks around it. -#}
{%- macro has_outer_blanks(text) -%}{{ adapter.dispatch('has_outer_blanks')(text) }}{%- endmacro -%}
{%- macro duckdb__has_outer_blanks(text) -%}
regexp_matches({{ text }}, '^[ \t\n\r\x{A0}]|[ \t\n\r\x{A0}]$')
{%- endmacro -%}
{%- macro spark__has_outer_blanks(text) -%}
{{ text }} rlike r'\A[ \t\n\r\x{A0}]|[ \t\n\r\x{A0}]\z'
{%- endmacro -%}

{#- Whether the whole of a text matches a pattern, which holds no backslash. -#}
{%- macro matches(text, pattern) -%}{{ adapter.dispatch('matches')(text, pattern) }}{%- endmacro -%}
{%- macro duckdb__matches(text, pattern) -%}regexp_full_match({{ text }}, '{{ pattern }}'){%- endmacro -%}
{%- macro spark__matches(text, pattern) -%}{{ text }} rlike r'\A(?:{{ pattern }})\z'{%- endmacro -%}

{#- A value written out. Of a double it is the shortest text that reads as the same double. -#}
{%- macro as_text(value) -%}{{ adapter.dispatch('as_text')(value) }}{%- endmacro -%}
{%- macro duckdb__as_text(value) -%}cast({{ value }} as varchar){%- endmacro -%}
{%- macro spark__as_text(value) -%}cast({{ value }} as string){%- endmacro -%}

{%- macro double_as_text(value) -%}{{ adapter.dispatch('double_as_text')(value) }}{%- endmacro -%}
{%- macro duckdb__double_as_text(value) -%}cast({{ value }} as varchar){%- endmacro -%}
{#- Spark writes 1.0E-5 and 1.2345678E7, DuckDB 1e-05 and 12345678.0: an exponent stands below 1e-4 and from 1e16.
    Before Java 19 some texts have a digit more than they need: 16 digits are enough where they read as the same. -#}
{%- macro spark__double_as_text(value) -%}
element_at(transform(array(cast({{ value }} as double)), number -> element_at(transform(
    array(if(
        length(regexp_replace(cast(number as string), r'[-.]|E.*', '')) > 16
        and try_cast(format_string('%.15e', number) as double) = number,
        format_string('%.15E', number), cast(number as string)
    )), written -> case
        when isnan(number) then 'nan'
        when abs(number) = double('infinity') then if(number > 0, 'inf', '-inf')
        when number = 0 then written
        when abs(number) >= 1e-4 and abs(number) < 1e16
            then regexp_replace(
                regexp_replace(cast(cast(written as decimal(38, 21)) as string), r'0+\z', ''), r'[.]\z', '.0'
            )
        else concat(
            regexp_replace(regexp_replace(regexp_extract(written, r'\A(.*)E', 1), r'0+\z', ''), r'[.]\z', ''),
            'e', if(abs(number) < 1, '-', '+'),
            lpad(regexp_extract(written, r'E[+-]?0*([0-9]+)\z', 1),
                greatest(2, length(regexp_extract(written, r'E[+-]?0*([0-9]+)\z', 1))), '0')
        )
    end
), 1)), 1)
{%- endmacro -%}

{#- A moment with a zone, written out in UTC. -#}
{%- macro instant_as_text(value) -%}{{ adapter.dispatch('instant_as_text')(value) }}{%- endmacro -%}
{%- macro duckdb__instant_as_text(value) -%}cast({{ value }} as varchar){%- endmacro -%}
{%- macro spark__instant_as_text(value) -%}cast(cast({{ value }} as timestamp_ntz) as string) || '+00'{%- endmacro -%}

{#- A double as an id: a whole one loses its point. -#}
{%- macro double_as_id(value) -%}{{ adapter.dispatch('double_as_id')(value) }}{%- endmacro -%}
{%- macro duckdb__double_as_id(value) -%}
case when {{ value }} = trunc({{ value }}) then cast(try_cast({{ value }} as hugeint) as varchar) else cast({{ value }} as varchar) end
{%- endmacro -%}
{#- A double from 2^63 is split at 2^64, where both halves are exact; beyond 2^127 there is no whole number. -#}
{%- macro spark__double_as_id(value) -%}
case
    when {{ value }} = rint({{ value }}) then element_at(transform(array(cast({{ value }} as double)), number -> case
        when isnan(number) or abs(number) >= 1.7014118346046923e38 then cast(null as string)
        when abs(number) < 9.2e18 then cast(cast(number as bigint) as string)
        else if(number < 0, '-', '') || cast(
            try_multiply(
                cast(cast(floor(abs(number) / 18446744073709551616.0D) as bigint) as decimal(19, 0)),
                cast(18446744073709551616 as decimal(20, 0))
            ) + cast(cast(
                (abs(number) - floor(abs(number) / 18446744073709551616.0D) * 18446744073709551616.0D) / 2.0D as bigint
            ) as decimal(19, 0)) * 2 as string
        )
    end), 1)
    else {{ spark__double_as_text(value) }}
end
{%- endmacro -%}

{#- Whole numbers: digits with a sign, or with zeros only after the point. -#}
{%- macro text_as_integer(text) -%}{{ adapter.dispatch('text_as_integer')(text) }}{%- endmacro -%}
{%- macro duckdb__text_as_integer(text) -%}
try_cast(case when {{ matches(text, '[+-]?[0-9]+([.]0*)?') }} then {{ text }} end as bigint)
{%- endmacro -%}
{%- macro spark__text_as_integer(text) -%}
try_cast(case when {{ matches(text, '[+-]?[0-9]+([.]0*)?') }} then regexp_replace({{ text }}, r'[.]0*\z', '') end as bigint)
{%- endmacro -%}

{%- macro double_as_integer(number) -%}{{ adapter.dispatch('double_as_integer')(number) }}{%- endmacro -%}
{%- macro duckdb__double_as_integer(number) -%}
try_cast(case when {{ number }} = trunc({{ number }}) then {{ number }} end as bigint)
{%- endmacro -%}
{#- Spark takes 2^63 for the largest bigint. -#}
{%- macro spark__double_as_integer(number) -%}
try_cast(case when {{ number }} = rint({{ number }}) and {{ number }} < 9223372036854775808.0D then {{ number }} end as bigint)
{%- endmacro -%}

{%- macro decimal_as_integer(number) -%}{{ adapter.dispatch('decimal_as_integer')(number) }}{%- endmacro -%}
{%- macro duckdb__decimal_as_integer(number) -%}
try_cast(case when {{ number }} = trunc({{ number }}) then {{ number }} end as bigint)
{%- endmacro -%}
{#- Not by comparing it with its floor: of 38 digits the common type has no room for the fraction. -#}
{%- macro spark__decimal_as_integer(number) -%}
try_cast(case when {{ number }} % 1 = 0 then {{ number }} end as bigint)
{%- endmacro -%}

{#- Decimals, rounded half away from zero. An exponent is read wide, then narrowed: DuckDB reads 6.1e-4 as 0.01
    where the scale is 2. -#}
{%- macro text_as_decimal(text, digits) -%}
case when {{ matches(text, '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)') }} then {{ text_as_number(text, 'decimal(18, ' ~ digits ~ ')') }} when {{ matches(text, '[+-]?([0-9]{1,18}([.][0-9]*)?|[.][0-9]+)[eE][+-]?[0-9]{1,3}') }} then try_cast({{ text_as_number(text, 'decimal(38, 18)') }} as decimal(18, {{ digits }})) end
{%- endmacro -%}

{#- A text of digits as a decimal type. -#}
{%- macro text_as_number(text, type) -%}{{ adapter.dispatch('text_as_number')(text, type) }}{%- endmacro -%}
{%- macro duckdb__text_as_number(text, type) -%}try_cast({{ text }} as {{ type }}){%- endmacro -%}
{%- macro spark__text_as_number(text, type) -%}try_cast({{ text }} as {{ type }}){%- endmacro -%}

{%- macro double_as_decimal(number, digits) -%}
try_cast(try_cast({{ double_as_text(number) }} as decimal(38, 18)) as decimal(18, {{ digits }}))
{%- endmacro -%}

{#- The spelling that enum values are compared by: case, blanks and hyphens do not count. -#}
{%- macro spelling(text) -%}{{ adapter.dispatch('spelling')(text) }}{%- endmacro -%}
{%- macro duckdb__spelling(text) -%}lower(regexp_replace({{ text }}, '[ \t\n\r\x{A0}-]+', '_', 'g')){%- endmacro -%}
{#- One letter stays one letter: Java writes a final sigma otherwise, and a dotted capital I as two. -#}
{%- macro spark__spelling(text) -%}
lower(translate(regexp_replace({{ text }}, r'[ \t\n\r\x{A0}-]+', '_'), '\u03a3\u0130', '\u03c3i'))
{%- endmacro -%}

{#- A text with one kind of character marked by a backslash where it holds it, and backslashes doubled. -#}
{%- macro marked(text, separator) -%}{{ adapter.dispatch('marked')(text, separator) }}{%- endmacro -%}
{%- macro default__marked(text, separator) -%}
replace(replace({{ text }}, {{ text_literal('\\') }}, {{ text_literal('\\\\') }}), {{ text_literal(separator) }}, {{ text_literal('\\' ~ separator) }})
{%- endmacro -%}

{#- How texts are compared that a mapping orders rows by: as a number, else as a time. What is neither is null. -#}
{%- macro text_to_order_as_number(text) -%}{{ adapter.dispatch('text_to_order_as_number')(text) }}{%- endmacro -%}
{%- macro duckdb__text_to_order_as_number(text) -%}try_cast({{ text }} as decimal(38, 9)){%- endmacro -%}
{%- macro spark__text_to_order_as_number(text) -%}try_cast({{ text }} as decimal(38, 9)){%- endmacro -%}

{#- Lists of texts. -#}
{%- macro texts(items) -%}{{ adapter.dispatch('texts')(items) }}{%- endmacro -%}
{%- macro duckdb__texts(items) -%}[{{ items }}]{%- endmacro -%}
{%- macro spark__texts(items) -%}array({{ items }}){%- endmacro -%}

{%- macro no_texts() -%}{{ adapter.dispatch('no_texts')() }}{%- endmacro -%}
{%- macro duckdb__no_texts() -%}cast([] as varchar[]){%- endmacro -%}
{%- macro spark__no_texts() -%}cast(array() as array<string>){%- endmacro -%}

{%- macro has_text(list, item) -%}{{ adapter.dispatch('has_text')(list, item) }}{%- endmacro -%}
{%- macro duckdb__has_text(list, item) -%}coalesce(list_contains({{ list }}, {{ item }}), false){%- endmacro -%}
{%- macro spark__has_text(list, item) -%}coalesce(array_contains({{ list }}, {{ item }}), false){%- endmacro -%}

{%- macro has_common_texts(list, other) -%}{{ adapter.dispatch('has_common_texts')(list, other) }}{%- endmacro -%}
{%- macro duckdb__has_common_texts(list, other) -%}list_has_any({{ list }}, {{ other }}){%- endmacro -%}
{%- macro spark__has_common_texts(list, other) -%}arrays_overlap({{ list }}, {{ other }}){%- endmacro -%}

{#- The common texts, sorted, with commas between them. -#}
{%- macro common_texts(list, other) -%}{{ adapter.dispatch('common_texts')(list, other) }}{%- endmacro -%}
{%- macro duckdb__common_texts(list, other) -%}
array_to_string(list_sort(list_intersect({{ list }}, {{ other }})), ', ')
{%- endmacro -%}
{%- macro spark__common_texts(list, other) -%}
array_join(array_sort(array_intersect({{ list }}, {{ other }})), ', ')
{%- endmacro -%}

{#- A mapping's formula; what cannot be computed is null. It is written in DuckDB's SQL. -#}
{%- macro formula(sql) -%}{{ adapter.dispatch('formula')(sql) }}{%- endmacro -%}
{%- macro duckdb__formula(sql) -%}try({{ sql }}){%- endmacro -%}
{%- macro spark__formula(sql) -%}
{{ exceptions.raise_compiler_error("Spark cannot compute the mapping's formula, which is in DuckDB's SQL: " ~ sql) }}
{%- endmacro -%}
