-- What the load would only be slowed down by: foreign keys, indexes, the updated_at trigger.

-- An update that says nothing about updated_at gets the server's clock; one that sets it is believed.
create function bump_updated_at() returns trigger language plpgsql as $$
begin
    if new.updated_at is not distinct from old.updated_at then
        new.updated_at := now();
    end if;
    return new;
end
$$;

do $$
declare
    name text;
begin
    for name in select tablename from pg_tables where schemaname = 'public' order by tablename loop
        execute format(
            'create trigger %I before update on %I for each row execute function bump_updated_at()',
            name || '_bump_updated_at', name
        );
        execute format('create index %I on %I (updated_at)', name || '_updated_at', name);
    end loop;
end
$$;

create index orders_status on orders (status, updated_at);
create index orders_customer on orders (customer_id);
create index orders_date on orders (order_date);
create index addresses_user on addresses (user_id);
create index order_items_order on order_items (order_id);
create index order_status_history_order on order_status_history (order_id);
create index payments_order on payments (order_id);
create index shipments_order on shipments (order_id);
create index returns_order_item on returns (order_item_id);
create index returns_status on returns (status, updated_at);
create index vendor_earnings_order_item on vendor_earnings (order_item_id);
create index support_tickets_status on support_tickets (status, updated_at);

alter table regions add foreign key (country_id) references countries;
alter table cities add foreign key (region_id) references regions;
alter table user_audit add foreign key (user_id) references users;
alter table addresses add foreign key (user_id) references users;
alter table vendors add foreign key (user_id) references users;
alter table vendors add foreign key (business_id) references businesses;
alter table businesses add foreign key (vendor_id) references vendors;
alter table stores add foreign key (business_id) references businesses;
alter table business_representatives add foreign key (business_id) references businesses;
alter table vendor_applications add foreign key (vendor_id) references vendors;
alter table vendor_payout_accounts add foreign key (vendor_id) references vendors;
alter table categories add foreign key (parent_category_id) references categories;
alter table products add foreign key (vendor_id) references vendors;
alter table product_variants add foreign key (product_id) references products;
alter table product_categories add foreign key (product_id) references products;
alter table product_categories add foreign key (category_id) references categories;
alter table product_images add foreign key (product_id) references products;
alter table product_tags add foreign key (product_id) references products;
alter table product_tags add foreign key (tag_id) references tags;
alter table carts add foreign key (customer_id) references users;
alter table carts add foreign key (order_id) references orders;
alter table cart_items add foreign key (cart_id) references carts;
alter table cart_items add foreign key (product_id) references products;
alter table orders add foreign key (customer_id) references users;
alter table orders add foreign key (discount_id) references discounts;
alter table order_items add foreign key (order_id) references orders;
alter table order_items add foreign key (variant_id) references product_variants;
alter table order_items add foreign key (vendor_id) references vendors;
-- Added after vendors had already hard-deleted products that were sold: old lines keep their dangling
-- id (the dirt rule unknown_product), so the constraint holds for new lines only.
alter table order_items add foreign key (product_id) references products not valid;
alter table order_status_history add foreign key (order_id) references orders;
alter table payments add foreign key (order_id) references orders;
alter table payments add foreign key (customer_id) references users;
alter table shipments add foreign key (order_id) references orders;
alter table shipments add foreign key (delivery_partner_id) references delivery_partners;
alter table returns add foreign key (order_id) references orders;
alter table returns add foreign key (order_item_id) references order_items;
alter table returns add foreign key (customer_id) references users;
-- Returns, reviews and cart lines name real products only: the shop writes them from a live product page.
alter table returns add foreign key (product_id) references products;
alter table reviews add foreign key (customer_id) references users;
alter table reviews add foreign key (product_id) references products;
alter table reviews add foreign key (order_id) references orders;
alter table wishlists add foreign key (customer_id) references users;
alter table wishlist_items add foreign key (wishlist_id) references wishlists;
alter table wishlist_items add foreign key (product_id) references products;
alter table messages add foreign key (sender_id) references users;
alter table messages add foreign key (receiver_id) references users;
alter table support_tickets add foreign key (customer_id) references users;
alter table support_tickets add foreign key (order_id) references orders;
alter table support_messages add foreign key (ticket_id) references support_tickets;
alter table support_messages add foreign key (sender_id) references users;
alter table discounts add foreign key (campaign_id) references campaigns;
alter table discount_products add foreign key (discount_id) references discounts;
alter table discount_products add foreign key (product_id) references products;
-- A tracker writes web_visits without asking the shop: no foreign key on purpose.
alter table vendor_earnings add foreign key (vendor_id) references vendors;
alter table vendor_earnings add foreign key (order_item_id) references order_items;
alter table vendor_earnings add foreign key (payout_id) references vendor_payouts;
alter table vendor_payouts add foreign key (vendor_id) references vendors;
