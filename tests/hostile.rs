//! Input that was made to harm whoever reads it, end to end: the program as a child process, its
//! memory measured, its time bounded, and where it makes sense a good log beside the bad one that
//! still yields its fault.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail loudly and say why it skips"
)]

#[path = "hostile/archives.rs"]
mod archives;
#[path = "hostile/child.rs"]
mod child;
#[path = "hostile/rules.rs"]
mod rules;
#[path = "hostile/system.rs"]
mod system;
#[path = "hostile/texts.rs"]
mod texts;
