//! Bzip2, by the `bzip2` crate on a translation of the library into Rust.

use std::io::BufRead;

use bzip2::{Decompress, Status};

use super::unpack::{Engine, State};
use crate::source::peek::Peek;

/// How many bytes tell a stream from text that begins like one.
pub(super) const HEAD: usize = 10;

/// True for the first bytes of a stream: a level, and a block or the end of an empty stream.
pub(super) fn is_start(head: &[u8]) -> bool {
    const BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
    const EMPTY: &[u8] = b"\x17\x72\x45\x38\x50\x90";
    let level = head
        .get(3)
        .is_some_and(|level| (b'1'..=b'9').contains(level));
    let block = head
        .get(4..HEAD)
        .is_some_and(|at| at == BLOCK || at == EMPTY);
    head.starts_with(b"BZh") && level && block
}

/// One bzip2 stream. It needs less than 4 MiB, whatever it says.
pub(super) struct Bzip2(Decompress);

impl Bzip2 {
    pub(super) fn new() -> Self {
        Self(Decompress::new(false))
    }
}

impl Engine for Bzip2 {
    fn unpack(&mut self, source: &mut Peek<'_>, out: &mut [u8]) -> (usize, State) {
        let input = source.fill_buf().unwrap_or_default();
        let (packed, unpacked) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, out);
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
