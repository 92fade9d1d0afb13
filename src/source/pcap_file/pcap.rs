//! The old format, pcap: one header, then records without any mark between them
//! (draft-ietf-opsawg-pcap, and for its forerunners the reader of libpcap).

use super::buffer::Buffer;
use super::{Found, LONGEST_FRAME, broke_off, note};
use crate::model::frame::CaptureStats;

/// Bytes of the file's header.
const HEADER: usize = 24;
/// Bytes of a record's header, and in files of Kuznetzov's patched libpcap.
const RECORD: usize = 16;
const PATCHED: usize = 24;
/// Bits of the link type that do not tell how long a frame check sequence is.
const LINK: u32 = 0xffff;

/// What the first four bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Magic {
    big: bool,
    nano: bool,
    record: usize,
}

impl Magic {
    /// Recognises a capture by its first bytes.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let first: [u8; 4] = *head.first_chunk()?;
        let magic = |big, number: u32| {
            let (nano, record) = match number {
                0xa1b2_c3d4 => (false, RECORD),
                0xa1b2_3c4d => (true, RECORD),
                0xa1b2_cd34 => (false, PATCHED),
                _ => return None,
            };
            Some(Self { big, nano, record })
        };
        magic(false, u32::from_le_bytes(first)).or_else(|| magic(true, u32::from_be_bytes(first)))
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        let number = u32::from_le_bytes(bytes);
        if self.big {
            number.swap_bytes()
        } else {
            number
        }
    }
}

/// In which order a record says how much was captured and how long the frame was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    /// Before version 2.3.
    CapturedLast,
    /// Version 2.3 was written both ways.
    SmallerIsCaptured,
}

/// A capture whose header was read.
#[derive(Debug)]
pub(super) struct Pcap {
    magic: Magic,
    lengths: Lengths,
    link: u16,
}

impl Pcap {
    /// Reads the header; `None` when nothing can follow.
    pub(super) fn open(
        magic: Magic,
        buffer: &mut Buffer<'_>,
        stats: &mut CaptureStats,
    ) -> Option<Self> {
        if !buffer.ensure(HEADER) {
            broke_off(buffer, stats, &"the header of the file");
            return None;
        }
        let header = buffer.take(HEADER);
        let [_, version, _, _, _, network] = buffer.get(header).as_chunks::<4>().0 else {
            return None;
        };
        let version = magic.u32(*version);
        let (major, minor) = match magic.big {
            false => (version & 0xffff, version >> 16),
            true => (version >> 16, version & 0xffff),
        };
        let lengths = match (major, minor) {
            (2, ..3) | (543, _) => Lengths::CapturedLast,
            (2, 3) => Lengths::SmallerIsCaptured,
            (2, _) => Lengths::CapturedFirst,
            _ => {
                note(stats, || {
                    format!(
                        "it says to be of pcap version {major}.{minor}; only version 2 can be read"
                    )
                });
                return None;
            }
        };
        Some(Self {
            magic,
            lengths,
            link: u16::try_from(magic.u32(*network) & LINK).unwrap_or_default(),
        })
    }

    /// The next frame.
    #[inline]
    pub(super) fn next(
        &mut self,
        buffer: &mut Buffer<'_>,
        stats: &mut CaptureStats,
    ) -> Option<Found> {
        let size = self.magic.record;
        if !buffer.ensure(size) {
            broke_off(
                buffer,
                stats,
                &Numbered("the header of frame", stats.frames),
            );
            return None;
        }
        let [seconds, fraction, first, second, ..] = buffer.held().as_chunks::<4>().0 else {
            return None;
        };
        let number = |bytes: &[u8; 4]| self.magic.u32(*bytes);
        let (captured, length) = match self.lengths {
            Lengths::CapturedFirst => (number(first), number(second)),
            Lengths::CapturedLast => (number(second), number(first)),
            Lengths::SmallerIsCaptured => {
                let (one, other) = (number(first), number(second));
                (one.min(other), one.max(other))
            }
        };
        let fraction = i64::from(number(fraction));
        let fraction = if self.magic.nano {
            fraction / 1000
        } else {
            fraction
        };
        let at = i64::from(number(seconds)) * 1_000_000 + fraction;
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        if captured > LONGEST_FRAME {
            let (frame, at) = (stats.frames + 1, buffer.offset());
            note(stats, || {
                format!(
                    "the header of frame {frame} at byte {at} says that {captured} bytes were \
                     captured, which cannot be; what follows cannot be read"
                )
            });
            return None;
        }
        if !buffer.ensure(size + captured) {
            broke_off(buffer, stats, &Numbered("frame", stats.frames));
            return None;
        }
        buffer.take(size);
        Some(Found {
            number: stats.frames + 1,
            at: Some(at),
            link: self.link,
            interface: 0,
            data: buffer.take(captured),
            length,
        })
    }
}

/// The frame behind those that were handed out, in words.
struct Numbered(&'static str, u64);

impl std::fmt::Display for Numbered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.0, self.1 + 1)
    }
}
