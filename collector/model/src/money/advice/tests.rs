use proptest::prelude::*;

use super::*;

fn load(memory_mb: u32, invocations: u64, billed_ms: u64) -> Load {
    Load {
        region: "us-east-1".to_owned(),
        architecture: Architecture::X86_64,
        memory_mb,
        on: "2026-11-23".parse().unwrap(),
        invocations,
        billed_ms,
        cold_starts: invocations / 20,
        inits: invocations / 20,
        init_ms: billed_ms / 10,
        runtime: Some("python3.13".to_owned()),
        observed_ns: MONTH_NS,
    }
}

fn total(load: &Load, choice: &Choice) -> Usd {
    what_if(PriceBook::built_in(), load, choice).month.unwrap().total().unwrap()
}

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

#[test]
fn a_month_observed_is_a_month_paid() {
    // AWS's own example without its free tier: 3 million a month, 120 ms, 1,536 MB.
    let load = load(1536, 3_000_000, 360_000_000);
    assert_eq!(total(&load, &Choice::AsIs), usd("9.600018"));
    assert_eq!(total(&load, &Choice::Architecture(Architecture::Arm64)), usd("7.800036"));
    let half = Load { observed_ns: MONTH_NS / 2, ..load };
    assert_eq!(total(&half, &Choice::AsIs), usd("19.200036"));
}

#[test]
fn little_evidence_is_refused_with_what_would_be_enough() {
    let few = what_if(PriceBook::built_in(), &load(128, 99, 1_000), &Choice::AsIs).month.unwrap_err();
    assert_eq!(
        few.to_string(),
        "99 invocations were observed, of 100 that it takes: choose a longer time, or let more traffic through"
    );
    let size = Choice::Memory { memory_mb: 1024, seen: None };
    let other = what_if(PriceBook::built_in(), &load(512, 1_000, 100_000), &size);
    assert!(other.month.unwrap_err().lacks.starts_with("0 invocations were observed at 1024 MB"));
    assert_eq!(other.break_even, Some(BreakEven::BilledTime { ppm: 500_000 }));
    let unknown = Load { runtime: Some("provided.al2023".to_owned()), ..load(512, 1_000, 100_000) };
    assert!(what_if(PriceBook::built_in(), &unknown, &Choice::SnapStart).month.is_err());
}

#[test]
fn a_measured_size_costs_what_was_measured_there() {
    let now = load(512, 1_000, 200_000);
    let seen = load(1024, 100, 9_000);
    let choice = Choice::Memory { memory_mb: 1024, seen: Some(seen) };
    // 1,000 × 90 ms × 1 GB.
    assert_eq!(total(&now, &choice), usd("0.0002").checked_add(usd("0.001500003")).unwrap());
}

#[test]
fn provisioned_concurrency_pays_from_sixty_percent_at_work() {
    let answer = what_if(PriceBook::built_in(), &load(1024, 1_000, 100_000), &Choice::Provisioned { environments: 1 });
    assert_eq!(answer.break_even, Some(BreakEven::AtWork { ppm: 600_000 }));
    assert_eq!(answer.month.unwrap().parts.len(), 3);
}

#[test]
fn a_price_that_nobody_prints_stays_unknown() {
    let elsewhere = Load { region: "af-south-1".to_owned(), ..load(512, 1_000, 100_000) };
    let answer = what_if(PriceBook::built_in(), &elsewhere, &Choice::Provisioned { environments: 1 });
    assert!(answer.month.unwrap().total().is_err());
    assert_eq!(answer.break_even, None);
}

proptest! {
    #[test]
    fn a_fixed_price_breaks_even_at_the_first_request_that_reaches_it(
        fixed in 1..10_i128.pow(22), observed in 1..10_i128.pow(20), invocations in 100..10_000_000_u64,
    ) {
        let (fixed, observed) = (Usd::from_attos(fixed).unwrap(), Usd::from_attos(observed).unwrap());
        if let Some(requests) = requests_at(fixed, observed, invocations) {
            let reaches = |count: u64| {
                u128::from(count) * observed.attos().unsigned_abs() >= fixed.attos().unsigned_abs() * u128::from(invocations)
            };
            prop_assert!(reaches(requests));
            prop_assert!(requests == 0 || !reaches(requests - 1));
        }
    }

    #[test]
    fn slower_by_less_than_the_break_even_costs_less_and_by_more_costs_more(
        memory in 128..10_240_u32, invocations in 100..1_000_000_u64, each_ms in 2_000..60_000_u64,
    ) {
        let now = load(memory, invocations, invocations * each_ms);
        let arm = Choice::Architecture(Architecture::Arm64);
        let Some(BreakEven::BilledTime { ppm }) = what_if(PriceBook::built_in(), &now, &arm).break_even else {
            return Err(TestCaseError::fail("no break-even"));
        };
        let slower = |ppm: u64| Load {
            billed_ms: u64::try_from(u128::from(now.billed_ms) * u128::from(ppm) / 1_000_000).unwrap(),
            ..now.clone()
        };
        prop_assert!(total(&slower(ppm - 10), &arm) < total(&now, &Choice::AsIs));
        prop_assert!(total(&slower(ppm + 10), &arm) > total(&now, &Choice::AsIs));
    }

    #[test]
    fn more_load_never_costs_less(
        memory in 128..10_240_u32, invocations in 100..1_000_000_u64, billed in 0..1_000_000_000_u64, more in 0..1_000_000_u64,
    ) {
        let (less, more) = (load(memory, invocations, billed), load(memory, invocations + more, billed + more));
        for choice in [Choice::AsIs, Choice::Provisioned { environments: 3 }, Choice::SnapStart] {
            if let (Ok(less), Ok(more)) = (
                what_if(PriceBook::built_in(), &less, &choice).month,
                what_if(PriceBook::built_in(), &more, &choice).month,
            ) {
                prop_assert!(less.total().unwrap() <= more.total().unwrap());
            }
        }
    }
}
