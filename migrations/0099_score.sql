-- One event for what earned it, whichever version of the formula counted it: a version that follows does not count it again.
create unique index event_source on rep.event (person_id, kind, source_type, source_id);
