-- said.sql: what spans and senders say by which spending from $from until $to is grouped.
CREATE OR REPLACE TEMP TABLE said_now AS
FROM said($named::VARCHAR, $of_attribute::BOOLEAN, $of_team::BOOLEAN, $of_customer::BOOLEAN, $from::BIGINT, $to::BIGINT)
