-- An event of a type with ten digits or more was refused, and all webhooks of its transaction with it.
ALTER TABLE event ALTER COLUMN type TYPE BIGINT;
