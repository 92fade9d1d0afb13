//! The bytes of one direction in their order, from segments that come in any order.

use std::collections::BTreeMap;

use super::flow::Moment;
use super::side::before;
use super::stream::DEPTH;

/// Bytes that wait behind a hole, of one direction.
const WAITING: usize = 64 << 10;

/// What comes out: bytes with the frame that brought them, or how many are missing.
pub(super) enum Out<'s> {
    Bytes(&'s [u8], Moment),
    Gap(u64),
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// The next sequence number that is wanted; none before the first segment.
    next: Option<u32>,
    /// Bytes handed out, missing ones among them.
    depth: u64,
    /// What came too early, by its distance from the first number.
    early: BTreeMap<u64, Early>,
    waiting: usize,
}

/// A segment that came before those in front of it.
#[derive(Debug)]
struct Early {
    bytes: Vec<u8>,
    /// Bytes behind those that were not captured.
    missing: u64,
    moment: Moment,
}

impl Assembler {
    /// Starts with this number.
    pub(super) fn begin(&mut self, sequence: u32) {
        if self.next.is_none() {
            self.next = Some(sequence);
        }
    }

    /// No further byte of this direction is looked at.
    pub(super) fn is_done(&self) -> bool {
        self.depth >= DEPTH
    }

    /// A segment with what was captured of its payload and the payload's length on the wire.
    pub(super) fn segment(
        &mut self,
        sequence: u32,
        payload: &[u8],
        length: u32,
        moment: Moment,
        out: &mut dyn FnMut(Out<'_>),
    ) {
        let next = *self.next.get_or_insert(sequence);
        let missing = u64::from(length).saturating_sub(payload.len() as u64);
        let ahead = sequence.wrapping_sub(next);
        if before(next, sequence) {
            let place = self.depth.saturating_add(u64::from(ahead));
            if place >= DEPTH {
                return;
            }
            if self.waiting + payload.len() > WAITING {
                self.pass_hole(out);
                if self.waiting + payload.len() > WAITING {
                    return;
                }
                return self.segment(sequence, payload, length, moment, out);
            }
            self.keep(place, payload, missing, moment);
            return;
        }
        self.take(next.wrapping_sub(sequence), payload, missing, moment, out);
        self.drain(out);
    }

    /// Keeps a segment that came too early; of two at one place the longer one.
    fn keep(&mut self, place: u64, payload: &[u8], missing: u64, moment: Moment) {
        let old = self.early.get(&place).map_or(0, |old| old.bytes.len());
        if self.early.contains_key(&place) && old >= payload.len() {
            return;
        }
        self.waiting = self.waiting + payload.len() - old;
        let bytes = payload.to_vec();
        let early = Early {
            bytes,
            missing,
            moment,
        };
        self.early.insert(place, early);
    }

    /// The other side has got everything before `number`: what is missing there will not come.
    pub(super) fn acknowledged(&mut self, number: u32, out: &mut dyn FnMut(Out<'_>)) {
        let behind = |next: Option<u32>| next.is_some_and(|next| before(next, number));
        while !self.early.is_empty() && behind(self.next) {
            self.pass_hole(out);
        }
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(Out<'_>)) {
        while !self.early.is_empty() {
            self.pass_hole(out);
        }
    }

    /// Hands out a payload of which the first `old` bytes are known.
    fn take(
        &mut self,
        old: u32,
        payload: &[u8],
        missing: u64,
        moment: Moment,
        out: &mut dyn FnMut(Out<'_>),
    ) {
        let old = old as usize;
        let fresh = payload.get(old..).unwrap_or(&[]);
        let room = usize::try_from(DEPTH.saturating_sub(self.depth)).unwrap_or(usize::MAX);
        let fresh = fresh.get(..room).unwrap_or(fresh);
        if !fresh.is_empty() {
            out(Out::Bytes(fresh, moment));
            self.step(fresh.len() as u64);
        }
        let known = (old.saturating_sub(payload.len())) as u64;
        let missing = missing.saturating_sub(known);
        if missing > 0 {
            out(Out::Gap(missing));
            self.step(missing);
        }
    }

    fn step(&mut self, length: u64) {
        self.depth = self.depth.saturating_add(length);
        // sequence numbers go in a circle
        let length = length as u32;
        self.next = self.next.map(|next| next.wrapping_add(length));
    }

    /// Hands out what waited for what has come.
    fn drain(&mut self, out: &mut dyn FnMut(Out<'_>)) {
        while let Some(entry) = self.early.first_entry() {
            if *entry.key() > self.depth {
                return;
            }
            let (place, early) = entry.remove_entry();
            self.waiting -= early.bytes.len();
            let old = u32::try_from(self.depth - place).unwrap_or(u32::MAX);
            self.take(old, &early.bytes, early.missing, early.moment, out);
        }
    }

    /// Gives the first hole up.
    fn pass_hole(&mut self, out: &mut dyn FnMut(Out<'_>)) {
        let Some((place, _)) = self.early.first_key_value() else {
            return;
        };
        let missing = place.saturating_sub(self.depth);
        if missing > 0 {
            out(Out::Gap(missing));
            self.step(missing);
        }
        self.drain(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(number: u64) -> Moment {
        Moment { number, at: None }
    }

    #[derive(Default, PartialEq, Debug)]
    struct Heard {
        bytes: Vec<u8>,
        missing: u64,
    }

    impl Heard {
        fn take(&mut self, out: &Out<'_>) {
            match out {
                Out::Bytes(bytes, _) => self.bytes.extend_from_slice(bytes),
                Out::Gap(length) => self.missing += length,
            }
        }
    }

    proptest! {
        /// Segments of a text in any order, some of them twice, give the text.
        #[test]
        fn order_does_not_matter(
            text in proptest::collection::vec(any::<u8>(), 1..600),
            first in any::<u32>(),
            cuts in proptest::collection::vec(1usize..50, 1..40),
            shuffle in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let mut pieces = Vec::new();
            let mut start = 0;
            let mut sizes = cuts.iter().cycle();
            while start < text.len() {
                let end = (start + sizes.next().copied().unwrap_or(1)).min(text.len());
                pieces.push((start, end));
                start = end;
            }
            let mut order: Vec<usize> = (0..pieces.len()).collect();
            for (n, index) in shuffle.iter().enumerate() {
                let at = index.index(order.len());
                let place = n % order.len();
                order.swap(place, at);
            }
            order.extend(shuffle.iter().map(|index| index.index(pieces.len())));
            let mut assembler = Assembler::default();
            assembler.begin(first);
            let mut heard = Heard::default();
            for (n, at) in order.iter().enumerate() {
                let (start, end) = pieces[*at];
                let sequence = first.wrapping_add(start as u32);
                assembler.segment(
                    sequence,
                    &text[start..end],
                    (end - start) as u32,
                    moment(n as u64),
                    &mut |out| heard.take(&out),
                );
            }
            assembler.finish(&mut |out| heard.take(&out));
            prop_assert_eq!(heard.missing, 0);
            prop_assert_eq!(heard.bytes, text);
        }
    }

    #[test]
    fn what_is_missing_is_counted_once() {
        let mut assembler = Assembler::default();
        let mut heard = Heard::default();
        let mut take = |out: Out<'_>| heard.take(&out);
        assembler.begin(100);
        assembler.segment(100, b"abc", 3, moment(1), &mut take);
        assembler.segment(110, b"xyz", 5, moment(2), &mut take);
        assembler.acknowledged(115, &mut take);
        assembler.segment(103, b"late", 4, moment(3), &mut take);
        assembler.segment(115, b"!", 1, moment(4), &mut take);
        assert_eq!(heard.bytes, b"abcxyz!");
        assert_eq!(heard.missing, 7 + 2);
    }

    #[test]
    fn no_more_than_the_depth_is_handed_out_and_little_waits() {
        let mut assembler = Assembler::default();
        let mut heard = Heard::default();
        assembler.begin(0);
        let big = vec![7u8; 30_000];
        for n in 0..10u32 {
            let mut take = |out: Out<'_>| heard.take(&out);
            // the first byte never comes
            assembler.segment(1 + n * 30_000, &big, 30_000, moment(n.into()), &mut take);
            assert!(assembler.waiting <= WAITING);
        }
        assembler.finish(&mut |out| heard.take(&out));
        assert!(heard.bytes.len() as u64 <= DEPTH);
        assert!(assembler.is_done());
    }
}
