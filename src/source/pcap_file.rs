//! Capture files as frames: pcap (tcpdump) and pcapng (Wireshark), from a file, from inside an
//! archive or from a pipe that is still being written.
//!
//! Everything stands in one bounded buffer that the frames borrow. A frame is handed out as soon
//! as it is whole; nothing that a header claims is allocated before its bytes are there. After
//! damage reading goes on only where the format itself says where the next frame begins (a block
//! of pcapng whose two lengths agree); a pcap file has no such mark, so it ends there.

use std::io::Read;
use std::ops::Range;

use crate::model::frame::{CaptureStats, Frame};

mod buffer;
mod pcap;
mod pcapng;
#[cfg(test)]
mod tests;

use buffer::Buffer;

/// The longest frame that is read. Capturing programs stop at 256 KiB; the largest packets that
/// Linux puts together (BIG TCP) have half of it.
pub const LONGEST_FRAME: usize = 1 << 20;
/// Bytes that decide whether something is a capture.
pub const MAGIC: usize = 12;
/// Notes of damage that are kept.
const NOTES: usize = 16;

/// Something that hands out frames, a file or a live capture.
pub trait FrameSource {
    /// The next frame; `None` when there are no more.
    fn next_frame(&mut self) -> Option<Frame<'_>>;

    /// What is known about the capture so far; complete once there are no more frames.
    fn stats(&self) -> &CaptureStats;
}

/// True when the first bytes are those of a capture that can be read.
pub fn is_capture(head: &[u8]) -> bool {
    pcap::Magic::of(head).is_some() || pcapng::Order::of_section(head).is_some()
}

/// A frame that stands in the buffer.
struct Found {
    number: u64,
    at: Option<i64>,
    link: u16,
    interface: u32,
    data: Range<usize>,
    length: u32,
}

/// What the capture is.
#[derive(Debug)]
enum Format {
    /// Nothing was looked at.
    New,
    Pcap(pcap::Pcap),
    PcapNg(pcapng::PcapNg),
    /// There are no more frames.
    Over,
}

/// Reads a capture frame by frame.
pub struct CaptureReader<'r> {
    buffer: Buffer<'r>,
    format: Format,
    stats: CaptureStats,
}

impl<'r> CaptureReader<'r> {
    /// A reader of what begins with `head`, bytes that were read already, and goes on with
    /// `source`. Nothing is read before the first frame is asked for.
    pub fn new(head: &[u8], source: &'r mut dyn Read) -> Self {
        Self {
            buffer: Buffer::new(head, source),
            format: Format::New,
            stats: CaptureStats::default(),
        }
    }

    /// The error that ended the source, if one did. Its text stands in the notes of damage, too.
    pub fn error(&self) -> Option<&std::io::Error> {
        self.buffer.error()
    }

    /// Learns the format from the first bytes.
    fn open(&mut self) -> Format {
        self.buffer.ensure(MAGIC);
        let head = self.buffer.held();
        if let Some(magic) = pcap::Magic::of(head) {
            let opened = pcap::Pcap::open(magic, &mut self.buffer, &mut self.stats);
            return opened.map_or(Format::Over, Format::Pcap);
        }
        if pcapng::Order::of_section(head).is_some() {
            return Format::PcapNg(pcapng::PcapNg::default());
        }
        if head.len() < MAGIC {
            broke_off(&self.buffer, &mut self.stats, &"its first header");
        } else {
            note(&mut self.stats, || "it is not a capture".to_owned());
        }
        Format::Over
    }
}

impl FrameSource for CaptureReader<'_> {
    fn next_frame(&mut self) -> Option<Frame<'_>> {
        if matches!(self.format, Format::New) {
            self.format = self.open();
        }
        let found = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.buffer, &mut self.stats),
            Format::PcapNg(pcapng) => pcapng.next(&mut self.buffer, &mut self.stats),
            Format::New | Format::Over => None,
        };
        let Some(found) = found else {
            self.format = Format::Over;
            return None;
        };
        let data = self.buffer.get(found.data);
        self.stats.frames += 1;
        self.stats.snapped += u64::from((data.len() as u64) < u64::from(found.length));
        Some(Frame {
            number: found.number,
            at: found.at,
            link: found.link,
            interface: found.interface,
            data,
            length: found.length,
        })
    }

    fn stats(&self) -> &CaptureStats {
        &self.stats
    }
}

/// Adds a note of damage; the last of many says that there were more.
fn note(stats: &mut CaptureStats, text: impl FnOnce() -> String) {
    match stats.damage.len() {
        many if many > NOTES => {}
        NOTES => stats
            .damage
            .push("there is more damage of this kind".to_owned()),
        _ => stats.damage.push(text()),
    }
}

/// Says why the next bytes are missing, if they should have been there: the source failed, or
/// the capture ends in the middle of something.
#[cold]
fn broke_off(buffer: &Buffer<'_>, stats: &mut CaptureStats, place: &dyn std::fmt::Display) {
    let (there, at) = (buffer.held().len(), buffer.offset());
    if let Some(error) = buffer.error() {
        note(stats, || {
            format!("reading ended in or before {place} (byte {at}): {error}")
        });
    } else if there > 0 {
        note(stats, || {
            format!("it ends in the middle of {place}, which begins at byte {at}")
        });
    }
}
