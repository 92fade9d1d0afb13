//! Frames of any kind of link, one after the other: two bytes that say the kind, then each frame
//! behind two bytes that say its length. Lengths are believable, decoding is the same every time,
//! and what the snap length cuts off changes nothing of the rest.
#![no_main]

use clusterdx::model::frame::Frame;
use clusterdx::parse::net::frame::Decoder;
use clusterdx::parse::net::packet::{Body, Packet, Tcp};
use clusterdx_fuzz::{Dice, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((link, mut rest)) = data.split_first_chunk() else {
        return;
    };
    let link = u16::from_be_bytes(*link);
    let mut dice = Dice::of(data);
    let (mut one, mut two) = (Decoder::new(), Decoder::new());
    // fragments that wait may hold 4 MiB
    within(10 << 20, || {
        for number in 1.. {
            let Some((length, behind)) = rest.split_first_chunk() else {
                break;
            };
            let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
            let (bytes, behind) = behind.split_at(length);
            rest = behind;
            let frame = Frame {
                number,
                at: None,
                link,
                interface: 0,
                data: bytes,
                length: bytes.len() as u32 + [0, 3, 5000][dice.below(3)],
            };
            let first = one.decode(&frame);
            first.iter().for_each(|packet| believable(packet, &frame));
            assert_eq!(first, two.decode(&frame), "decoding depends on chance");
            let cut = Frame {
                data: &bytes[..dice.below(bytes.len() + 1)],
                ..frame
            };
            // on its own, so that no fragment is put together
            compare(Decoder::new().decode(&frame), Decoder::new().decode(&cut));
        }
        let stats = one.stats();
        assert!(stats.reassembled <= stats.fragments);
    });
});

fn believable(packet: &Packet<'_>, frame: &Frame<'_>) {
    let (payload, length) = match packet.body {
        Body::Tcp(tcp) => (tcp.payload, tcp.length),
        Body::Udp(udp) => (udp.payload, udp.length),
        Body::Icmp(_) | Body::Other => return,
    };
    assert!(payload.len() <= length as usize, "more than there was");
    let most = frame.length.max(65_535);
    assert!(
        length <= most,
        "{length} bytes in a frame of {}",
        frame.length
    );
}

/// What was cut off is missing; nothing else is another.
fn compare(whole: Option<Packet<'_>>, cut: Option<Packet<'_>>) {
    let Some(cut) = cut else { return };
    let whole = whole.expect("a cut frame tells no more than the whole one");
    let (Body::Tcp(whole), Body::Tcp(cut)) = (whole.body, cut.body) else {
        return;
    };
    assert!(whole.payload.starts_with(cut.payload), "another payload");
    let rest = |tcp: Tcp<'_>| {
        (
            tcp.ports,
            tcp.sequence,
            tcp.acknowledgment,
            tcp.window,
            tcp.length,
        )
    };
    assert_eq!(rest(whole), rest(cut), "a cut changes the segment");
}
