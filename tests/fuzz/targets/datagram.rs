//! Requests and answers on UDP. The parts of an input are datagrams; the first byte of each says
//! who sends it to whom and how much later, the second one from which port to which.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use clusterdx::model::flow::{Endpoint, Host};
use clusterdx::parse::net::datagram::{Datagrams, Exchanged};
use clusterdx::parse::net::flow::Moment;
use clusterdx_fuzz::wire::{declared, parts};
use clusterdx_fuzz::within;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    within((1 << 20) + data.len() * 60, || hold(data));
});

fn hold(data: &[u8]) {
    let datagrams: Vec<&[u8]> = parts(data).collect();
    let all = told(&datagrams, true);
    let faults = told(&datagrams, false);
    assert!(all.len() <= datagrams.len(), "more is told than was asked");
    let mut rest = all.iter();
    for fault in &faults {
        assert!(
            rest.any(|note| note == fault),
            "told only alone: {fault:#?}"
        );
    }
    let notes: Vec<_> = all.into_iter().map(|told| told.note).collect();
    declared(&notes);
}

fn told(datagrams: &[&[u8]], routine: bool) -> Vec<Exchanged> {
    let mut told = Vec::new();
    let mut ears = Datagrams::new(routine);
    let mut at = 0;
    for (number, datagram) in (1..).zip(datagrams) {
        let [how, ports, payload @ ..] = datagram else {
            continue;
        };
        at += i64::from(how >> 4) * 900_000;
        let end = |host: u8, port: u8| Endpoint {
            host: Host::Address(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host & 3))),
            port: [1719, 1718, 5060, 40_000][usize::from(port & 3)],
        };
        let (from, to) = (end(*how, *ports), end(how >> 2, ports >> 2));
        let moment = Moment {
            number,
            at: (ports & 0x80 == 0).then_some(at),
        };
        ears.packet(moment, &from, &to, payload, &mut |note| told.push(note));
    }
    ears.finish(Some(at), &mut |note| told.push(note));
    told
}
