//! H.225.0 RAS messages as far as their kind and number: packed encoding, aligned (ITU-T X.691).
//!
//! A message is a choice: a bit that is clear, five bits of index, then the message as a sequence
//! that begins with a bit for extensions and one for each optional part. Where these bits end, the
//! number stands at the next whole byte. A later addition to the standard has the first bit set,
//! the index in seven bits, and the message as a string of bytes with its length.

use super::message::be16;

/// What a message is in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It asks.
    Request,
    /// It says yes, or gives what was asked for.
    Confirmed,
    /// It says no.
    Rejected,
    /// It asks for patience.
    InProgress,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ras {
    pub(super) part: Part,
    /// The request that it is, or that it answers; `None` stands for any.
    pub(super) request: Option<&'static str>,
    /// requestSeqNum.
    pub(super) sequence: u16,
}

/// By index: request, part, and the byte at which the number stands.
const ROOT: &[Option<(&str, Part, usize)>] = &[
    Some(("GRQ", Part::Request, 2)),
    Some(("GRQ", Part::Confirmed, 2)),
    Some(("GRQ", Part::Rejected, 2)),
    Some(("RRQ", Part::Request, 2)),
    Some(("RRQ", Part::Confirmed, 2)),
    Some(("RRQ", Part::Rejected, 2)),
    Some(("URQ", Part::Request, 2)),
    Some(("URQ", Part::Confirmed, 1)),
    Some(("URQ", Part::Rejected, 1)),
    Some(("ARQ", Part::Request, 2)),
    Some(("ARQ", Part::Confirmed, 2)),
    Some(("ARQ", Part::Rejected, 1)),
    Some(("BRQ", Part::Request, 2)),
    Some(("BRQ", Part::Confirmed, 1)),
    Some(("BRQ", Part::Rejected, 1)),
    Some(("DRQ", Part::Request, 1)),
    Some(("DRQ", Part::Confirmed, 1)),
    Some(("DRQ", Part::Rejected, 1)),
    Some(("LRQ", Part::Request, 2)),
    Some(("LRQ", Part::Confirmed, 1)),
    Some(("LRQ", Part::Rejected, 1)),
    Some(("IRQ", Part::Request, 2)),
    Some(("IRQ", Part::Confirmed, 2)),
    // nonStandardMessage: nobody knows whether it asks
    None,
    // unknownMessageResponse
    Some(("", Part::Rejected, 1)),
];

/// The same for later additions; the byte is counted in the string.
const ADDED: &[Option<(&str, Part, usize)>] = &[
    Some(("", Part::InProgress, 1)),
    Some(("RAI", Part::Request, 1)),
    Some(("RAI", Part::Confirmed, 1)),
    Some(("IRR", Part::Confirmed, 1)),
    Some(("IRR", Part::Rejected, 1)),
    Some(("SCI", Part::Request, 2)),
    Some(("SCI", Part::Confirmed, 1)),
];

/// infoRequestResponse: only here a part that may be missing stands before the number.
const IRR: u8 = 22;

/// Reads a datagram; `None` for what is no message, or one that neither asks nor answers.
pub(super) fn read(datagram: &[u8]) -> Option<Ras> {
    let first = *datagram.first()?;
    let (entry, message) = if first & 0x80 == 0 {
        let index = first >> 2;
        if index == IRR && first & 1 == 1 {
            return None;
        }
        (ROOT.get(usize::from(index)), datagram)
    } else {
        let index = first & 0x7f;
        (ADDED.get(usize::from(index)), added(datagram)?)
    };
    let (request, part, at) = (*entry?)?;
    // the number begins with 1, and is sent less that
    let sequence = be16(message, at)?.checked_add(1)?;
    Some(Ras {
        part,
        request: (!request.is_empty()).then_some(request),
        sequence,
    })
}

/// The string of bytes behind an index of seven bits: all that follows its length.
fn added(datagram: &[u8]) -> Option<&[u8]> {
    let length = *datagram.get(1)?;
    let (length, string) = match length {
        0..0x80 => (usize::from(length), datagram.get(2..)?),
        0x80..0xc0 => (usize::from(be16(datagram, 1)? & 0x3fff), datagram.get(3..)?),
        // a fragment of 16 KiB and more
        _ => return None,
    };
    // less was captured than was sent, or other bytes follow: no message of ours
    (string.len() <= length).then_some(string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(request: &'static str, part: Part, sequence: u16) -> Option<Ras> {
        Some(Ras {
            part,
            request: (!request.is_empty()).then_some(request),
            sequence,
        })
    }

    /// What tshark reads in the same bytes.
    #[test]
    fn the_number_stands_where_the_standard_puts_it() {
        let rest = [0x40, 0x00, 0x12, 0x34, 0x56, 0x78];
        let read = |first: u8| read(&[&[first][..], &rest].concat());
        assert_eq!(read(0x00), part("GRQ", Part::Request, 19));
        assert_eq!(read(0x4a), part("LRQ", Part::Request, 19));
        assert_eq!(read(0x4c), part("LRQ", Part::Confirmed, 16_385));
        assert_eq!(read(0x50), part("LRQ", Part::Rejected, 16_385));
        assert_eq!(read(0x0e), part("RRQ", Part::Request, 19));
        assert_eq!(read(0x28), part("ARQ", Part::Confirmed, 19));
        assert_eq!(read(0x3c), part("DRQ", Part::Request, 16_385));
        assert_eq!(read(0x5a), part("IRQ", Part::Confirmed, 19));
        assert_eq!(read(0x59), None);
        assert_eq!(read(0x5c), None);
        assert_eq!(read(0x60), part("", Part::Rejected, 16_385));
        assert_eq!(read(0x64), None);
        assert_eq!(read(0x80), part("", Part::InProgress, 4661));
        assert_eq!(read(0x81), part("RAI", Part::Request, 4661));
        assert_eq!(read(0x85), part("SCI", Part::Request, 13_399));
        assert_eq!(read(0x86), part("SCI", Part::Confirmed, 4661));
        assert_eq!(read(0x87), None);
    }

    #[test]
    fn nothing_is_read_behind_the_end() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x4a, 0x80, 0]), None);
        assert_eq!(read(&[0x85, 0x05, 0, 0, 0]), None);
        // a length of two bytes
        let sci = [0x85, 0x80, 0x90, 0x00, 0x00, 0x12, 0x33, 0x40];
        assert_eq!(read(&sci), part("SCI", Part::Request, 0x1234));
        // longer than it says
        assert_eq!(read(&[0x86, 0x03, 0, 0, 7, 0, 0, 0]), None);
        assert_eq!(read(&[0x4a, 0x80, 0xff, 0xff]), None);
    }
}
