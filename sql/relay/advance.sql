-- none: move the cursor past what the broker has; not when it was rewound meanwhile
-- in   sink      text
-- in   from_xid  int8
-- in   from_id   int8
-- in   xid       int8
-- in   id        int8
-- role relay
update q.outbox_cursor set xid = $4::text::xid8, id = $5, updated_at = now()
where sink = $1 and (xid, id) = ($2::text::xid8, $3);
