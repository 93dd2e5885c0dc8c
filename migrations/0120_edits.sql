-- What an edited comment may still do: its author's slip in a draft is put right, and nothing that was carried out is carried out
-- again. Of two texts of one comment the later one counts, in whatever order they are read.

-- The last text of a comment that held commands, by GitHub's clock; of one second, an edit comes after what it edits, then who came first.
create table core.comment_text (
	comment_id bigint primary key,
	body_sha256 bytea not null check (length(body_sha256) = 32),
	said_at timestamptz not null,
	edited bool not null,
	delivery_id bigint not null
);
grant select, insert, update on core.comment_text to patchwork_worker;
grant select on core.comment_text to patchwork_auditor;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on core.comment_text to patchwork_operator;
	end if;
end $$;

alter table core.command
	add column line_sha256 bytea check (length(line_sha256) = 32), -- of what the line says, however it is spaced; null: not kept then
	add column said_at timestamptz;                                -- when its text was written, by GitHub
grant update (code, bounty_id, permission, job_id, at, said_at) on core.command to patchwork_worker;

-- Whether no later text of the comment was read. Until the transaction ends nobody else reads one.
create function core.comment_stands(p_comment bigint, p_body bytea, p_said timestamptz, p_edited bool, p_delivery bigint) returns bool
language plpgsql as $$
begin
	insert into core.comment_text as t (comment_id, body_sha256, said_at, edited, delivery_id)
	values (p_comment, p_body, p_said, p_edited, p_delivery)
	on conflict (comment_id) do update set body_sha256 = excluded.body_sha256, said_at = excluded.said_at, edited = excluded.edited,
		delivery_id = excluded.delivery_id
	where (t.said_at, t.edited, t.delivery_id) < (excluded.said_at, excluded.edited, excluded.delivery_id);
	return found or exists (select from core.comment_text t where t.comment_id = p_comment and t.body_sha256 = p_body);
end $$;

-- Whether this line of another text of the comment was carried out. What the program before carried out is known by its verb alone.
create function core.command_kept(p_comment bigint, p_body bytea, p_verb text, p_line bytea, out kept bool, out bounty uuid)
language plpgsql stable as $$
#variable_conflict use_variable
begin
	select c.bounty_id into bounty from core.command c
	where c.comment_id = p_comment and c.body_sha256 <> p_body and c.verb = p_verb and c.code is null
		and (c.line_sha256 = p_line or c.line_sha256 is null) limit 1;
	kept := found;
end $$;

-- A `/bounty` of an edited comment: about the one that the comment has made, by whatever line; it makes the first one.
create function core.command_bounty_edited(p_project uuid, p_number int, p_comment bigint, p_body bytea, p_ordinal int, p_line bytea,
	p_uid bigint, p_amount text, p_symbol text, p_chain text, p_until timestamptz, p_job bigint, p_trace text, out code text,
	out bounty uuid)
language plpgsql as $$
#variable_conflict use_variable
declare
	v_made int;
	v_ordinal int := p_ordinal;
begin
	-- what made a bounty, or changed it last
	select last.bounty_id into bounty from (
		select distinct on (c.bounty_id) c.bounty_id, c.line_sha256 from core.command c
		where c.comment_id = p_comment and c.verb = 'bounty' and c.code is null and c.bounty_id is not null
		order by c.bounty_id, c.said_at desc nulls last, c.at desc, c.ordinal desc) last
	where last.line_sha256 = p_line limit 1;
	if found then
		return;
	end if;
	select count(distinct c.bounty_id) into v_made from core.command c
	where c.comment_id = p_comment and c.verb = 'bounty' and c.code is null and c.bounty_id is not null;
	if v_made > 1 or exists (select from core.command c where c.comment_id = p_comment and c.body_sha256 = p_body and c.verb = 'bounty'
		and c.ordinal <> p_ordinal and c.code is null) then
		code := 'command.edited'; -- which one is meant, it does not say
		return;
	elsif v_made = 1 then
		select c.ordinal into strict v_ordinal from core.command c
		where c.comment_id = p_comment and c.verb = 'bounty' and c.code is null and c.bounty_id is not null limit 1;
	end if;
	select b.code, b.bounty into code, bounty from core.command_bounty(p_project, p_number, p_comment, v_ordinal, p_uid, p_amount,
		p_symbol, p_chain, p_until, p_job, p_trace) b;
end $$;

-- As of 0096, and edits. p_said: when the text was written, by GitHub; null: nobody knows.
create function core.command_do(p_project uuid, p_number int, p_comment bigint, p_body bytea, p_ordinal int, p_uid bigint,
	p_login text, p_permission text, p_verb text, p_good bool, p_amount text, p_symbol text, p_chain text, p_until timestamptz,
	p_word text, p_plain bool, p_pull int, p_reason text, p_job bigint, p_trace text, p_said timestamptz, p_edited bool,
	p_delivery bigint, out code text, out bounty uuid, out pull uuid, out fresh bool)
language plpgsql as $$
#variable_conflict use_variable
declare
	v_writes bool := p_permission in ('admin', 'maintain', 'write');
	v_award bool := p_verb = 'award' and p_pull is not null;
	v_line bytea := sha256(convert_to(jsonb_build_array(p_verb, p_good, p_amount, lower(p_symbol), p_chain, extract(epoch from p_until),
		p_word, p_plain, p_pull, p_reason)::text, 'UTF8'));
	v_stands bool := p_said is null or core.comment_stands(p_comment, p_body, p_said, p_edited, p_delivery);
	v_before core.command;
	v_pull core.pull;
	v_gated bool := p_edited and p_good and p_verb not in ('bounty', 'claim');
	v_kept bool := false;
	v_kept_bounty uuid;
	v_state text;
begin
	fresh := false;
	select c.* into v_before from core.command c
	where c.comment_id = p_comment and c.body_sha256 = p_body and c.ordinal = p_ordinal;
	-- a text that was written again after another one says again what the bounty is
	if found and not (p_verb = 'bounty' and p_edited and v_stands and v_before.said_at < p_said) then
		code := v_before.code;
		bounty := v_before.bounty_id;
		return;
	elsif not v_stands then
		code := 'command.superseded';
		return;
	end if;
	if v_gated then
		select k.kept, k.bounty, (s.bounty).state into v_kept, v_kept_bounty, v_state
		from core.command_kept(p_comment, p_body, p_verb, v_line) k, core.command_subject(p_project, p_number) s;
	end if;
	fresh := true;
	select * into v_pull from core.pull where project_id = p_project and number = p_number;
	if not p_good then
		code := 'command.malformed';
	elsif not v_award and (not p_plain
		or p_verb not in ('bounty', 'claim', 'patchwork', 'attempt', 'unattempt', 'extend', 'cancel', 'reject')) then
		code := 'command.unsupported';
	elsif v_kept then
		bounty := v_kept_bounty;
		fresh := false;
	elsif v_gated and v_state is distinct from 'draft' then
		code := 'command.edited';
	elsif p_verb = 'patchwork' and p_word in ('off', 'on') then
		code := case when p_permission not in ('admin', 'maintain') then 'command.forbidden' end;
		update core.project set comments = p_word = 'on', announce = p_word = 'on', updated_at = now()
		where id = p_project and code is null;
	elsif p_verb = 'patchwork' then
		perform core.status_revive(p_project, p_number);
	elsif p_verb = 'claim' then
		code := case when v_pull.id is null then 'command.not_here' when v_pull.author_uid <> p_uid then 'command.forbidden'
			when v_pull.state <> 'open' then 'command.too_late' end;
		pull := case when code is null then v_pull.id end;
	elsif v_pull.id is not null then
		code := 'command.not_here';
	elsif v_award then
		select a.code, a.bounty into code, bounty from core.command_award(p_project, p_number, p_uid, v_writes, p_plain, p_word,
			p_pull) a;
	elsif p_verb <> 'bounty' then
		select a.code, a.bounty into code, bounty from core.command_about(p_project, p_number, p_uid, v_writes, p_verb, p_until, p_pull,
			p_reason, p_job, p_trace) a;
	elsif not v_writes then
		code := 'command.forbidden';
	elsif p_edited then
		select b.code, b.bounty into code, bounty from core.command_bounty_edited(p_project, p_number, p_comment, p_body, p_ordinal,
			v_line, p_uid, p_amount, p_symbol, p_chain, p_until, p_job, p_trace) b;
	else
		select b.code, b.bounty into code, bounty from core.command_bounty(p_project, p_number, p_comment, p_ordinal, p_uid, p_amount,
			p_symbol, p_chain, p_until, p_job, p_trace) b;
	end if;
	insert into core.command as c (comment_id, body_sha256, ordinal, project_id, number, actor_uid, actor_login, permission, verb, code,
		bounty_id, job_id, reason, line_sha256, said_at)
	values (p_comment, p_body, p_ordinal, p_project, p_number, p_uid, p_login, p_permission, p_verb, code, bounty, p_job, p_reason,
		v_line, p_said)
	on conflict (comment_id, body_sha256, ordinal) do update set code = excluded.code, bounty_id = excluded.bounty_id,
		permission = excluded.permission, job_id = excluded.job_id, at = excluded.at, said_at = excluded.said_at;
end $$;

-- For programs that do not say whether it is an edit.
create or replace function core.command_do(p_project uuid, p_number int, p_comment bigint, p_body bytea, p_ordinal int, p_uid bigint,
	p_login text, p_permission text, p_verb text, p_good bool, p_amount text, p_symbol text, p_chain text, p_until timestamptz,
	p_word text, p_plain bool, p_pull int, p_reason text, p_job bigint, p_trace text, out code text, out bounty uuid, out pull uuid,
	out fresh bool)
language sql as $$
	select * from core.command_do(p_project, p_number, p_comment, p_body, p_ordinal, p_uid, p_login, p_permission, p_verb, p_good,
		p_amount, p_symbol, p_chain, p_until, p_word, p_plain, p_pull, p_reason, p_job, p_trace, null, false, null)
$$;
