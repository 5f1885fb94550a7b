-- A request's share of the task that served it: the sweep of `model::money::shares`, in SQL.

-- Shares what a task cost (in USD, for billed_ns) among requests, a list of {id, from_ns, to_ns} clipped to its life: at each instant
-- those open then share alike, and an instant with none is idle. direct_usd are rounded down and idle_usd has the rest, so that
-- they sum to the cost. fully_loaded_usd shares the whole cost in proportion.
--
-- Time counts in 720,720ths of a nanosecond, which up to 16 requests at once divide without a rest.
CREATE OR REPLACE MACRO task_shares(cost_usd, billed_ns, from_ns, to_ns, requests) AS (
    WITH clipped AS (
        SELECT
            place, request.id AS id,
            least(greatest(request.from_ns, from_ns), to_ns) AS opens,
            least(greatest(request.to_ns, request.from_ns, from_ns), to_ns) AS closes
        FROM (SELECT unnest(requests) AS request, generate_subscripts(requests, 1) AS place)
    ),
    instants AS (
        SELECT instant, sum(step) AS step
        FROM (SELECT opens AS instant, 1 AS step FROM clipped UNION ALL SELECT closes, -1 FROM clipped)
        GROUP BY instant
    ),
    pieces AS (
        SELECT
            instant,
            sum(step) OVER (ORDER BY instant) AS open,
            lead(instant) OVER (ORDER BY instant) - instant AS length
        FROM instants
    ),
    -- What a request open from the beginning would have by now.
    elapsed AS (
        SELECT
            instant,
            coalesce(
                sum(CASE WHEN open > 0 THEN length::HUGEINT * 720720 // open ELSE 0 END)
                    OVER (ORDER BY instant ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                0
            )::HUGEINT AS each
        FROM pieces
    ),
    busy AS (
        SELECT clipped.place, clipped.id, closing.each - opening.each AS busy
        FROM clipped
        JOIN elapsed AS opening ON opening.instant = clipped.opens
        JOIN elapsed AS closing ON closing.instant = clipped.closes
    ),
    -- cost x busy / (billed x 720,720), taken apart so that nothing exceeds 128 bits.
    shared AS (
        SELECT
            *,
            (busy * (attos_of(cost_usd) // billed_ns) + busy * (attos_of(cost_usd) % billed_ns) // billed_ns) // 720720 AS direct,
            sum(weight) OVER (ORDER BY place) AS until_here, sum(weight) OVER () AS all_busy
        -- A weight is the time kept busy, in as fine a grain as leaves room to multiply it.
        FROM (SELECT *, busy // greatest(sum(busy) OVER () // 1000000000000000000, 1) AS weight FROM busy)
    ),
    loaded AS (
        SELECT
            *,
            -- The running sum is rounded, not each share.
            CASE
                WHEN all_busy > 0
                THEN until_here * (attos_of(cost_usd) // all_busy)
                    + (until_here * (attos_of(cost_usd) % all_busy) + all_busy // 2) // all_busy
            END AS loaded_until_here
        FROM shared
    )
    SELECT {
        'requests': coalesce(list({
            'id': id, 'direct_usd': usd_of(direct), 'fully_loaded_usd': usd_of(loaded)
        } ORDER BY place), []),
        'idle_usd': usd_of(attos_of(cost_usd) - coalesce(sum(direct), 0))
    }
    FROM (SELECT *, loaded_until_here - lag(loaded_until_here, 1, 0) OVER (ORDER BY place) AS loaded FROM loaded)
);
