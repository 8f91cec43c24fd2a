{#- Schemas are exactly staging, silver, gold and meta, on every target: no prefix of a user or branch. -#}
{%- macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name is not none else target.schema }}
{%- endmacro -%}
