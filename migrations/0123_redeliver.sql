-- A delivery that is missing is asked for until it comes: GitHub says yes to an ask whether or not what it sends then arrives. After three
-- days GitHub has it no more.

alter table ingest.hook_delivery
	add column asks int not null default 0,
	add column ask_at timestamptz not null default now(), -- when it is asked for again
	add column arrived_at timestamptz,                    -- seen to be there
	add column given_up_at timestamptz;
create index hook_delivery_open on ingest.hook_delivery (ask_at) where arrived_at is null and given_up_at is null;

create function ingest.redelivery_window() returns interval language sql immutable as $$ select interval '3 days' $$;
-- From the n-th ask to the next. Looks are ten minutes apart: the first pause ends before the next one.
create function ingest.redelivery_pause(n int) returns interval language sql immutable as $$
	select least(interval '9 minutes' * 2 ^ least(n - 1, 10), interval '12 hours')
$$;

grant update (asks, ask_at, arrived_at, given_up_at) on ingest.hook_delivery to patchwork_worker;
grant select (given_up_at) on ingest.hook_delivery to patchwork_api;
