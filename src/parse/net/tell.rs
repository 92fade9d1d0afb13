//! Connections as events: the fields of `net.flow` and `net.icmp`, the same whether the packets
//! were printed or captured.

use std::borrow::Cow;

use super::conn::{Conn, End};
use super::datagram::Exchanged;
use super::flow::{Barrier, Flow, Moment, Step};
use super::packet::{IcmpQuote, Transport};
use super::stream::Note;
use crate::model::event::Event;
use crate::model::flow::{Direction, Endpoint, FiveTuple, Host};
use crate::model::time::RawTime;

/// Adds what is known of a connection; `frame` gives the number under which a packet is found.
pub fn flow_fields(event: &mut Event<'_>, flow: &Flow, frame: &dyn Fn(Moment) -> Option<u64>) {
    event.push("transport", "tcp");
    event.push("state", flow.state.code());
    ends(event, "originator", &flow.tuple.originator);
    ends(event, "responder", &flow.tuple.responder);
    for (name, holds) in [
        ("opened", flow.opened),
        ("answered", flow.accepted),
        ("unanswered", flow.unanswered),
        ("other_traffic", flow.other_traffic),
        ("one_sided", flow.packets.contains(&0)),
    ] {
        truth(event, name, holds);
    }
    event.push("syns", flow.syns.to_string());
    for (name, moment) in [
        ("syn_frame", flow.syn),
        ("answer_frame", flow.answer),
        ("end_frame", flow.end),
    ] {
        if let Some(number) = moment.and_then(frame) {
            event.push(name, number.to_string());
        }
    }
    let asked = flow.syn.and_then(|syn| syn.at);
    let answered = flow.answer.and_then(|answer| answer.at);
    if let Some((asked, answered)) = asked.zip(answered) {
        event.push("answer_ms", milliseconds(answered.saturating_sub(asked)));
    }
    if let Some(waited) = flow.waited {
        event.push("waited_ms", milliseconds(waited));
    }
    if let Some(reset) = flow.reset {
        event.push("reset_by", reset.by.sender());
        let sender = end_of(&flow.tuple, reset.by).host.to_string();
        event.push("reset_sender", sender);
        event.push("reset_at", step(reset.step));
        truth(event, "closing", reset.closing);
    }
    if let Some((barrier, _)) = flow.icmp {
        event.push("icmp", kind(barrier));
    }
}

fn end_of(tuple: &FiveTuple, direction: Direction) -> &Endpoint {
    match direction {
        Direction::FromOriginator => &tuple.originator,
        Direction::FromResponder => &tuple.responder,
    }
}

/// Adds address and port of one end.
pub fn ends(event: &mut Event<'_>, role: &'static str, end: &Endpoint) {
    event.push(role, end.host.to_string());
    event.push(port_of(role), end.port.to_string());
}

fn port_of(role: &'static str) -> &'static str {
    match role {
        "originator" => "originator_port",
        _ => "responder_port",
    }
}

fn truth(event: &mut Event<'_>, name: &'static str, holds: bool) {
    event.push(name, if holds { "true" } else { "false" });
}

/// Milliseconds with three decimals.
pub fn milliseconds(micros: i64) -> String {
    let micros = micros.max(0);
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

/// What an ICMP error says, as rules name it.
pub fn kind(barrier: Barrier) -> &'static str {
    match barrier {
        Barrier::Prohibited => "prohibited",
        Barrier::Unreachable => "unreachable",
        Barrier::PortUnreachable => "port-unreachable",
        Barrier::TooBig => "too-big",
        Barrier::Expired => "expired",
    }
}

/// A step of a conversation, as rules name it.
fn step(step: Step) -> &'static str {
    match step {
        Step::Opening => "opening",
        Step::Request => "request",
        Step::TlsHandshake => "tls-handshake",
        Step::Data => "data",
    }
}

/// One end of a connection of a capture.
pub(super) fn endpoint((address, port): End) -> Endpoint {
    Endpoint {
        host: Host::Address(address),
        port,
    }
}

/// The ends of a connection of a capture.
pub(super) fn tuple(conn: &Conn) -> FiveTuple {
    FiveTuple {
        originator: endpoint(conn.originator),
        responder: endpoint(conn.responder),
    }
}

/// An event at a frame of a capture.
pub(super) fn event(
    format: &'static str,
    moment: Moment,
    ordinal: u64,
    text: String,
) -> Event<'static> {
    let mut event = Event {
        format,
        time: moment.at.map_or(RawTime::None, RawTime::Instant),
        line: ordinal,
        fields: Vec::with_capacity(32),
        text: text.into(),
    };
    event.push("frame", moment.number.to_string());
    event
}

/// What a protocol said, as an event of its connection.
pub(super) fn note(conn: &Conn, note: Note, ordinal: u64) -> Event<'static> {
    said(&tuple(conn), "tcp", note, ordinal)
}

/// What became of a request on UDP.
pub(super) fn exchanged(said_so: Exchanged, other_traffic: bool, ordinal: u64) -> Event<'static> {
    let tuple = FiveTuple {
        originator: said_so.requester,
        responder: said_so.responder,
    };
    let mut event = said(&tuple, "udp", said_so.note, ordinal);
    truth(&mut event, "other_traffic", other_traffic);
    event
}

fn said(tuple: &FiveTuple, transport: &'static str, note: Note, ordinal: u64) -> Event<'static> {
    let [originator, responder] = [&tuple.originator, &tuple.responder].map(name);
    let text = format!(
        "frame {}: {originator} > {responder}: {}",
        note.moment.number, note.text
    );
    let mut event = event(note.format, note.moment, ordinal, text);
    event.push("transport", transport);
    ends(&mut event, "originator", &tuple.originator);
    ends(&mut event, "responder", &tuple.responder);
    for (name, value) in note.fields {
        let sender = match &*value {
            "originator" => &tuple.originator,
            _ => &tuple.responder,
        };
        // a conversation knows no addresses
        match name {
            "alert_by" => event.push("alert_sender", sender.host.to_string()),
            "sender" => event.push("sender_host", sender.host.to_string()),
            _ => {}
        }
        event.push(name, value);
    }
    event
}

/// `10.0.0.1:5432`, `[fe80::1]:5432`.
pub(super) fn name(end: &Endpoint) -> String {
    match &end.host {
        Host::Address(address) => std::net::SocketAddr::new(*address, end.port).to_string(),
        Host::Name(name) => format!("{name}:{}", end.port),
    }
}

/// A connection as an event.
pub(super) fn flow(conn: &Conn, flow: &Flow, ordinal: u64) -> Event<'static> {
    let mut event = event(
        "net.flow",
        decisive(conn, flow),
        ordinal,
        ladder(conn, flow),
    );
    flow_fields(&mut event, flow, &|moment| Some(moment.number));
    truth(&mut event, "established", flow.established);
    if let Some(protocol) = conn.protocol() {
        event.push("protocol", protocol);
    }
    truth(&mut event, "deaf", conn.is_deaf());
    if conn.rtt >= 0 {
        event.push("rtt_ms", milliseconds(conn.rtt.into()));
    }
    truth(&mut event, "half_open", conn.is_half_open());
    let lasted = conn.last.since(conn.course.first);
    event.push("lasted_ms", milliseconds(lasted));
    if conn.course.fin.is_some() {
        event.push("closed_by", conn.course.closer.sender());
    }
    losses(&mut event, conn);
    troubles(&mut event, conn, &flow.tuple);
    event
}

/// When what matters about a connection happened: what went wrong, else its beginning.
fn decisive(conn: &Conn, flow: &Flow) -> Moment {
    let begun = flow.syn.unwrap_or(flow.first);
    let reset = flow.end.filter(|_| flow.reset.is_some() && flow.accepted);
    let stuck = conn.stuck().map(|stuck| stuck.first.into());
    let trouble = conn.trouble();
    let closed = trouble.and_then(|trouble| trouble.zero.iter().flatten().next());
    let closed = closed.map(|(since, _)| Moment::from(*since));
    let lost = trouble.and_then(|trouble| trouble.lost).map(Moment::from);
    let wrong = [stuck, closed, lost, reset].into_iter().flatten();
    wrong.min_by_key(|moment| moment.number).unwrap_or(begun)
}

fn losses(event: &mut Event<'_>, conn: &Conn) {
    let sides = [Direction::FromOriginator, Direction::FromResponder].map(|of| conn.side(of));
    let [segments, lost] = [
        sides.map(|side| u64::from(side.segments)).iter().sum(),
        sides.map(|side| u64::from(side.lost)).iter().sum::<u64>(),
    ];
    event.push("segments", segments.to_string());
    event.push("lost", lost.to_string());
    let tenths = (lost * 1000).checked_div(segments).unwrap_or(0);
    event.push("loss_percent", format!("{}.{}", tenths / 10, tenths % 10));
    let by = match sides.map(|side| side.lost > 0) {
        [true, true] => "both",
        [true, false] => "originator",
        [false, true] => "responder",
        [false, false] => return,
    };
    event.push("lost_by", by);
}

fn troubles(event: &mut Event<'_>, conn: &Conn, tuple: &FiveTuple) {
    let host = |of: Direction| end_of(tuple, of).host.to_string();
    if let Some(of) = conn.unheard() {
        event.push("unheard", of.sender());
        event.push("unheard_host", host(of));
    }
    if let Some(stuck) = conn.stuck() {
        let other = stuck.by.reversed();
        if !stuck.answered {
            event.push("stopped", other.sender());
            event.push("stopped_host", host(other));
        }
        event.push("stopped_ms", milliseconds(stuck.lasted()));
        event.push("stuck_bytes", stuck.length.to_string());
    }
    if let Some(stuck) = conn.big_lost() {
        event.push("big_lost", stuck.by.sender());
        event.push("big_lost_host", host(stuck.by));
        event.push("passed_bytes", conn.side(stuck.by).passed.to_string());
    }
    let Some(trouble) = conn.trouble() else {
        return;
    };
    let sides = [Direction::FromOriginator, Direction::FromResponder];
    let zero = sides.into_iter().zip(trouble.zero);
    let longest = zero
        .filter_map(|(of, zero)| zero.map(|(_, time)| (time, of)))
        .max();
    if let Some((time, of)) = longest {
        event.push("zero_window", of.sender());
        event.push("zero_window_host", host(of));
        event.push("zero_window_ms", milliseconds(time));
    }
    if conn.course.reset.is_some() {
        truth(event, "reset_foreign", trouble.foreign);
    }
    if let Some((_, _, Some(mtu))) = trouble.icmp {
        event.push("mtu", mtu.to_string());
    }
}

/// The packets that decide, one line each.
fn ladder(conn: &Conn, flow: &Flow) -> String {
    let [originator, responder] = [&flow.tuple.originator, &flow.tuple.responder].map(name);
    let mut lines: Vec<(Moment, String)> = Vec::new();
    let mut add = |moment: Option<Moment>, from: Direction, what: &str| {
        let Some(moment) = moment else { return };
        let (a, b) = match from {
            Direction::FromOriginator => (&originator, &responder),
            Direction::FromResponder => (&responder, &originator),
        };
        lines.push((moment, format!("{a} > {b}: {what}")));
    };
    let (own, peer) = (Direction::FromOriginator, Direction::FromResponder);
    let repeated = match flow.syns {
        0 | 1 => "SYN".to_owned(),
        syns => format!("SYN, sent {syns} times"),
    };
    add(flow.syn, own, &repeated);
    if flow.accepted {
        add(flow.answer, peer, "answers");
    }
    if let Some(trouble) = conn.trouble() {
        if let Some((barrier, mark, _)) = trouble.icmp {
            add(Some(mark.into()), peer, &format!("ICMP {}", kind(barrier)));
        }
        for (of, zero) in [own, peer].into_iter().zip(trouble.zero) {
            if let Some((since, time)) = zero {
                let text = format!("window closed for {} ms", milliseconds(time));
                add(Some(since.into()), of, &text);
            }
        }
        if conn.stuck().is_none()
            && let Some(mark) = trouble.lost
        {
            let lost = conn.side(own).lost + conn.side(peer).lost;
            add(
                Some(mark.into()),
                own,
                &format!("{lost} segments sent again"),
            );
        }
    }
    if let Some(stuck) = conn.stuck() {
        let text = format!(
            "{} bytes sent again and again for {} ms, not acknowledged",
            stuck.length,
            milliseconds(stuck.lasted())
        );
        add(Some(stuck.first.into()), stuck.by, &text);
    }
    if let Some(fin) = conn.course.fin {
        add(Some(fin.into()), conn.course.closer, "FIN");
    }
    if let Some(reset) = flow.reset {
        add(flow.end, reset.by, "RST");
    }
    if !flow.opened {
        add(Some(flow.first), own, "joined in the middle");
    }
    lines.sort_by_key(|(moment, _)| moment.number);
    let line = |(moment, text): &(Moment, String)| format!("frame {}: {text}", moment.number);
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// An ICMP error as an event.
pub(super) fn icmp(
    from: std::net::IpAddr,
    quote: &IcmpQuote,
    moment: Moment,
    ordinal: u64,
) -> Event<'static> {
    let transport = match quote.transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
        Transport::Other(_) => "other",
    };
    let port = quote
        .ports
        .map_or(String::new(), |(_, port)| format!(" port {port}"));
    let text = format!(
        "frame {}: {from} > {}: ICMP {} about {transport} to {}{port}",
        moment.number,
        quote.source,
        kind(quote.barrier),
        quote.destination,
    );
    let mut event = event("net.icmp", moment, ordinal, text);
    event.push("kind", kind(quote.barrier));
    event.push("from", from.to_string());
    event.push("originator", quote.source.to_string());
    event.push("responder", quote.destination.to_string());
    if let Some((own, port)) = quote.ports {
        event.push("transport", Cow::Borrowed(transport));
        event.push("originator_port", own.to_string());
        event.push("responder_port", port.to_string());
    }
    if let Some(mtu) = quote.mtu {
        event.push("mtu", mtu.to_string());
    }
    event
}
