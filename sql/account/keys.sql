-- many: by which keys users' tokens and webhooks' secrets are sealed
-- out  key_id  text
-- out  tokens  int8
-- out  hooks   int8
-- role worker auditor
select key_id, count(*) filter (where what = 'token') as tokens, count(*) filter (where what = 'hook') as hooks
from (
	select key_id, 'token' as what from core.account_token
	union all
	select refresh_key_id, 'token' from core.account_token where refresh_key_id <> key_id
	union all
	select key_id, 'hook' from core.hook where gone_at is null and key_id is not null
) as sealed
group by key_id order by key_id
