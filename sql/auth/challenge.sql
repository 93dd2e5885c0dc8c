-- one row: keep the text that a wallet is to sign, so that what comes back is compared with it
-- in   nonce       text
-- in   address     bytea        20 bytes, or Casper's account hash
-- in   chain_id    int8?        null for Casper
-- in   message     text
-- in   expires_at  timestamptz
-- in   public_key  bytea?       Casper's, with its tag
-- out  nonce       text         single use
-- out  message     text         sign exactly these bytes: EIP-191 personal_sign, or a Casper wallet's signMessage
-- out  expires_at  timestamptz
-- role api
-- Each new challenge takes two that are over for a day with it, so that the table stays small.
with gone as (
	delete from core.auth_nonce where nonce = any (array(
		select nonce from core.auth_nonce where expires_at < now() - interval '1 day' limit 2 for update skip locked))
)
insert into core.auth_nonce (nonce, address, chain_id, message, expires_at, public_key) values ($1, $2, $3, $4, $5, $6)
returning nonce, message, expires_at
