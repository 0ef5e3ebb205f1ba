//! What a decision takes from the heap: a rule with nothing to say takes nothing, however many such rules there are.

use crate::candidate::{self, PortalCopy};
use crate::decide::{Reasons, survey};
use crate::finding::Finding;
use crate::properties::{case, stricter, tighten};
use crate::rules::{ALL, roster};
use crate::sample::Case;
use crate::view::View;
use postern_base::{Channel, Level};
use proptest::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

/// The system's allocator, which counts what each thread asks of it.
struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends has nothing to count.
    let _ended = ASKED.try_with(|asked| asked.set(asked.get() + 1));
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one hands everything on")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often `work` asks for memory, and what comes of it.
fn allocations<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = ASKED.get();
    let done = black_box(work());
    (ASKED.get() - before, done)
}

/// A case that every channel is open to.
fn wide() -> Case {
    Case::of("appointment_reminder", Level::L1, &[Channel::Portal, Channel::Sms, Channel::Email, Channel::Voice])
}

#[test]
fn what_is_asked_of_the_heap_is_counted() {
    assert_eq!(allocations(|| Box::new(7_u64)).0, 1);
    assert_eq!(allocations(|| vec![1_u8, 2].into_iter().map(|n| vec![n]).collect::<Vec<_>>()).0, 4);
    assert_eq!(allocations(|| 7_u64).0, 0);
}

#[test]
fn a_decision_without_reasons_takes_little_and_each_candidate_adds_nothing_but_its_place() {
    let case = wide();
    // The first to ask reads the zones that are built in.
    drop(case.decide());
    let (taken, decision) = allocations(|| case.decide());
    assert!(decision.refusals.is_empty(), "the sample is sent");
    assert!(taken <= 20, "{taken} allocations for one decision");
    let mut larger = wide();
    let numbers: Vec<_> = (10..20).map(|n| crate::sample::sms(&format!("+121255501{n}"), 9)).collect();
    larger.patient().points.extend(numbers);
    let candidates =
        candidate::contacts(&View::new(&larger.request, &larger.facts, &larger.policy), PortalCopy::Stands).len();
    let (more, decision) = allocations(|| larger.decide());
    assert!(candidates >= 17, "{candidates}");
    // Every reason takes its place and at most a sentence of its own.
    assert!(more <= taken + 2 * decision.refusals.len() + 8, "{more} for {candidates} candidates, {taken} before");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_with_nothing_to_say_takes_nothing(case in case(), by in stricter()) {
        let mut case = case;
        tighten(&mut case, &by);
        let view = View::new(&case.request, &case.facts, &case.policy);
        let mut candidates = candidate::contacts(&view, PortalCopy::Stands);
        candidates.extend(candidate::portal(&view));
        for rule in ALL {
            for one in &candidates {
                // The first to ask may look something up for all who ask after it.
                let _first: Finding = (rule.check)(&view, one);
                let (taken, said) = allocations(|| (rule.check)(&view, one));
                prop_assert!(said.speaks() || taken == 0, "{}: {taken} on {}", rule.id, one.channel);
                // One sentence at most, with what is written into it.
                prop_assert!(taken <= 8, "{}: {taken} on {}", rule.id, one.channel);
            }
        }
    }

    #[test]
    fn rules_that_stay_silent_add_nothing_to_a_decision(case in case(), by in stricter()) {
        let mut case = case;
        tighten(&mut case, &by);
        let view = View::new(&case.request, &case.facts, &case.policy);
        let every = roster::of(&view);
        let mut warm = Reasons::asking(every);
        let found = survey(&view, &mut warm, &mut ());
        // Those that speak of at least one candidate.
        let mut speaking = every;
        for place in every {
            if !found.all().any(|one| (ALL[place].check)(&view, &one.candidate).speaks()) {
                speaking.remove(place);
            }
        }
        let taken = |asked| allocations(|| survey(&view, &mut Reasons::asking(asked), &mut ())).0;
        prop_assert!(every != speaking);
        prop_assert_eq!(taken(every), taken(speaking));
    }
}
