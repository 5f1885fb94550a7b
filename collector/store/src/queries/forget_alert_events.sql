-- forget_alert_events.sql: only so many are kept, the newest, and all that somebody is still to be told of.
DELETE FROM alert_event_rows
WHERE delivery <> 'waiting' AND event_id NOT IN (SELECT event_id FROM alert_event_rows ORDER BY happened_at DESC, event_id LIMIT ?)
