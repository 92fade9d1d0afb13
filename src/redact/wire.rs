//! Captures of somebody else: the same packets at the same times, with other addresses and with
//! nothing of what they carried but what a diagnosis reads. What is not known stays as zeros.
//!
//! A capture is read twice. The first time, the beginning of every conversation is put together
//! and redacted as a whole, so that a name that two segments share is found, and one that is sent
//! again becomes the same again; the second time the frames are written. Lengths, sequence
//! numbers and the numbers of frames stay; checksums are those of the new bytes.

use std::collections::HashMap;
use std::net::IpAddr;

use super::text::Redactor;
use crate::model::frame::Frame;

mod checksum;
mod erlang;
mod file;
mod link;
mod mask;
mod packet;
mod pg;
mod sip;
mod talk;
mod tls;
mod xmpp;

pub use file::{CaptureWriter, Form};

use talk::Talk;

/// Bytes of both directions of all conversations that are held before they are redacted.
const HELD: usize = 64 << 20;
/// Bytes that redacted conversations may take.
const KEPT: usize = 256 << 20;

/// Who speaks to whom: the lesser end first.
type Pair = ((IpAddr, u16), (IpAddr, u16));

/// A segment of TCP as a frame has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'p> {
    source: (IpAddr, u16),
    destination: (IpAddr, u16),
    sequence: u32,
    syn: bool,
    ack: bool,
    payload: &'p [u8],
}

/// Everything that TCP says in a capture.
#[derive(Debug, Default)]
pub struct Talks {
    talks: HashMap<Pair, Vec<Talk>>,
    /// The conversation of each pair that goes on, when frames are written.
    current: HashMap<Pair, usize>,
    held: usize,
    kept: usize,
    /// Conversations of which nothing is kept, for want of memory.
    dropped: u64,
}

impl Talks {
    /// The place of a segment: its pair, and which side of it speaks.
    fn place(segment: &Segment<'_>) -> (Pair, usize) {
        match segment.source <= segment.destination {
            true => ((segment.source, segment.destination), 0),
            false => ((segment.destination, segment.source), 1),
        }
    }

    /// Hears a segment for the first time.
    fn hear(&mut self, segment: &Segment<'_>, redactor: &mut Redactor) {
        let (pair, side) = Self::place(segment);
        let talks = self.talks.entry(pair).or_default();
        if talks.last().is_none_or(|talk| talk.is_over(side, segment)) {
            talks.push(Talk::new([pair.0.1, pair.1.1]));
        }
        if let Some(talk) = talks.last_mut() {
            self.held += talk.hear(side, segment);
        }
        if self.held > HELD {
            self.settle(redactor);
        }
    }

    /// Redacts what was heard.
    fn settle(&mut self, redactor: &mut Redactor) {
        let mut pairs: Vec<&Pair> = self.talks.keys().collect();
        pairs.sort();
        let pairs: Vec<Pair> = pairs.into_iter().copied().collect();
        for pair in pairs {
            for talk in self.talks.get_mut(&pair).into_iter().flatten() {
                let room = KEPT.saturating_sub(self.kept);
                match talk.settle(redactor, room) {
                    Some(bytes) => self.kept += bytes,
                    None => self.dropped += 1,
                }
            }
        }
        self.held = 0;
    }

    /// The bytes that stand for those of a segment.
    fn said(&mut self, segment: &Segment<'_>, out: &mut [u8]) {
        let (pair, side) = Self::place(segment);
        let Some(talks) = self.talks.get(&pair) else {
            return;
        };
        let at = self.current.entry(pair).or_insert(0);
        while let (Some(talk), Some(_)) = (talks.get(*at), talks.get(*at + 1)) {
            if !talk.was_over(side, segment) {
                break;
            }
            *at += 1;
        }
        if let Some(talk) = talks.get(*at) {
            talk.said(side, segment, out);
        }
    }
}

/// Rewrites the frames of one capture.
#[derive(Debug)]
pub struct Wire<'r> {
    redactor: &'r mut Redactor,
    talks: Talks,
}

impl<'r> Wire<'r> {
    /// Nothing was read yet.
    pub fn new(redactor: &'r mut Redactor) -> Self {
        Self {
            redactor,
            talks: Talks::default(),
        }
    }

    /// A frame, when the capture is read for the first time.
    pub fn hear(&mut self, frame: &Frame<'_>) {
        let mut painter = packet::Painter::new(frame, self.redactor, &mut self.talks, true);
        painter.paint(frame.link);
    }

    /// The capture was read once.
    pub fn heard(&mut self) {
        self.talks.settle(self.redactor);
    }

    /// A frame, when the capture is read for the second time: what stands for its bytes.
    pub fn frame(&mut self, frame: &Frame<'_>) -> Vec<u8> {
        let mut painter = packet::Painter::new(frame, self.redactor, &mut self.talks, false);
        painter.paint(frame.link);
        painter.finish()
    }

    /// Conversations of which nothing but headers is left, for there were too many.
    pub fn dropped(&self) -> u64 {
        self.talks.dropped
    }

    /// What stands for an address and the name that the capture gives it.
    pub fn name(&mut self, address: IpAddr, name: &str) -> (IpAddr, String) {
        let address = match address {
            IpAddr::V4(address) => self.redactor.map_mut().v4(address).into(),
            IpAddr::V6(address) => self.redactor.map_mut().v6(address).into(),
        };
        (address, self.redactor.host(name))
    }
}
