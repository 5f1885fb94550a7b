-- Who a span was for, by any attribute: what groups of cost by `attr.NAME`, by team and by customer go by.

-- What a resource says of itself: the attribute `named`, or its team.
CREATE OR REPLACE MACRO said_by_sender(attributes, named, of_attribute, of_team) AS
    CASE
        WHEN of_attribute THEN nullif(attributes[named], '')
        WHEN of_team THEN coalesce(
            nullif(attributes['team'], ''),
            nullif(attributes['team.name'], ''),
            nullif(attributes['app.team'], ''),
            nullif(attributes['service.team'], ''),
            nullif(attributes['owner'], ''),
            nullif(attributes['service.namespace'], '')
        )
    END;

-- What was said of spans begun from asked_from to asked_to (ns): the attribute `named` of a span, or else of its sender; its customer, which
-- is its tenant, or else its customer.id; or its sender's team. Rows of three kinds, for a join each:
--   span    an entry or a call (trace_id, span_id): its own word, else its sender's; else, where it handles messages whose traces say
--           something, a row for each value, with its part of the links: below / shares to upto / shares of every amount;
--   trace   a trace (trace_id): what the first of its spans says that says anything itself;
--   report  a request that only the platform told of (request_id): a word of who reported it.
-- The rest of a trace, and traces that are linked to, are looked for a day around.
CREATE OR REPLACE MACRO said(named, of_attribute, of_team, of_customer, asked_from, asked_to) AS TABLE
WITH senders AS MATERIALIZED (
    SELECT resource_id, any_value(value) AS value
    FROM (
        SELECT resource_id, said_by_sender(attributes, named, of_attribute, of_team) AS value
        FROM resource_rows
        WHERE of_attribute OR of_team
    )
    WHERE value IS NOT NULL
    GROUP BY resource_id
),
own AS MATERIALIZED (
    SELECT trace_id, span_id, started_at, value
    FROM (
        SELECT
            trace_id, span_id, started_at,
            CASE
                WHEN of_attribute THEN nullif(attributes[named], '')
                WHEN of_customer THEN coalesce(tenant, customer)
            END AS value
        FROM span_rows
        WHERE (of_attribute OR of_customer)
          AND started_at >= make_timestamp_ns(asked_from - 86400000000000) AND started_at < make_timestamp_ns(asked_to + 86400000000000)
    )
    WHERE value IS NOT NULL
),
trace_says AS MATERIALIZED (
    SELECT trace_id, arg_min(value, (started_at, span_id)) AS value FROM own GROUP BY trace_id
),
-- A span's own word before its sender's; some senders give two spans one id.
span_says AS MATERIALIZED (
    SELECT trace_id, span_id, arg_min(value, place) AS value
    FROM (
        SELECT trace_id, span_id, value, 1 AS place FROM own
        UNION ALL
        SELECT trace_id, span_id, sender.value, 2
        FROM span_rows
        JOIN senders AS sender USING (resource_id)
        WHERE started_at >= make_timestamp_ns(asked_from) AND started_at < make_timestamp_ns(asked_to) AND kind <> 'internal'
    )
    GROUP BY trace_id, span_id
),
-- The links of an entry, or of a batch just inside it.
linked AS (
    SELECT message.trace_id, span_id, trace_says.value, count(*) AS links
    FROM (
        SELECT trace_id, unnest([span_id, outer_id]) AS span_id, message
        FROM (
            SELECT trace_id, span_id, CASE WHEN kind = 'consumer' THEN parent_span_id END AS outer_id, unnest(links).trace_id AS message
            FROM span_rows
            WHERE (of_attribute OR of_customer) AND len(links) > 0 AND kind IN ('server', 'consumer')
              AND started_at >= make_timestamp_ns(asked_from) AND started_at < make_timestamp_ns(asked_to + 86400000000000)
        )
    ) AS message
    LEFT JOIN trace_says ON trace_says.trace_id = message.message
    WHERE span_id IS NOT NULL
    GROUP BY ALL
),
split AS (
    SELECT
        *,
        sum(links) OVER (PARTITION BY trace_id, span_id ORDER BY value NULLS LAST ROWS UNBOUNDED PRECEDING) AS upto,
        sum(links) OVER (PARTITION BY trace_id, span_id) AS shares,
        count(value) OVER (PARTITION BY trace_id, span_id) AS told
    FROM linked
)
SELECT 'span' AS told_by, trace_id, span_id, NULL::VARCHAR AS request_id, value, 0::BIGINT AS below, 1::BIGINT AS upto, 1::BIGINT AS shares
FROM span_says
UNION ALL
SELECT 'span', trace_id, span_id, NULL, value, (upto - links)::BIGINT, upto::BIGINT, shares::BIGINT
FROM split
WHERE told > 0 AND NOT EXISTS (SELECT 1 FROM span_says WHERE span_says.trace_id = split.trace_id AND span_says.span_id = split.span_id)
UNION ALL
SELECT 'trace', trace_id, NULL, NULL, value, 0, 1, 1 FROM trace_says
UNION ALL
SELECT 'report', NULL, NULL, invocation_id, any_value(sender.value), 0, 1, 1
FROM platform_rows
JOIN senders AS sender USING (resource_id)
WHERE invocation_id IS NOT NULL
GROUP BY invocation_id;

-- The part of an amount from below / shares to upto / shares of it, rounded down at both ends: the parts of a whole sum to it.
CREATE OR REPLACE MACRO part_of_attos(attos, below, upto, shares) AS
    CASE WHEN shares = 1 THEN attos ELSE attos::HUGEINT * upto // shares - attos::HUGEINT * below // shares END;
