{#- The order in which the lake received rows, and what the last of them said. -#}

{#- One number that orders rows as the lake received them; no batch has as many rows as the factor. -#}
{%- macro arrival_order(batch, sequence) -%}{{ adapter.dispatch('arrival_order')(batch, sequence) }}{%- endmacro -%}
{%- macro duckdb__arrival_order(batch, sequence) -%}cast({{ batch }} as hugeint) * 10000000000000000000 + {{ sequence }}{%- endmacro -%}
{%- macro spark__arrival_order(batch, sequence) -%}
cast({{ batch }} as decimal(18, 0)) * cast(10000000000000000000 as decimal(20, 0)) + cast({{ sequence }} as decimal(19, 0))
{%- endmacro -%}

{#- The value, which is never null, of the row with the greatest order. -#}
{%- macro value_of_last(value, order) -%}{{ adapter.dispatch('value_of_last')(value, order) }}{%- endmacro -%}
{%- macro duckdb__value_of_last(value, order) -%}arg_max({{ value }}, {{ order }}){%- endmacro -%}
{%- macro spark__value_of_last(value, order) -%}max_by({{ value }}, {{ order }}){%- endmacro -%}

{#- A value that may be null, together with whether the row knows it: fields `told` and `known`. -#}
{%- macro told_value(value, is_known) -%}{{ adapter.dispatch('told_value')(value, is_known) }}{%- endmacro -%}
{%- macro duckdb__told_value(value, is_known) -%}struct_pack(told := {{ value }}, known := {{ is_known }}){%- endmacro -%}
{%- macro spark__told_value(value, is_known) -%}named_struct('told', {{ value }}, 'known', {{ is_known }}){%- endmacro -%}
