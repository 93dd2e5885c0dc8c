-- none: GitHub was asked to deliver it again, or it has come meanwhile; the last time counts
-- in   hook_id  uuid
-- in   guid     uuid
-- role worker
update ingest.hook_delivery set redelivered_at = now() where hook_id = $1 and guid = $2;
