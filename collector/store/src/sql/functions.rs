//! The functions that questions may call, by how large their result can become.
//!
//! What is not named here is refused: functions that reach files, settings, the process or other questions, and those that
//! make much of little. `memory_limit` does not bind scalar functions (`repeat('x', 1000000000)` took 2 GB under a limit of
//! 128 MB), so their size is bounded before they run.

use std::collections::HashMap;
use std::sync::LazyLock;

/// How large the result of a function can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A number, a time, a short text: the same for all inputs.
    Fixed,
    /// At most all its arguments together.
    Sum,
    /// At most so many times its arguments.
    Times(u64),
    /// Its argument with pieces replaced by (or joined with) the text written out at this place.
    Inserting(usize),
    /// As long as the number written out at this place says, at most [`LONGEST`].
    Length(usize),
    /// Its first argument so many times as the number written out at this place says, at most [`LONGEST`].
    Repeated(usize),
    /// As a text written out describes, at most [`LONGEST`] characters wide in any place.
    Shaped,
    /// The values of many rows in one; bounded while it runs, and not over windows, where each row would have its own.
    Gathered,
    /// A list whose elements pass through a lambda.
    Each,
    /// A list whose elements a lambda chooses.
    Chosen,
}

/// Longest text that a number in a question may ask for.
pub(crate) const LONGEST: u64 = 1_000;

const FIXED: &str = "
    + - * / // % ** ^ & | ~ << >> @ ~~ !~~ ~~* !~~* ~~~ ^@ <-> @> <@ &&
    abs acos acosh add asin asinh atan atan2 atanh bit_count cbrt ceil ceiling cos cosh cot degrees divide even exp
    factorial fdiv floor fmod gamma gcd greatest_common_divisor isfinite isinf isnan lcm least_common_multiple lgamma ln
    log log10 log2 mod multiply nextafter pi pow power radians random round round_even roundbankers sign signbit sin sinh
    sqrt subtract tan tanh trunc xor equi_width_bins
    age ago century current_localtime current_localtimestamp date_add date_diff date_part date_sub date_trunc datediff
    datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns
    epoch_us era get_current_time get_current_timestamp hour isodow isoyear julian last_day make_date make_time
    make_timestamp make_timestamp_ms make_timestamp_ns microsecond millennium millisecond minute month monthname nanosecond
    normalized_interval now quarter second time_bucket timezone to_centuries to_days to_decades to_hours to_microseconds
    to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_utc to_weeks to_years today
    transaction_timestamp week weekday weekofyear year yearweek
    ascii bit_length char_length character_length chr contains ends_with format_bytes formatreadabledecimalsize
    formatreadablesize gen_random_uuid hash ilike_escape instr json_array_length json_exists json_type json_valid len
    length length_grapheme like_escape md5 md5_number md5_number_lower md5_number_upper not_ilike_escape not_like_escape
    octet_length ord parse_formatted_bytes pg_size_pretty pg_typeof position prefix regexp_full_match regexp_matches sha1
    sha256 starts_with strlen strpos suffix typeof unicode uuid uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7
    variant_array_length variant_exists variant_type variant_typeof version
    approx_count_distinct approx_quantile avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star
    countif covar_pop covar_samp entropy favg fsum geomean geometric_mean kahan_sum kurtosis kurtosis_pop mad mean product
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy reservoir_quantile sem
    skewness stddev stddev_pop stddev_samp sum sum_no_overflow sumkahan var_pop var_samp variance wavg weighted_avg
    cume_dist dense_rank ntile percent_rank rank rank_dense row_number
    array_contains array_has array_has_all array_has_any array_indexof array_length array_position cardinality
    list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or list_contains list_count list_entropy
    list_has list_has_all list_has_any list_indexof list_kurtosis list_mad list_median list_position list_product list_sem
    list_skewness list_stddev_pop list_stddev_samp list_sum list_unique list_var_pop list_var_samp array_unique
    list_approx_count_distinct map_contains map_contains_entry map_contains_value struct_contains struct_has
    list_distance list_cosine_distance list_cosine_similarity list_inner_product list_dot_product
    in_search_path error
    attos_of fargate_cost lambda_billed_ms lambda_capacity_usd lambda_cost lambda_duration_attos lambda_requests
    lambda_restore_attos lambda_storage_attos lambda_streamed_attos lambda_tiered_usd priced priced_small
    priced_wide usd_of usd_per_million";

const SUM: &str = "
    || ->> concat concat_ws lower upper lcase ucase trim ltrim rtrim left right left_grapheme right_grapheme substr
    substring substring_grapheme reverse split_part regexp_extract strip_accents nfc_normalize encode decode from_hex unhex
    from_base64 url_decode parse_path parse_dirname parse_dirpath parse_filename overlay
    coalesce greatest least if ifnull nullif constant_or_null
    any_value first last arbitrary min max arg_max arg_min argmax argmin max_by min_by arg_max_null arg_min_null
    arg_max_nulls_last arg_min_nulls_last mode median quantile quantile_cont quantile_disc approx_top_k
    first_value last_value nth_value lag lead fill
    json_extract json_extract_path json_extract_path_text json_extract_string json_value json_keys variant_extract
    variant_extract_string variant_keys
    list_value list_pack array_value list_concat list_cat array_cat array_concat list_append list_prepend array_append
    array_prepend array_push_back array_push_front array_pop_back array_pop_front list_distinct array_distinct list_sort
    array_sort list_reverse array_reverse list_reverse_sort array_reverse_sort list_slice array_slice list_intersect
    array_intersect list_zip array_zip flatten list_where array_where list_grade_up array_grade_up grade_up list_element
    list_extract array_extract element_at list_first list_last list_any_value list_min list_max list_mode
    map map_concat map_entries map_extract map_extract_value map_from_entries map_keys map_values
    row struct_pack struct_concat struct_extract struct_extract_at struct_insert struct_keys struct_update struct_values
    unnest task_shares";

/// Escapes, digits, and one list element a character.
const TIMES: &str = "
    hex:2 to_hex:2 to_base64:2 base64:2 regexp_escape:2 url_encode:3 translate:4 bin:8 to_binary:8
    json:6 to_json:6 json_array:6 json_object:6 json_quote:6 row_to_json:6 array_to_json:6
    split:16 str_split:16 string_split:16 string_to_array:16 str_split_regex:16 string_split_regex:16
    regexp_split_to_array:16 regexp_split_to_table:16 regexp_extract_all:16";

const GATHERED: &str = "
    list array_agg string_agg group_concat listagg histogram histogram_exact json_group_array json_group_object";

const OTHERS: [(&str, Output); 18] = [
    ("replace", Output::Inserting(2)),
    ("regexp_replace", Output::Inserting(2)),
    ("array_to_string", Output::Inserting(1)),
    ("list_string_agg", Output::Inserting(1)),
    ("lpad", Output::Length(1)),
    ("rpad", Output::Length(1)),
    ("bar", Output::Length(3)),
    ("repeat", Output::Repeated(1)),
    ("format", Output::Shaped),
    ("printf", Output::Shaped),
    ("strftime", Output::Shaped),
    ("strptime", Output::Shaped),
    ("try_strptime", Output::Shaped),
    ("list_transform", Output::Each),
    ("list_apply", Output::Each),
    ("array_transform", Output::Each),
    ("list_filter", Output::Chosen),
    ("array_filter", Output::Chosen),
];

static ALL: LazyLock<HashMap<&str, Output>> = LazyLock::new(|| {
    let mut all = HashMap::from(OTHERS);
    all.extend(FIXED.split_whitespace().map(|name| (name, Output::Fixed)));
    all.extend(SUM.split_whitespace().map(|name| (name, Output::Sum)));
    all.extend(GATHERED.split_whitespace().map(|name| (name, Output::Gathered)));
    all.extend(TIMES.split_whitespace().filter_map(|one| {
        let (name, times) = one.split_once(':')?;
        Some((name, Output::Times(times.parse().ok()?)))
    }));
    all
});

/// How large the result of the function of this lower-case name can be; `None` when it is not admitted.
pub(crate) fn output(name: &str) -> Option<Output> {
    ALL.get(name).copied()
}

/// What to write instead of a function that is not admitted, or that other databases have.
pub(crate) fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "range" | "generate_series" => {
            "as a value it makes a list in memory; read rows from it instead: FROM range(100) AS t(n), with up to 1000000 rows"
        }
        "list_reduce" | "array_reduce" | "reduce" => {
            "list_sum, list_min, list_max and array_to_string make one value of a list"
        }
        "list_resize" | "array_resize" => "list_slice and list_concat change a list’s length",
        "levenshtein"
        | "damerau_levenshtein"
        | "editdist3"
        | "jaccard"
        | "hamming"
        | "jaro_similarity"
        | "jaro_winkler_similarity"
        | "mismatches" => "compare with =, LIKE, contains or regexp_matches",
        "to_char" | "date_format" | "format_datetime" => "strftime(time, '%Y-%m-%d %H:%M') writes a time as text",
        "to_date" => "strptime(text, '%Y-%m-%d')::DATE reads a date",
        "getdate" | "sysdate" | "sysdatetime" | "utc_timestamp" | "clock_timestamp" | "statement_timestamp" => {
            "now() is the time of the question, in UTC"
        }
        "curdate" | "getutcdate" | "utc_date" => "current_date is the day of the question, in UTC",
        "unix_timestamp" | "to_unixtime" => "epoch(time) gives seconds since 1970, epoch_ms(time) milliseconds",
        "from_unixtime" => "to_timestamp(seconds) gives a time",
        "dateadd" | "timestampadd" => "add an interval: now() + INTERVAL 1 DAY",
        "timestampdiff" => "date_diff('minute', earlier, later) counts between two times",
        "convert_timezone" | "from_utc_timestamp" | "convert_tz" => {
            "started_at AT TIME ZONE 'Europe/Berlin' gives the time there"
        }
        "to_utc_timestamp" | "make_timestamptz" => "to_utc(time, 'Europe/Berlin') gives the UTC time of a time there",
        "isnull" | "nvl" => "coalesce(value, otherwise) gives the first that is not null",
        "percentile_cont" | "percentile" | "percentile_approx" | "approx_percentile" => {
            "quantile_cont(duration_ns, 0.99) gives the 99th percentile"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use duckdb::Connection;

    /// Functions of the engine that must never be named above, whatever else is.
    const NEVER: [&str; 12] = [
        "getenv",
        "getvariable",
        "current_setting",
        "query",
        "query_table",
        "json_execute_serialized_sql",
        "sleep_ms",
        "pg_sleep",
        "nextval",
        "setseed",
        "write_log",
        "variant_bytes_to_variant",
    ];

    #[test]
    fn nothing_is_named_twice_and_nothing_dangerous_at_all() {
        let words = [FIXED, SUM, GATHERED].join(" ");
        let named = words.split_whitespace().chain(TIMES.split_whitespace()).count() + OTHERS.len();
        assert_eq!(named, ALL.len(), "a function stands in two lists");
        assert!(NEVER.iter().all(|name| output(name).is_none()));
    }

    #[test]
    fn every_named_function_exists_or_is_ours() {
        let db = Connection::open_in_memory().unwrap();
        // With the functions that tell costs.
        crate::schema::prepare(&db, std::path::Path::new("memory"), coldlight_model::Timestamp::EPOCH).unwrap();
        let mut names = db.prepare("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").unwrap();
        let known: std::collections::HashSet<String> =
            names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        // Made by the clock, or by the parser alone.
        let ours = ["to_utc", "today", "current_localtime", "current_localtimestamp", "get_current_time", "unnest"];
        let parsed = ["coalesce", "ifnull", "overlay", "position"];
        let missing: Vec<&&str> = ALL
            .keys()
            .filter(|name| !known.contains(**name) && !ours.contains(name) && !parsed.contains(name))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
