-- requests.sql: the spans of `here`, each with its parent and with the service that answered it, where `near` has them and no more than the
-- reach (ns) lies between their starts. The end of a WITH clause that names both.
-- Some senders give a CLIENT span and the SERVER span that answers it one id: the SERVER's parent is then the CLIENT.
parents AS (
    SELECT trace_id, span_id,
           arg_min(service, started_at) AS service, arg_min(platform, started_at) AS platform, arg_min(kind, started_at) AS kind,
           arg_min(remote_kind, started_at) AS remote_kind,
           arg_min(remote_kind, started_at) FILTER (kind IN ('client', 'producer')) AS call, min(started_at) AS started_at, arg_min(duration_ns, started_at) AS duration_ns
    FROM near
    SEMI JOIN (SELECT trace_id AS child_trace, parent_span_id AS parent FROM here WHERE parent_span_id IS NOT NULL) AS child
      ON child.child_trace = near.trace_id AND child.parent = near.span_id
    GROUP BY trace_id, span_id
),
-- Calls that a service of ours answered itself: the callee's own span draws that edge.
answered AS (
    SELECT DISTINCT child.trace_id, child.parent_span_id AS span_id
    FROM near AS child
    JOIN here ON here.trace_id = child.trace_id AND here.span_id = child.parent_span_id
    WHERE here.kind IN ('client', 'producer')
      AND abs(epoch_ns(child.started_at) - epoch_ns(here.started_at)) <= /* reach */ 9223372036854775807
      AND (child.kind IN ('server', 'consumer') OR child.service <> here.service)
      AND (child.remote_kind IS NULL OR child.way = 'sync')
),
-- Who answers here, and as what: a call that was refused on its way names by `service.peer.name` a service that has spans of its own.
known AS (
    SELECT service, arg_min(platform, first_seen) AS platform FROM /* resources */ resource_rows GROUP BY service
)
SELECT
    here.* REPLACE (coalesce(known.platform, here.remote_kind) AS remote_kind),
    parents.service AS parent_service,
    parents.platform AS parent_platform,
    parents.kind AS parent_kind,
    parents.remote_kind AS parent_remote_kind,
    parents.call AS parent_call,
    parents.started_at AS parent_started_at,
    parents.duration_ns AS parent_duration_ns,
    answered.span_id IS NOT NULL AS answered,
    -- A request served: by a SERVER span, by a CONSUMER that no span of its own service wraps, by a root, by an invocation.
    CASE
        WHEN here.kind = 'server' THEN TRUE
        WHEN here.kind = 'consumer' THEN parents.kind IS NULL OR parents.kind IN ('producer', 'client') OR parents.service <> here.service
        WHEN here.parent_span_id IS NULL THEN TRUE
        ELSE here.invocation_id IS NOT NULL AND (parents.service IS NULL OR parents.service <> here.service)
    END AS request
FROM here
LEFT JOIN parents ON parents.trace_id = here.trace_id AND parents.span_id = here.parent_span_id
  AND abs(epoch_ns(parents.started_at) - epoch_ns(here.started_at)) <= /* reach */ 9223372036854775807
LEFT JOIN answered ON answered.trace_id = here.trace_id AND answered.span_id = here.span_id
LEFT JOIN known ON known.service = here.remote_name AND here.remote_kind = 'external' AND here.kind = 'client'
