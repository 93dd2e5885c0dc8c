-- The API may do with a table what its statements do, column by column. tests/replay/upgrade.test.mjs (T4) computes what that is: it fails
-- when a statement comes that needs more, or goes that needed what no other does. Where a statement says `*` all columns are granted.

revoke all on audit.checkpoint, audit.link, audit.state, core.account_link, core.account_token, core.attempt,
	core.auth_nonce, core.bounty_event, core.chain, core.idempotency, core.installation, core.issue,
	core.ownership_result, core.policy_reading, core.pull_issue_link, core.refresh_token, core.resolution,
	core.role_grant, core.session, core.statement, core.wallet, core.wallet_check, ingest.delivery,
	ingest.delivery_key, ingest.hook_delivery, ledger.entry, ledger.transfer, ledger.tx_intent,
	ledger.tx_observation, proof.proof, proof.verdict, q.bucket, q.cancel, q.claim, q.control, q.held, q.job,
	q.lane, q.mark, q.outbox, q.outbox_cursor, q.parked, q.ready, q.replay, q.schedule, q.scheduled, q.slot,
	q.span, q.worker, rep.event, rep.formula from patchwork_api;
do $$
declare
	part text;
begin
	for part in select c.oid::regclass from pg_class c where c.relispartition and c.relkind = 'r' and c.relnamespace = 'q'::regnamespace loop
		execute format('revoke all on %s from patchwork_api', part); -- the partitioned tables are asked
	end loop;
end $$;

grant select (size, created_at) on audit.checkpoint to patchwork_api;
grant select (seq, log_id, floor) on audit.link to patchwork_api;
grant select (id, session_id, person_id, state_sha256, state, reason, confirm_sha256, expires_at),
	insert (id, session_id, person_id, state_sha256, redirect_uri, verifier, expires_at),
	update (state, reason, code, confirm_sha256, expires_at, decided_at),
	delete
	on core.account_link to patchwork_api;
grant select (id, account_id) on core.account_token to patchwork_api;
grant select,
	insert (nonce, address, chain_id, message, expires_at, public_key),
	update (consumed_at),
	delete
	on core.auth_nonce to patchwork_api;
grant select (bounty_id, seq, event, from_state, to_state, actor, job_id, data, at),
	insert (bounty_id, seq, event, from_state, to_state, actor, job_id, data)
	on core.bounty_event to patchwork_api;
grant select (id, escrow, enabled) on core.chain to patchwork_api;
grant select (person_id, route, key, request_sha256, response),
	insert (person_id, route, key, request_sha256, response),
	update (request_sha256)
	on core.idempotency to patchwork_api;
grant select (id, project_id, number, title, state),
	insert (project_id, number),
	update (number)
	on core.issue to patchwork_api;
grant select (check_id, evidence_sha256, commit_sha, at) on core.ownership_result to patchwork_api;
grant select (id, project_id, version_id, since) on core.policy_reading to patchwork_api;
grant select (pull_id, issue_id, level, source, first_seen) on core.pull_issue_link to patchwork_api;
grant select (sha256, session_id, used_at),
	insert (sha256, session_id),
	update (used_at)
	on core.refresh_token to patchwork_api;
grant select (id, submission_id, code, decision, reason, at) on core.resolution to patchwork_api;
grant select,
	insert (person_id, role, project_id, bounty_id, granted_by),
	update (revoked_by, revoked_at)
	on core.role_grant to patchwork_api;
grant select,
	insert (id, person_id, wallet_id, expires_at, kind, name, token_sha256, scopes, made_by),
	update (revoked_at, refreshed_at, revoked_reason, last_used_at)
	on core.session to patchwork_api;
grant select,
	insert (nonce, purpose, session_id, action, object_id, message, other_message, address, public_key, chain_id,
	caip10, expires_at),
	update (signed_at, used_at),
	delete
	on core.statement to patchwork_api;
grant select (id, person_id, chain_id, caip10, address, linked_at, unlinked_at, public_key),
	insert (person_id, chain_id, caip10, address, public_key, contract),
	update (chain_id, unlinked_at)
	on core.wallet to patchwork_api;
grant select,
	insert (nonce, address, chain_id, caip10, message, signature, secret_sha256, expires_at),
	update (opened_at),
	delete
	on core.wallet_check to patchwork_api;
grant select (id, received_at, provider, guid, event, state, reason, action, repo_id, number, own_hook),
	insert (id, guid, hook_id, event, secret_no, body, state, reason, signature, own_hook)
	on ingest.delivery to patchwork_api;
grant select (provider, guid, delivery_id, signature),
	insert (provider, guid, delivery_id, signature),
	update (guid)
	on ingest.delivery_key to patchwork_api;
grant select (hook_id, guid, redelivered_at) on ingest.hook_delivery to patchwork_api;
grant select (transfer_id, amount) on ledger.entry to patchwork_api;
grant select (id, key, kind, job_id, at) on ledger.transfer to patchwork_api;
grant select (id, key, attempt, nonce, tx_hash, state, created_at, sent_at) on ledger.tx_intent to patchwork_api;
grant select (id, intent_id, block_number, at) on ledger.tx_observation to patchwork_api;
grant select (id, submission_id, verdict_id, payload, payload_sha256, cid, created_at, pinned_at)
	on proof.proof to patchwork_api;
grant select (id, submission_id, policy_sha256, evidence_root, checks, result, created_at, kind)
	on proof.verdict to patchwork_api;
grant select (id, worker, queue, job_ids, attempts) on q.claim to patchwork_api;
grant select (queue, lane, prio, seq, job_id), insert (queue, lane, prio, seq, job_id) on q.held to patchwork_api;
grant select,
	insert (id, queue, kind, key, args, priority, root_id, parent_id, trace, created_by, project_id)
	on q.job to patchwork_api;
grant select (queue, lane, keys), insert (queue, lane), update (keys) on q.lane to patchwork_api;
grant select (event, topic, key),
	insert (event, topic, key, subject, project_id, body, trace)
	on q.outbox to patchwork_api;
grant select (job_id, queue, kind, error_code, parked_at) on q.parked to patchwork_api;
grant select (queue, prio, seq, job_id), insert (queue, prio, job_id, project_id) on q.ready to patchwork_api;
grant select (run_at, job_id, queue), insert (run_at, job_id, queue, prio) on q.scheduled to patchwork_api;
grant select (n, jobs, open, queues, kinds, actors, states, made_until, ended_from, ended_until, seen_at, made_from)
	on q.span to patchwork_api;
grant select (id, name, queues, seen_at, stopped_at) on q.worker to patchwork_api;
grant select (id, person_id, kind, points_micro, formula_version, source_type, source_id, occurred_at, job_id)
	on rep.event to patchwork_api;
grant select (version) on rep.formula to patchwork_api;

-- Two releases may read one policy file at one commit as two things: what the older one refused is a version of its own, so that the file
-- counts once the newer one has read it.
alter table core.policy_version drop constraint policy_version_once,
	add constraint policy_version_once unique nulls not distinct (project_id, commit_sha, sha256, code);
create or replace function core.policy_found(p_project uuid, p_commit text, p_text bytea, p_url text, p_rules jsonb, p_code text, p_detail text,
	p_asked timestamptz, p_pushed timestamptz, p_job bigint, p_trace text) returns bool language plpgsql as $$
declare
	v_sha bytea := sha256(coalesce(p_text, ''));
	v_project core.project;
	v_last core.policy_version;
	v_since timestamptz;
	v_id uuid;
	v_reading core.policy_reading;
begin
	select * into strict v_project from core.project where id = p_project for update;
	select r.since, v.* into v_since, v_last.id, v_last.project_id, v_last.commit_sha, v_last.sha256, v_last.text, v_last.url, v_last.rules,
		v_last.code, v_last.detail, v_last.read_at
	from core.policy_reading r join core.policy_version v on v.id = r.version_id
	where r.project_id = p_project order by r.since desc, r.id desc limit 1;
	if v_last.id is null and p_text is null and p_code is null then
		return false;
	end if;
	update core.project set policy_looked_at = greatest(policy_looked_at, p_asked) where id = p_project;
	if (v_last.sha256 = v_sha and (v_last.text is null) = (p_text is null) and v_last.code is not distinct from p_code)
		or p_asked < v_project.policy_looked_at then
		return false;
	end if;
	insert into core.policy_version (project_id, commit_sha, sha256, text, url, rules, code, detail)
	values (p_project, p_commit, v_sha, p_text, p_url, p_rules, p_code, p_detail)
	on conflict on constraint policy_version_once do nothing;
	select v.id into strict v_id from core.policy_version v
	where (v.project_id, v.commit_sha, v.sha256) = (p_project, p_commit, v_sha) and v.code is not distinct from p_code;
	insert into core.policy_reading (project_id, version_id, since, job_id)
	values (p_project, v_id, greatest(coalesce(p_pushed, now()), coalesce(v_project.policy_looked_at, now()), v_since), p_job) returning * into v_reading;
	perform q.emit('project.policy', p_project || ':' || v_reading.id, 'project/' || p_project, jsonb_build_object('project_id', p_project,
		'version_id', v_id, 'commit_sha', p_commit, 'sha256', encode(v_sha, 'hex'), 'code', p_code, 'since', v_reading.since), p_trace, p_project);
	perform core.status_ask(s.project_id, s.number, p_job, p_trace) from core.status_comment s
	where s.project_id = p_project and (p_code is null) is distinct from (v_last.code is null) and exists (
		select from core.bounty b join core.issue i on i.id = b.issue_id where i.project_id = p_project and i.number = s.number
			and b.state not in ('paid', 'refunded', 'cancelled'));
	return true;
end $$;
