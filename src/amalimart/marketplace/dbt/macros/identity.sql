{#- Ids are text. In id order 9 comes before 10, and ids of one length (UUIDs) sort as text. -#}
{%- macro in_id_order(id, direction='asc') -%}
length({{ id }}) {{ direction }} nulls last, {{ id }} {{ direction }} nulls last
{%- endmacro -%}

{#- How a place name is compared: case and outer blanks do not count. -#}
{%- macro place_key(name) -%}{{ adapter.dispatch('place_key')(name) }}{%- endmacro -%}
{%- macro duckdb__place_key(name) -%}
lower(trim({{ name }}))
{%- endmacro -%}
{%- macro spark__place_key(name) -%}
{#- DuckDB trims every kind of space; one letter stays one letter, also a final sigma and a dotted capital I. -#}
lower(translate(trim(both ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000' from {{ name }}), '\u03a3\u0130', '\u03c3i'))
{%- endmacro -%}

{#- A whole number that was written with a point, as 7.0, without it. -#}
{%- macro without_point(id) -%}{{ adapter.dispatch('without_point')(id) }}{%- endmacro -%}
{%- macro duckdb__without_point(id) -%}
regexp_replace({{ id }}, '[.]0+$', '')
{%- endmacro -%}
{%- macro spark__without_point(id) -%}
regexp_replace({{ id }}, r'[.]0+\z', '')
{%- endmacro -%}
