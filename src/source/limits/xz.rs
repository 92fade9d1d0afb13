//! Xz, by the `lzma-rust2` crate without its unsafe parts.

use std::io::{self, BufRead};

use lzma_rust2::{Action, Status, XzStream};

use super::unpack::{Engine, State};
use super::{Fault, MIB, Room};
use crate::source::peek::Peek;

/// First bytes of a stream.
pub(super) const MAGIC: &[u8] = b"\xfd7zXZ\0";
/// What may stand between streams, any number of times.
pub(super) const PADDING: &[u8] = &[0; 4];

/// How many blocks a stream may have. The decoder keeps 16 bytes of each until the end of the
/// stream; real ones have a block for some MiB of text at most.
const BLOCKS: u64 = 1 << 20;
/// What the decoder needs beside the dictionary, at most.
const BESIDE: u64 = MIB;

/// One xz stream.
pub(super) struct Xz {
    stream: XzStream,
    outline: Outline,
    room: Room,
}

impl Xz {
    pub(super) fn new(room: Room) -> Self {
        let limit = room.free.saturating_add(BESIDE) / 1024;
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Self {
            stream: XzStream::new_mem_limit(false, limit),
            outline: Outline::default(),
            room,
        }
    }

    fn refused(&self, error: &io::Error) -> State {
        match error.kind() {
            // what is missing is told by who knows where the source ends
            io::ErrorKind::UnexpectedEof => State::Going,
            io::ErrorKind::OutOfMemory => {
                let asked = self.window().next_multiple_of(MIB);
                State::Refused(self.room.refuse(asked, "xz -d"))
            }
            io::ErrorKind::Unsupported => State::Refused(Fault::damaged(
                "it uses a kind of xz that cannot be read here; unpack it first (xz -d)".to_owned(),
            )),
            _ => State::Damaged,
        }
    }
}

impl Engine for Xz {
    fn unpack(&mut self, source: &mut Peek<'_>, out: &mut [u8]) -> (usize, State) {
        let input = source.fill_buf().unwrap_or_default();
        let action = if input.is_empty() {
            Action::Finish
        } else {
            Action::Run
        };
        let (packed, unpacked) = (self.stream.total_in(), self.stream.total_out());
        let result = self.stream.process(input, out, action);
        let taken = usize::try_from(self.stream.total_in() - packed).unwrap_or(usize::MAX);
        let made = usize::try_from(self.stream.total_out() - unpacked).unwrap_or(usize::MAX);
        self.outline.follow(input.get(..taken).unwrap_or_default());
        source.consume(taken);
        let state = match result {
            _ if self.outline.blocks > BLOCKS => State::Refused(Fault::limit(format!(
                "it has more than {BLOCKS} blocks, the limit; unpack it first (xz -d)"
            ))),
            Ok(result) if result.status == Status::StreamEnd => State::Over,
            Ok(_) => State::Going,
            Err(error) => self.refused(&error),
        };
        (made, state)
    }

    fn window(&self) -> u64 {
        let kib = self.stream.memory_usage().unwrap_or(0);
        u64::from(kib) * 1024
    }
}

/// Follows the outline of a stream to count its blocks, which the decoder does not tell. What it
/// makes of a damaged stream does not matter: the decoder gives up there.
#[derive(Default)]
struct Outline {
    blocks: u64,
    part: Part,
    /// Bytes of the part that are still to come before it means something.
    skip: u64,
    /// First bytes of the part.
    held: Vec<u8>,
    /// Bytes of the block's packed data so far.
    data: u64,
    check: u64,
}

/// What comes next in a stream.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    /// The header of the stream.
    #[default]
    Header,
    /// The size of a block's header, or the index.
    Block,
    /// A piece of LZMA2 data, or their end.
    Piece,
    /// The index: there are no more blocks.
    Index,
}

impl Outline {
    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.part != Part::Index {
            let skipped = usize::try_from(self.skip).map_or(bytes.len(), |n| n.min(bytes.len()));
            self.skip -= skipped as u64;
            bytes = bytes.get(skipped..).unwrap_or_default();
            if let Some((byte, rest)) = bytes.split_first() {
                bytes = rest;
                self.held.push(*byte);
                self.look();
            }
        }
    }

    /// Reads the part when enough of it is there.
    fn look(&mut self) {
        let at = |place: usize| self.held.get(place).copied().map_or(0, u64::from);
        let held = self.held.len();
        match (self.part, at(0)) {
            // six bytes of magic, two of flags, four of checksum
            (Part::Header, _) if held == 8 => {
                self.check = match at(7) & 15 {
                    0 => 0,
                    kind => 4 << ((kind - 1) / 3),
                };
                self.pass(4, Part::Block);
            }
            (Part::Header, _) => {}
            (Part::Block, 0) => self.pass(0, Part::Index),
            (Part::Block, size) => {
                self.blocks += 1;
                self.data = 0;
                self.pass((size + 1) * 4 - 1, Part::Piece);
            }
            (Part::Piece, 0) => {
                let padding = (self.data + 1).next_multiple_of(4) - (self.data + 1);
                self.pass(padding + self.check, Part::Block);
            }
            (Part::Piece, 1..=0x7f) if held == 3 => {
                let size = (at(1) << 8) + at(2) + 1;
                self.piece(3, size);
            }
            (Part::Piece, control @ 0x80..) if held == 5 => {
                let properties = u64::from(control >= 0xc0);
                let size = (at(3) << 8) + at(4) + 1 + properties;
                self.piece(5, size);
            }
            (Part::Piece, _) | (Part::Index, _) => {}
        }
    }

    fn piece(&mut self, head: u64, size: u64) {
        self.data += head + size;
        self.pass(size, Part::Piece);
    }

    fn pass(&mut self, skip: u64, next: Part) {
        self.skip = skip;
        self.part = next;
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::num::NonZeroU64;

    use lzma_rust2::{CheckType, XzOptions, XzWriter};

    use super::*;

    fn packed(text: &[u8], check: CheckType, block: u64) -> Vec<u8> {
        let mut options = XzOptions::with_preset(1);
        // blocks are never smaller than the dictionary
        options.lzma_options.dict_size = 1 << 16;
        options.set_check_sum_type(check);
        options.set_block_size(NonZeroU64::new(block));
        let mut writer = XzWriter::new(Vec::new(), options).unwrap();
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn blocks_are_counted_whatever_stands_in_them() {
        let runs = vec![b'x'; 50_000];
        // does not pack: stored pieces
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(300_000)
        .collect();
        let checks = [
            CheckType::None,
            CheckType::Crc32,
            CheckType::Crc64,
            CheckType::Sha256,
        ];
        for text in [&runs, &noise] {
            for check in checks {
                for block in [1 << 16, 70_001, 1 << 20] {
                    let bytes = packed(text, check, block);
                    for step in [1, 7, bytes.len()] {
                        let mut outline = Outline::default();
                        bytes.chunks(step).for_each(|part| outline.follow(part));
                        let blocks = (text.len() as u64).div_ceil(block);
                        assert_eq!(outline.blocks, blocks, "{check:?} {block} {step}");
                        assert!(outline.part == Part::Index);
                    }
                }
            }
        }
    }
}
