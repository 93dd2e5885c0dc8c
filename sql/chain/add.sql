-- one: the chain, its escrow and one token; again with other values changes them
-- role owner
-- in   chain_id       int8
-- in   confirmations  int4
-- in   escrow         bytea
-- in   token          bytea
-- in   token_text     text    EIP-55
-- in   symbol         text
-- in   decimals       int4
-- in   least          numeric?  of a bounty, in the smallest unit; null = as it was, one at first
-- out  asset      text      CAIP-19
-- out  symbol     text
-- out  decimals   int4
-- out  least      numeric
-- out  escrow     bytea
with chain as (
	insert into core.chain (id, caip2, confirmations, escrow)
	values ($1, 'eip155:' || $1, $2, $3)
	on conflict (id) do update set confirmations = excluded.confirmations, escrow = excluded.escrow
	returning id
)
insert into core.asset as a (caip19, chain_id, token, symbol, decimals, least)
select 'eip155:' || id || '/erc20:' || $5, id, $4, $6, $7, coalesce($8, 1) from chain
on conflict (chain_id, token) do update set symbol = excluded.symbol, decimals = excluded.decimals, least = coalesce($8, a.least)
returning caip19 as asset, symbol, decimals::int, least, $3 as escrow
