-- Awards: a maintainer's word, with a reason, that a merged pull request solved the issue. Evidence of level 0: it puts the pull request
-- before the checks, and another person decides whether it is paid.

create table core.award (
	comment_id bigint not null,
	body_sha256 bytea not null,
	ordinal int not null,
	submission_id uuid not null references core.submission,
	actor_uid bigint not null,
	actor_login text not null,
	reason text not null check (length(reason) between 1 and 500),
	evidence_sha256 bytea not null references ingest.evidence, -- the document that verdicts are made from
	at timestamptz not null default now(),
	primary key (comment_id, body_sha256, ordinal),
	foreign key (comment_id, body_sha256, ordinal) references core.command,
	unique (comment_id, submission_id)           -- an edited comment awards nothing twice
);
create index award_submission on core.award (submission_id, at);

-- Whether two GitHub accounts are one person's, or share a wallet or an account with each other, now or ever.
create function core.is_kin(p_uid bigint, p_other bigint) returns bool language sql stable as $$
	with recursive kin (person_id) as (
		select a.person_id from core.external_account a where a.provider = 'github' and a.provider_uid = p_uid
		union
		select o.person_id from kin k cross join lateral (
			select y.person_id from core.wallet x join core.wallet y on y.address = x.address where x.person_id = k.person_id
			union
			select y.person_id from core.external_account x join core.external_account y
				on (y.provider, y.provider_uid) = (x.provider, x.provider_uid) where x.person_id = k.person_id) o
	)
	select p_uid = p_other or exists (select from kin k join core.external_account a on a.person_id = k.person_id
		where a.provider = 'github' and a.provider_uid = p_other)
$$;

-- Whether an award counts: null, or why not. p_repo: the repository that was written before the number, or nothing.
create function core.command_award(p_project uuid, p_number int, p_uid bigint, p_writes bool, p_plain bool, p_repo text, p_pull int,
	out code text, out bounty uuid) language plpgsql as $$
#variable_conflict use_variable
declare
	v_subject record;
	v_bounty core.bounty;
	v_pull core.pull;
	v_submission core.submission;
begin
	if not p_writes then
		code := 'command.forbidden';
		return;
	elsif not p_plain then
		code := 'award.shares';
		return;
	end if;
	select s.* into v_subject from core.command_subject(p_project, p_number) s;
	code := v_subject.code;
	v_bounty := v_subject.bounty;
	if code is not null then
		return;
	end if;
	bounty := v_bounty.id;
	select p.* into v_pull from core.pull p where p.project_id = p_project and p.number = p_pull;
	select s.* into v_submission from core.submission s where s.bounty_id = v_bounty.id and s.pull_id = v_pull.id;
	code := case
		when p_repo <> '' and lower(p_repo) <> (select lower(r.full_name) from core.project r where r.id = p_project) then 'award.elsewhere'
		when v_pull.id is null then 'award.no_pull'
		when v_pull.state <> 'merged' then 'award.not_merged'
		when core.is_kin(v_pull.author_uid, p_uid) then 'award.own'
		when v_bounty.state = 'draft' then 'award.unfunded'
		when v_bounty.state not in ('funding', 'open', 'in_progress', 'merged', 'frozen') then 'award.won'
		when v_pull.merged_at < v_bounty.created_at - interval '2 minutes' then 'award.before_bounty'
		when v_submission.state = 'lost' or (v_submission.state = 'rejected' and v_submission.reason <> 'submission.refused')
			then 'award.decided' end;
end $$;

-- As it was, and awards. The program before names no pull request in one, so that it goes on refusing them.
create or replace function core.command_do(p_project uuid, p_number int, p_comment bigint, p_body bytea, p_ordinal int, p_uid bigint,
	p_login text, p_permission text, p_verb text, p_good bool, p_amount text, p_symbol text, p_chain text, p_until timestamptz,
	p_word text, p_plain bool, p_pull int, p_reason text, p_job bigint, p_trace text, out code text, out bounty uuid, out pull uuid,
	out fresh bool)
language plpgsql as $$
#variable_conflict use_variable
declare
	v_writes bool := p_permission in ('admin', 'maintain', 'write');
	v_award bool := p_verb = 'award' and p_pull is not null;
	v_pull core.pull;
begin
	fresh := false;
	select c.code, c.bounty_id into code, bounty from core.command c
	where c.comment_id = p_comment and c.body_sha256 = p_body and c.ordinal = p_ordinal;
	if found then
		return;
	end if;
	fresh := true;
	select * into v_pull from core.pull where project_id = p_project and number = p_number;
	if not p_good then
		code := 'command.malformed';
	elsif not v_award and (not p_plain
		or p_verb not in ('bounty', 'claim', 'patchwork', 'attempt', 'unattempt', 'extend', 'cancel', 'reject')) then
		code := 'command.unsupported';
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
	else
		select b.code, b.bounty into code, bounty from core.command_bounty(p_project, p_number, p_comment, p_ordinal, p_uid, p_amount,
			p_symbol, p_chain, p_until, p_job, p_trace) b;
	end if;
	insert into core.command (comment_id, body_sha256, ordinal, project_id, number, actor_uid, actor_login, permission, verb, code,
		bounty_id, job_id, reason)
	values (p_comment, p_body, p_ordinal, p_project, p_number, p_uid, p_login, p_permission, p_verb, code, bounty, p_job, p_reason);
end $$;

-- Who awarded a pull request, or wrote it, does not accept it, too. The actor is who the operator says they are; db_role in the audit
-- log is not.
create function core.resolution_by_another() returns trigger language plpgsql as $$
declare
	v_actor text := case when new.actor like '%_:_%' then substr(new.actor, strpos(new.actor, ':') + 1) else new.actor end;
begin
	if new.decision = 'accept' and exists (
		select from core.submission s join core.pull p on p.id = s.pull_id cross join lateral (
			select p.author_uid, p.author_login union all
			select a.actor_uid, a.actor_login from core.award a where a.submission_id = s.id) as x (uid, login)
		left join core.external_account e on e.provider = 'github' and e.provider_uid = x.uid
		where s.id = new.submission_id and lower(v_actor) in (lower(x.login), lower(e.login_display), x.uid::text, e.person_id::text)) then
		raise exception 'verify.second_person' using errcode = 'PW001', detail = 'who awarded or wrote it does not accept it, too';
	end if;
	return new;
end $$;
create trigger second_person before insert on core.resolution for each row execute function core.resolution_by_another();

grant select, insert on core.award to patchwork_worker;
grant select on core.award to patchwork_api, patchwork_auditor;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on core.award to patchwork_operator;
	end if;
end $$;
