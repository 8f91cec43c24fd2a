{#- The business calendar of a project: weeks that start on a day of its choice, and a fiscal year that starts
    with a month of its choice and is named by the year it ends in. -#}

{#- First day of the week that holds a day, by the project's first day of the week. -#}
{%- macro business_week_start(day) -%}
{%- set days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] -%}
{%- set named = var('week_starts_on') -%}
{%- if named not in days and exceptions is defined -%}
    {{ exceptions.raise_compiler_error("week_starts_on is not a day of the week in English: " ~ named) }}
{%- endif -%}
{%- set first = (days.index(named) if named in days else 0) + 1 -%}
{{ add_days(day, '-((' ~ day_of_week(day) ~ ' + ' ~ (7 - first) ~ ') % 7)') }}
{%- endmacro -%}

{#- First day of the fiscal year that holds a day. -#}
{%- macro fiscal_year_start(day) -%}
{%- set first = var('fiscal_year_start_month') | int -%}
make_date(
    cast(year({{ day }}) - case when month({{ day }}) < {{ first }} then 1 else 0 end as integer), {{ first }}, 1
)
{%- endmacro -%}

{#- The fiscal year that holds a day: the calendar year in which it ends. -#}
{%- macro fiscal_year(day) -%}
{%- set first = var('fiscal_year_start_month') | int -%}
cast(year({{ day }}){% if first > 1 %} + case when month({{ day }}) >= {{ first }} then 1 else 0 end{% endif %} as integer)
{%- endmacro -%}

{#- Month of the fiscal year, from 1. -#}
{%- macro fiscal_month(day) -%}
cast((month({{ day }}) + {{ 12 - (var('fiscal_year_start_month') | int) }}) % 12 + 1 as integer)
{%- endmacro -%}

{#- Quarter of the fiscal year, from 1, by its month. -#}
{%- macro fiscal_quarter(fiscal_month) -%}
cast(floor(({{ fiscal_month }} + 2) / 3) as integer)
{%- endmacro -%}

{#- Week of the fiscal year, from 1: its first days up to the first start of a week are a week, too. -#}
{%- macro fiscal_week(day, year_start) -%}
cast(floor({{ days_between(business_week_start(year_start), day) }} / 7) + 1 as integer)
{%- endmacro -%}

{#- The day so many months after the first day of a month. -#}
{%- macro add_months(day, months) -%}{{ adapter.dispatch('add_months')(day, months) }}{%- endmacro -%}
{%- macro duckdb__add_months(day, months) -%}
cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro -%}
{%- macro spark__add_months(day, months) -%}
add_months({{ day }}, cast({{ months }} as integer))
{%- endmacro -%}

{#- Year and number of the ISO week that holds a day: weeks from Monday, the first with the year's first Thursday. -#}
{%- macro iso_year(day) -%}{{ adapter.dispatch('iso_year')(day) }}{%- endmacro -%}
{%- macro duckdb__iso_year(day) -%}cast(isoyear({{ day }}) as integer){%- endmacro -%}
{%- macro spark__iso_year(day) -%}cast(extract(yearofweek from {{ day }}) as integer){%- endmacro -%}

{%- macro iso_week(day) -%}cast(weekofyear({{ day }}) as integer){%- endmacro -%}
