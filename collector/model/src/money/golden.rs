//! Twelve worked examples and what must hold of every cost. The same examples run in SQL (`store`) and through
//! `coldlight prices quote` (`server`).

use proptest::prelude::*;

use super::lambda::{
    GbSeconds, Initialization, Invocation, ProvisionedCapacity, Time, init_billed_ms, invocation_cost,
    provisioned_capacity_cost, snapstart_cache_cost,
};
use super::month::{Usage, month_bill};
use super::task::{
    FargateTask, InstanceUse, VCPU_WEIGHT, fargate_cost, instance_cost, instance_weights, managed_instance_cost,
};
use super::*;

fn on(date: &str) -> Date {
    date.parse().unwrap()
}

fn now() -> Date {
    on("2026-11-23")
}

fn book() -> &'static PriceBook {
    PriceBook::built_in()
}

fn invocation(region: &str, architecture: Architecture, memory_mb: u32, ms: u64) -> Invocation<'_> {
    Invocation::new(region, architecture, memory_mb, Time::Billed { ms }, now())
}

#[track_caller]
fn costs(cost: &Cost, parts: &[(&str, &str)], total: &str) {
    let found: Vec<(&str, String)> =
        cost.parts.iter().map(|part| (part.name, part.usd.clone().unwrap().to_picodollars())).collect();
    let expected: Vec<(&str, String)> = parts.iter().map(|(name, usd)| (*name, (*usd).to_owned())).collect();
    assert_eq!(found, expected);
    assert_eq!(cost.total().unwrap().to_picodollars(), total, "{}", cost.formula());
}

use Architecture::{Arm64, X86_64};

#[test]
fn g1_a_minimal_invocation() {
    let invocation = invocation("us-east-1", X86_64, 128, 1);
    let cost = invocation_cost(book(), &invocation);
    costs(&cost, &[("requests", "0.000000200000"), ("duration", "0.000000002083")], "0.000000202083");
    assert_eq!(cost.formula(), "1 × 0.0000002 USD/request + 0.001 s × 128/1024 GB × 0.0000166667 USD/GB-second");
    assert_eq!(GbSeconds::new(128, 1).rounded(12), "0.000125000000");
}

fn cold(date: &str) -> Invocation<'static> {
    let time = Time::Measured { duration_ns: 130_100_000, init_ns: 181_200_000, billed_restore_ns: 0 };
    Invocation::new("eu-west-1", Arm64, 512, time, on(date))
}

#[test]
fn g2_a_cold_start_pays_its_init() {
    let invocation = cold("2026-03-01");
    assert_eq!(invocation.billed_ms(), Ok(312));
    assert_eq!(init_billed_ms(312, 130_100_000), 181);
    let parts = [("requests", "0.000000200000"), ("duration", "0.000002080010")];
    costs(&invocation_cost(book(), &invocation), &parts, "0.000002280010");
}

#[test]
fn g3_before_august_2025_a_managed_zip_did_not() {
    let invocation = Invocation { managed_zip: true, ..cold("2025-07-31") };
    assert_eq!(invocation.billed_ms(), Ok(131));
    let parts = [("requests", "0.000000200000"), ("duration", "0.000000873338")];
    costs(&invocation_cost(book(), &invocation), &parts, "0.000001073338");
    assert_eq!(Invocation { managed_zip: true, ..cold("2025-08-01") }.billed_ms(), Ok(312));
    assert_eq!(cold("2025-07-31").billed_ms(), Ok(312), "images and custom runtimes always paid");
}

#[test]
fn g4_storage_is_not_multiplied_by_memory() {
    let invocation = Invocation { storage_mb: 10_240, ..invocation("ap-southeast-2", X86_64, 10_240, 900_000) };
    let parts =
        [("requests", "0.000000200000"), ("duration", "0.150000300000"), ("ephemeral_storage", "0.000316350000")];
    costs(&invocation_cost(book(), &invocation), &parts, "0.150316850000");
}

#[test]
fn g5_a_restore_is_billed_shorter_than_it_takes_and_by_memory() {
    let time = Time::Measured { duration_ns: 147_156_000, init_ns: 0, billed_restore_ns: 53_000_000 };
    let invocation = Invocation {
        initialization: Initialization::SnapStart,
        paid_restore: true,
        ..Invocation::new("us-east-1", X86_64, 512, time, now())
    };
    assert_eq!(invocation.billed_ms(), Ok(201));
    let parts =
        [("requests", "0.000000200000"), ("duration", "0.000001675003"), ("snapstart_restore", "0.000069899900")];
    costs(&invocation_cost(book(), &invocation), &parts, "0.000071774903");
}

#[test]
fn g6_provisioned_concurrency_has_a_duration_price_of_its_own() {
    let invocation =
        Invocation { initialization: Initialization::Provisioned, ..invocation("us-east-1", Arm64, 1024, 87) };
    let parts = [("requests", "0.000000200000"), ("duration", "0.000000676669")];
    costs(&invocation_cost(book(), &invocation), &parts, "0.000000876669");
}

#[test]
fn g7_capacity_is_paid_in_steps_of_five_minutes() {
    let capacity = ProvisionedCapacity {
        region: "us-east-1",
        architecture: Arm64,
        on: now(),
        memory_mb: 1024,
        environments: 10,
        seconds: 3601,
    };
    assert_eq!(capacity.billed_seconds(), 3900);
    assert_eq!(capacity.gb_seconds().unwrap().rounded(12), "39000.000000000000");
    let cost = provisioned_capacity_cost(book(), &capacity);
    costs(&cost, &[("provisioned_capacity", "0.130002600000")], "0.130002600000");
}

#[test]
fn g8_a_large_asynchronous_event_is_more_than_one_request() {
    let invocation = Invocation { asynchronous_bytes: Some(307_200), ..invocation("eu-central-1", X86_64, 256, 2345) };
    let parts = [("requests", "0.000000400000"), ("duration", "0.000009770853")];
    costs(&invocation_cost(book(), &invocation), &parts, "0.000010170853");
    let requests = |bytes| Invocation { asynchronous_bytes: Some(bytes), ..invocation }.requests();
    assert_eq!([0, 262_144, 262_145, 1 << 20, u64::MAX].map(requests), [1, 1, 2, 13, 13]);
}

#[test]
fn g9_a_streamed_response_pays_beyond_six_mebibytes() {
    let invocation = Invocation { streamed_bytes: 20_971_520, ..invocation("us-east-1", X86_64, 1769, 5000) };
    let parts =
        [("requests", "0.000000200000"), ("duration", "0.000143961876"), ("streamed_response", "0.000109375000")];
    costs(&invocation_cost(book(), &invocation), &parts, "0.000253536876");
    assert_eq!(GbSeconds::new(1769, 5000).rounded(12), "8.637695312500");
}

#[test]
fn g10_a_month_begins_with_the_free_tier() {
    let usage = Usage {
        region: "us-east-1",
        requests: 3_000_000,
        duration: GbSeconds::new(1536, 120).times(3_000_000).unwrap(),
        ..Usage::default()
    };
    let line = &month_bill(book(), &[usage], true, now())[0];
    assert_eq!(line.billable_requests, 2_000_000);
    assert_eq!(line.billable_duration.rounded(12), "140000.000000000000");
    costs(&line.cost, &[("requests", "0.400000000000"), ("duration", "2.333338000000")], "2.733338000000");
}

#[test]
fn a_month_with_storage_comes_to_awss_own_figure() {
    // 6 million runs of 280 ms with 4,096 MB and 2,048 MB of /tmp: AWS's page says 106.41.
    let usage = Usage {
        region: "us-east-1",
        requests: 6_000_000,
        duration: GbSeconds::new(4096, 280).times(6_000_000).unwrap(),
        storage: GbSeconds::new(2048 - 512, 280).times(6_000_000).unwrap(),
        ..Usage::default()
    };
    assert_eq!(month_bill(book(), &[usage], true, now())[0].cost.total().unwrap().rounded(2), "106.41");
}

#[test]
fn free_seconds_go_to_x86_first() {
    let usage = |architecture| Usage {
        region: "us-east-1",
        architecture,
        duration: GbSeconds::whole(300_000),
        ..Usage::default()
    };
    let lines = month_bill(book(), &[usage(Arm64), usage(X86_64)], true, now());
    let billable: Vec<String> = lines.iter().map(|line| line.billable_duration.rounded(0)).collect();
    assert_eq!(billable, ["200000", "0"]);
}

#[test]
fn a_month_beyond_the_known_tiers_is_unknown() {
    let usage = Usage { region: "eu-west-1", duration: GbSeconds::whole(6_000_000_001), ..Usage::default() };
    let line = &month_bill(book(), &[usage], false, now())[0];
    assert!(matches!(line.cost.total(), Err(Unknown::Unsourced { .. })));
    let usage = Usage { region: "us-east-1", ..usage };
    assert!(month_bill(book(), &[usage], false, now())[0].cost.formula().contains("1.000 GB-s × 0.000015 USD"));
}

fn task(region: &str, architecture: Architecture, vcpu_e10: u64, running_ns: u64) -> FargateTask<'_> {
    FargateTask {
        region,
        architecture,
        on: now(),
        windows: false,
        spot: false,
        vcpu_e10,
        memory_mib: 1024,
        storage_gib: 20,
        running_ns,
    }
}

#[test]
fn g11_a_short_task_pays_a_minute() {
    let task = FargateTask { storage_gib: 40, ..task("us-east-1", Arm64, 5_000_000_000, 45_200_000_000) };
    assert_eq!(task.billed_seconds(), 60);
    let parts = [("vcpu", "0.000269833333"), ("memory", "0.000059333333"), ("ephemeral_storage", "0.000037000000")];
    costs(&fargate_cost(book(), &task), &parts, "0.000366166667");
}

#[test]
fn g12_three_overlapping_requests_share_their_task() {
    let second = 1_000_000_000;
    let task = FargateTask { memory_mib: 512, ..task("eu-central-1", X86_64, 2_500_000_000, 100 * second) };
    let cost = fargate_cost(book(), &task).total().unwrap();
    assert_eq!(cost.to_picodollars(), "0.000394305556");
    let open = |from: i64, to: i64| Open { from: from * second as i64, to: to * second as i64 };
    let shared = shares(cost, 100 * second, open(0, 100), &[open(10, 50), open(30, 60), open(60, 70)]).unwrap();
    let shown = |all: &[Usd]| all.iter().map(|usd| usd.to_picodollars()).collect::<Vec<_>>();
    assert_eq!(shown(&shared.direct), ["0.000118291667", "0.000078861111", "0.000039430556"]);
    assert_eq!(shared.idle.to_picodollars(), "0.000157722222");
    assert_eq!(shown(&shared.fully_loaded.unwrap()), ["0.000197152778", "0.000131435185", "0.000065717593"]);
}

#[test]
fn spot_and_what_nobody_prints_is_unknown_and_says_why() {
    let spot = fargate_cost(book(), &FargateTask { spot: true, ..task("us-east-1", X86_64, 1, 1) });
    assert!(spot.total().unwrap_err().to_string().contains("no source prints it"));
    let elsewhere = invocation_cost(book(), &invocation("af-south-1", X86_64, 128, 1));
    let message = elsewhere.total().unwrap_err().to_string();
    assert!(message.contains("af-south-1") && message.contains("prices import"), "{message}");
}

#[test]
fn managed_instances_are_not_priced_by_duration() {
    let invocation =
        Invocation { initialization: Initialization::ManagedInstances, ..invocation("us-east-1", X86_64, 2048, 10) };
    let cost = invocation_cost(book(), &invocation);
    assert_eq!(cost.parts[0].usd, Ok("0.0000002".parse().unwrap()));
    assert_eq!(cost.total(), Err(Unknown::NotByDuration));
}

#[test]
fn the_edge_has_its_own_prices_everywhere() {
    let cost = invocation_cost(book(), &Invocation { edge: true, ..invocation("sa-east-1", X86_64, 128, 8) });
    costs(&cost, &[("requests", "0.000000600000"), ("duration", "0.000000050010")], "0.000000650010");
}

#[test]
fn a_cached_snapshot_pays_three_hours_at_least() {
    let cost = snapstart_cache_cost(book(), "us-east-1", 1024, 60, now());
    costs(&cost, &[("snapstart_cache", "0.016249680000")], "0.016249680000");
}

const HOUR_NS: u64 = 3_600_000_000_000;

fn instance_use(reserved: Option<InstanceSize>) -> InstanceUse<'static> {
    InstanceUse {
        region: "us-east-1",
        instance_type: "m7g.large",
        on: now(),
        reserved,
        vcpu_weight: VCPU_WEIGHT,
        running_ns: HOUR_NS,
    }
}

#[test]
fn a_task_pays_the_share_of_the_instance_that_it_reserves() {
    assert_eq!(instance_cost(book(), &instance_use(None)).total().unwrap().to_string(), "0.0816");
    // (9 × 0.5 + 1) / (9 × 2 + 8)
    let half = InstanceSize { vcpu_e10: 5_000_000_000, memory_mib: 1024 };
    let cost = instance_cost(book(), &instance_use(Some(half)));
    costs(&cost, &[("instance", "0.017261538462")], "0.017261538462");

    let whole = InstanceSize { vcpu_e10: 20_000_000_000, memory_mib: 8192 };
    let weights = instance_weights(&[half, half], whole, VCPU_WEIGHT).unwrap();
    let shares = apportion("0.0816".parse().unwrap(), &weights).unwrap();
    assert_eq!(
        shares.iter().map(|usd| usd.to_picodollars()).collect::<Vec<_>>(),
        ["0.017261538462", "0.017261538462", "0.047076923077"]
    );
    assert_eq!(Usd::sum(shares), Some("0.0816".parse().unwrap()));
    assert_eq!(instance_weights(&[whole, half], whole, VCPU_WEIGHT), None);
}

#[test]
fn a_managed_instance_pays_fifteen_percent_more() {
    let used = InstanceUse { instance_type: "m5.large", ..instance_use(None) };
    let cost = managed_instance_cost(book(), &used);
    costs(&cost, &[("instance", "0.096000000000"), ("management_fee", "0.014400000000")], "0.110400000000");
}

proptest! {
    #[test]
    fn parts_sum_to_the_total(
        memory_mb in 128..10_241_u32, ms in 1..900_001_u64, storage_mb in 512..10_241_u32,
        bytes in 0..1_u64 << 21, streamed_bytes in 0..1_u64 << 28, paid_restore in any::<bool>(),
    ) {
        let invocation = Invocation {
            storage_mb, asynchronous_bytes: Some(bytes), streamed_bytes, paid_restore,
            ..invocation("us-east-1", X86_64, memory_mb, ms)
        };
        let cost = invocation_cost(book(), &invocation);
        let parts = cost.parts.iter().map(|part| part.usd.clone().unwrap());
        prop_assert_eq!(cost.total().ok(), Usd::sum(parts));
        prop_assert!(cost.parts.iter().all(|part| !part.prices.is_empty() && !part.formula.contains('?')));
    }

    #[test]
    fn a_larger_bill_never_costs_less_and_a_later_second_never_more(less in 0..20_000_000_000_u64, more in 0..20_000_000_000_u64) {
        let (less, more) = (less.min(more), less.max(more));
        let bill = |gb_seconds| {
            let usage = Usage { region: "us-east-1", duration: GbSeconds::whole(gb_seconds), ..Usage::default() };
            month_bill(book(), &[usage], true, now())[0].cost.total().unwrap()
        };
        prop_assert!(bill(less) <= bill(more));
        let step = |from: u64| bill(from + 1).checked_sub(bill(from)).unwrap();
        // After the free tier, whose seconds cost nothing.
        prop_assert!(more < 400_000 || less < 400_000 || step(more) <= step(less));
    }

    #[test]
    fn the_partition_of_a_month_sums_to_its_bill(used in proptest::collection::vec((1..1_000_000_000_u64, 128..10_241_u32), 1..20)) {
        let used: Vec<GbSeconds> = used.into_iter().map(|(ms, memory_mb)| GbSeconds::new(memory_mb, ms)).collect();
        let duration = GbSeconds { mb_ms: used.iter().map(|one| one.mb_ms).sum() };
        let usage = Usage { region: "us-east-1", requests: 7_000_000, duration, ..Usage::default() };
        let bill = month_bill(book(), &[usage], true, now())[0].cost.total().unwrap();
        let weights: Vec<u128> = used.iter().map(|one| one.mb_ms).collect();
        prop_assert_eq!(Usd::sum(apportion(bill, &weights).unwrap()), Some(bill));
    }

    #[test]
    fn no_figures_from_strangers_overflow(memory_mb: u32, ms: u64, storage_mb: u32, bytes: u64, seconds: u64) {
        let invocation = Invocation {
            storage_mb, streamed_bytes: bytes, asynchronous_bytes: Some(bytes), paid_restore: true,
            ..invocation("us-east-1", X86_64, memory_mb, ms)
        };
        let _ = invocation_cost(book(), &invocation).total();
        let task = FargateTask { memory_mib: bytes, storage_gib: bytes, ..task("us-east-1", X86_64, ms, seconds) };
        let _ = fargate_cost(book(), &task).total();
        let capacity = ProvisionedCapacity {
            region: "us-east-1", architecture: X86_64, on: now(), memory_mb, environments: bytes, seconds,
        };
        let _ = provisioned_capacity_cost(book(), &capacity).total();
        let size = InstanceSize { vcpu_e10: ms, memory_mib: bytes };
        let _ = instance_cost(book(), &InstanceUse { running_ns: seconds, ..instance_use(Some(size)) }).total();
        let _ = event_cost(book(), "us-east-1", Event::Express { memory_mb: bytes, duration_ms: ms }, seconds, now());
        let usage = Usage {
            region: "us-east-1", architecture: X86_64, requests: bytes, duration: GbSeconds { mb_ms: u128::MAX },
            storage: GbSeconds { mb_ms: u128::MAX }, streamed_bytes: bytes,
        };
        let _ = month_bill(book(), &[usage], true, now())[0].cost.total();
    }
}
