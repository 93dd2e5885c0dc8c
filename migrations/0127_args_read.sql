-- What a job's args name, read: args are whoever's who may enqueue. NULL when it is not there, or of another form.
create function q.arg_uuid(args jsonb, name text) returns uuid language sql immutable parallel safe as $$
	select case when args ->> name ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (args ->> name)::uuid end
$$;
create function q.arg_int8(args jsonb, name text) returns bigint language sql immutable parallel safe as $$
	select case when args ->> name ~ '^[0-9]{1,18}$' then (args ->> name)::int8 end
$$;
