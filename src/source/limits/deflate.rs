//! Deflate, bare and in gzip, by the `flate2` crate.
//!
//! The engine is driven directly and not through a `GzDecoder`: those drop up to a buffer of
//! good bytes before damage, and cannot tell padding after the last member from damage.

use std::io::{self, BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::unpack::{Engine, State};
use super::{Fault, Size};
use crate::source::peek::Peek;

/// First bytes of a gzip member that can be unpacked: magic and the method deflate.
pub(super) const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b, 0x08];

/// The largest window there is, which every stream fits.
const WINDOW_BITS: u8 = 15;

/// One gzip member or one bare deflate stream.
pub(super) struct Deflate(Decompress);

impl Deflate {
    pub(super) fn gzip() -> Self {
        Self(Decompress::new_gzip(WINDOW_BITS))
    }

    pub(super) fn bare() -> Self {
        Self(Decompress::new(false))
    }
}

impl Engine for Deflate {
    fn unpack(&mut self, source: &mut Peek<'_>, out: &mut [u8]) -> (usize, State) {
        let input = source.fill_buf().unwrap_or_default();
        let (packed, unpacked) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, out, FlushDecompress::None);
        let taken = usize::try_from(self.0.total_in() - packed).unwrap_or(usize::MAX);
        let made = usize::try_from(self.0.total_out() - unpacked).unwrap_or(usize::MAX);
        source.consume(taken);
        let state = match status {
            Ok(Status::StreamEnd) => State::Over,
            Ok(_) => State::Going,
            Err(_) => State::Damaged,
        };
        (made, state)
    }
}

/// A zip member's content, compared at its end with the size and checksum that the archive states.
pub(in crate::source) struct Checked<'s> {
    source: &'s mut dyn Read,
    size: u64,
    checksum: u32,
    found: Crc,
    bytes: u64,
}

impl<'s> Checked<'s> {
    pub(in crate::source) fn new(source: &'s mut dyn Read, size: u64, checksum: u32) -> Self {
        Self {
            source,
            size,
            checksum,
            found: Crc::new(),
            bytes: 0,
        }
    }

    /// Bytes that were read so far.
    pub(in crate::source) fn delivered(&self) -> u64 {
        self.bytes
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let count = self.source.read(out)?;
        if let Some(read) = out.get(..count) {
            self.found.update(read);
        }
        self.bytes += count as u64;
        if count > 0 || (self.bytes == self.size && self.found.sum() == self.checksum) {
            return Ok(count);
        }
        let fault = if self.bytes < self.size {
            Fault::cut(format!(
                "the content ends after {} of {}",
                Size(self.bytes),
                Size(self.size)
            ))
        } else {
            Fault::damaged("the content does not fit its checksum".to_owned())
        };
        Err(fault.error())
    }
}
