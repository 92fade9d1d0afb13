//! Where bytes come from: files, folders, standard input and archives nested in any way.
//!
//! [`select()`] finds out which files the given paths stand for; [`walk()`] reads them and hands
//! every plain member to a [`Visitor`]. Nothing is written to disk and no archive is held in
//! memory but a zip inside another one; what a limit or damage keeps from being read is told,
//! never skipped in silence.
//!
//! ```text
//! select ─► file, stream ─► sniff ─┬─► gzip, bzip2, xz, zstd ─┐
//!                             ▲    ├─► tar ───────────────────┤ each content is sniffed
//!                             │    ├─► zip ───────────────────┤ in turn
//!                             │    └─► plain ─► Visitor       │
//!                             └───────────────────────────────┘
//! ```

use std::io::Read;
use std::ops::ControlFlow;

use crate::model::origin::Origin;
use crate::model::report::ReadStatus;

mod follow;
pub mod limits;
pub mod pack;
mod patient;
pub mod pcap_file;
mod peek;
mod select;
mod sniff;
mod tar;
#[cfg(test)]
mod tests;
mod walk;
mod zip;
mod zip_format;

pub use limits::Limits;
pub use select::{Selection, SourceError, follow, select};
pub use walk::walk;

/// One plain member, ready to be read once.
pub struct Input<'r> {
    /// Where it stands.
    pub origin: Origin,
    /// When it was last changed, seconds since 1970, if the container or the disk tells.
    pub modified: Option<i64>,
    /// Its bytes. An error of kind `InvalidData` or `UnexpectedEof` means damage, one of kind
    /// `QuotaExceeded` a limit; the message is fit for a reader of the report.
    pub reader: &'r mut dyn Read,
}

/// Something that could not be read, or only in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where it stands: a file, an archive, or a member that was not delivered.
    pub origin: Origin,
    /// `Partial` or `Unread`.
    pub status: ReadStatus,
    /// Why, and what to do about it.
    pub note: String,
}

/// Receives what a walk finds.
///
/// A member whose reader fails was delivered; its visitor sees the error, and no gap of the
/// member's own follows. The archive around it has one if it is damaged itself.
pub trait Visitor {
    /// A plain member. It may be read to its end, in part or not at all; `Break` ends the walk.
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()>;

    /// Something that could not be read, or only in part.
    fn gap(&mut self, gap: Gap);
}
