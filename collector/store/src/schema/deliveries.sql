-- What was handed over through queues, topics and buses: one row a sender and a receiver that are both here, told by a link (a batch has
-- many senders) or by the parent (one trace through an asynchronous call).
--
-- waited_ms: from the sending to the start of the receiver. The queue or topic says when it took the message, to the millisecond, and our
-- SDK passes that on; without it the wait begins when the sender had its answer. 0 where the receiver started before that.
CREATE OR REPLACE VIEW deliveries AS
SELECT
    receiver.trace_id, receiver.span_id, receiver.service, receiver.name, receiver.started_at,
    receiver.remote_kind AS through_kind, receiver.remote_name AS through, receiver.records, receiver.joined_by,
    sender.trace_id AS sender_trace_id, sender.span_id AS sender_span_id, sender.service AS sender, sender.name AS sender_name,
    sender.started_at AS sender_started_at,
    greatest(
        epoch_ns(receiver.started_at)
        - CASE WHEN coalesce(receiver.records, 1) = 1 AND receiver.sent_ms > 0 THEN receiver.sent_ms * 1000000 ELSE coalesce(epoch_ns(sender.ended_at), epoch_ns(sender.started_at) + sender.duration_ns) END,
        0
    ) / 1e6 AS waited_ms
FROM (
    SELECT
        trace_id, span_id, service, name, started_at, remote_kind, remote_name, records, sent_ms, 'link' AS joined_by,
        link.trace_id AS from_trace_id, link.span_id AS from_span_id
    FROM (
        SELECT *, unnest(links) AS link
        FROM span_rows
        WHERE len(links) > 0
    )
    UNION ALL
    SELECT
        trace_id, span_id, service, name, started_at, remote_kind, remote_name, records,
        sent_ms, 'parent', trace_id, parent_span_id
    FROM span_rows
    WHERE parent_span_id IS NOT NULL AND way <> 'sync' AND kind IN ('server', 'consumer')
) AS receiver
JOIN span_rows AS sender ON sender.trace_id = receiver.from_trace_id AND sender.span_id = receiver.from_span_id
-- A batch's own consumer span is a child of its invocation; that is no delivery.
WHERE receiver.joined_by = 'link' OR sender.kind IN ('client', 'producer');
