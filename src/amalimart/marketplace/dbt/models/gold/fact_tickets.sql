-- Every support ticket. Documented filter: tickets about test orders stay out.
-- grain: one row per ticket
-- owner: support data
-- personal data: none
-- kind: view
{{ config(materialized='view') }}

with tickets as (
    select
        ticket_id,
        customer_id,
        order_id,
        opened_date,
        category,
        status,
        first_response_hours,
        resolution_hours
    from {{ ref('tickets') }}
    where not is_test
),

fact_tickets as (
    select
        ticket_id,
        customer_id,
        order_id,
        opened_date,
        category,
        status,
        first_response_hours,
        resolution_hours
    from tickets
)

select * from fact_tickets
