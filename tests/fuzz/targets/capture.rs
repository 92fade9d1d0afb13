//! Captures: in which pieces they are read changes nothing, a cut takes only what stands behind
//! it, what headers claim is not allocated, and every frame can be decoded.
#![no_main]

use std::io::{self, Read};

use clusterdx::model::frame::CaptureStats;
use clusterdx::parse::net::frame::Decoder;
use clusterdx::source::pcap_file::{CaptureReader, FrameSource, LONGEST_FRAME, is_capture};
use clusterdx_fuzz::{Dice, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // the reader's buffer, fragments that wait, and what the comparison keeps
    within((1 << 20) + data.len() * 40, || {
        let mut dice = Dice::of(data);
        let (whole, stats) = read(&[], &mut &*data);
        assert_eq!(stats.frames, whole.len() as u64);
        assert!(stats.frames == 0 || is_capture(data));
        assert!(stats.damage.len() <= 17, "{} notes", stats.damage.len());
        assert!(stats.names.iter().all(|(_, name)| name.len() <= 255 * 3));
        let (head, rest) = data.split_at(dice.below(data.len() + 1));
        let mut pieces = Pieces {
            rest,
            dice: &mut dice,
        };
        assert_eq!(
            read(head, &mut pieces),
            (whole.clone(), stats),
            "pieces change frames"
        );
        let cut = &data[..dice.below(data.len() + 1)];
        let (before, _) = read(&[], &mut &*cut);
        assert!(whole.starts_with(&before), "a cut changes frames before it");
    });
});

/// Hands out pieces of any size.
struct Pieces<'d> {
    rest: &'d [u8],
    dice: &'d mut Dice,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = out.len().min(self.dice.size());
        self.rest.read(&mut out[..size])
    }
}

/// Number, time, kind of link, interface, bytes, length, and whether it is a packet.
type Seen = (u64, Option<i64>, u16, u32, Vec<u8>, u32, bool);

fn read(head: &[u8], source: &mut dyn Read) -> (Vec<Seen>, CaptureStats) {
    let mut reader = CaptureReader::new(head, source);
    let mut decoder = Decoder::new();
    let mut found: Vec<Seen> = Vec::new();
    while let Some(frame) = reader.next_frame() {
        assert!(frame.data.len() <= LONGEST_FRAME);
        let last = found.last().map_or(0, |last| last.0);
        assert!(frame.number > last, "numbers go on");
        found.push((
            frame.number,
            frame.at,
            frame.link,
            frame.interface,
            frame.data.to_vec(),
            frame.length,
            decoder.decode(&frame).is_some(),
        ));
    }
    assert!(reader.next_frame().is_none(), "the end is the end");
    (found, reader.stats().clone())
}
