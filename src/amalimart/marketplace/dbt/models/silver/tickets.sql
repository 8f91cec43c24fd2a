-- Every accepted support ticket. Where the source does not keep the time of the first answer, it is the first
-- message that someone other than the customer sent after the ticket was opened.
-- grain: one row per ticket
-- owner: support data
-- personal data: none
-- kind: change-driven
with stg_support_tickets as (
    select
        ticket_id,
        customer_id,
        order_id,
        category,
        status,
        first_response_at,
        closed_at,
        created_at
    from {{ ref('stg_support_tickets') }}
    where _rejected is null
),

stg_support_messages as (
    select
        ticket_id,
        sender_id,
        created_at
    from {{ ref('stg_support_messages') }}
    where _rejected is null
),

orders as (
    select
        order_id,
        is_test
    from {{ ref('orders') }}
),

first_answers as (
    select
        stg_support_tickets.ticket_id,
        min(stg_support_messages.created_at) as answered_at
    from stg_support_tickets
    inner join stg_support_messages
        on
            stg_support_tickets.ticket_id = stg_support_messages.ticket_id
            and stg_support_tickets.customer_id <> stg_support_messages.sender_id
            and stg_support_tickets.created_at <= stg_support_messages.created_at
    group by stg_support_tickets.ticket_id
),

answered as (
    select
        stg_support_tickets.ticket_id,
        stg_support_tickets.customer_id,
        stg_support_tickets.order_id,
        stg_support_tickets.category,
        stg_support_tickets.status,
        stg_support_tickets.created_at as opened_at,
        coalesce(stg_support_tickets.first_response_at, first_answers.answered_at) as first_response_at,
        stg_support_tickets.closed_at,
        coalesce(orders.is_test, false) as is_test
    from stg_support_tickets
    left join first_answers on stg_support_tickets.ticket_id = first_answers.ticket_id
    left join orders on stg_support_tickets.order_id = orders.order_id
),

tickets as (
    select
        ticket_id,
        customer_id,
        order_id,
        category,
        status,
        opened_at,
        {{ day_of('opened_at') }} as opened_date,
        first_response_at,
        closed_at,
        case
            when first_response_at >= opened_at
                then {{ hours_between('opened_at', 'first_response_at') }}
        end as first_response_hours,
        case
            when closed_at >= opened_at
                then {{ hours_between('opened_at', 'closed_at') }}
        end as resolution_hours,
        is_test
    from answered
)

select * from tickets
