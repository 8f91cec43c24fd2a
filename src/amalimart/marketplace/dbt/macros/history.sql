{#- Type-2 history: from versions of rows, which may overlap where several rows have one key, to what was so
    of a key, from when to when. Order is that of the source's changes; times only follow it. -#}

{#- What comes after every order of arrival, and after every moment. A bound that is compared as such can be
    part of a join; `is null or` would have the engine compare every row with every other. -#}
{%- macro end_of_order() -%}99999999999999999999999999999999999999{%- endmacro -%}
{%- macro end_of_time() -%}timestamp '9999-12-31 23:59:59'{%- endmacro -%}

{#- What is so of a key from each change on: the row that changed last and is still there. `versions` is a
    CTE of a view of versions; `columns` are carried along. Gives _order, _at, _position, _is_there and
    _is_snapshot beside them. -#}
{%- macro history_states(versions, key, columns) -%}
    select
        changes.{{ key }},
        changes._order,
        changes._at,
        changes._position,
        changes._is_there,
        changes._is_snapshot
        {%- for column in columns %},
        changes.{{ column }}
        {%- endfor %}
    from (
        select
            begun.{{ key }},
            begun._from_order as _order,
            begun._from_at as _at,
            begun._from_position as _position,
            true as _is_there,
            begun._is_snapshot
            {%- for column in columns %},
            begun.{{ column }}
            {%- endfor %},
            row_number() over (
                partition by begun.{{ key }}, begun._from_order
                order by begun._sequence desc, begun._batch desc
            ) as _rank
        from {{ versions }} as begun

        union all

        select
            ended.{{ key }},
            ended._order,
            ended._at,
            ended._position,
            standing._from_order is not null as _is_there,
            ended._is_snapshot
            {%- for column in columns %},
            standing.{{ column }}
            {%- endfor %},
            row_number() over (
                partition by ended.{{ key }}, ended._order
                order by standing._from_order desc nulls last, standing._sequence desc nulls last
            ) as _rank
        from (
            select
                closed.{{ key }},
                closed._to_order as _order,
                min(closed._to_at) as _at,
                min(closed._to_position) as _position,
                max(case when closed._is_ended_by_snapshot then 1 else 0 end) = 1 as _is_snapshot
            from {{ versions }} as closed
            left join {{ versions }} as next_one
                on closed.{{ key }} = next_one.{{ key }} and closed._to_order = next_one._from_order
            where closed._to_order is not null and next_one._from_order is null
            group by closed.{{ key }}, closed._to_order
        ) as ended
        left join {{ versions }} as standing
            on
                ended.{{ key }} = standing.{{ key }}
                and ended._order > standing._from_order
                and ended._order < coalesce(standing._to_order, {{ end_of_order() }})
    ) as changes
    where changes._rank = 1
{%- endmacro -%}

{#- Of rows that belong to a key: those that stand from each change of any of them on. Gives `columns` of each,
    or one row without them where none stands. -#}
{%- macro history_members(versions, key, columns) -%}
    select
        moments.{{ key }},
        moments._order,
        moments._at,
        moments._position,
        moments._is_snapshot,
        members._sequence as _member,
        members._from_order as _member_since
        {%- for column in columns %},
        members.{{ column }}
        {%- endfor %}
    from (
        select
            changed.{{ key }},
            changed._order,
            min(changed._at) as _at,
            min(changed._position) as _position,
            max(changed._is_snapshot) as _is_snapshot
        from (
            select
                {{ key }},
                _from_order as _order,
                _from_at as _at,
                _from_position as _position,
                case when _is_snapshot then 1 else 0 end as _is_snapshot
            from {{ versions }}

            union all

            select
                {{ key }},
                _to_order as _order,
                _to_at as _at,
                _to_position as _position,
                case when _is_ended_by_snapshot then 1 else 0 end as _is_snapshot
            from {{ versions }}
            where _to_order is not null
        ) as changed
        group by changed.{{ key }}, changed._order
    ) as moments
    left join {{ versions }} as members
        on
            moments.{{ key }} = members.{{ key }}
            and moments._order >= members._from_order
            and moments._order < coalesce(members._to_order, {{ end_of_order() }})
{%- endmacro -%}

{#- From which change on a version of a member counts. What a first snapshot told counts from the start: it may
    have read one table after the other. -#}
{%- macro member_since() -%}
case when _is_first then 0 else _from_order end
{%- endmacro -%}

{#- CTEs from `states` of a key (_order, _at, _position, _is_there, _is_snapshot, created_at, attributes) to
    `spans`: one row for each state that differs from the one before, with its bounds. Two states of one
    moment are two spans, the first without length. -#}
{%- macro history_spans(states, key, attributes) -%}
compared as (
    select
        *,
        lag(_is_there) over (partition by {{ key }} order by _order) as _was_there
        {%- for attribute in attributes %},
        lag({{ attribute }}) over (partition by {{ key }} order by _order) as _before_{{ loop.index }}
        {%- endfor %}
    from {{ states }}
),

steps as (
    select
        *,
        -- Clocks of a source may step back; the order of its changes does not.
        coalesce(
            max(_at) over (partition by {{ key }} order by _order), timestamp '0001-01-01 00:00:00'
        ) as _known_from
    from compared
    where
        case
            when not _is_there then coalesce(_was_there, false)
            else
                not coalesce(_was_there, false)
                {%- for attribute in attributes %}
                or {{ attribute }} is distinct from _before_{{ loop.index }}
                {%- endfor %}
        end
),

spans as (
    select
        *,
        sum(case when _is_there then 1 else 0 end) over (
            partition by {{ key }} order by _order
        ) as _number,
        lead(_known_from) over (partition by {{ key }} order by _order) as _until,
        lead(_position) over (partition by {{ key }} order by _order) as _until_position,
        lead(_is_there) over (partition by {{ key }} order by _order) as _is_followed
    from steps
)
{%- endmacro -%}

{#- The columns of a history that say which version it is and when it was so, of `spans`. -#}
{%- macro history_columns() -%}
cast(_number as bigint) as version_number,
        case
            when _number = 1 and _is_snapshot and created_at < _known_from
                then created_at
            else _known_from
        end as valid_from,
        _until as valid_to,
        _is_followed is null as is_current,
        coalesce(not _is_followed, false) as was_deleted,
        _is_snapshot as is_from_snapshot,
        _known_from as known_from,
        _position as valid_from_position,
        _until_position as valid_to_position
{%- endmacro -%}

{#- The condition that joins a fact to what a dimension was at the fact's moment: at most one version. `moment`
    is a timestamp of the fact in the business zone; with at='close', a day, at whose end the version stood.
    `fact` and `history` are CTEs or aliases; `history_key` where the keys differ in name. -#}
{%- macro as_was(fact, key, moment, history, history_key=none, at='moment') -%}
{%- set when = add_days(fact ~ '.' ~ moment, 1) if at == 'close' else fact ~ '.' ~ moment -%}
{{ fact }}.{{ key }} = {{ history }}.{{ history_key or key }}
{%- if at == 'close' %}
and {{ history }}.valid_from < {{ when }}
and {{ when }} <= coalesce({{ history }}.valid_to, {{ end_of_time() }})
{%- else %}
and {{ history }}.valid_from <= {{ when }}
and {{ when }} < coalesce({{ history }}.valid_to, {{ end_of_time() }})
{%- endif %}
{%- endmacro -%}
