-- invocation_groups.sql: how matching invocations did and what they cost, by one or more of their properties (`which`, from 0), of each the
-- largest groups, most first. Whatever the question, the invocations are read once and counted by all that is told apart, and only those
-- few counts are put together. Money is an exact sum of those that have a price, in 10^-18 USD.
WITH counted AS (
    SELECT
        /* names */, outcome, start_kind, cost_state, is_sampled, cost_attos IS NULL AS is_unpriced,
        count(*) AS counted,
        min(memory_mb) AS least_memory_mb,
        max(memory_mb) AS most_memory_mb,
        max(max_memory_mb) AS max_memory_mb,
        sum(cost_attos) AS total,
        sum(request_attos) AS requests,
        sum(duration_attos) AS duration,
        sum(storage_attos) AS storage,
        sum(streamed_attos) AS streamed,
        sum(restore_attos) AS restore,
        sum(init_attos) AS init,
        sum(stands_for - 1) AS left_out
    FROM (
        /* matching */
    )
    GROUP BY ALL
)
SELECT
    /* which */ AS which,
    /* name */ AS name,
    sum(counted)::BIGINT AS invocations,
    sum(counted) FILTER (outcome = 'error')::BIGINT AS errors,
    sum(counted) FILTER (outcome = 'timeout')::BIGINT AS timeouts,
    sum(counted) FILTER (outcome = 'oom')::BIGINT AS out_of_memory,
    sum(counted) FILTER (start_kind = 'warm')::BIGINT AS warm,
    sum(counted) FILTER (start_kind = 'felt')::BIGINT AS felt,
    sum(counted) FILTER (start_kind = 'proactive')::BIGINT AS proactive,
    sum(counted) FILTER (start_kind = 'suppressed')::BIGINT AS suppressed,
    sum(counted) FILTER (start_kind = 'provisioned')::BIGINT AS provisioned,
    sum(counted) FILTER (start_kind = 'restored')::BIGINT AS restored,
    sum(counted) FILTER (start_kind = 'managed')::BIGINT AS managed,
    sum(counted) FILTER (start_kind = 'cold')::BIGINT AS cold,
    sum(counted) FILTER (start_kind IS NULL)::BIGINT AS start_unknown,
    min(least_memory_mb) AS least_memory_mb,
    max(most_memory_mb) AS most_memory_mb,
    max(max_memory_mb) AS max_memory_mb,
    sum(total) AS total_attos,
    sum(total) FILTER (cost_state = 'reported') AS reported_attos,
    sum(total) FILTER (cost_state = 'estimated') AS estimated_attos,
    sum(requests) FILTER (NOT is_unpriced) AS requests_attos,
    sum(duration) FILTER (NOT is_unpriced) AS duration_attos,
    sum(storage) FILTER (NOT is_unpriced) AS storage_attos,
    sum(streamed) FILTER (NOT is_unpriced) AS streamed_attos,
    sum(restore) FILTER (NOT is_unpriced) AS restore_attos,
    sum(init) FILTER (NOT is_unpriced) AS init_attos,
    sum(total) FILTER (outcome <> 'ok') AS failed_attos,
    sum(counted) FILTER (is_unpriced)::BIGINT AS unpriced,
    sum(counted) FILTER (is_sampled)::BIGINT AS sampled,
    round(sum(left_out) FILTER (is_sampled))::BIGINT AS left_out
FROM counted
GROUP BY GROUPING SETS (/* sets */)
QUALIFY row_number() OVER (PARTITION BY which ORDER BY invocations DESC, name) <= ?
ORDER BY which, invocations DESC, name
