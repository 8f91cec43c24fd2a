{#- Time. Engines disagree about what a difference counts and where a week starts, so every model asks here. -#}

{#- The calendar day of a canonical timestamp, which already stands in the business time zone. -#}
{%- macro day_of(moment) -%}
cast({{ moment }} as date)
{%- endmacro -%}

{#- Calendar days from one day to another: midnights crossed, whatever the hours. -#}
{%- macro days_between(first_day, last_day) -%}{{ adapter.dispatch('days_between')(first_day, last_day) }}{%- endmacro -%}
{%- macro duckdb__days_between(first_day, last_day) -%}
date_diff('day', {{ first_day }}, {{ last_day }})
{%- endmacro -%}
{%- macro spark__days_between(first_day, last_day) -%}
cast(datediff(cast({{ last_day }} as date), cast({{ first_day }} as date)) as bigint)
{%- endmacro -%}

{#- Hours from one moment to another, to four decimals, from whole seconds. -#}
{%- macro hours_between(first_moment, last_moment) -%}{{ adapter.dispatch('hours_between')(first_moment, last_moment) }}{%- endmacro -%}
{%- macro duckdb__hours_between(first_moment, last_moment) -%}
cast(date_diff('second', {{ first_moment }}, {{ last_moment }}) / 3600.0 as decimal(18, 4))
{%- endmacro -%}
{#- The division is one of decimals: from a double Spark would not round half away from zero. -#}
{%- macro spark__hours_between(first_moment, last_moment) -%}
cast(cast(
    unix_seconds(cast({{ last_moment }} as timestamp)) - unix_seconds(cast({{ first_moment }} as timestamp))
    as decimal(18, 0)) / cast(3600 as decimal(4, 0)) as decimal(18, 4))
{%- endmacro -%}

{#- The day so many days after a day. -#}
{%- macro add_days(day, days) -%}{{ adapter.dispatch('add_days')(day, days) }}{%- endmacro -%}
{%- macro duckdb__add_days(day, days) -%}
cast({{ day }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro -%}
{%- macro spark__add_days(day, days) -%}
date_add(cast({{ day }} as date), cast({{ days }} as integer))
{%- endmacro -%}

{#- First day of the week (Monday), month, quarter or year that holds a day. -#}
{%- macro start_of(grain, day) -%}{{ adapter.dispatch('start_of')(grain, day) }}{%- endmacro -%}
{%- macro duckdb__start_of(grain, day) -%}
cast(date_trunc('{{ grain }}', {{ day }}) as date)
{%- endmacro -%}
{%- macro spark__start_of(grain, day) -%}
trunc(cast({{ day }} as date), '{{ grain }}')
{%- endmacro -%}

{#- Day of the week, Monday = 1 to Sunday = 7. -#}
{%- macro day_of_week(day) -%}{{ adapter.dispatch('day_of_week')(day) }}{%- endmacro -%}
{%- macro duckdb__day_of_week(day) -%}
cast(isodow({{ day }}) as integer)
{%- endmacro -%}
{%- macro spark__day_of_week(day) -%}
(weekday(cast({{ day }} as date)) + 1)
{%- endmacro -%}

{#- Every day from the first to the last, as a list to unnest. -#}
{%- macro days_from_to(first_day, last_day) -%}{{ adapter.dispatch('days_from_to')(first_day, last_day) }}{%- endmacro -%}
{%- macro duckdb__days_from_to(first_day, last_day) -%}
generate_series({{ first_day }}, {{ last_day }}, to_days(1))
{%- endmacro -%}
{%- macro spark__days_from_to(first_day, last_day) -%}
sequence({{ first_day }}, {{ last_day }}, interval '1' day)
{%- endmacro -%}

{#- Completed years of life on a day; one born on 29 February completes a year on 1 March of a common year. -#}
{%- macro age_on(birth_date, day) -%}
(
    year({{ day }}) - year({{ birth_date }})
    - case
        when 100 * month({{ day }}) + day({{ day }}) < 100 * month({{ birth_date }}) + day({{ birth_date }})
            then 1
        else 0
    end
)
{%- endmacro -%}

{#- The band of an age in years; an age that nobody reaches counts as unknown. -#}
{%- macro age_band(age) -%}
case
    when {{ age }} between 0 and 17 then 'under 18'
    when {{ age }} between 18 and 24 then '18-24'
    when {{ age }} between 25 and 34 then '25-34'
    when {{ age }} between 35 and 44 then '35-44'
    when {{ age }} between 45 and 54 then '45-54'
    when {{ age }} between 55 and 64 then '55-64'
    when {{ age }} between 65 and 120 then '65+'
    else 'unknown'
end
{%- endmacro -%}
