-- Every accepted message between two users; its text is not part of the model.
-- grain: one row per message
-- owner: support data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with stg_messages as (
    select
        message_id,
        sender_id,
        receiver_id,
        is_read,
        created_at
    from {{ ref('stg_messages') }}
    where _rejected is null
),

messages as (
    select
        message_id,
        sender_id,
        receiver_id,
        created_at as sent_at,
        {{ day_of('created_at') }} as sent_date,
        coalesce(is_read, false) as is_read
    from stg_messages
)

select * from messages
