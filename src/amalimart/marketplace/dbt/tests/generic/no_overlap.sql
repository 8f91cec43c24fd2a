{#- Versions of a key that overlap, end before they begin, or leave more than one current. -#}
{% test no_overlap(model, key) %}
select *
from (
    select
        {{ key }},
        version_number,
        valid_from,
        valid_to,
        is_current,
        lead(valid_from) over (partition by {{ key }} order by version_number) as next_from
    from {{ model }}
) as followed
where
    coalesce(valid_to < valid_from, false)
    or coalesce(valid_to > next_from, false)
    or (next_from is not null and valid_to is null)
    or is_current <> (valid_to is null)
{% endtest %}
