//! Requests and answers on UDP: H.225.0 RAS and SIP.

use super::exchange::{Answer, Exchange, Exchanges};
use super::flow::Moment;
use super::message::Draft;
use super::ras::{self, Part, Ras};
use super::sip::{self, Transaction};
use super::stream::Note;
use crate::model::flow::{Endpoint, Host};
use crate::model::time::SECOND;

/// Ports of RAS: discovery and everything else.
const RAS_PORTS: [u16; 2] = [1718, 1719];
/// A request of RAS is repeated within some seconds, and then given up.
const PATIENCE: i64 = 15 * SECOND;
/// Requests of each protocol that are followed at a time.
const FOLLOWED: usize = 8192;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// Who asked.
    pub requester: Endpoint,
    /// Who was asked.
    pub responder: Endpoint,
    /// What is to be told.
    pub note: Note,
}

/// Who asks whom.
type Ends = (Endpoint, Endpoint);
/// Who asks, number, who is asked, and what for: what belongs together stands together.
type RasKey = (Host, u16, Host, &'static str);
/// Who asks whom, and the transaction.
type SipKey = (Host, Host, Transaction);

/// Listens to the datagrams of a capture; memory is bounded by the number of requests.
#[derive(Debug)]
pub struct Datagrams {
    ras: Exchanges<RasKey, Ends>,
    sip: Exchanges<SipKey, Ends>,
    routine: bool,
}

impl Datagrams {
    /// With `routine` every request is told, else only those that could be a fault.
    pub fn new(routine: bool) -> Self {
        Self {
            ras: Exchanges::new(FOLLOWED, PATIENCE),
            sip: Exchanges::new(FOLLOWED, sip::PATIENCE),
            routine,
        }
    }

    /// True for a datagram that belongs here; of others only the time matters.
    pub fn concerns(ports: (u16, u16), payload: &[u8]) -> bool {
        RAS_PORTS.contains(&ports.0) || RAS_PORTS.contains(&ports.1) || sip::is_sip(payload)
    }

    /// A datagram. Every one should pass here, also such as are of no interest: time goes on.
    pub fn packet(
        &mut self,
        moment: Moment,
        source: &Endpoint,
        destination: &Endpoint,
        payload: &[u8],
        out: &mut dyn FnMut(Exchanged),
    ) {
        self.pass(moment.at, out);
        let is_ras = |end: &Endpoint| RAS_PORTS.contains(&end.port);
        if is_ras(source) || is_ras(destination) {
            if let Some(ras) = ras::read(payload) {
                self.take_ras(ras, source, destination, moment);
            }
        } else if sip::is_sip(payload)
            && let Some(sip) = sip::read(payload)
        {
            let ends = match sip.status {
                None => (source.clone(), destination.clone()),
                Some(_) => (destination.clone(), source.clone()),
            };
            let hosts = (ends.0.host.clone(), ends.1.host.clone());
            let key = (hosts.0, hosts.1, sip.transaction.clone());
            sip::take(&mut self.sip, &sip, key, ends, moment);
        }
    }

    /// The capture goes on, whatever with: tells of requests that have waited long enough.
    pub fn pass(&mut self, at: Option<i64>, out: &mut dyn FnMut(Exchanged)) {
        let routine = self.routine;
        let latest = self.ras.latest().max(at);
        self.ras.pass(at, &mut |key, exchange| {
            out_of(told(key, exchange, latest, routine), exchange, out);
        });
        self.sip.pass(at, &mut |_, exchange| {
            out_of(sip::told(exchange, latest, routine), exchange, out);
        });
    }

    /// What was captured ends at `latest`.
    pub fn finish(&mut self, latest: Option<i64>, out: &mut dyn FnMut(Exchanged)) {
        self.pass(latest, out);
        let routine = self.routine;
        let latest = self.ras.latest();
        self.ras.finish(&mut |key, exchange| {
            out_of(told(key, exchange, latest, routine), exchange, out);
        });
        self.sip.finish(&mut |_, exchange| {
            out_of(sip::told(exchange, latest, routine), exchange, out);
        });
    }

    fn take_ras(&mut self, ras: Ras, source: &Endpoint, destination: &Endpoint, moment: Moment) {
        if let (Part::Request, Some(request)) = (ras.part, ras.request) {
            // nobody has to answer who is asked among many
            if is_multicast(&destination.host) {
                return;
            }
            let (from, to) = (source.host.clone(), destination.host.clone());
            let ends = (source.clone(), destination.clone());
            let key = (from, ras.sequence, to, request);
            self.ras.ask(key, request, ends, moment);
            return;
        }
        let Some(key) = self.asked(ras, &source.host, &destination.host) else {
            return;
        };
        let (word, last) = match ras.part {
            Part::Rejected => ("rejected", true),
            Part::InProgress => ("in-progress", false),
            _ => ("confirmed", true),
        };
        let word = word.into();
        self.ras.answer(&key, Answer { word, last }, moment);
    }

    /// The request that is answered. A location may be told by another than the one who was
    /// asked: requests are handed on (H.225.0, replyAddress).
    fn asked(&self, ras: Ras, from: &Host, to: &Host) -> Option<RasKey> {
        let lowest = Host::Address(std::net::Ipv4Addr::UNSPECIFIED.into());
        let start = (to.clone(), ras.sequence, lowest, "");
        let near = |key: &RasKey| key.0 == *to && key.1 == ras.sequence;
        let same = |key: &RasKey| ras.request.is_none_or(|request| request == key.3);
        let direct = |key: &RasKey| same(key) && key.2 == *from;
        let handed_on = |key: &RasKey| key.3 == "LRQ" && ras.request == Some("LRQ");
        let direct = self.ras.find(start.clone(), near, direct);
        direct.or_else(|| self.ras.find(start, near, handed_on))
    }
}

fn is_multicast(host: &Host) -> bool {
    matches!(host, Host::Address(address) if address.is_multicast())
}

fn out_of(note: Option<Note>, exchange: &Exchange<Ends>, out: &mut dyn FnMut(Exchanged)) {
    if let Some(note) = note {
        let (requester, responder) = exchange.ends.clone();
        out(Exchanged {
            requester,
            responder,
            note,
        });
    }
}

/// What became of a request of RAS, if somebody should hear of it.
fn told(
    key: &RasKey,
    exchange: &Exchange<Ends>,
    latest: Option<i64>,
    routine: bool,
) -> Option<Note> {
    let unanswered = exchange.is_unanswered(latest, PATIENCE);
    let answer = exchange.answer.as_ref().map(|(answer, _)| &answer.word);
    if !unanswered && !routine && answer.is_none_or(|answer| answer == "confirmed") {
        return None;
    }
    let (request, sequence, tries) = (exchange.request, key.1, exchange.tries);
    let text = match (answer, unanswered) {
        (Some(answer), _) => format!("{request} {sequence}: {answer}"),
        (None, true) => format!("{request} {sequence} was sent {tries} times and not answered"),
        (None, false) => format!("{request} {sequence} has no answer yet"),
    };
    let answered = exchange.answer.as_ref().map(|(_, moment)| *moment);
    let draft = Draft::new("net.ras", answered.unwrap_or(exchange.first), text)
        .with("request", request)
        .with("answer", answer.cloned().unwrap_or("none".into()))
        .with_some("unanswered", unanswered.then_some("true"))
        .with("sequence", sequence.to_string())
        .with("tries", tries.to_string())
        .with_some("answer_ms", exchange.answer_ms().map(|ms| ms.to_string()));
    Some(draft.note())
}

#[cfg(test)]
mod tests {
    use super::super::wire_tests::field;
    use super::*;

    fn end(address: &str, port: u16) -> Endpoint {
        Endpoint {
            host: Host::Address(address.parse().expect("an address")),
            port,
        }
    }

    fn at(millis: i64) -> Moment {
        Moment {
            number: u64::try_from(millis).expect("later") + 1,
            at: Some(millis * 1000),
        }
    }

    /// An LRQ, LCF, LRJ, SCI, SCR or RIP.
    fn ras(first: u8, sequence: u16) -> Vec<u8> {
        let number = (sequence - 1).to_be_bytes();
        let head: &[u8] = match first {
            0x4a => &[0x4a, 0x80],
            0x85 => &[0x85, 6, 0, 0],
            0x86 | 0x80 => &[first, 5, 0],
            _ => std::slice::from_ref(&first),
        };
        [head, &number, &[0, 0]].concat()
    }

    type Said<'s> = (i64, &'s str, u16, &'s str, u16, Vec<u8>);

    fn told(routine: bool, said: &[Said<'_>], latest: i64) -> Vec<Exchanged> {
        let mut told = Vec::new();
        let mut datagrams = Datagrams::new(routine);
        for (millis, from, from_port, to, to_port, payload) in said {
            let (from, to) = (end(from, *from_port), end(to, *to_port));
            datagrams.packet(at(*millis), &from, &to, payload, &mut |note| {
                told.push(note);
            });
        }
        datagrams.finish(Some(latest * 1000), &mut |note| told.push(note));
        told
    }

    const A: &str = "10.0.0.1";
    const B: &str = "10.0.0.2";
    const C: &str = "10.0.0.3";

    #[test]
    fn a_request_that_nobody_answers() {
        let lrq = |millis| (millis, A, 1719, B, 1719, ras(0x4a, 52_320));
        let said = [lrq(0), lrq(2000), lrq(2001), lrq(4000)];
        let notes = told(false, &said, 15_000);
        let [one] = notes.as_slice() else {
            panic!("{notes:#?}")
        };
        for (name, value) in [
            ("request", "LRQ"),
            ("answer", "none"),
            ("unanswered", "true"),
            ("sequence", "52320"),
            ("tries", "3"),
        ] {
            assert_eq!(field(&one.note, name), Some(value), "{name}");
        }
        assert_eq!(
            (&one.requester, &one.responder),
            (&end(A, 1719), &end(B, 1719))
        );
        assert_eq!(one.note.moment, at(0));
        assert_eq!(told(false, &said, 14_999), []);
        // without a clock three sendings tell as much
        let mut datagrams = Datagrams::new(false);
        let mut found = 0;
        for number in 0..3 {
            let moment = Moment { number, at: None };
            let lrq = ras(0x4a, 1);
            datagrams.packet(moment, &end(A, 1719), &end(B, 1719), &lrq, &mut |_| {
                found += 1;
            });
        }
        datagrams.finish(None, &mut |_| found += 1);
        assert_eq!(found, 1);
    }

    #[test]
    fn answers_show_that_the_peer_is_alive() {
        for (request, answer, word) in [
            (0x4a, 0x4c, "confirmed"),
            (0x4a, 0x50, "rejected"),
            (0x85, 0x86, "confirmed"),
            (0x4a, 0x80, "in-progress"),
            (0x85, 0x60, "rejected"),
        ] {
            let said = [
                (0, A, 1719, B, 1719, ras(request, 7)),
                // another number, and another who asked
                (5, B, 1719, A, 1719, ras(answer, 8)),
                (5, B, 1719, C, 1719, ras(answer, 7)),
                (30, B, 1719, A, 1719, ras(answer, 7)),
            ];
            let told = told(true, &said, 60_000);
            let [one] = told.as_slice() else {
                panic!("{told:#?}")
            };
            assert_eq!(field(&one.note, "answer"), Some(word));
            assert_eq!(field(&one.note, "answer_ms"), Some("30"));
            assert_eq!(field(&one.note, "unanswered"), None);
        }
    }

    #[test]
    fn a_location_may_be_told_by_another_host() {
        let said = |request, answer| {
            [
                (0, A, 1719, B, 1719, ras(request, 7)),
                (90, C, 1719, A, 1719, ras(answer, 7)),
            ]
        };
        assert_eq!(told(false, &said(0x4a, 0x4c), 60_000), []);
        assert_eq!(told(false, &said(0x85, 0x86), 60_000).len(), 1);
    }

    #[test]
    fn discovery_among_many_need_not_be_answered() {
        let grq = vec![0x00, 0x40, 0, 1, 0, 0];
        let said = [(0, A, 1719, "224.0.1.41", 1718, grq)];
        assert_eq!(told(true, &said, 60_000), []);
    }

    #[test]
    fn sip_over_udp() {
        let options = sip::tests::say("OPTIONS sip:b SIP/2.0", "OPTIONS", "");
        let answer = sip::tests::say("SIP/2.0 200 OK", "OPTIONS", "");
        let said = [
            (0, A, 5060, B, 5060, options.clone()),
            (500, A, 5060, B, 5060, options.clone()),
            (600, B, 5060, A, 5060, answer.clone()),
            // to a silent host
            (700, A, 5060, C, 5060, options),
            (900, B, 5060, A, 5061, b"\r\n\r\n".to_vec()),
        ];
        let notes = told(true, &said, 32_700);
        assert_eq!(notes.len(), 2);
        assert_eq!(field(&notes[0].note, "status"), Some("200"));
        assert_eq!(field(&notes[0].note, "tries"), Some("2"));
        assert_eq!(field(&notes[1].note, "unanswered"), Some("true"));
        assert_eq!(notes[1].responder, end(C, 5060));
        assert_eq!(told(false, &said, 32_699), []);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut datagrams = Datagrams::new(true);
        let mut told = 0;
        for number in 0..2 * FOLLOWED {
            let host = format!("10.1.{}.{}", number / 250, number % 250);
            let moment = Moment {
                number: number as u64,
                at: Some(number as i64),
            };
            let (from, to) = (end(&host, 1719), end(B, 1719));
            datagrams.packet(moment, &from, &to, &ras(0x4a, 9), &mut |_| told += 1);
        }
        assert!((FOLLOWED - 2..=FOLLOWED).contains(&told));
        datagrams.finish(None, &mut |_| told += 1);
        assert_eq!(told, 2 * FOLLOWED);
    }
}
