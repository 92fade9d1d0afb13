//! Log diagnostics with proof for clustered collaboration servers.
//!
//! Data flows one way, and the modules are named after it:
//!
//! ```text
//! bytes ─► Event ─► Hit ─► Timeline ─► Finding ─► Report
//! source   parse    detect (match, resolve, correlate)  diagnose ─► report
//!                     ▲
//!                     └── catalog: rules/ as one immutable, checked value
//! ```
//!
//! Only `source` and `cli` touch files, clock, environment or terminal, `check` and `agent` the network;
//! everything between is pure. `tests/tidy.rs` holds the table of which module may import which.

pub mod agent;
mod builtin;
#[cfg(test)]
#[path = "../tests/common/capture.rs"]
mod capture;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod detect;
pub mod diagnose;
pub mod diff;
pub mod execute;
pub mod guide;
#[cfg(feature = "lab")]
pub mod lab;
pub mod locale;
pub mod model;
pub mod parse;
pub mod pipeline;
pub mod plan;
pub mod redact;
pub mod report;
pub mod samples;
pub mod source;
pub mod tls;
