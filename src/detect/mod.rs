//! Events to hits, hits to a timeline, the timeline to findings.
//!
//! [`index`] says which records are worth parsing, [`matcher`] tests one event, [`runs`] folds
//! hits while they come. After all input, [`resolve`] finds out who is who and when it was, and
//! [`correlate`] judges relations in time. Every part is a pure function of its input.

pub mod correlate;
pub mod finding;
pub mod incident;
pub mod index;
mod keys;
pub mod matcher;
pub mod resolve;
pub mod runs;
pub mod scan;
pub mod settle;
pub mod table;
