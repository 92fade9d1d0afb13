//! Tests of packet lists.

use super::*;
use crate::parse::testing::{read, read_chosen};

/// `originator:port responder:port STATE`, and the values of the fields asked for.
fn told(events: &[Event<'_>], fields: &[&str]) -> Vec<String> {
    let tell = |event: &Event<'_>| {
        let value = |name: &str| event.first(name).unwrap_or("-").to_owned();
        let all = [
            "originator",
            "originator_port",
            "responder",
            "responder_port",
            "state",
        ];
        let all = all.iter().chain(fields).map(|name| value(name));
        all.collect::<Vec<_>>().join(" ")
    };
    events.iter().map(tell).collect()
}

const REFUSED: &str = "\
1\t0.000000\t10.0.0.1\t10.0.0.2\tTCP\t74\t40000 → 5432 [SYN] Seq=0 Win=64240 Len=0
2\t0.000043\t10.0.0.2\t10.0.0.1\tTCP\t54\t5432 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0
";

#[test]
fn a_refusal_points_at_its_lines_and_frames() {
    let events = read_chosen(&format!("No.\tTime\n\n{REFUSED}"));
    assert_eq!(
        told(
            &events,
            &[
                "syn_frame",
                "answer_frame",
                "answer_ms",
                "reset_by",
                "answered"
            ]
        ),
        ["10.0.0.1 40000 10.0.0.2 5432 REJ 1 2 0.043 responder false"]
    );
    assert_eq!(events[0].line, 3);
    assert_eq!(events[0].time, RawTime::None);
    assert_eq!(events[0].text, REFUSED.trim_end());
}

#[test]
fn an_icmp_error_whose_end_is_torn_off_says_nothing() {
    let line = "20:37:21.95 IP 10.77.1.1 > 10.77.1.2: ICMP host 10.77.2.2 unreachable - admin prohibited, length 68";
    let kinds = |text: &str| told(&read(&PacketList, text), &["kind"]).len();
    assert_eq!(kinds(line), 1);
    let torn = line.split_once(" - ").unwrap().0;
    assert_eq!(kinds(torn), 0);
    assert_eq!(kinds(&format!("{torn}\n")), 1);
}

#[test]
fn rows_sorted_by_another_column_are_put_in_order() {
    let turned: Vec<&str> = REFUSED.lines().rev().collect();
    let events = read(&PacketList, &turned.join("\n"));
    assert_eq!(
        told(&events, &["frame"]),
        ["10.0.0.1 40000 10.0.0.2 5432 REJ 1"]
    );
    assert_eq!(events[0].line, 2);
}

#[test]
fn lists_of_two_captures_are_not_mixed() {
    let silent = "\
1 0.0 10.0.0.1 10.0.0.2 TCP 74 40000 → 5432 [SYN] Seq=0 Len=0
2 1.0 10.0.0.1 10.0.0.2 TCP 74 [TCP Retransmission] 40000 → 5432 [SYN] Seq=0 Len=0
3 3.0 10.0.0.1 10.0.0.2 TCP 74 [TCP Retransmission] 40000 → 5432 [SYN] Seq=0 Len=0
";
    let answered = "\
1 0.0 10.0.0.1 10.0.0.2 TCP 74 40000 → 5432 [SYN] Seq=0 Len=0
2 0.1 10.0.0.2 10.0.0.1 TCP 74 5432 → 40000 [SYN, ACK] Seq=0 Ack=1 Len=0
";
    let events = read(&PacketList, &format!("{silent}On the server:\n{answered}"));
    assert_eq!(
        told(&events, &["unanswered", "syns"]),
        [
            "10.0.0.1 40000 10.0.0.2 5432 S0 true 3",
            "10.0.0.1 40000 10.0.0.2 5432 S1 false 1",
        ]
    );
    let dump = |port: u16, flags: &str| {
        format!(
            "10:00:00.000000 IP 10.0.0.1.{port} > 10.0.0.2.5432: Flags [{flags}], seq 1, length 0\n"
        )
    };
    let both = format!(
        "{}$ tcpdump -nr server.pcap\n{}",
        dump(40_000, "S"),
        dump(40_000, "R")
    );
    assert_eq!(
        told(&read(&PacketList, &both), &[]),
        [
            "10.0.0.1 40000 10.0.0.2 5432 S0",
            "10.0.0.1 40000 10.0.0.2 5432 OTH"
        ]
    );
}

#[test]
fn times_that_are_none_prove_no_silence() {
    let list = |times: [&str; 2]| {
        let row = |time| {
            format!("{time} IP 10.0.0.1.40000 > 10.0.0.2.5432: Flags [S], seq 7, length 0\n")
        };
        let events = read(&PacketList, &times.map(row).concat());
        events[0].first("unanswered").map(str::to_owned)
    };
    assert_eq!(list(["10:00:00.0", "10:00:04.0"]).as_deref(), Some("true"));
    // midnight between, and times since the packet before
    assert_eq!(list(["23:59:58.0", "00:00:02.0"]).as_deref(), Some("true"));
    assert_eq!(list(["00:00:05.0", "00:00:01.0"]).as_deref(), Some("false"));
    assert_eq!(
        list(["1795207040.5", "1795207044.5"]).as_deref(),
        Some("true")
    );
}

#[test]
fn packets_on_two_lines_and_quotes_of_errors_are_read() {
    let text = "\
20:37:40.556560 IP (tos 0x0, ttl 64, id 44505, offset 0, flags [DF], proto TCP (6), length 60)
    10.77.1.2.46958 > 10.77.2.2.5432: Flags [S], cksum 0x74e7 (correct), seq 456892843, win 64240, length 0
20:37:40.556677 IP (tos 0xc0, ttl 64, id 13153, offset 0, flags [none], proto ICMP (1), length 88)
    10.77.1.1 > 10.77.1.2: ICMP host 10.77.2.2 unreachable - admin prohibited filter, length 68
\tIP (tos 0x0, ttl 63, id 44505, offset 0, flags [DF], proto TCP (6), length 60)
    10.77.1.2.46958 > 10.77.2.2.5432: Flags [S], cksum 0x74e7 (correct), seq 456892843, win 64240, length 0
\t0x0000:  4500 003c 5690 4000 4006 cc8e 0a4d 0102  E..<V.@.@....M..
";
    let events = read_chosen(text);
    let formats: Vec<_> = events.iter().map(|event| event.format).collect();
    assert_eq!(formats, ["net.flow", "net.icmp"]);
    assert_eq!(
        told(&events, &["icmp", "kind", "from", "syns"]),
        [
            "10.77.1.2 46958 10.77.2.2 5432 S0 prohibited - - 1",
            "10.77.1.2 - 10.77.2.2 5432 - - prohibited 10.77.1.1 -",
        ]
    );
    assert_eq!(events[1].line, 3);
}

#[test]
fn a_working_connection_of_the_printed_table_is_established() {
    let text = "\
No. Time Source Destination Protocol Length Info
54 2017-03-31 08:36:13.558867 10.0.0.1 10.0.0.2 TCP 66 35826 → 5432 [SYN] Seq=0 Win=29200 Len=0
55 2017-03-31 08:36:13.558976 10.0.0.2 10.0.0.1 TCP 66 5432 → 35826 [SYN, ACK] Seq=0 Ack=1 Len=0
56 2017-03-31 08:36:13.559098 10.0.0.1 10.0.0.2 TCP 60 35826 → 5432 [ACK] Seq=1 Ack=1 Len=0
57 2017-03-31 08:36:13.559147 10.0.0.1 10.0.0.2 PGSQL 62 >
58 2017-03-31 08:36:13.559169 10.0.0.2 10.0.0.1 TLSv1.2 54 5432 → 35826 [ACK] Seq=1 Ack=9 Len=0
59 2017-03-31 08:36:13.560499 10.0.0.1 10.0.0.2 TLSv1.2 257 Client Hello
";
    let events = read_chosen(text);
    assert_eq!(
        told(&events, &["answered", "answer_ms", "answer_frame"]),
        ["10.0.0.1 35826 10.0.0.2 5432 S1 true 0.109 55"]
    );
    assert_eq!(events[0].time, RawTime::Local(1_490_949_373_558_867));
}

#[test]
fn a_list_in_pieces_makes_no_silence() {
    // one attempt answered behind a cut that no piece may pass
    let mut text = String::from("1 0.0 10.0.0.1 10.0.0.2 TCP 74 40000 → 5432 [SYN] Seq=0 Len=0\n");
    let mut frame = 1;
    while text.len() < crate::parse::chunk::STRETCH_CAP + 4096 {
        frame += 1;
        text.push_str(&format!(
            "{frame} 0.5 10.0.0.3 10.0.0.4 UDP 90 1 → 2 Len=9\n"
        ));
    }
    text.push_str(&format!(
        "{} 0.6 10.0.0.2 10.0.0.1 TCP 74 5432 → 40000 [SYN, ACK] Seq=0 Ack=1 Len=0\n",
        frame + 1
    ));
    let events = read(&PacketList, &text);
    assert_eq!(
        told(&events, &["unanswered"]),
        [
            "10.0.0.1 40000 10.0.0.2 5432 S0 false",
            "10.0.0.1 40000 10.0.0.2 5432 OTH false",
        ]
    );
}
