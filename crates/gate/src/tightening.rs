//! A tenant's policy only tightens, shown on random policies and random decisions.

use crate::decide::{decide, standing};
use crate::policy::{LoweredCell, Overrides, Policy, ResultsException};
use crate::properties::case;
use crate::sample::Case;
use jiff::civil::time;
use postern_base::{Channel, EmailMode, Form, Level, Purpose};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

fn hours() -> impl Strategy<Value = crate::reference::Hours> {
    (7i8..20, 1i8..12).prop_map(|(from, long)| (time(from, 0, 0, 0), time((from + long).min(22), 0, 0, 0)))
}

prop_compose! {
    fn cell()(
        purpose in select(Purpose::ALL.to_vec()),
        level in select(Level::ALL.to_vec()),
        channel in select(Channel::ALL.to_vec()),
        highest in proptest::option::weighted(0.6, select(vec![Form::Callback, Form::Notice, Form::Minimal, Form::Full])),
    ) -> LoweredCell {
        LoweredCell { purpose, level, channel, highest }
    }
}

prop_compose! {
    fn overrides()(
        cells in proptest::collection::vec(cell(), 0..3),
        window in proptest::option::weighted(0.4, hours()),
        windows in proptest::collection::vec((select(Purpose::ALL.to_vec()), hours()), 0..2),
        per_day in proptest::option::of(0u32..3),
        per_week in proptest::option::of(0u32..5),
        offers_per_day in proptest::option::of(0u32..5),
        hold in proptest::option::weighted(0.2, (1u32..4, select(vec!["infeasibility", "privacy", "none"]))),
        disabled_channels in proptest::collection::vec(select(Channel::ALL.to_vec()), 0..2),
    ) -> Overrides {
        Overrides {
            cells, window, windows, per_day, per_week, offers_per_day, disabled_channels,
            hold_all_results_days: hold.map(|hold| hold.0),
            results_exception: hold.filter(|hold| hold.1 != "none").map(|(_, code)| ResultsException {
                code: code.to_owned(),
                until: Some("2027-01-31T00:00:00Z".parse().unwrap()),
            }),
            ..Overrides::default()
        }
    }
}

type Way = (Channel, Option<EmailMode>);

/// The highest form that stands on each way to the patient.
fn highest(case: &Case, policy: &Policy) -> BTreeMap<Way, Form> {
    let mut ways = BTreeMap::new();
    for (channel, mode, form) in standing(&case.request, &case.facts, policy) {
        let known = ways.entry((channel, mode)).or_insert(form);
        *known = form.max(*known);
    }
    ways
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_policy_that_loads_never_permits_what_the_floor_refuses(case in case(), asked in overrides()) {
        let purpose = case.request.purpose;
        // Half of what is random would not touch the purpose at hand.
        let mut asked = asked;
        if let Some(first) = asked.cells.first_mut() {
            first.purpose = purpose;
        }
        let policy = Policy::tighten(asked);
        let floor = Policy::default();
        if !policy.defects.is_empty() {
            let decision = decide(&case.request, &case.facts, &policy);
            prop_assert!(decision.deliveries.is_empty(), "{:?}", policy.defects);
            return Ok(());
        }
        let allowed = highest(&case, &floor);
        for (way, form) in highest(&case, &policy) {
            prop_assert!(allowed.get(&way).is_some_and(|most| form <= *most), "{way:?} {form} of {allowed:?} under {policy:?}");
        }
        let (strict, loose) = (decide(&case.request, &case.facts, &policy), decide(&case.request, &case.facts, &floor));
        if loose.deliveries.is_empty() {
            prop_assert!(strict.deliveries.is_empty(), "{policy:?}");
        }
        for delivery in &strict.deliveries {
            let same = |other: &&crate::Delivery| other.channel == delivery.channel && other.contact_point == delivery.contact_point;
            if let Some(other) = loose.deliveries.iter().find(same) {
                prop_assert!(other.not_before <= delivery.not_before, "{policy:?}");
            }
        }
    }
}

#[test]
fn a_cell_that_carries_nothing_of_care_carries_no_more_when_a_practice_lowers_it() {
    let case = Case::of("one_time_code", Level::L1, &[Channel::Sms]);
    let to = |highest| LoweredCell { purpose: Purpose::OneTimeCode, level: Level::L1, channel: Channel::Sms, highest };
    assert!(case.decide().deliveries.is_empty());
    for highest in [None, Some(Form::Callback), Some(Form::Notice), Some(Form::Minimal), Some(Form::Full)] {
        let policy = Policy::tighten(Overrides { cells: vec![to(highest)], ..Overrides::default() });
        let decision = decide(&case.request, &case.facts, &policy);
        assert!(policy.defects.is_empty() && decision.deliveries.iter().all(|d| d.level == Level::L0), "{highest:?}");
    }
}
