{#- Versions of rows: types of their bounds, and what a row's changes told so far. -#}

{#- The type of an order of arrival, and of a time that is the same everywhere. -#}
{%- macro order_type() -%}{{ adapter.dispatch('order_type')() }}{%- endmacro -%}
{%- macro duckdb__order_type() -%}hugeint{%- endmacro -%}
{%- macro spark__order_type() -%}decimal(38, 0){%- endmacro -%}

{%- macro instant_type() -%}{{ adapter.dispatch('instant_type')() }}{%- endmacro -%}
{%- macro duckdb__instant_type() -%}timestamptz{%- endmacro -%}
{%- macro spark__instant_type() -%}timestamp{%- endmacro -%}

{#- What a row's changes so far told last of a column, as `told` of the result; stands before an `over`. A
    change lists in _untold what it did not repeat; a delete leaves nothing to be repeated. -#}
{%- macro last_told(value, column) -%}
{%- set told -%}
case
            when _op = 'delete' or not {{ has_text('_untold', column) }}
                then {{ told_value("case when _op <> 'delete' then " ~ value ~ " end", 'true') }}
        end
{%- endset -%}
{{ adapter.dispatch('last_known')(told) }}
{%- endmacro -%}
{%- macro duckdb__last_known(value) -%}last_value({{ value }} ignore nulls){%- endmacro -%}
{%- macro spark__last_known(value) -%}last_value({{ value }}, true){%- endmacro -%}
