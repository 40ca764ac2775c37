-- A store of any size, made by number: five orders a customer, seven subscriptions for six, raw rows of about 2 KB.
create table cratejoy.customers as
select 7101000017 + n * 7 as id, 'Ada Marsh' as name, 'Ada' as first_name, 'Marsh' as last_name,
    case when n % 50 = 0 then 'Ada.' || n - 1 else 'ada.' || n end || '@example.com' as email,
    'US' as country, 'OR, US' as location, 5::bigint as num_orders, 1::bigint as num_subscriptions,
    'active' as subscription_status, 15996::bigint as total_revenue, null::text as note, 'customer' as type,
    '/v1/customers/' || 7101000017 + n * 7 || '/' as url, null::text as status, null::jsonb as store_settings,
    jsonb_build_array(jsonb_build_object('id', n, 'to', 'Ada Marsh', 'city', 'Portland', 'icon', 'United-States.png',
        'type', 'address', 'unit', '4B', 'state', 'OR', 'status', 1, 'street', n || ' Example Street',
        'company', '', 'country', 'US', 'zip_code', '97201', 'phone_number', '555-0100', 'status_message', null))
        as addresses,
    null::jsonb as _md, null::bigint as _md_id, null::jsonb as _extra
from cratejoy.size, generate_series(1, customers) n;
alter table cratejoy.customers add primary key (id);

create table cratejoy.subscriptions as
select 8101000000 + n * 3 as id, 7101000017 + (n * 7919 % customers + 1) * 7 as customer_id, 'active' as status,
    true as autorenew, '2021-01-01Z'::timestamptz + n % 43800 * interval '1 hour' as start_date,
    '2026-11-15Z'::timestamptz as end_date, null::timestamptz as skipped_date, 'Monthly' as billing_name,
    null::bigint as credit, null::bigint as revenue, '' as note, false as is_test, 1::bigint as source,
    4800001::bigint as store_id, 55000001::bigint as product_billing_id, 'subscription' as type,
    '/v1/subscriptions/' || n || '/' as url,
    '{"id": 1, "name": "Ada Marsh", "email": "ada@example.com", "country": "US", "location": "OR, US", "type": "customer"}'::jsonb as customer,
    jsonb_build_object('id', n, 'to', 'Ada Marsh', 'city', 'Portland', 'icon', 'United-States.png', 'unit', '4B',
        'state', 'OR', 'status', 1, 'street', n || ' Example Street', 'company', '', 'country', 'US',
        'zip_code', '97201', 'phone_number', '555-0100', 'status_message', null, 'type', 'address') as address,
    '{"id": 55000001, "rebill_day": 15, "rebill_months": 1, "rebill_weeks": null, "rebill_window": 10, "store_id": 4800001, "type": "product_billing"}'::jsonb as billing,
    '{"description": "Billed every month", "enabled": true, "id": 55000030, "images": [], "name": "Month to Month", "num_cycles": 1, "type": "subscription_type_term"}'::jsonb as term,
    '{"deleted": false, "description": "A box of tea, picked by hand, sent every month", "display_order": 1, "flat_ship_price": 500, "gift_shipping": 0, "giftable": true, "id": 55000010, "listed": true, "max_subs": null, "meta": {}, "mp_visible": true, "name": "Tea Box", "product_billing_id": 55000001, "product_type": 0, "reviewable": true, "ship_option": 1, "ship_weight": 1.5, "single_purchasable": false, "sku": "TEA", "slug": "tea-box", "store_id": 4800001, "subscribe_flow": true, "subscribe_flow_data": null, "visible": true}'::jsonb as product,
    '{"id": 55000020, "name": "Tea Box - Green", "price": 3999, "product_id": 55000010, "sku": "TEA-GREEN"}'::jsonb as product_instance,
    null::jsonb as subscription_gift_info, null::jsonb as _extra
from cratejoy.size, generate_series(1, customers * 7 / 6) n;
alter table cratejoy.subscriptions add primary key (id);

create table cratejoy.orders as
select 9101000000 + n * 3 as id, 7101000017 + (n * 7907 % customers + 1) * 7 as customer_id,
    '2021-01-01Z'::timestamptz + n % 43800 * interval '1 hour' as placed_at, 'closed' as status,
    'paid' as financial_status, 'fulfilled' as fulfillment_status, true as is_renewal, false as is_gift,
    false as is_test, null::text as note, '' as gift_message, false as gift_renewal_notif,
    null::jsonb as order_gift_info, 3999::bigint as sub_total, 4499::bigint as total, 4499::bigint as total_price,
    500::bigint as total_shipping, 500::bigint as gross_shipping, 0::bigint as total_tax, 0::bigint as credit_applied,
    0::bigint as gift_card_discount, 0::bigint as refunded_amount, 0::bigint as card_refunded_amount,
    null::bigint as refund_applied, null::bigint as prorated_charge, 66::bigint as transaction_fee,
    4800001::bigint as store_id, 'order' as type, '/v1/orders/' || n || '/' as url,
    '{"id": 1, "name": "Ada Marsh", "email": "ada@example.com", "country": "US", "location": "OR, US", "type": "customer"}'::jsonb as customer,
    jsonb_build_array(jsonb_build_object('id', n, 'order_id', n, 'price', 3999, 'quantity', 1, 'discount', 0,
        'shipping', 500, 'tax', 0, 'ship_weight', 1.5, 'subscription_id', n % 700000, 'type', 'cart_product',
        'instance', '{"deleted": false, "gift": false, "id": 55000020, "images": [], "inventory": null, "price": 3999, "product": {"deleted": false, "id": 55000010, "name": "Tea Box", "single_purchasable": false}, "product_id": 55000010, "ship_weight": 1.5, "sku": "TEA-GREEN", "term_prices": [{"id": 55000052, "type": "product_instance_subscription_type_term_price", "price": 1999, "term_id": 55000030}, {"id": 55000053, "type": "product_instance_subscription_type_term_price", "price": 5697, "term_id": 55000031}], "type": "product_instance", "variants": []}'::jsonb)) as products,
    null::jsonb as ship_address, null::jsonb as bill_address, null::jsonb as coupons, null::jsonb as _extra
from cratejoy.size, generate_series(1, customers * 5) n;
alter table cratejoy.orders add primary key (id);
analyze;
