{#- Moments: a time read in the source's zone and told in the business zone, by the rules of docs/mapping.md.
    A wall time that occurs twice is the later of the two, one that is skipped is as much later; a moment is a
    time without a zone in the business zone. -#}

{#- A moment with a zone as a business moment. -#}
{%- macro business_moment(instant, zone) -%}{{ adapter.dispatch('business_moment')(instant, zone) }}{%- endmacro -%}
{%- macro duckdb__business_moment(instant, zone) -%}try(timezone('{{ zone }}', {{ instant }})){%- endmacro -%}
{%- macro spark__business_moment(instant, zone) -%}
convert_timezone('UTC', '{{ zone }}', cast({{ instant }} as timestamp_ntz))
{%- endmacro -%}

{#- A wall time of the source's zone as a business moment. -#}
{%- macro from_zone(moment, source_zone, business_zone) -%}
{%- if source_zone == business_zone -%}{{ moment }}{%- else -%}
{{ adapter.dispatch('from_zone')(moment, source_zone, business_zone) }}
{%- endif -%}
{%- endmacro -%}
{%- macro duckdb__from_zone(moment, source_zone, business_zone) -%}
try(timezone('{{ business_zone }}', timezone('{{ source_zone }}', {{ moment }})))
{%- endmacro -%}
{#- Spark takes the earlier of two: where the offset of a day later gives the same wall time, that one is meant. -#}
{%- macro spark__from_zone(moment, source_zone, business_zone) -%}
convert_timezone('UTC', '{{ business_zone }}', element_at(transform(array({{ moment }}), wall -> element_at(transform(
    array(convert_timezone('{{ source_zone }}', 'UTC', wall)), early -> element_at(transform(
        array(wall - (convert_timezone('UTC', '{{ source_zone }}', early + interval '1' day) - (early + interval '1' day))),
        late -> if(convert_timezone('UTC', '{{ source_zone }}', late) = wall, greatest(early, late), early)
    ), 1)
), 1)), 1))
{%- endmacro -%}

{#- The start of a calendar day. -#}
{%- macro start_of_day(day) -%}{{ adapter.dispatch('start_of_day')(day) }}{%- endmacro -%}
{%- macro duckdb__start_of_day(day) -%}try_cast({{ day }} as timestamp){%- endmacro -%}
{%- macro spark__start_of_day(day) -%}cast({{ day }} as timestamp_ntz){%- endmacro -%}

{#- A moment of a literal text, as 2026-03-01 00:00:00. -#}
{%- macro moment_literal(text) -%}{{ adapter.dispatch('moment_literal')(text) }}{%- endmacro -%}
{%- macro duckdb__moment_literal(text) -%}timestamp '{{ text }}'{%- endmacro -%}
{%- macro spark__moment_literal(text) -%}timestamp_ntz '{{ text }}'{%- endmacro -%}

{#- A wall time as text, its shape already known. -#}
{%- macro wall_time(text) -%}{{ adapter.dispatch('wall_time')(text) }}{%- endmacro -%}
{%- macro duckdb__wall_time(text) -%}try_cast({{ text }} as timestamp){%- endmacro -%}
{#- Spark knows neither 2026/03/01 nor 24:00, the end of a day. -#}
{%- macro spark__wall_time(text) -%}
element_at(transform(array(regexp_replace({{ text }}, r'\A([0-9]{4})/([0-9]{1,2})/', '$1-$2-')), wall -> case
    when wall rlike r'[-][0-9]{1,2}[-][0-9]{1,2}[ T]24:00(:00([.]0+)?)?\z'
        then try_cast(regexp_extract(wall, r'\A[^ T]+', 0) as timestamp_ntz) + interval '1' day
    else try_cast(wall as timestamp_ntz)
end), 1)
{%- endmacro -%}

{#- A text in one of the shapes that are read without a format. -#}
{%- macro text_as_moment(text, source_zone, business_zone) -%}
{%- set day = '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}' -%}
{%- set time = '[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?' -%}
{%- set zone = '( ?(Z|z|UTC|GMT)| ?[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)' -%}
case when {{ matches(text, day) }} then {{ wall_time(text) }} when {{ matches(text, day ~ time) }} then {{ from_zone(wall_time(text), source_zone, business_zone) }} when {{ matches(text, day ~ time ~ zone) }} then {{ zoned_text_as_moment(text, business_zone) }} end
{%- endmacro -%}

{%- macro zoned_text_as_moment(text, zone) -%}
{{ adapter.dispatch('zoned_text_as_moment')(text, zone) }}
{%- endmacro -%}
{#- DuckDB reads a zone after seconds only. -#}
{%- macro duckdb__zoned_text_as_moment(text, zone) -%}
{%- set whole = "regexp_replace(" ~ text ~ ", '^([^ T]+[ T][0-9]{1,2}:[0-9]{2})([^:])', '\\1:00\\2')" -%}
timezone('{{ zone }}', try_cast(regexp_replace(regexp_replace({{ whole }}, ' ?(Z|z|UTC|GMT)$', '+00'), ' ([+-])', '\1') as timestamptz))
{%- endmacro -%}
{%- macro spark__zoned_text_as_moment(text, zone) -%}
{%- set wall = "regexp_replace(" ~ text ~ ", r' ?(Z|z|UTC|GMT|[+-][0-9:]+)\\z', '')" -%}
{%- set offset = "regexp_extract(" ~ text ~ ", r'([+-])([0-9]{2}):?([0-9]{2})?\\z', " -%}
convert_timezone('UTC', '{{ zone }}', {{ spark__wall_time(wall) }} - make_dt_interval(
    0, 0, if({{ offset }}1) = '-', -1, 1) * (
        60 * cast(coalesce(nullif({{ offset }}2), ''), '0') as int) + cast(coalesce(nullif({{ offset }}3), ''), '0') as int)
    )
))
{%- endmacro -%}

{#- A text in a format of %-directives: a wall time, or a moment with a zone where the format has %z or %Z. -#}
{%- macro text_by_format(text, format) -%}{{ adapter.dispatch('text_by_format')(text, format) }}{%- endmacro -%}
{%- macro duckdb__text_by_format(text, format) -%}try_strptime({{ text }}, {{ text_literal(format) }}){%- endmacro -%}

{#- How a text that a mapping orders rows by is compared as a time. -#}
{%- macro text_to_order_as_moment(text) -%}{{ adapter.dispatch('text_to_order_as_moment')(text) }}{%- endmacro -%}
{%- macro duckdb__text_to_order_as_moment(text) -%}try_cast({{ text }} as timestamp){%- endmacro -%}
{#- DuckDB passes over an offset here, where it stands after seconds and without a blank. -#}
{%- macro spark__text_to_order_as_moment(text) -%}
element_at(transform(
    array(regexp_replace(
        {{ text }}, r'(?<=:[0-9]{2}:[0-9.]{2,16})(?:Z| UTC|[+-][0-9]{2}(?::?[0-9]{2})?)\z', ''
    )), said -> case
        when said rlike r'\A[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?\z'
            then {{ spark__wall_time('said') }}
    end
), 1)
{%- endmacro -%}

{#- Of the directives those that name a part of a time; Spark has no reader of its own for them. -#}
{%- macro spark__text_by_format(text, format) -%}
{%- set months = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec' -%}
{%- set long_months = 'january|february|march|april|may|june|july|august|september|october|november|december' -%}
{%- set days = 'mon|tue|wed|thu|fri|sat|sun' -%}
{%- set long_days = 'monday|tuesday|wednesday|thursday|friday|saturday|sunday' -%}
{%- set shapes = {
    'Y': '([0-9]{1,4}+)', 'm': '([0-9]{1,2}+)', 'd': '([0-9]{1,2}+)', 'y': '([0-9]{1,2}+)', 'H': '([0-9]{1,2}+)',
    'I': '([0-9]{1,2}+)', 'M': '([0-9]{1,2}+)', 'S': '([0-9]{1,2}+)', 'f': '([0-9]{1,6}+)', 'j': '([0-9]{1,3}+)',
    'p': '(am|pm)', 'b': '(' ~ months ~ ')', 'B': '(' ~ long_months ~ ')', 'a': '(' ~ days ~ ')',
    'A': '(' ~ long_days ~ ')', 'z': '([+-][0-9]{2}(?::?[0-9]{2})?)', 'Z': '(UTC|GMT|Z)'
} -%}
{%- set found = namespace(pattern='', groups=0, escaped=false, part={}) -%}
{%- for letter in format -%}
    {%- if found.escaped and letter == '-' -%}
    {%- elif found.escaped and letter in shapes -%}
        {%- set found.pattern = found.pattern ~ shapes[letter] -%}
        {%- set found.groups = found.groups + 1 -%}
        {%- do found.part.update({letter: "regexp_extract(given, pattern, " ~ found.groups ~ ")"}) -%}
        {%- set found.escaped = false -%}
    {%- elif found.escaped and letter != '%' -%}
        {{ exceptions.raise_compiler_error("the format " ~ format ~ " has %" ~ letter ~ ", which Spark cannot read") }}
    {%- elif letter == '%' and not found.escaped -%}
        {%- set found.escaped = true -%}
    {%- else -%}
        {%- set found.escaped = false -%}
        {%- set found.pattern = found.pattern ~ ('\\s*' if letter == ' ' else '\\x27' if letter == "'" else '\\Q' ~ letter ~ '\\E') -%}
    {%- endif -%}
{%- endfor -%}
{%- set part = found.part -%}
element_at(transform(array({{ text }}), given -> element_at(transform(array(r'\A\s*(?i:{{ found.pattern }})\s*\z'), pattern -> case
    when given rlike pattern then
        {%- set year = whole_part(part, 'Y', "1900") -%}
        {%- if 'y' in part -%}{%- set year = "(" ~ whole_part(part, 'y', '') ~ " + if(" ~ whole_part(part, 'y', '') ~ " < 69, 2000, 1900))" -%}{%- endif -%}
        {%- set month = whole_part(part, 'm', '1') -%}
        {%- if 'b' in part -%}{%- set month = "array_position(split('" ~ months ~ "', '[|]'), lower(" ~ part['b'] ~ "))" -%}{%- endif -%}
        {%- if 'B' in part -%}{%- set month = "array_position(split('" ~ long_months ~ "', '[|]'), lower(" ~ part['B'] ~ "))" -%}{%- endif -%}
        {%- set hour = whole_part(part, 'H', '0') -%}
        {%- if 'I' in part -%}
            {%- set hour = "if(" ~ whole_part(part, 'I', '') ~ " between 1 and 12, " ~ whole_part(part, 'I', '') ~ " % 12, 99)" -%}
            {%- if 'p' in part -%}{%- set hour = "(" ~ hour ~ " + if(lower(" ~ part['p'] ~ ") = 'pm', 12, 0))" -%}{%- endif -%}
        {%- endif %}
        try_make_timestamp_ntz(
            {{ year }}, cast({{ month }} as int), {{ whole_part(part, 'd', '1') }}, {{ hour }}, {{ whole_part(part, 'M', '0') }},
            if({{ whole_part(part, 'S', '0') }} < 60, {{ whole_part(part, 'S', '0') }}, 99)
            {%- if 'f' in part %} + cast(rpad({{ part['f'] }}, 6, '0') as decimal(8, 0)) / 1000000{% endif %}
        )
        {%- if 'j' in part %} + make_dt_interval(nullif({{ whole_part(part, 'j', '') }}, 0) - 1){% endif %}
        {%- if 'z' in part %} - make_dt_interval(0, 0, if({{ part['z'] }} like '-%', -1, 1) * (
            60 * cast(substr({{ part['z'] }}, 2, 2) as int)
            + cast(coalesce(nullif(regexp_extract({{ part['z'] }}, r'[0-9]{2}:?([0-9]{2})\z', 1), ''), '0') as int)
        )){% endif %}
end), 1)), 1)
{%- endmacro -%}

{#- A part of a time as a whole number, where its format has it. -#}
{%- macro whole_part(part, letter, otherwise) -%}
{%- if letter in part -%}cast({{ part[letter] }} as int){%- else -%}{{ otherwise }}{%- endif -%}
{%- endmacro -%}
