//! Where bytes come from: files, folders, standard input and archives nested in any way.
//!
//! Nothing is written to disk; what a limit or damage keeps from being read is told, never
//! skipped in silence.

use std::io::Read;

use crate::model::origin::Origin;

/// One plain member, ready to be read once.
pub struct Input<'r> {
    /// Where it stands.
    pub origin: Origin,
    /// When it was last changed, seconds since 1970, if the container or the disk tells.
    pub modified: Option<i64>,
    /// Its bytes. An error of kind `InvalidData` or `UnexpectedEof` means damage; the message
    /// is fit for a reader of the report.
    pub reader: &'r mut dyn Read,
}
