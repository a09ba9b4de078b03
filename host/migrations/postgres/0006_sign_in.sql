-- Where a change of address was asked for, for the page that confirms it.
ALTER TABLE email_changes ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE email_changes ADD COLUMN agent TEXT NOT NULL DEFAULT '';

-- Staff have known browsers too, and press a button twice.
ALTER TABLE staff_requests ADD COLUMN known_hash TEXT;
ALTER TABLE staff_requests ADD COLUMN used_by_hash TEXT;
