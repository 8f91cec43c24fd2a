-- Gold payouts are the accepted staging rows, to the row and the cent.
{{ config(meta={'compared_by': {'stg_vendor_payouts': 'payout_id', 'fact_payouts': 'payout_id'}}) }}

with accepted as (
    select
        count(*) as row_count,
        sum(net_payout) as net_payout
    from {{ ref('stg_vendor_payouts') }}
    where _rejected is null
),

published as (
    select
        count(*) as row_count,
        sum(net_payout) as net_payout
    from {{ ref('fact_payouts') }}
)

select
    accepted.row_count as accepted_row_count,
    published.row_count as published_row_count,
    accepted.net_payout as accepted_net_payout,
    published.net_payout as published_net_payout
from accepted
cross join published
where
    accepted.row_count is distinct from published.row_count
    or accepted.net_payout is distinct from published.net_payout
