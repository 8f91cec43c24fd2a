{#- Money as DECIMAL(18,2), rounded half away from zero; null where it does not fit, so that one absurd
    row shows in a check instead of stopping every release. -#}
{%- macro money(expression) -%}
try_cast({{ expression }} as decimal(18, 2))
{%- endmacro -%}
