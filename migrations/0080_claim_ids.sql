-- A claim's id is its fence, and no two claims may ever have the same. Claims are committed without waiting for the disk, so a
-- server that crashes may forget one and hand out its number again, while a worker still has the first one's jobs in hand: the
-- upper bits are drawn by lot. 53 bits in all, exact as a number of JSON.
alter table q.claim alter column id set default (floor(random() * 2097152)::bigint << 32) | (nextval('q.claim_id') & 4294967295);
