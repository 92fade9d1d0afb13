//! What the protocols share: streams cut into messages, text of the wire made fit to be shown.

use std::borrow::Cow;

use super::flow::{Moment, Step};
use super::stream::Note;
use crate::model::flow::Direction;

/// Bytes of a message that are kept; what is longer is counted, not held.
pub(super) const KEEP: usize = 4 << 10;
/// Routine notes of one connection that are kept for its end.
const ROUTINE: usize = 32;

/// What [`Cutter::cut`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The message goes on in bytes that have not come yet.
    More,
    /// A message with its header; at most [`KEEP`] bytes of it.
    Message(Vec<u8>),
    /// No message begins like this.
    Foreign,
}

/// Cuts a stream of bytes into messages that begin with their length.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    held: Vec<u8>,
    /// Length of the message with its header; 0 until that is known.
    total: u64,
    seen: u64,
    /// Bytes in the middle were not captured: only what stands before them is kept.
    torn: bool,
}

impl Cutter {
    /// Takes the bytes of one message off the front of `bytes`. Its length, header included, is
    /// told by `length` from the first `header` bytes; `None` says that this is no message.
    pub(super) fn cut(
        &mut self,
        bytes: &mut &[u8],
        header: usize,
        length: impl FnOnce(&[u8]) -> Option<u64>,
    ) -> Cut {
        if self.total == 0 {
            let missing = header.saturating_sub(self.held.len());
            self.held.extend_from_slice(split(bytes, missing));
            if self.held.len() < header {
                return Cut::More;
            }
            self.seen = self.held.len() as u64;
            match length(&self.held).filter(|total| *total >= self.seen) {
                Some(total) => self.total = total,
                None => return Cut::Foreign,
            }
        }
        let missing = usize::try_from(self.total - self.seen).unwrap_or(usize::MAX);
        let taken = split(bytes, missing);
        self.seen += taken.len() as u64;
        let room = match self.torn {
            true => 0,
            false => KEEP.saturating_sub(self.held.len()),
        };
        self.held
            .extend_from_slice(taken.get(..room).unwrap_or(taken));
        if self.seen < self.total {
            return Cut::More;
        }
        let message = std::mem::take(self);
        Cut::Message(message.held)
    }

    /// So many bytes are missing. False when nobody can tell where the next message begins.
    pub(super) fn skip(&mut self, length: u64) -> bool {
        let within = self.total > 0 && self.total - self.seen >= length;
        if within {
            self.seen += length;
            self.torn = true;
        }
        within
    }

    /// True when the last byte of a message has come, captured or not.
    pub(super) fn is_whole(&self) -> bool {
        self.total > 0 && self.seen == self.total
    }

    /// True inside of a message.
    pub(super) fn is_amid(&self) -> bool {
        !self.held.is_empty()
    }
}

/// Takes up to `count` bytes off the front.
pub(super) fn split<'b>(bytes: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
    *bytes = rest;
    taken
}

/// A number of two bytes, the high one first, at `at`.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    bytes.try_into().ok().map(u16::from_be_bytes)
}

/// A number of four bytes, the high one first, at `at`.
pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// Text of the wire: at most `most` characters, none of them a control character.
pub(super) fn shown(bytes: &[u8], most: usize) -> String {
    // a character has at most four bytes
    let reach = bytes.get(..most.saturating_mul(4)).unwrap_or(bytes);
    let text = String::from_utf8_lossy(reach);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut shown: String = text.trim_end().chars().take(most).map(plain).collect();
    if shown.len() < text.trim_end().len() || reach.len() < bytes.len() {
        shown.push('…');
    }
    shown
}

/// A note under construction.
#[derive(Debug)]
pub(super) struct Draft(Note);

impl Draft {
    pub(super) fn new(format: &'static str, moment: Moment, text: String) -> Self {
        Self(Note {
            format,
            moment,
            fields: Vec::new(),
            text,
            routine: false,
        })
    }

    /// Adds a field.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.0.fields.push((name, value.into()));
        self
    }

    /// Adds a field whose value is known.
    pub(super) fn with_some(
        self,
        name: &'static str,
        value: Option<impl Into<Cow<'static, str>>>,
    ) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// It is ordinary.
    pub(super) fn routine(mut self) -> Self {
        self.0.routine = true;
        self
    }

    pub(super) fn note(self) -> Note {
        self.0
    }
}

/// Who has spoken, and the ordinary things that were said.
#[derive(Debug, Default)]
pub(super) struct Voices {
    said: [bool; 2],
    routine: Vec<Note>,
}

impl Voices {
    pub(super) fn hear(&mut self, from: Direction) {
        let place = usize::from(from == Direction::FromResponder);
        if let Some(said) = self.said.get_mut(place) {
            *said = true;
        }
    }

    pub(super) fn step(&self) -> Step {
        match self.said {
            [false, false] => Step::Opening,
            [true, true] => Step::Data,
            _ => Step::Request,
        }
    }

    /// Keeps what is only told when somebody wants to hear of the ordinary.
    pub(super) fn keep(&mut self, draft: Draft) {
        if self.routine.len() < ROUTINE {
            self.routine.push(draft.routine().note());
        }
    }

    /// Hands out what was kept.
    pub(super) fn tell(&mut self, wanted: bool, notes: &mut Vec<Note>) {
        let routine = std::mem::take(&mut self.routine);
        if wanted {
            notes.extend(routine);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(header: &[u8]) -> Option<u64> {
        be16(header, 0).map(u64::from)
    }

    #[test]
    fn messages_are_cut_wherever_the_pieces_end() {
        let stream = b"\x00\x05abc\x00\x02\x00\x04xy";
        for size in 1..stream.len() {
            let mut cutter = Cutter::default();
            let mut found = Vec::new();
            for mut piece in stream.chunks(size) {
                while !piece.is_empty() {
                    if let Cut::Message(message) = cutter.cut(&mut piece, 2, length) {
                        found.push(message);
                    }
                }
            }
            assert_eq!(found, [&b"\x00\x05abc"[..], b"\x00\x02", b"\x00\x04xy"]);
        }
    }

    #[test]
    fn long_messages_are_counted_and_not_held() {
        let mut cutter = Cutter::default();
        let mut first = &b"\xff\xffdata"[..];
        assert_eq!(cutter.cut(&mut first, 2, length), Cut::More);
        assert!(!cutter.skip(65_535) && cutter.skip(65_529));
        let message = cutter.cut(&mut &b""[..], 2, length);
        assert_eq!(message, Cut::Message(b"\xff\xffdata".to_vec()));
        let mut cutter = Cutter::default();
        let long = [&b"\x80\x00"[..], &[7; 0x7ffe]].concat();
        let Cut::Message(message) = cutter.cut(&mut long.as_slice(), 2, length) else {
            panic!("a message");
        };
        assert_eq!(message.len(), KEEP);
        let short = Cutter::default().cut(&mut &b"\x00\x01"[..], 2, length);
        assert_eq!(short, Cut::Foreign);
    }

    #[test]
    fn shown_text_is_short_and_harmless() {
        assert_eq!(shown(b"a\x1b[2J\x07b\n", 20), "a [2J b");
        assert_eq!(shown("ééééé".as_bytes(), 3), "ééé…");
        assert_eq!(shown(&[0xff; 100], 4), "\u{fffd}\u{fffd}\u{fffd}\u{fffd}…");
    }
}
