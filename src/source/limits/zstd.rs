//! Zstd, by the `ruzstd` crate.

use std::io::Read;

use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::unpack::{Engine, State};
use super::{Fault, Room};
use crate::source::peek::Peek;

/// First bytes of a frame.
const MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
/// First bytes, behind one of any half-byte, of a frame that says nothing.
const SKIPPABLE: &[u8] = b"\x2a\x4d\x18";
/// The longest header of a frame.
const HEADER: usize = 18;
/// The header of a block.
const BLOCK: usize = 3;
/// The largest block, without its header.
const BLOCK_BYTES: usize = 1 << 17;

/// True for the first bytes of a frame.
pub(super) fn is_start(head: &[u8]) -> bool {
    let skippable = head.first().is_some_and(|byte| byte >> 4 == 5)
        && head.get(1..4).is_some_and(|rest| rest == SKIPPABLE);
    skippable || head.starts_with(MAGIC)
}

/// One zstd frame.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    stage: Stage,
    room: Room,
    window: u64,
    checksum: bool,
    made: u64,
}

/// How far a frame is.
enum Stage {
    Header,
    /// So many bytes of a frame that says nothing are still to come.
    Skip(u64),
    Blocks,
    /// Nothing more is read; what the decoder holds is handed out first.
    Closed {
        damaged: bool,
    },
}

impl Zstd {
    pub(super) fn new(room: Room) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(room.free);
        Self {
            decoder,
            stage: Stage::Header,
            room,
            window: 0,
            checksum: false,
            made: 0,
        }
    }

    fn header(&mut self, source: &mut Peek<'_>) -> State {
        let head = source.peek(HEADER);
        let (there, mut rest) = (head.len(), head);
        let result = self.decoder.reset(&mut rest);
        let taken = there - rest.len();
        match result {
            Ok(()) => {
                self.stage = Stage::Blocks;
                self.window = frame_window(head, self.decoder.content_size());
                self.checksum = head.get(4).is_some_and(|byte| byte & 4 != 0);
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => self.stage = Stage::Skip(u64::from(length)),
            // told as the end of the source once all of it is taken
            Err(FrameDecoderError::ReadFrameHeaderError(_)) if there < HEADER => {}
            Err(error) => return self.refused(&error),
        }
        // fails only with the source, which is asked for its reason
        let _ = source.skip(taken as u64);
        State::Going
    }

    fn refused(&self, error: &FrameDecoderError) -> State {
        let asked = match error {
            FrameDecoderError::WindowSizeTooBig { requested, .. } => *requested,
            FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { got }) => *got,
            FrameDecoderError::DictNotProvided { dict_id } => {
                return State::Refused(Fault::damaged(format!(
                    "it was packed with dictionary {dict_id}, which is not in it; unpack it \
                     first (zstd -d -D)"
                )));
            }
            _ => return State::Damaged,
        };
        State::Refused(self.room.refuse(asked, "zstd -d --long=31"))
    }

    /// Reads one block; of a part of one nothing can be made.
    fn block(&mut self, source: &mut Peek<'_>) -> State {
        // the checksum of the frame stands behind the last block
        let input = source.peek(BLOCK + BLOCK_BYTES + 4);
        let mut rest = input;
        let result = self
            .decoder
            .decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1));
        let cut = input.len() < block_bytes(input, self.checksum);
        let taken = if cut {
            input.len()
        } else {
            input.len() - rest.len()
        };
        let _ = source.skip(taken as u64);
        if result.is_err() {
            self.close(!cut);
        }
        State::Going
    }

    /// Ends the frame with a last, empty block: the decoder lets go of what later blocks might
    /// have referred to.
    fn close(&mut self, damaged: bool) {
        /// An empty last block, and room for a checksum.
        const LAST: &[u8] = &[1, 0, 0, 0, 0, 0, 0];
        let _ = self
            .decoder
            .decode_blocks(LAST, BlockDecodingStrategy::UptoBlocks(1));
        self.stage = Stage::Closed { damaged };
    }

    /// The state at the end of a frame of which everything was handed out.
    fn end(&self) -> State {
        let size = self.decoder.content_size();
        let checksums = (
            self.decoder.get_checksum_from_data(),
            self.decoder.get_calculated_checksum(),
        );
        let same = checksums.0.is_none() || checksums.0 == checksums.1;
        // a frame that does not tell its size tells zero
        if same && (size == 0 || size == self.made) {
            State::Over
        } else {
            State::Damaged
        }
    }
}

/// The window that a frame with this header asks for (RFC 8878, 3.1.1.1.2).
fn frame_window(head: &[u8], content: u64) -> u64 {
    let single_segment = head.get(4).is_some_and(|byte| byte & 0x20 != 0);
    if single_segment {
        return content;
    }
    let byte = head.get(5).copied().map_or(0, u64::from);
    let base = 1_u64 << (10 + (byte >> 3));
    base + base / 8 * (byte & 7)
}

/// How many bytes the first block takes, with its header and, if it is the last one, the
/// checksum of the frame (RFC 8878, 3.1.1.2).
fn block_bytes(input: &[u8], checksum: bool) -> usize {
    let Some([a, b, c]) = input.first_chunk::<BLOCK>() else {
        return BLOCK;
    };
    let header = u32::from_le_bytes([*a, *b, *c, 0]);
    let run = header >> 1 & 3 == 1;
    let body = if run { 1 } else { header >> 3 };
    let behind = if checksum && header & 1 == 1 { 4 } else { 0 };
    BLOCK + usize::try_from(body).unwrap_or(usize::MAX) + behind
}

impl Engine for Zstd {
    fn unpack(&mut self, source: &mut Peek<'_>, out: &mut [u8]) -> (usize, State) {
        let made = match self.stage {
            Stage::Blocks | Stage::Closed { .. } => self.decoder.read(out).unwrap_or(0),
            Stage::Header | Stage::Skip(_) => 0,
        };
        self.made += made as u64;
        if made > 0 {
            return (made, State::Going);
        }
        let state = match self.stage {
            Stage::Header => self.header(source),
            Stage::Skip(0) => State::Over,
            Stage::Skip(left) => {
                let taken = source.skip(left).unwrap_or(0);
                self.stage = Stage::Skip(left - taken);
                State::Going
            }
            Stage::Blocks if self.decoder.is_finished() => self.end(),
            Stage::Blocks => self.block(source),
            Stage::Closed { damaged: true } => State::Damaged,
            Stage::Closed { damaged: false } => State::Going,
        };
        (0, state)
    }

    fn window(&self) -> u64 {
        self.window
    }
}
