-- Where a test clock is on its way to, in business time; none while it stands.
ALTER TABLE clocks ADD COLUMN target_us INTEGER;
