{#- Ids are text. In id order 9 comes before 10, and ids of one length (UUIDs) sort as text. -#}
{%- macro in_id_order(id, direction='asc') -%}
length({{ id }}) {{ direction }}, {{ id }} {{ direction }}
{%- endmacro -%}

{#- How a place name is compared: case and outer blanks do not count. -#}
{%- macro place_key(name) -%}
lower(trim({{ name }}))
{%- endmacro -%}
