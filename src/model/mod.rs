//! Plain data that the stages hand to each other; no I/O, no behaviour beyond its own invariants.
//!
//! Order of the files is the order of the data: where text stands ([`origin`]), when it happened
//! ([`time`]), who wrote it ([`node`]), who talked to whom ([`flow`]), one parsed record ([`event`]), what a rule saw in it
//! ([`hit`]), and what the user gets ([`report`], [`check`]).

pub mod check;
pub mod diff;
pub mod digest;
pub mod event;
pub mod excerpt;
pub mod flow;
pub mod format;
pub mod frame;
pub mod helper;
pub mod hit;
pub mod inventory;
pub mod journal;
pub mod ladder;
pub mod look;
pub mod node;
pub mod origin;
pub mod plan;
pub mod report;
pub mod secret;
pub mod time;
