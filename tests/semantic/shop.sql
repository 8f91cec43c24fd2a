-- The shop of the semantic tests, with every trap in it:
-- o1 has two lines of two vendors and two payments; o2 has two shipments; the header of o3 differs wildly from its
-- lines; o4 has no line, no payment and no shipment; o6 names an unknown customer; line i5 has neither product nor
-- vendor; i6 names a vendor that is not in dim_vendors; vendor vC calls itself vA; February has no order at all.
create schema gold;
create table gold.fact_orders (
    order_id varchar, customer_id varchar, order_date date, ordered_at timestamp, status varchar,
    total_amount decimal(18,2), discount_amount decimal(18,2), delivery_fee decimal(18,2), tax_amount decimal(18,2),
    currency varchar, channel varchar, discount_id varchar, payment_kind varchar, payment_method varchar,
    shipping_city varchar, shipping_region varchar, shipping_country varchar, is_completed boolean,
    is_cancelled boolean, is_rejected boolean, is_fulfilled boolean, is_failed boolean, customer_order_number bigint);
create table gold.fact_order_items (
    order_item_id varchar, order_id varchar, product_id varchar, vendor_id varchar, customer_id varchar,
    order_date date, quantity integer, unit_price decimal(18,2), item_amount decimal(18,2), line_total decimal(18,2),
    commission_amount decimal(18,2), currency varchar, is_first_of_product boolean default true);
create table gold.fact_payments (
    payment_id varchar, order_id varchar, customer_id varchar, payment_date date, method varchar, status varchar,
    amount decimal(18,2), currency varchar, is_success boolean);
create table gold.fact_shipments (
    shipment_id varchar, order_id varchar, delivery_partner_id varchar, order_date date, delivered_date date,
    status varchar, city varchar, region varchar, country varchar, delivery_fee decimal(18,2), currency varchar,
    is_express boolean, delivery_days integer, has_negative_days boolean, promised_date date, is_due boolean,
    is_on_time boolean, is_failed boolean);
create table gold.fact_returns (
    return_id varchar, order_id varchar, order_item_id varchar, customer_id varchar, product_id varchar,
    vendor_id varchar, request_date date, approved_date date, refunded_date date, status varchar, reason varchar,
    return_amount decimal(18,2), currency varchar, is_approved boolean, refund_days integer);
-- Five known days of stock: p2 was out and came back and was out again, p3 came on the last day, p4 is a draft.
create table gold.fact_reviews (
    review_id varchar, customer_id varchar, product_id varchar, vendor_id varchar, review_date date, rating integer,
    order_id varchar);
create table gold.fact_tickets (
    ticket_id varchar, customer_id varchar, order_id varchar, opened_date date, category varchar, status varchar,
    first_response_hours decimal(18,2), resolution_hours decimal(18,2));
create table gold.fact_visits (visit_id varchar, visitor_id varchar, user_id varchar, visit_date date, channel varchar);
create table gold.fact_marketing_spend (
    spend_id varchar, spend_date date, channel varchar, amount decimal(18,2), currency varchar);
create table gold.fact_vendor_applications (
    application_id varchar, vendor_id varchar, applied_on date, status varchar, rejection_reason varchar,
    account_type varchar);
create table gold.dim_customers (
    customer_id varchar, full_name varchar, gender varchar, age_group varchar, role varchar, customer_kind varchar,
    auth_provider varchar, city varchar, region varchar, country varchar, is_verified boolean, is_enabled boolean,
    registered_on date, first_order_date date, last_order_date date, customer_segment varchar);
create table gold.dim_products (
    product_id varchar, product_name varchar, sku varchar, category_id varchar, category_name varchar,
    top_category_id varchar, top_category_name varchar, vendor_id varchar, price decimal(18,2), currency varchar,
    stock_quantity integer, low_stock_threshold integer, status varchar, is_active boolean, is_listed boolean,
    is_sellable boolean, listed_on date);
create table gold.dim_vendors (
    vendor_id varchar, vendor_name varchar, status varchar, city varchar, region varchar, country varchar,
    commission_rate decimal(18,4), joined_on date, business_id varchar);
-- b2 trades as two vendors, and vA has two businesses, so none is its business.
create table gold.vendor_businesses (vendor_id varchar, business_id varchar);
create table gold.dim_categories (
    category_id varchar, category_name varchar, parent_category_id varchar, top_category_id varchar,
    top_category_name varchar);
create table gold.dim_delivery_partners (delivery_partner_id varchar, partner_name varchar, country varchar);
create table gold.fact_carts (
    cart_id varchar, customer_id varchar, order_id varchar, opened_date date, line_count bigint, unit_count bigint,
    cart_value decimal(18,2), currency varchar, has_mixed_currencies boolean, is_converted boolean);
create table gold.fact_wishlist_lines (
    wishlist_item_id varchar, wishlist_id varchar, customer_id varchar, product_id varchar, vendor_id varchar,
    added_date date, purchase_date date, days_to_purchase integer, is_purchased boolean);
create table gold.fact_payouts (
    payout_id varchar, vendor_id varchar, payout_date date, status varchar, gross_earnings decimal(18,2),
    platform_commission decimal(18,2), net_payout decimal(18,2), currency varchar, unexplained_amount decimal(18,2),
    is_paid boolean);
create table gold.fact_vendor_earnings (
    earning_id varchar, vendor_id varchar, payout_id varchar, order_item_id varchar, order_id varchar,
    product_id varchar, earned_date date, amount decimal(18,2), currency varchar);
create table gold.fact_inventory_daily (
    product_id varchar, stock_date date, vendor_id varchar, category_id varchar, stock_quantity integer,
    low_stock_threshold integer, price decimal(18,2), stock_value decimal(18,2), currency varchar, is_active boolean,
    is_out_of_stock boolean, is_low_stock boolean);

insert into gold.dim_categories values
    ('k1', 'Electronics', null, 'k1', 'Electronics'), ('k2', 'Phones', 'k1', 'k1', 'Electronics'),
    ('k3', 'Home & Garden', null, 'k3', 'Home & Garden');
insert into gold.dim_vendors values
    ('vA', 'Ama''s Shop', 'APPROVED', 'Accra', 'Greater Accra', 'Ghana', 0.1, '2023-01-01', null),
    ('vB', 'Kofi & Sons, Ltd', 'APPROVED', 'Kumasi', 'Ashanti', 'Ghana', 0.2, '2023-02-01', 'b2'),
    ('vC', 'vA', 'SUSPENDED', null, null, null, null, null, 'b2');
insert into gold.vendor_businesses values ('vA', 'b1'), ('vA', 'b3'), ('vB', 'b2'), ('vC', 'b2');
insert into gold.dim_products values
    ('p1', 'Phone', 'S1', 'k2', 'Phones', 'k1', 'Electronics', 'vA', 100, 'GHS', 5, 2, 'ACTIVE', true, true, true, '2023-05-01'),
    ('p2', 'Charger', 'S2', 'k2', 'Phones', 'k1', 'Electronics', 'vB', 10, 'GHS', 0, 2, 'ACTIVE', true, true, false, '2023-06-01'),
    ('p3', 'Chair', 'S3', 'k3', 'Home & Garden', 'k3', 'Home & Garden', 'vB', 50, 'GHS', 7, 1, 'INACTIVE', false, true, false, '2023-07-01'),
    ('p4', 'Draft', 'S4', null, null, null, null, 'vA', 5, 'GHS', 0, 1, 'DRAFT', false, false, false, null);
insert into gold.dim_customers values
    ('c1', 'Esi Mensah', 'FEMALE', '25-34', 'CUSTOMER', 'PRIVATE', 'LOCAL', 'Accra', 'Greater Accra', 'Ghana', true, true, '2023-12-01', '2024-01-05', '2024-03-10', 'LOYAL'),
    ('c2', 'Yaw Boateng', 'MALE', null, 'CUSTOMER', 'BUSINESS', 'GOOGLE', 'Kumasi', 'Ashanti', 'Ghana', false, true, '2024-01-02', '2024-01-20', '2024-01-20', 'NEW'),
    ('c3', 'Ama Owusu', null, '35-44', 'VENDOR', 'UNKNOWN', 'LOCAL', null, null, null, null, false, '2024-03-01', '2024-03-15', '2024-03-15', 'NEW');
insert into gold.dim_delivery_partners values ('d1', 'Swift', 'Ghana'), ('d2', 'Slow', 'Ghana');
insert into gold.fact_orders values
    ('o1', 'c1', '2024-01-05', '2024-01-05 10:00', 'COMPLETED', 150.10, 5, 10, 0, 'GHS', 'search', null, 'PREPAID', 'CARD', 'Accra', 'Greater Accra', 'Ghana', true, false, false, true, false, 1),
    ('o2', 'c2', '2024-01-20', '2024-01-20 11:00', 'CANCELLED', 80.20, 0, 10, 0, 'GHS', 'social', null, 'COD', 'CASH_ON_DELIVERY', 'Kumasi', 'Ashanti', 'Ghana', false, true, false, false, false, 1),
    ('o3', 'c1', '2024-01-31', '2024-01-31 23:59', 'RETURNED', 999.99, 0, 0, 0, 'GHS', null, null, 'COD', 'CASH_ON_DELIVERY', 'Accra', 'Greater Accra', 'Ghana', false, false, false, true, false, 2),
    ('o4', 'c1', '2024-03-01', '2024-03-01 00:00', 'PENDING', 20.00, 0, 0, 0, 'GHS', 'search', null, 'NONE', null, null, null, null, false, false, false, false, false, 3),
    ('o5', 'c1', '2024-03-10', '2024-03-10 09:00', 'REJECTED', 33.33, 0, 0, 0, 'GHS', 'search', null, 'PREPAID', 'MOBILE_MONEY', 'Accra', 'Greater Accra', 'Ghana', false, false, true, false, true, 4),
    ('o6', 'c9', '2024-03-15', '2024-03-15 09:00', 'COMPLETED', 60.00, 0, 5, 0, 'GHS', 'email', null, 'PREPAID', 'CARD', 'Tamale', 'Northern', 'Ghana', true, false, false, true, false, 1);
insert into gold.fact_order_items (order_item_id, order_id, product_id, vendor_id, customer_id, order_date, quantity,
    unit_price, item_amount, line_total, commission_amount, currency) values
    ('i1', 'o1', 'p1', 'vA', 'c1', '2024-01-05', 1, 100.00, 100.00, 100.00, 10.00, 'GHS'),
    ('i2', 'o1', 'p2', 'vB', 'c1', '2024-01-05', 3, 10.05, 30.15, 40.00, 6.03, 'GHS'),
    ('i3', 'o2', 'p3', 'vB', 'c2', '2024-01-20', 2, 50.00, 100.00, 90.00, 20.00, 'GHS'),
    ('i4', 'o3', 'p1', 'vA', 'c1', '2024-01-31', 1, 99.90, 99.90, 99.90, 9.99, 'GHS'),
    ('i5', 'o5', null, null, 'c1', '2024-03-10', 4, 2.50, 10.00, 10.00, null, 'GHS'),
    ('i6', 'o6', 'p77', 'v77', 'c9', '2024-03-15', 1, 55.00, 55.00, 60.00, 5.50, 'GHS'),
    ('i7', 'o6', 'p1', 'vA', 'c9', '2024-03-15', 2, 5.00, 10.00, 10.00, 1.00, 'GHS');
insert into gold.fact_payments values
    ('y1', 'o1', 'c1', '2024-01-05', 'CARD', 'FAILED', 150.10, 'GHS', false),
    ('y2', 'o1', 'c1', '2024-01-06', 'CARD', 'SUCCESS', 150.10, 'GHS', true),
    ('y3', 'o2', 'c2', '2024-01-20', 'CASH_ON_DELIVERY', 'PENDING', 80.20, 'GHS', false),
    ('y4', 'o5', 'c1', '2024-03-10', 'MOBILE_MONEY', 'FAILED', 33.33, 'GHS', false),
    ('y5', 'o6', 'c9', '2024-04-01', 'CARD', 'SUCCESS', 60.00, 'GHS', true),
    ('y6', null, null, '2023-12-31', 'OTHER', 'SUCCESS', 7.77, 'GHS', true);
insert into gold.fact_shipments values
    ('s1', 'o1', 'd1', '2024-01-05', '2024-01-07', 'DELIVERED', 'Accra', 'Greater Accra', 'Ghana', 10.00, 'GHS', true, 2, false, '2024-01-07', true, true, false),
    ('s2', 'o2', 'd1', '2024-01-20', null, 'FAILED', 'Kumasi', 'Ashanti', 'Ghana', 12.50, 'GHS', false, null, false, '2024-01-25', true, false, true),
    ('s3', 'o2', 'd2', '2024-01-20', '2024-01-29', 'DELIVERED', 'Kumasi', 'Ashanti', 'Ghana', 7.25, 'GHS', false, 9, false, '2024-01-25', true, false, false),
    ('s4', 'o3', 'd2', '2024-01-31', '2024-01-30', 'DELIVERED', 'Accra', 'Greater Accra', 'Ghana', null, null, false, null, true, '2024-02-05', true, true, false),
    ('s5', 'o6', null, '2024-03-15', null, 'IN_TRANSIT', null, null, null, 5.00, 'GHS', null, null, false, '2024-03-25', false, false, false);
insert into gold.fact_returns values
    ('r1', 'o3', 'i4', 'c1', 'p1', 'vA', '2024-02-10', '2024-02-11', '2024-02-14', 'COMPLETED', 'Damaged', 99.90, 'GHS', true, 4),
    ('r2', 'o1', 'i2', 'c1', 'p2', 'vB', '2024-03-02', null, null, 'REJECTED', 'Changed mind', null, 'GHS', false, null),
    ('r3', null, null, 'c8', null, null, '2023-11-02', null, null, 'PENDING', null, 12.00, 'GHS', false, null);
insert into gold.fact_reviews values
    ('w1', 'c1', 'p1', 'vA', '2024-01-10', 5, 'o1'), ('w2', 'c2', 'p1', 'vA', '2024-03-10', 2, null),
    ('w3', 'c1', 'p2', 'vB', '2024-01-12', 4, 'o1'), ('w4', 'c1', 'p77', null, '2024-03-12', 1, null);
insert into gold.fact_tickets values
    ('t1', 'c1', 'o1', '2024-01-08', 'Delivery', 'CLOSED', 1.5, 24), ('t2', 'c9', null, '2024-03-08', null, 'OPEN', null, null),
    ('t3', 'c2', 'o2', '2024-03-09', 'Payment', 'PENDING', 2.5, null);
insert into gold.fact_visits values
    ('x1', 'n1', 'c1', '2024-01-05', 'search'), ('x2', 'n1', null, '2024-01-06', 'search'), ('x3', 'n2', null, '2024-03-03', null),
    ('x4', 'n3', 'c2', '2024-03-03', 'social');
insert into gold.fact_marketing_spend values
    ('e1', '2024-01-03', 'search', 30.00, 'GHS'), ('e2', '2024-02-03', 'social', 12.34, 'GHS'), ('e3', '2024-03-03', 'search', 9.99, 'GHS');
insert into gold.fact_vendor_applications values
    ('a1', 'vA', '2022-12-01', 'APPROVED', null, 'SOLE'), ('a2', 'vA', '2023-12-01', 'APPROVED', null, 'SOLE'),
    ('a3', null, '2024-01-10', 'REJECTED', 'Papers', 'COMPANY'), ('a4', 'vB', '2023-01-10', 'APPROVED', null, null),
    ('a5', 'vC', '2024-02-10', 'PENDING', null, 'SOLE');
insert into gold.fact_inventory_daily values
    ('p1', '2024-01-30', 'vA', 'k2', 9, 2, 100, 900, 'GHS', true, false, false),
    ('p1', '2024-01-31', 'vA', 'k2', 8, 2, 100, 800, 'GHS', true, false, false),
    ('p1', '2024-02-15', 'vA', 'k2', 2, 2, 100, 200, 'GHS', true, false, true),
    ('p1', '2024-03-19', 'vA', 'k2', 6, 2, 100, 600, 'GHS', true, false, false),
    ('p1', '2024-03-20', 'vA', 'k2', 5, 2, 100, 500, 'GHS', true, false, false),
    ('p2', '2024-01-30', 'vB', 'k2', 4, 2, 10, 40, 'GHS', true, false, false),
    ('p2', '2024-01-31', 'vB', 'k2', 0, 2, 10, 0, 'GHS', true, true, false),
    ('p2', '2024-02-15', 'vB', 'k2', 0, 2, 10, 0, 'GHS', true, true, false),
    ('p2', '2024-03-19', 'vB', 'k2', 3, 2, 10, 30, 'GHS', true, false, false),
    ('p2', '2024-03-20', 'vB', 'k2', 0, 2, 10, 0, 'GHS', true, true, false),
    ('p3', '2024-03-20', 'vB', 'k3', 7, 1, 50, 350, 'GHS', false, false, false),
    ('p4', '2024-03-20', 'vA', null, 11, 1, 5, 55, 'GHS', false, false, false);
-- Cart k1 became o1; k3 has nothing in it; k4 is of nobody and its lines are priced in two currencies.
insert into gold.fact_carts values
    ('k1', 'c1', 'o1', '2024-01-04', 2, 4, 130.15, 'GHS', false, true),
    ('k2', 'c1', null, '2024-01-31', 1, 1, 99.90, 'GHS', false, false),
    ('k3', 'c2', null, '2024-03-01', 0, 0, null, null, false, false),
    ('k4', null, null, '2024-03-02', 2, 2, null, null, true, false),
    ('k5', 'c9', 'o99', null, 1, 2, 20.00, 'GHS', false, true);
insert into gold.fact_wishlist_lines values
    ('l1', 'h1', 'c1', 'p1', 'vA', '2024-01-01', '2024-01-05', 4, true),
    ('l2', 'h1', 'c1', 'p3', 'vB', '2024-01-02', null, null, false),
    ('l3', 'h2', 'c9', 'p77', null, '2024-03-15', '2024-03-15', 0, true),
    ('l4', 'h3', null, 'p1', 'vA', null, null, null, false);
-- Payout g2 is explained in part; g4 failed, and nothing of it counts; g5 is of a vendor nobody knows.
insert into gold.fact_payouts values
    ('g1', 'vA', '2024-02-01', 'PAID', 200.00, 20.00, 175.00, 'GHS', 0.00, true),
    ('g2', 'vB', '2024-02-01', 'PAID', 130.15, 26.03, 104.12, 'GHS', 80.00, true),
    ('g3', 'vA', '2024-03-15', 'PENDING', 10.00, 1.00, 9.00, 'GHS', null, false),
    ('g4', 'vB', '2024-03-15', 'FAILED', 77.00, 7.00, 70.00, 'GHS', null, false),
    ('g5', 'v77', null, 'UNKNOWN', 55.00, 5.50, 49.50, 'GHS', null, false);
insert into gold.fact_vendor_earnings values
    ('q1', 'vA', 'g1', 'i1', 'o1', 'p1', '2024-01-05', 90.00, 'GHS'),
    ('q2', 'vB', 'g2', 'i2', 'o1', 'p2', '2024-01-05', 24.12, 'GHS'),
    ('q3', 'vA', 'g1', 'i4', 'o3', 'p1', '2024-01-31', 85.00, 'GHS'),
    ('q4', 'vA', 'g3', 'i7', 'o6', 'p1', '2024-03-15', 9.00, 'GHS'),
    ('q5', 'vB', null, null, null, null, '2024-03-16', 5.00, 'GHS'),
    ('q6', 'vB', 'g4', 'i3', 'o2', 'p3', null, 70.00, 'GHS');
alter table gold.fact_payouts add column period_start date;
alter table gold.fact_payouts add column period_end date;
alter table gold.fact_payouts add column earned_amount decimal(18,2);
update gold.fact_payouts set period_start = '2024-01-01', period_end = '2024-01-31' where payout_id in ('g1', 'g2');
update gold.fact_payouts set period_start = '2024-03-01', period_end = '2024-03-15' where payout_id = 'g3';
update gold.fact_payouts set earned_amount = net_payout - unexplained_amount;
alter table gold.fact_vendor_earnings add column order_date date;
alter table gold.fact_vendor_earnings add column line_item_amount decimal(18,2);
alter table gold.fact_vendor_earnings add column line_commission_amount decimal(18,2);
update gold.fact_vendor_earnings set order_date = i.order_date, line_item_amount = i.item_amount,
    line_commission_amount = i.commission_amount
from gold.fact_order_items as i where i.order_item_id = fact_vendor_earnings.order_item_id;
alter table gold.fact_orders add column delivered_date date;
alter table gold.fact_orders add column cancelled_date date;
update gold.fact_orders set delivered_date = '2024-01-07' where order_id = 'o1';
update gold.fact_orders set delivered_date = '2024-02-02' where order_id = 'o3';
update gold.fact_orders set cancelled_date = '2024-02-01' where order_id = 'o2';
