//! Tests of reports.

use super::*;
use crate::model::time::{RawTime, SECOND};
use crate::parse::choose;
use crate::parse::testing::read;

const NOON: i64 = 1_772_450_565 * SECOND;

/// Every field of the only record but its message, as `name=value`.
fn fields(text: &str) -> String {
    let events = read(&ErlangLog, text);
    assert_eq!(events.len(), 1, "{text}");
    let shown = events[0].fields.iter().filter(|f| f.name != "message");
    let shown: Vec<String> = shown.map(|f| format!("{}={}", f.name, f.value)).collect();
    shown.join(" ")
}

fn time(text: &str) -> RawTime {
    read(&ErlangLog, text)[0].time
}

#[test]
fn every_style_is_read_and_recognised() {
    let split = "host=rabbit@mq1 event=inconsistent_database other=rabbit@mq2 reason=running_partitioned_network";
    let quoted = "Mnesia('rabbit@mq1'): ** ERROR ** mnesia_event got {inconsistent_database, running_partitioned_network, 'rabbit@mq2'}";
    let plain = "Mnesia(rabbit@mq1): ** ERROR ** mnesia_event got {inconsistent_database, running_partitioned_network, rabbit@mq2}";
    for (text, wanted) in [
        (
            format!("=ERROR REPORT==== 2-Mar-2026::11:22:45 ===\n{quoted}\n"),
            format!("level=error {split}"),
        ),
        (
            format!("=ERROR REPORT==== 2-Mar-2026::11:22:45.410237 UTC ===\n{plain}\n\n"),
            format!("level=error {split}"),
        ),
        (
            format!("2026-03-02T11:22:45.754000+00:00 error: {quoted}"),
            format!("level=error {split}"),
        ),
        (
            format!("2026-03-02 11:22:45.754 [error] <0.341.0> {plain}"),
            format!("level=error pid=<0.341.0> {split}"),
        ),
        (
            format!("2026-03-02 11:22:45.754061+00:00 [erro] <0.275.0> {quoted}"),
            format!("level=error pid=<0.275.0> {split}"),
        ),
        (
            format!("2026-03-02 11:22:45.754 [error] {quoted}"),
            format!("level=error {split}"),
        ),
        (
            format!("2026-03-02T11:22:45.754+00:00 [error] {quoted}"),
            format!("level=error {split}"),
        ),
        (
            "2026-03-02 11:22:45.714 [error] <0.608.0>@mod_muc_mnesia:handle_info:343 unexpected info: {mnesia_system_event,{inconsistent_database,running_partitioned_network,'ejabberd@im2.apolo.local'}}".to_owned(),
            "level=error pid=<0.608.0> event=inconsistent_database other=ejabberd@im2.apolo.local reason=running_partitioned_network".to_owned(),
        ),
        (
            "2026-03-02T11:22:45.141557+00:00 [critical] Ekka(Monitor): Network partition detected from node emqx@192.0.2.21: running_partitioned_network".to_owned(),
            "level=critical event=inconsistent_database other=emqx@192.0.2.21 reason=running_partitioned_network".to_owned(),
        ),
        (
            "2026-03-02T11:22:45.141557+00:00 [critical] msg: Core cluster partition, context: starting_partitioned_network, from: 'emqx@mq2', mfa: mria:x/1".to_owned(),
            "level=critical event=inconsistent_database other=emqx@mq2 reason=starting_partitioned_network".to_owned(),
        ),
        (
            "11:22:45.592 [error] Mnesia(:n1@db1): ** ERROR ** mnesia_event got {inconsistent_database, :starting_partitioned_network, :n3@db2}".to_owned(),
            "level=error host=n1@db1 event=inconsistent_database other=n3@db2 reason=starting_partitioned_network".to_owned(),
        ),
        (
            "2026-03-02T11:22:45.410+00:00 ['cdb@db1.apolo.local'] EVENT mnesia_system_event {mnesia_down,'cdb@db2.apolo.local'}".to_owned(),
            "host=cdb@db1.apolo.local event=mnesia_down other=cdb@db2.apolo.local".to_owned(),
        ),
        (
            "(a@db1)12> {mnesia_system_event,{mnesia_up,'b@db2'}}".to_owned(),
            "host=a@db1 event=mnesia_up other=b@db2".to_owned(),
        ),
        (
            "Shell got {mnesia_system_event,{inconsistent_database,running_partitioned_network,\n                                'b@db2'}}".to_owned(),
            "event=inconsistent_database other=b@db2 reason=running_partitioned_network".to_owned(),
        ),
        (quoted.to_owned(), split.to_owned()),
    ] {
        assert_eq!(fields(&text), wanted, "{text}");
        assert_eq!(ErlangLog.probe(text.as_bytes()), Probe::Certain, "{text}");
        let choice = choose(text.as_bytes()).expect("it is recognised");
        let ids: Vec<_> = choice.parsers.iter().map(|parser| parser.id()).collect();
        assert_eq!(ids, [FORMAT], "{text}");
    }
}

#[test]
fn what_happened_to_whom_is_read() {
    for (message, wanted) in [
        (
            "** Node 'b@db2' not responding **\n** Removing (timedout) connection **",
            "event=not_responding other=b@db2",
        ),
        (
            "node 'rabbit@mq2' down: connection_closed",
            "event=node_down other=rabbit@mq2 reason=connection_closed",
        ),
        (
            "node rabbit@mq2 down: net_tick_timeout",
            "event=node_down other=rabbit@mq2 reason=net_tick_timeout",
        ),
        (
            "rabbit on node 'rabbit@mq2' down",
            "event=node_down other=rabbit@mq2",
        ),
        (
            "rabbit on node rabbit@mq2 up",
            "event=node_up other=rabbit@mq2",
        ),
        (
            "Ekka(Membership): Node emqx@192.0.2.21 is down",
            "event=node_down other=emqx@192.0.2.21",
        ),
        (
            "EVENT nodedown 'b@db2' [{nodedown_reason,net_tick_timeout}]",
            "event=node_down other=b@db2 reason=net_tick_timeout",
        ),
        (
            "{nodedown,'b@db2',[{nodedown_reason,connection_closed}]}",
            "event=node_down other=b@db2 reason=connection_closed",
        ),
        ("EVENT nodeup 'b@db2' []", "event=node_up other=b@db2"),
        (
            "** Connection attempt from node 'b@db2' rejected. Invalid challenge reply. **",
            "event=connection_rejected other=b@db2 reason=Invalid challenge reply",
        ),
        (
            "** Connection attempt from disallowed node 'b@db2' ** ",
            "event=connection_rejected other=b@db2",
        ),
        (
            "ejabberd 23.04 is started in the node ejabberd@im1 in 2.10s",
            "host=ejabberd@im1",
        ),
        (
            "Starting emqx on node emqx@192.0.2.20",
            "host=emqx@192.0.2.20",
        ),
        (
            "\n node           : rabbit@mq1\n home dir       : /var/lib/rabbitmq",
            "host=rabbit@mq1",
        ),
        (
            "epmd monitor knows us, inter-node communication (distribution) port: 25672",
            "",
        ),
        (
            "closing AMQP connection <0.4.0> (192.0.2.1:4 -> 192.0.2.2:5672 - user@host:down)",
            "",
        ),
        ("Node emqx@192.0.2.21 joined", ""),
        ("node down", ""),
    ] {
        let text = format!("2026-03-02 11:22:45.754 [info] <0.1.0> {message}");
        let wanted = format!("level=info pid=<0.1.0> {wanted}");
        assert_eq!(fields(&text), wanted.trim_end(), "{message}");
    }
    // whoever stops its own database tells itself so
    let own =
        "2026-03-02T11:22:45.410+00:00 ['a@db1'] EVENT mnesia_system_event {mnesia_down,'a@db1'}";
    assert_eq!(fields(own), "host=a@db1 event=mnesia_stopped other=a@db1");
}

#[test]
fn times_are_those_of_the_record() {
    let half = 754_000;
    for (text, wanted) in [
        (
            "=INFO REPORT==== 2-Mar-2026::11:22:45 ===",
            RawTime::Local(NOON),
        ),
        (
            "=INFO REPORT==== 2-Mar-2026::11:22:45 UTC ===",
            RawTime::Instant(NOON),
        ),
        (
            "2026-03-02 11:22:45.754 [info] <0.1.0> x",
            RawTime::Local(NOON + half),
        ),
        (
            "2026-03-02T11:22:45.754 [info] <0.1.0> x",
            RawTime::Local(NOON + half),
        ),
        (
            "2026-03-02 12:22:45.754+01:00 [info] <0.1.0> x",
            RawTime::Instant(NOON + half),
        ),
        (
            "2026-03-02 11:22:45.754Z [info] <0.1.0> x",
            RawTime::Instant(NOON + half),
        ),
        ("11:22:45.754 [info] x", RawTime::None),
        ("(a@db1)1> x", RawTime::None),
    ] {
        assert_eq!(time(text), wanted, "{text}");
    }
}

#[test]
fn a_record_ends_at_an_empty_line_or_a_stamp() {
    let text = "2026-03-02 11:22:45.754 [info] <0.267.0> \n Starting RabbitMQ 3.8.2 on Erlang 22.2.7\n Copyright\n\n  Logs: x\n\
                2026-03-02 11:22:46.754 [error] <0.1.0> one\n  two\n\
                2026-03-02T11:22:47-05:00 expc01 UTCTime=\"2026-03-02 16:22:47,000\" Detail=\"mnesia_down event\"\n three\n";
    let messages: Vec<String> = read(&ErlangLog, text)
        .iter()
        .map(|event| event.first("message").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        messages,
        [
            "Starting RabbitMQ 3.8.2 on Erlang 22.2.7\n Copyright",
            "one\n  two"
        ]
    );
}

#[test]
fn texts_of_others_are_not_ours() {
    for text in [
        "2026-03-02 11:22:45 [error] a program of somebody else\n",
        "2026-03-02T11:22:45.754Z error: connection refused\n",
        "[info] listening\n",
        "2026-03-02 11:22:45,754 DEBUG [main] a.B - c\n",
        "11:22:45.754 |046f1b70| debug| DiscoGear.cpp:240 x\n",
        "=ERROR REPORT==== yesterday ===\n",
        "(see a@b)\n",
        "Mnesia is a database\n",
        "",
    ] {
        assert_eq!(ErlangLog.probe(text.as_bytes()), Probe::NotForUs, "{text}");
    }
}
