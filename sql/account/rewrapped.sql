-- none: it is written down that tokens were sealed anew
-- in   key_id  text   which seals them now
-- in   tokens  int8
-- in   actor   text   kind:id
-- in   reason  text?
-- role worker
select audit.append('keys.rewrapped', 'key', $1, jsonb_build_object('tokens', $2), split_part($3, ':', 1),
	substr($3, strpos($3, ':') + 1), $4)
