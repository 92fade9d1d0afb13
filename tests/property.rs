//! What has to hold for any input, tried on every sample and on made-up logs.
//!
//! `PROPTEST_CASES` makes the search wider; the numbers here keep the whole file under a minute
//! in a build for development.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, say what it counted and be told how far to search"
)]

use proptest::test_runner::{Config, RngSeed};

#[path = "property/bench.rs"]
mod bench;
#[path = "property/bundles.rs"]
mod bundles;
#[path = "common/capture.rs"]
mod capture;
#[path = "property/captures.rs"]
mod captures;
#[path = "property/late.rs"]
mod late;
#[path = "property/same_report.rs"]
mod same_report;
#[path = "property/storm.rs"]
mod storm;
#[path = "property/truncation.rs"]
mod truncation;

/// The same cases in every run, `cases` of them unless the environment asks for another number.
fn config(cases: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok();
    Config {
        cases: asked.and_then(|n| n.parse().ok()).unwrap_or(cases),
        rng_seed: RngSeed::Fixed(20_170_330),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    }
}
